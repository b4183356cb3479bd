"""No model file is ever accepted: one can run code when it is opened."""

import ast
import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.config import ReadOptions
from core.signals.readers import SUFFIXES, read_recording
from core.signals.recording import DataError

ROOT = Path(__file__).resolve().parent.parent.parent
MODELS = (
    *("keras", "h5", "hdf5", "pb", "tflite", "onnx", "pt", "pth", "ckpt", "safetensors"),
    *("pkl", "pickle", "joblib", "dill", "sav", "mlmodel", "zip", "tar", "gz"),
)
OPENERS = {"load_model", "load_weights", "pickle", "joblib", "dill", "marshal", "shelve", "eval"}


class Harm:
    """Leaves a file behind where somebody unpickles it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def keras_file():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "3"}')
        archive.writestr("config.json", '{"class_name": "Lambda"}')
        archive.writestr("model.weights.h5", b"\x89HDF\r\n\x1a\n" + bytes(100))
    return stream.getvalue()


def hdf5_file(folder):
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "model.h5", "w") as file:
        file.attrs["keras_version"] = "2.4"
        file.attrs["model_config"] = '{"class_name": "Lambda"}'
        file.create_group("model_weights").create_dataset("kernel", data=np.ones((3, 3)))
    return (folder / "model.h5").read_bytes()


def object_array(harm):
    stream = io.BytesIO()
    np.save(stream, np.array([harm], dtype=object), allow_pickle=True)
    return stream.getvalue()


def test_no_model_format_is_offered():
    assert not {suffix[1:] for suffix in SUFFIXES} & set(MODELS)


@pytest.mark.parametrize("suffix", MODELS)
def test_a_model_by_its_own_name_is_refused(tmp_path, suffix):
    path = tmp_path / "upload"
    path.write_bytes(keras_file())
    with pytest.raises(DataError, match="model"):
        read_recording(path, ReadOptions(), name=f"model.{suffix}")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", ["keras", "pickle", "object array"])
def test_a_renamed_model_is_refused_and_not_opened(tmp_path, suffix, kind):
    harm = Harm(tmp_path / "harm")
    content = {
        "keras": keras_file,
        "pickle": lambda: pickle.dumps(harm),
        "object array": lambda: object_array(harm),
    }[kind]()
    path = tmp_path / "upload"
    path.write_bytes(content)
    with pytest.raises(DataError):
        read_recording(path, ReadOptions(), name=f"model{suffix}")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("suffix", [suffix for suffix in SUFFIXES if suffix != ".mat"])
def test_a_renamed_hdf5_model_is_refused(tmp_path, suffix):
    path = tmp_path / "upload"
    path.write_bytes(hdf5_file(tmp_path))
    with pytest.raises(DataError):
        read_recording(path, ReadOptions(), name=f"model{suffix}")


@pytest.mark.slow
def test_the_app_names_nothing_that_opens_a_model():
    """Of core, the command line alone opens one: the run's own, which the lab has written."""
    for path in sorted((ROOT / "core").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node, "attr", None) or getattr(node, "id", None)
            if isinstance(node, ast.Import):
                name = node.names[0].name
            if name in OPENERS:
                assert path == ROOT / "core/commands/reconstructions.py", f"{path}: {name}"
                assert name == "load_model"
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert node.value.value is False, path
