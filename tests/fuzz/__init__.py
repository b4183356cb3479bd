"""Fuzzing of the readers: valid files, damaged a little, are read or refused, and nothing else."""
