"""Bad inputs: every line of the list of bad files, made small, with what a user should get."""

from tests.bad_inputs import (
    array_files,
    found,
    matlab_files,
    number_files,
    other_files,
    parquet_files,
    sound_files,
    text_files,
)

CASES = [
    *text_files.CASES,
    *number_files.CASES,
    *array_files.CASES,
    *sound_files.CASES,
    *matlab_files.CASES,
    *parquet_files.CASES,
    *other_files.CASES,
    *found.CASES,
]
