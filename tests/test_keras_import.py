"""Keras is there soon: without what it imports for others, which stays there for whoever asks."""

import gc
import subprocess
import sys
from contextlib import suppress
from importlib import import_module

import pytest

from core.commands import keras_import
from tests.test_backends import ROOT


def test_a_hidden_module_is_missing_for_a_while_alone(monkeypatch):
    monkeypatch.delitem(sys.modules, "this", raising=False)
    with keras_import._hidden(["this"]), pytest.raises(ImportError):
        import_module("this")
    assert import_module("this").__name__ == "this"


def test_what_is_imported_already_is_not_hidden():
    with keras_import._hidden(["json"]):
        assert import_module("json") is sys.modules["json"]
    assert sys.modules["json"]


def test_collection_goes_on_also_after_a_fault():
    with suppress(KeyError), keras_import._no_collection():
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled()


@pytest.mark.slow
def test_a_worker_loads_no_library_that_it_does_not_use():
    program = (
        "import sys\n"
        "from core.commands.keras_import import OPTIONAL, import_keras\n"
        "import_keras('tensorflow')\n"
        "import core.worker\n"
        "unused = set(OPTIONAL['tensorflow']) | {'streamlit', 'altair'}\n"
        "assert not unused & set(sys.modules), unused & set(sys.modules)\n"
        "import pandas, scipy.io, sklearn\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-3000:]
