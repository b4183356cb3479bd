"""Fields that a fault or a link names have the names that the forms give them."""

import ast
from pathlib import Path

import pytest

from core import session
from core.config import ExperimentConfig, flatten
from core.session.words import FIELD_TITLES

VIEWS = Path(__file__).resolve().parent.parent / "core" / "views"
FORMS = ("data_source", "file_reading", "windowing", "output_form", "model_form", "training_form")
IN_PLACE = {"data.anomalies", "training.decay_epochs", "training.decay_factor"}  # need their place


def labels():
    """Each field that a widget is bound to, dotted, with the widget's labels."""
    found = {}
    for stem in FORMS:
        for call in ast.walk(ast.parse((VIEWS / f"{stem}.py").read_text())):
            if isinstance(call, ast.Call):
                kind = ast.unparse(call.func)
                words = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
                if len(words) == 2 and kind in ("bound", "session.bound"):
                    found.setdefault(words[1], []).append(words[0])
                elif len(words) >= 2 and kind in ("_choice", "_choices"):
                    found.setdefault(f"data.reading.{words[1]}", []).append(words[0])
    return found


def test_a_field_is_called_what_its_form_calls_it():
    known = labels()
    assert len(known) > 30
    for field in known.keys() - IN_PLACE:
        name = session.field_name(field).lower()
        assert any(name.startswith(label.lower()) for label in known[field]), field
    assert FIELD_TITLES.keys() <= flatten(ExperimentConfig().model_dump()).keys()


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("training.batch_size", "Batch size: No."),
        ("model.filters.0", "Filters, number 1: No."),
        ("model.colour", "model.colour: No."),
        ("configuration", "configuration: No."),
    ],
)
def test_a_fault_begins_with_the_name_of_its_field(field, said):
    assert session.fault_text(field, "No.") == said
