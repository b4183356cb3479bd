"""The settings of a public demo, read from the environment.

    LAB_PUBLIC=1              strangers share the app: each sees the own runs, within limits
    LAB_PUBLIC_MAX_EPOCHS=50  one of the limits; each field below is such a variable

The environment is passed in, so that a test passes a dict.
"""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

SWITCH = "LAB_PUBLIC"
_PREFIX = "LAB_PUBLIC_"
_ON, _OFF = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")

Count = Annotated[int, Field(ge=1, le=10**15)]


class PublicSettings(BaseModel):
    """What a visitor may ask for, and how long it is kept; the defaults suit two cores."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_upload_mb: Annotated[int, Field(ge=1, le=100_000)] = 50
    max_time_steps: Count = 8_000_000  # rows of a file, or time steps of a generated signal
    max_values: Count = 32_000_000  # time steps x channels
    max_windows: Count = 50_000  # training and validation together
    max_window_values: Count = 64_000_000  # windows x window length x channels
    max_parameters: Count = 1_000_000  # of the model
    max_memory_mb: Count = 2_000  # of a run, as estimated, beyond what its libraries take
    max_epochs: Count = 200
    max_run_minutes: Count = 20  # of training
    max_runs_per_visitor: Count = 10  # that wait, train or are paused
    max_runs: Count = 40  # that wait or train, of all visitors
    max_disk_mb: Count = 10_000  # runs and data in all
    min_free_mb: Annotated[int, Field(ge=0, le=10**12)] = 1_000  # left on the disk
    keep_hours: Annotated[float, Field(gt=0, le=1e6)] = 24.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self | None:
        """None for a private lab. Raises ValueError that names the variable and its value."""
        if not is_public(environment):
            return None
        given = {
            name: environment[variable(name)].strip()
            for name in cls.model_fields
            if environment.get(variable(name), "").strip()
        }
        known = {SWITCH, *map(variable, cls.model_fields)}
        if unknown := sorted(name for name in environment if _is_ours(name) and name not in known):
            raise ValueError(f"There is no setting {unknown[0]}. Known: {', '.join(sorted(known))}")
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            fault = error.errors()[0]
            name = variable(str(fault["loc"][0]))
            raise ValueError(f"{name}: {fault['msg']}. Received: {fault['input']!r}") from error


def is_public(environment: Mapping[str, str]) -> bool:
    """Whether strangers share the app. Raises ValueError for a switch that is neither on nor off:
    a misspelt one must not leave everybody's runs open."""
    given = environment.get(SWITCH, "").strip().lower()
    if given not in _ON + _OFF:
        raise ValueError(f"{SWITCH} must be one of {', '.join(_ON + _OFF[1:])}. Received: {given}")
    return given in _ON


def variable(field: str) -> str:
    """The environment variable of a field: `LAB_PUBLIC_MAX_EPOCHS` for `max_epochs`."""
    return _PREFIX + field.upper()


def _is_ours(name: str) -> bool:
    return name.startswith(_PREFIX)
