"""What the first bytes of a file say it is, whatever its name says."""

from pathlib import Path

from core.signals.recording import DataError

HEAD_BYTES = 512
_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive (NPZ and XLSX files are such)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x93NUMPY", "a NumPy array (.npy)"),
    (b"PAR1", "a Parquet table"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"MATLAB 7.3 MAT-file", "a MATLAB 7.3 file"),
    (b"MATLAB 5.0 MAT-file", "a MATLAB file"),
    (b"fLaC", "FLAC audio"),
    (b"OggS", "Ogg audio"),
    (b"ID3", "MP3 audio"),
    (b"\xffBIOSEMI", "a BDF recording"),
    *((bytes([0x80, n]), "a Python pickle, which is never opened") for n in (2, 3, 4, 5)),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Word document"),
    (b"<!DOCTYPE", "an HTML page"),
    (b"<!doctype", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<?xml", "an XML document"),
    (b'{"', "a JSON document"),
    (b"[{", "a JSON document"),
)
_HDF5 = ("an HDF5 file", "a MATLAB 7.3 file")
_EXPECTED = {  # the kinds a suffix may hold; None: no signature at all
    ".csv": (None,),
    ".tsv": (None,),
    ".txt": (None,),
    ".ts": (None,),
    ".parquet": ("a Parquet table",),
    ".npy": ("a NumPy array (.npy)",),
    ".npz": ("a ZIP archive (NPZ and XLSX files are such)", "an empty ZIP archive"),
    ".wav": ("WAV audio",),
    ".flac": ("FLAC audio",),
    ".mat": ("a MATLAB file", *_HDF5, None),  # version 4 has no signature
    ".edf": ("an EDF recording",),
}
_UNPACKED = (None, "a NumPy array (.npy)", "WAV audio", "an EDF recording")  # None: texts


def is_packed(path: Path) -> bool:
    """Whether a file may hold far more than it has bytes. Raises OSError."""
    with path.open("rb") as file:
        return looks_like(file.read(HEAD_BYTES)) not in _UNPACKED


def looks_like(head: bytes) -> str | None:
    """The kind of file that starts with these bytes, in words; None when nothing is recognised."""
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[:4] in (b"RIFF", b"RF64", b"RIFX") and head[8:12] == b"WAVE":
        return "WAV audio"
    # A text may begin with "0       " too: in an EDF the header's length stands at byte 184.
    if head.startswith(b"0       ") and head[184:192].strip().isdigit() and b"\n" not in head[:256]:
        return "an EDF recording"
    return None


def check_signature(head: bytes, suffix: str) -> None:
    """Raises DataError when the first bytes contradict the suffix, and says what they are."""
    if not head:
        raise DataError("The file is empty (0 bytes). Export or upload it again.")
    expected = _EXPECTED[suffix]
    kind = looks_like(head)
    if kind in expected:
        return
    if kind is None:
        raise DataError(
            f"The name ends in {suffix}, but the content does not start like {expected[0]}. "
            "It may be damaged or of another kind: export it again, or give it its right name."
        )
    raise DataError(
        f"The name ends in {suffix}, but the content looks like {kind}. Give the file its right "
        f"name, or unpack or export it as {suffix}."
    )
