"""NPY and NPZ: shapes, types, and headers that lie."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.config import ReadOptions
from core.signals.readers import outline, read_recording
from core.signals.readers.missing import GREATEST
from core.signals.recording import DataError


def saved(tmp_path, array, name="a.npy"):
    path = tmp_path / name
    np.save(path, array)
    return path


def npy(header: str, data: bytes = b"", version=b"\x01\x00") -> bytes:
    text = header.encode("latin-1")
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text + data


@pytest.mark.parametrize(
    ("shape", "expected", "axes"),
    [
        ((100,), (100, 1), "auto"),
        ((100, 3), (100, 3), "auto"),
        ((3, 100), (100, 3), "auto"),
        ((3, 100), (3, 100), "channels_last"),
        ((50, 150), (50, 150), "auto"),
        ((1, 100), (100, 1), "auto"),
        ((7, 20, 4), (7, 20, 4), "auto"),
        ((7, 4, 20), (7, 20, 4), "channels_first"),
        ((7, 1, 20, 4), (7, 20, 4), "auto"),
        ((7, 20, 4, 1), (7, 20, 4), "auto"),
    ],
)
def test_shapes(tmp_path, shape, expected, axes):
    array = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    path = saved(tmp_path, array)
    recording = read_recording(path, ReadOptions(axes=axes))
    assert recording.values.shape == expected
    assert recording.values.dtype == np.int32
    if shape == (3, 100) and axes == "auto":
        np.testing.assert_array_equal(recording.values, array.T)
        assert "set the axes to channels last" in " ".join(recording.notes)
    found = outline(path, ReadOptions(axes=axes))
    assert found.shape == shape
    assert found.layout == ("windows" if len(expected) == 3 else "wide")


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_file_is_mapped_not_copied(tmp_path, order):
    array = np.asarray(np.random.default_rng(0).normal(size=(500, 4)), np.float32, order=order)
    values = read_recording(saved(tmp_path, array)).values
    base = values
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
    assert not values.flags.writeable
    np.testing.assert_array_equal(values, array)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (np.float16, np.float32),
        (bool, np.float32),
        (np.longdouble, np.float64),
        (">f4", np.float32),
        (">i2", np.int16),
    ],
)
def test_types_are_converted_with_the_same_values(tmp_path, dtype, expected):
    array = np.array([[0, 1], [1, 0], [1, 1]]).astype(dtype)
    recording = read_recording(saved(tmp_path, array))
    assert recording.values.dtype == expected
    assert recording.values.dtype.isnative
    assert recording.values.tolist() == [[0, 1], [1, 0], [1, 1]]


def test_structured_arrays_need_a_field(tmp_path):
    array = np.zeros(10, dtype=[("x", "f4"), ("y", "f4")])
    array["y"] = np.arange(10)
    path = saved(tmp_path, array)
    with pytest.raises(DataError, match="named fields x, y"):
        read_recording(path)
    assert "named fields" in outline(path).problem
    recording = read_recording(path, ReadOptions(variable="y"))
    assert recording.values.ravel().tolist() == list(range(10))


def test_missing_values_are_filled_without_touching_the_file(tmp_path):
    array = np.array([[np.nan, 5], [2, np.nan], [4, 6]], np.float32)
    path = saved(tmp_path, array)
    before = path.read_bytes()
    recording = read_recording(path)
    assert recording.values.tolist() == [[2, 5], [2, 5.5], [4, 6]]
    assert recording.values.dtype == np.float32
    assert path.read_bytes() == before


def test_gaps_in_windows_are_filled_from_their_own_window(tmp_path):
    array = np.array([[1.0, np.nan, 3.0], [np.nan, 10.0, np.nan]])[:, :, None]
    recording = read_recording(saved(tmp_path, array))
    assert recording.values[..., 0].tolist() == [[1, 2, 3], [10, 10, 10]]


def test_constant_channels_are_noted(tmp_path):
    recording = read_recording(saved(tmp_path, np.column_stack([np.arange(9), np.ones(9)])))
    assert "Constant, one value throughout: channel 2." in recording.notes


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array(1.0), "single number"),
        (np.zeros((2, 2, 2, 2, 2)), r"Received: shape=\(2, 2, 2, 2, 2\)"),
        (np.zeros((4, 5, 6, 7)), "four axes"),
        (np.zeros((0, 3)), "no values"),
        (np.zeros(5, complex), "complex numbers. Choose their real part"),
        (np.zeros(5, "datetime64[s]"), "dates"),
        (np.array(["a", "b"]), "text"),
        (np.array([1.0, np.inf, 2.0]), "infinite value at time step 2"),
        (np.full((5, 1), np.nan), "No values at all"),
    ],
)
def test_arrays_that_are_no_signals(tmp_path, array, message):
    with pytest.raises(DataError, match=message):
        read_recording(saved(tmp_path, array))


def test_objects_are_never_unpickled(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.array([{}, []], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="Python objects, which are never unpickled"):
        read_recording(path)


def test_headers_that_claim_too_much_are_refused_before_anything_is_allocated(tmp_path):
    path = tmp_path / "a.npy"
    for shape in ("(4000000000, 4)", "(200000000000000000000, 4)", "(1, -3)", "(-2, -3)"):
        path.write_bytes(npy(f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}\n"))
        with pytest.raises(DataError, match="claims"):
            read_recording(path)


@pytest.mark.parametrize(
    "content",
    [
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3,"),
        npy("{'descr': '<f8'}"),
        npy("{'descr': 'nonsense', 'fortran_order': False, 'shape': (3,)}"),
        npy("((((((((("),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3,)}", version=b"\x09\x00"),
        b"\x93NUMPY",
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff",
        b"\x93NUMPY\x01\x00\x10",
    ],
)
def test_broken_headers(tmp_path, content):
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.npy: .*(header|version)"):
        read_recording(path)


def test_npz_takes_the_only_array_or_the_largest_or_the_chosen(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, small=np.arange(5.0), large=np.ones((50, 2)) * np.arange(2), text=np.array("x"))
    recording = read_recording(path)
    assert recording.values.shape == (50, 2)
    assert "largest" in " ".join(recording.notes)
    chosen = read_recording(path, ReadOptions(variable="small"))
    assert chosen.values.shape == (5, 1)
    assert dict(outline(path).variables) == {"small": (5,), "large": (50, 2)}
    assert outline(path).variable == "large"
    with pytest.raises(DataError, match=r"no array 'q'\. There are: small \(5,\), large"):
        read_recording(path, ReadOptions(variable="q"))


def test_npz_companions(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(
        path, x=np.ones((50, 2)), sampling_rate_hz=250.0, channel_names=np.array(["I", "II"])
    )
    recording = read_recording(path)
    assert recording.sampling_rate_hz == 250.0
    assert recording.channel_names == ("I", "II")


def test_npz_names_of_channels_that_come_first(tmp_path):
    path, names = tmp_path / "a.npz", ("ax", "ay", "az")
    np.savez(path, x=np.arange(6000.0).reshape(3, 2000), channel_names=np.array(names))
    assert read_recording(path).channel_names == outline(path).channels == names
    assert read_recording(path).values[:2, 1].tolist() == [2000, 2001]


def archive(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def array_bytes(array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def test_npz_members_are_only_ever_labels(tmp_path):
    path = archive(tmp_path / "a.npz", ("../../x.npy", array_bytes(np.arange(9.0))))
    assert read_recording(path).values.shape == (9, 1)
    assert tuple(outline(path).variables) == ("../../x",)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_npz_that_are_refused(tmp_path, monkeypatch):
    good = array_bytes(np.arange(9.0))
    path = tmp_path / "a.npz"
    cases = [
        ((), "no arrays"),
        ((("x.txt", b"hello"),), "no NumPy array"),
        ((("x.npy", good), ("x.npy", good)), "occurs twice"),
        ((("x.npy", b"no array at all"),), "Member 'x'"),
        ((("x.npy", good[:-20]),), "claims the shape"),
        (tuple((f"{i}.npy", good) for i in range(1001)), "at most 1,000"),
    ]
    for members, message in cases:
        archive(path, *members)
        with pytest.raises(DataError, match=message):
            read_recording(path)
    archive(path, ("x.npy", array_bytes(np.zeros(100_000))))
    monkeypatch.setattr("core.signals.readers.limits.MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(DataError, match="would unpack to"):
        read_recording(path)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    array=hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.int16, np.uint8, np.int64, ">f8", ">i4"]),
        hnp.array_shapes(min_dims=1, max_dims=3, min_side=2, max_side=12),
        elements={"allow_nan": False, "allow_infinity": False},
    ),
    packed=st.booleans(),
)
def test_round_trip(tmp_path, array, packed):
    array[np.abs(array) > np.float64(GREATEST)] = 0  # they are refused
    path = tmp_path / ("r.npz" if packed else "r.npy")
    if packed:
        np.savez_compressed(path, x=array)
    else:
        np.save(path, array)
    values = read_recording(path, ReadOptions(axes="channels_last")).values
    np.testing.assert_array_equal(values, array[:, None] if array.ndim == 1 else array)
