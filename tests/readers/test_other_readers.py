"""Audio, MATLAB, EDF and .ts files, and files that are not what their name says."""

import contextlib

import edfio
import h5py
import numpy as np
import pytest
import scipy.io
import scipy.sparse
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.config import ReadOptions
from core.signals.readers import READERS, SUFFIXES, outline, read_recording
from core.signals.recording import DataError

WAVES = np.sin(np.arange(2000)[:, None] * [0.01, 0.1, 0.3])


def test_a_flac_that_does_not_say_its_length(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, np.zeros(500), 8000)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0  # 36 bits of the first block's count of time steps: as of a stream
    content[22:26] = bytes(4)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"does not say how long the audio is.*save it again"):
        read_recording(path)


@pytest.mark.parametrize("suffix", ["wav", "flac"])
@pytest.mark.parametrize(
    ("channels", "names"),
    [(1, ("channel 1",)), (2, ("left", "right")), (3, ("channel 1", "channel 2", "channel 3"))],
)
def test_audio_round_trip(tmp_path, suffix, channels, names):
    path = tmp_path / f"a.{suffix}"
    pcm = (WAVES[:, :channels] * 20_000).astype(np.int16)
    soundfile.write(path, pcm, 8000, subtype="PCM_16")
    recording = read_recording(path)
    assert recording.values.dtype == np.float32
    np.testing.assert_array_equal(recording.values, pcm / np.float32(32768))
    assert recording.channel_names == names
    assert recording.sampling_rate_hz == 8000
    assert recording.unit == "full scale"
    assert outline(path).shape == (2000, channels)


def test_audio_of_floats_and_24_bits(tmp_path):
    for subtype, error in (("FLOAT", 1e-7), ("PCM_24", 1e-6), ("PCM_U8", 1e-2)):
        path = tmp_path / "a.wav"
        soundfile.write(path, WAVES, 100, subtype=subtype)
        np.testing.assert_allclose(read_recording(path).values, WAVES, atol=error)


def test_audio_faults(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, WAVES, 100)
    good = path.read_bytes()
    path.write_bytes(good[:30])
    with pytest.raises(DataError, match=r"a\.wav: "):
        read_recording(path)
    for offset, size in ((22, 2), (24, 4)):  # no channels, no rate
        path.write_bytes(good[:offset] + bytes(size) + good[offset + size :])
        with pytest.raises(DataError, match=r"a\.wav: "):
            read_recording(path)


def test_mat_chooses_a_variable_and_turns_channels(tmp_path):
    path = tmp_path / "a.mat"
    scipy.io.savemat(
        path,
        {"val": WAVES.T, "fs": 250.0, "small": np.ones((9, 2)), "info": {"x": 1}},
        do_compression=True,
    )
    recording = read_recording(path)
    np.testing.assert_array_equal(recording.values, WAVES)
    assert recording.sampling_rate_hz == 250.0
    assert "largest, 'val'" in " ".join(recording.notes)
    assert dict(outline(path).variables) == {"val": (3, 2000), "small": (9, 2)}
    assert read_recording(path, ReadOptions(variable="small")).values.shape == (9, 2)
    with pytest.raises(DataError, match=r"'info' holds no array of numbers \(struct\).*val"):
        read_recording(path, ReadOptions(variable="info"))


@pytest.mark.parametrize("shape", [(1, 500), (500, 1), (500, 3), (6, 50, 2)])
def test_mat_round_trip(tmp_path, shape):
    path = tmp_path / "a.mat"
    array = np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
    scipy.io.savemat(path, {"x": array})
    expected = array.reshape(500, 1) if 1 in shape else array
    np.testing.assert_array_equal(read_recording(path).values, expected)


def test_mat_without_signals(tmp_path):
    path = tmp_path / "a.mat"
    cells = np.empty(2, object)
    cells[:] = [1, "x"]
    scipy.io.savemat(path, {"s": {"a": 1}, "c": cells, "p": scipy.sparse.eye(4).tocsc()})
    with pytest.raises(DataError, match=r"No variable is an array.*s \(struct\).*c \(cell\)"):
        read_recording(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match=r"a\.mat: "):
        read_recording(path)
    path.write_bytes(bytes(1000))
    with pytest.raises(DataError, match=r"a\.mat: "):
        read_recording(path)


def hdf5_mat(path, **arrays):
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            item = file.create_dataset(name, data=array.T)  # as MATLAB stores it
            item.attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    return path


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_complex_numbers_of_version_7_3_are_asked_for(tmp_path, dtype):
    path = tmp_path / "a.mat"
    waves = np.arange(12.0).reshape(6, 2)
    pairs = np.empty((2, 6), [("real", dtype), ("imag", dtype)])
    pairs["real"], pairs["imag"] = waves.T, 3
    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_dataset("z", data=pairs).attrs["MATLAB_class"] = np.bytes_("double")
    with pytest.raises(DataError, match=r"z \(complex\).*Choose a part"):
        read_recording(path)
    parts = list(outline(path).variables)
    assert parts == ["z, real part", "z, imaginary part", "z, magnitude", "z, phase"]
    for part, values in zip(parts, (waves, 0 * waves + 3, np.hypot(waves, 3)), strict=False):
        recording = read_recording(path, ReadOptions(variable=part))
        np.testing.assert_allclose(recording.values, values, rtol=1e-6)


def test_mat73_is_turned_back(tmp_path):
    path = hdf5_mat(tmp_path / "a.mat", x=WAVES)
    np.testing.assert_array_equal(read_recording(path).values, WAVES)
    path = hdf5_mat(tmp_path / "b.mat", x=WAVES.T)
    np.testing.assert_array_equal(read_recording(path).values, WAVES)
    assert outline(path).format == "MATLAB 7.3"
    assert dict(outline(path).variables) == {"x": (3, 2000)}


def test_mat73_links_are_not_followed(tmp_path):
    other = tmp_path / "secret.h5"
    with h5py.File(other, "w") as file:
        file["x"] = WAVES
    path = tmp_path / "a.mat"
    with h5py.File(path, "w") as file:
        file["out"] = h5py.ExternalLink(str(other), "x")
        file["soft"] = h5py.SoftLink("/gone")
        layout = h5py.VirtualLayout(shape=WAVES.shape, dtype=float)
        layout[:] = h5py.VirtualSource(str(other), "x", shape=WAVES.shape)
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("raw", (10,), "f8", external=[(str(other), 0, 80)])
    for variable in ("", "out", "soft", "virtual", "raw"):
        with pytest.raises(DataError, match="not followed"):
            read_recording(path, ReadOptions(variable=variable))


def edf_signal(label, rate, unit="uV", seed=0):
    digital = np.random.default_rng(seed).integers(-2000, 2000, int(rate * 10)).astype(np.int16)
    return edfio.EdfSignal.from_digital(
        digital, rate, label=label, physical_dimension=unit, physical_range=(-3276.8, 3276.7)
    )


def test_edf_keeps_one_rate(tmp_path):
    path = tmp_path / "a.edf"
    signals = [edf_signal("A", 100), edf_signal("B", 100, seed=1), edf_signal("slow", 1, "degC")]
    annotations = [edfio.EdfAnnotation(1.0, None, "event")]
    edfio.Edf(signals, annotations=annotations).write(path)
    recording = read_recording(path)
    assert recording.channel_names == ("A", "B")
    assert recording.sampling_rate_hz == 100
    assert recording.unit == "µV"
    np.testing.assert_array_equal(recording.values, np.column_stack([s.data for s in signals[:2]]))
    notes = " ".join(recording.notes)
    assert "1 Hz differs from the 100 Hz kept: slow" in notes
    assert "1 annotation was left out" in notes
    slow = read_recording(path, ReadOptions(sampling_rate_hz=1))
    assert (slow.values.shape, slow.unit) == ((10, 1), "°C")
    assert read_recording(path, ReadOptions(channels=("slow",))).sampling_rate_hz == 1
    assert dict(outline(path).rates) == {100.0: ("A", "B"), 1.0: ("slow",)}
    with pytest.raises(DataError, match=r"No channel has 7 Hz\. There are: 100 Hz \(A, B\)"):
        read_recording(path, ReadOptions(sampling_rate_hz=7))
    with pytest.raises(DataError, match="different sampling rates"):
        read_recording(path, ReadOptions(channels=("A", "slow")))
    with pytest.raises(DataError, match="no channel q"):
        read_recording(path, ReadOptions(channels=("q",)))


def test_edf_of_equal_counts_keeps_the_highest_rate(tmp_path):
    path = tmp_path / "a.edf"
    edfio.Edf([edf_signal("slow", 1), edf_signal("fast", 50)]).write(path)
    assert read_recording(path).channel_names == ("fast",)


def test_edf_damaged(tmp_path):
    path = tmp_path / "a.edf"
    edfio.Edf([edf_signal("A", 100)]).write(path)
    good = path.read_bytes()
    for offset, text in (
        (184, b"999     "),
        (252, b"-3  "),
        (236, b"x       "),
        (244, b"0       "),
    ):
        path.write_bytes(good[:offset] + text + good[offset + len(text) :])
        with pytest.raises(DataError, match=r"a\.edf: "):
            read_recording(path)
    path.write_bytes(good[:512])
    with pytest.raises(DataError, match="ends after its header"):
        read_recording(path)


TS = """# a remark
@problemName x
@missing {missing}
@classLabel true up down
@data
1,2,3:4,5,6:up
7,8,9:10,11,12:down
"""


def ts(tmp_path, text):
    path = tmp_path / "a.ts"
    path.write_text(text)
    return path


def test_ts(tmp_path):
    path = ts(tmp_path, TS.format(missing="false"))
    recording = read_recording(path)
    assert recording.values.tolist() == [
        [[1, 4], [2, 5], [3, 6]],
        [[7, 10], [8, 11], [9, 12]],
    ]
    assert recording.labels["class"].tolist() == ["up", "down"]
    assert recording.channel_names == ("channel 1", "channel 2")
    assert outline(path).label_columns == ("class",)
    assert read_recording(path, ReadOptions(label_columns=())).labels == {}


def test_ts_with_a_remark_after_its_header(tmp_path):
    path = ts(tmp_path, TS.format(missing="false").replace("@data\n", "@data\n# first\n\n"))
    assert outline(path).channels == read_recording(path).channel_names


def test_ts_of_unequal_lengths_is_cut(tmp_path):
    text = TS.format(missing="false").replace("7,8,9:10,11,12", "7,8:10,11")
    recording = read_recording(ts(tmp_path, text))
    assert recording.values.shape == (2, 2, 2)
    assert "2 to 3 time steps: 1 of 2 windows were cut to the shortest, 2" in " ".join(
        recording.notes
    )


def test_ts_missing_values(tmp_path):
    text = TS.replace("1,2,3", "1,?,3")
    assert read_recording(ts(tmp_path, text.format(missing="true"))).values[0, 1, 0] == 2
    with pytest.raises(DataError, match=r"Line 6, channel 1: a value is missing \(\?\)"):
        read_recording(ts(tmp_path, text.format(missing="false")))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("@data\n", "", "no @data|before any @data"),
        (":down", ":sideways", "Line 7: the label 'sideways' is none of up, down"),
        ("8,9", "x,9", "Line 7, channel 1: .*'x'"),
        (":10,11,12", "", "Line 7 has 1 channels, the first window 2"),
        ("@problemName x", "@timeStamps true", "time stamps"),
        ("7,8,9:10,11,12", "7:10", "lose most"),
    ],
)
def test_ts_faults(tmp_path, old, new, message):
    with pytest.raises(DataError, match=message):
        read_recording(ts(tmp_path, TS.format(missing="false").replace(old, new)))


CONTENTS = {
    "a PNG image": b"\x89PNG\r\n\x1a\n" + bytes(50),
    "a gzip archive": b"\x1f\x8b" + bytes(50),
    "a Parquet table": b"PAR1" + bytes(50),
    "an HDF5 file": b"\x89HDF\r\n\x1a\n" + bytes(50),
    "WAV audio": b"RIFF\0\0\0\0WAVE" + bytes(50),
    "FLAC audio": b"fLaC" + bytes(50),
    "a NumPy array": b"\x93NUMPY" + bytes(50),
    "a ZIP archive": b"PK\x03\x04" + bytes(50),
    "an EDF recording": b"0       ".ljust(184) + b"512     ".ljust(72),
}


@pytest.mark.parametrize("kind", CONTENTS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_suffix_that_lies_is_told_what_the_file_is(tmp_path, kind, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(CONTENTS[kind])
    with pytest.raises(DataError) as caught:
        read_recording(path)
    own = {
        *((".parquet", "a Parquet table"), (".mat", "an HDF5 file"), (".wav", "WAV audio")),
        *((".flac", "FLAC audio"), (".npy", "a NumPy array"), (".npz", "a ZIP archive")),
        (".edf", "an EDF recording"),
    }
    assert str(caught.value).startswith(f"a{suffix}: ")
    if (suffix, kind) not in own:
        assert f"looks like {kind}" in str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_rubbish_is_always_a_data_error(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    for content in (b"", b"\0" * 700, bytes(range(256)) * 8, b"hello world\n" * 30):
        path.write_bytes(content)
        with pytest.raises(DataError, match=f"^a{suffix}: "):
            read_recording(path)
        assert problem_of(path).startswith(f"a{suffix}: ")


def problem_of(path):
    """What the outline complains of, raised or reported; empty: nothing."""
    try:
        found = outline(path)
    except DataError as error:
        return str(error)
    return f"{path.name}: {found.problem}" if found.problem else ""


def test_the_name_is_only_a_label(tmp_path):
    path = tmp_path / "0123abcd"
    np.save(path.with_suffix(".npy"), WAVES)
    path.with_suffix(".npy").rename(path)
    for name in ("../../x.npy", "a\0b.npy", "CON.npy", "a:b.NPY", "n" * 300 + ".npy"):
        recording = read_recording(path, name=name)
        assert recording.values.shape == (2000, 3)
        assert "\0" not in recording.name
        assert len(recording.name) <= 80
    with pytest.raises(DataError, match=r"x\.xyz: Files of this kind are not read.*\.csv"):
        read_recording(path, name="x.xyz")
    with pytest.raises(DataError, match=r"gone\.csv: "):
        read_recording(tmp_path / "gone.csv")


def good_file(folder, suffix):
    path = folder / f"good.{suffix}"
    if suffix in ("npy", "npz"):
        np.save(path, WAVES[:50]) if suffix == "npy" else np.savez_compressed(path, x=WAVES[:50])
    elif suffix in ("wav", "flac"):
        soundfile.write(path, WAVES[:50], 100)
    elif suffix == "edf":
        edfio.Edf([edf_signal("A", 10), edf_signal("B", 1)]).write(path)
    elif suffix == "ts":
        path.write_text(TS.format(missing="false"))
    else:
        path.write_text("t,x,s\n" + "".join(f"{i / 10},{i}.5,a\n" for i in range(50)))
    return path


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", ["csv", "npy", "npz", "wav", "flac", "edf", "ts"])
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damage_is_a_data_error_or_harmless(tmp_path, suffix, data):
    content = bytearray(good_file(tmp_path, suffix).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, min(len(content), 700) - 1))
        content[place] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(1, len(content)))]
    path = tmp_path / f"damaged.{suffix}"
    path.write_bytes(content)
    problem_of(path)
    with contextlib.suppress(DataError):  # and nothing else
        assert np.isfinite(read_recording(path).values).all()


def test_suffixes_are_those_of_the_readers():
    assert tuple(READERS) == SUFFIXES
