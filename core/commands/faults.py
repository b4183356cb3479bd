"""What the caller of a command can mend."""

from pydantic import ValidationError

from core.config_faults import explain


class Fault(Exception):
    """Something the caller can mend; its text goes to standard error."""


def field_faults(error: ValidationError) -> str:
    """A line for each field of a configuration that is faulty."""
    return "\n       ".join(f"{field}: {text}" for field, text in explain(error).items())
