"""MATLAB 5 files as read here, compared with SciPy, and damaged ones that end SciPy's process."""

import contextlib

import numpy as np
import pytest
import scipy.io
import scipy.sparse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.config import ReadOptions
from core.signals.readers import outline, read_recording
from core.signals.readers.mat5 import is_mat5, mat5_variables, read_mat5
from core.signals.recording import DataError

NUMBERS = [np.float32, np.float64, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32]
NUMBERS += [np.int64, np.uint64, np.complex128]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    array=hnp.arrays(
        st.sampled_from(NUMBERS),
        hnp.array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=6),
        elements={"allow_nan": False, "allow_infinity": False},
    ),
    packed=st.booleans(),
)
def test_values_are_those_that_scipy_reads(tmp_path, array, packed):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"before": "text", "x": array, "behind": 1.0}, do_compression=packed)
    expected = scipy.io.loadmat(path)["x"]
    assert is_mat5(path)
    variable = next(item for item in mat5_variables(path) if item.name == "x")
    values = read_mat5(path, variable)
    np.testing.assert_array_equal(values, expected)
    assert values.dtype == expected.dtype
    assert variable.is_complex == np.iscomplexobj(array)


def test_variables_are_listed_as_scipy_lists_them(tmp_path):
    path = tmp_path / "a.mat"
    cells = np.empty(2, object)
    cells[:] = [1, "x"]
    variables = {"s": {"a": 1}, "c": cells, "p": scipy.sparse.eye(4).tocsc()}
    variables |= {
        "flags": np.array([[True, False]]),
        "none": np.zeros((0, 3)),
        "x": np.ones((2, 3)),
    }
    for packed in (False, True):
        scipy.io.savemat(path, variables, do_compression=packed)
        found = [(item.name, item.shape, item.kind) for item in mat5_variables(path)]
        assert found == scipy.io.whosmat(path)


def test_big_endian_files(tmp_path):
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI"
    body = b"".join(
        [
            np.array([6, 8, 6, 0], ">u4").tobytes(),
            np.array([5, 8, 2, 2], ">u4").tobytes(),
            np.array([0x00010001], ">u4").tobytes() + b"x\0\0\0",
            np.array([9, 32], ">u4").tobytes() + np.array([1, 2, 3, 4], ">f8").tobytes(),
        ]
    )
    path = tmp_path / "a.mat"
    path.write_bytes(head + np.array([14, len(body)], ">u4").tobytes() + body)
    (variable,) = mat5_variables(path)
    assert read_mat5(path, variable).tolist() == [[1, 3], [2, 4]]
    assert read_recording(path).values.tolist() == [[1, 3], [2, 4]]
    assert read_recording(path).values.dtype.isnative


def test_complex_numbers_are_asked_for(tmp_path):
    path = tmp_path / "a.mat"
    waves = np.arange(12.0).reshape(6, 2)
    scipy.io.savemat(path, {"z": waves + 1j})
    with pytest.raises(DataError, match=r"z \(complex\).*Choose a part"):
        read_recording(path)
    assert list(outline(path).variables)[:2] == ["z, real part", "z, imaginary part"]
    chosen = read_recording(path, ReadOptions(variable="z, real part"))
    np.testing.assert_array_equal(chosen.values, waves)
    plain = {"z": waves + 1j, "x": waves}
    scipy.io.savemat(path, plain)
    np.testing.assert_array_equal(read_recording(path).values, waves)


def test_every_byte_of_a_header_may_be_wrong(tmp_path):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"x": np.ones((4, 2)), "y": np.ones((3, 3))})
    good = path.read_bytes()
    for place in range(124, 250, 2):
        for value in (0, 1, 14, 77, 255):
            path.write_bytes(good[:place] + bytes([value]) + good[place + 1 :])
            with contextlib.suppress(DataError):  # and nothing else
                assert np.isfinite(read_recording(path).values).all()
