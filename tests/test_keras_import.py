"""Keras is there soon: without what it imports for others, which stays there for whoever asks."""

import gc
import sys
from contextlib import suppress
from importlib import import_module

import pytest

from core.commands import keras_import
from tests.own_process import run_alone


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
    gc.unfreeze()
    try:
        with suppress(KeyError), keras_import.imports_for_good():
            assert not gc.isenabled()
            raise KeyError
        assert gc.isenabled()
        assert gc.get_freeze_count()
    finally:
        gc.unfreeze()


def test_imports_within_others_leave_collection_to_those():
    try:
        with keras_import.imports_for_good():
            with keras_import.imports_for_good():
                pass
            assert not gc.isenabled()
            made_meanwhile = [[]]
        assert gc.isenabled()
        assert not any(made_meanwhile is item for item in gc.get_objects())
    finally:
        gc.unfreeze()


@pytest.mark.slow
def test_a_worker_has_all_that_it_imported_out_of_the_collectors_way():
    run_alone(
        "import argparse, gc, os, sys\n"
        "from core.commands import worker\n"
        "os.dup2(os.open(os.devnull, os.O_RDONLY), 0)\n"  # nobody has a run for it
        "assert worker.run(argparse.Namespace(run=None)) == 0\n"
        "assert gc.isenabled()\n"
        "looked_through = set(map(id, gc.get_objects()))\n"
        "imported = [sys.modules[name] for name in ('keras', 'tensorflow', 'core.worker')]\n"
        "assert not looked_through & set(map(id, imported))\n"
    )


@pytest.mark.slow
def test_a_worker_loads_no_library_that_it_does_not_use():
    run_alone(
        "import sys\n"
        "from core.commands.keras_import import import_keras\n"
        "import_keras('tensorflow')\n"
        "import core.worker\n"
        "unused = {'pandas', 'scipy', 'sklearn', 'streamlit', 'altair', 'jax', 'PIL'}\n"
        "unused &= set(sys.modules)\n"
        "assert not unused, unused\n"
        "import importlib.util\n"
        "assert all(map(importlib.util.find_spec, ('pandas', 'scipy', 'sklearn', 'streamlit')))\n"
    )


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other names of libraries")
def test_its_libraries_are_loaded_beside_what_needs_none_of_them():
    run_alone(
        "import sys\n"
        "from core.commands.keras_import import BESIDE, LIBRARIES, _load_libraries_beside\n"
        "_load_libraries_beside()\n"
        "assert set(BESIDE) <= set(sys.modules), set(BESIDE) - set(sys.modules)\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
        "maps = open('/proc/self/maps').read()\n"
        "assert all(library in maps for library in LIBRARIES)\n"
    )


def test_without_tensorflow_there_is_nothing_to_load(monkeypatch):
    monkeypatch.setattr(keras_import, "find_spec", lambda name: None)
    keras_import._load_libraries_beside()
