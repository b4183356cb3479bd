"""`config`: print a configuration."""

import argparse

from pydantic import ValidationError

from core.backends import preferred
from core.commands.faults import Fault, field_faults
from core.config import PRESETS


def run(options: argparse.Namespace) -> int:
    changes = {"training.backend": preferred()}
    for item in options.set:
        field, equals, value = item.partition("=")
        if not (equals and field.strip()):
            raise Fault(f"--set needs FIELD=VALUE. Received: {item!r}")
        changes[field.strip()] = value
    try:
        print(PRESETS[options.preset].replace(changes).to_json())
    except ValidationError as error:
        raise Fault(field_faults(error)) from error
    return 0
