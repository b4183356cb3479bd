"""`further`: train a finished or cancelled run for more epochs, as a new run."""

import argparse

from pydantic import ValidationError

from core.commands.faults import Fault, field_faults
from core.commands.inputs import open_run
from core.commands.training import begin_here
from core.continuation import train_further
from core.runs import TransitionRefused


def run(options: argparse.Namespace) -> int:
    store, known = open_run(options.run)
    try:
        further = train_further(store, known.id, epochs=options.epochs, patience=options.patience)
        return begin_here(further)
    except TransitionRefused as error:
        raise Fault(f"{options.run}: {error}") from error
    except ValidationError as error:
        raise Fault(field_faults(error)) from error
