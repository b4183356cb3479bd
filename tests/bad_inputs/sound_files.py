"""Lines 65 to 72: WAV and FLAC."""

import io
import struct

import numpy as np
import soundfile

from tests.bad_inputs.case import Case, Expected, holding

PCM = np.array([[100, -200], [3000, 4000], [-5000, 6000], [700, 8], [9, 10]], np.int16)
SCALED = (PCM / np.float32(32768)).tolist()


VALUES = PCM.tobytes()


def wav_bytes(*, tag=1, channels=2, rate=100, bits=16, align=None, data=VALUES, size=None) -> bytes:
    align = channels * bits // 8 if align is None else align
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * align, align, bits)
    size = len(data) if size is None else size
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form
    body += b"data" + struct.pack("<I", size) + data
    riff = 0xFFFFFFFF if size == 0xFFFFFFFF else len(body)
    return b"RIFF" + struct.pack("<I", riff) + body


def written(values: np.ndarray, form: str, subtype: str) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, values, 100, format=form, subtype=subtype)
    return stream.getvalue()


def sound(number: str, name: str, content: bytes, expected: Expected, says="", values=None, **more):
    file = more.pop("file", "sound.wav")
    return Case(number, name, file, holding(content), expected, says, values, **more)


FLOATS = np.float32(SCALED)
WAVES = np.sin(np.arange(20_000)[:, None] * [0.01, 0.1])
FLAC = written(PCM, "FLAC", "PCM_16")
LONG_FLAC = written(WAVES, "FLAC", "PCM_16")
DEEP = (PCM.astype(np.int32) << 16) + (77 << 8)  # 24 bits, held in 32

CASES = [
    sound("65", "size 0xFFFFFFFF", wav_bytes(size=0xFFFFFFFF), "W", "5 time steps", SCALED),
    sound("65b", "size 0", wav_bytes(size=0), "E", "0 time steps"),
    sound(
        "66",
        "24 bits",
        written(DEEP, "WAV", "PCM_24"),
        "OK",
        values=np.float32(DEEP / 2.0**31).tolist(),
    ),
    sound(
        "66b",
        "24-bit FLAC",
        written(DEEP, "FLAC", "PCM_24"),
        "OK",
        values=np.float32(DEEP / 2.0**31).tolist(),
        file="sound.flac",
    ),
    sound("67", "float32", written(FLOATS, "WAV", "FLOAT"), "OK", values=SCALED),
    sound(
        "67b",
        "float32 with NaN",
        wav_bytes(tag=3, channels=1, bits=32, data=np.float32([1, np.nan, 3]).tobytes()),
        "W",
        "1 missing value",
        [[1], [2], [3]],
    ),
    sound(
        "67c",
        "float32 with infinities",
        wav_bytes(tag=3, channels=1, bits=32, data=np.float32([1, np.inf, 3]).tobytes()),
        "E",
        "infinite value",
    ),
    sound("68", "zero channels", wav_bytes(channels=0, align=4), "E", "0 channels"),
    sound("68b", "65,535 channels", wav_bytes(channels=65535, align=4, bits=16), "E", "65,?535"),
    sound("69", "rate 0", wav_bytes(rate=0), "E", "0 Hz"),
    sound("70", "a codec nobody reads", wav_bytes(tag=0x0161), "E", "WMA.*8 to 32 bits.*FLAC"),
    sound("70b", "an unknown codec", wav_bytes(tag=0x7A21), "E", "0x7A21.*8 to 32 bits.*FLAC"),
    sound("71", "truncated WAV", wav_bytes(size=40), "W", "10 time steps, 5 are there", SCALED),
    sound("71b", "WAV cut within its header", wav_bytes()[:30], "E", "cut off|damaged"),
    sound("71c", "FLAC cut within its header", FLAC[:30], "E", "cut off|damaged", file="s.flac"),
    sound(
        "71d",
        "truncated FLAC",
        LONG_FLAC[: len(LONG_FLAC) // 2],
        "E",
        "cut off|damaged",
        file="s.flac",
    ),
    sound(
        "71e",
        "FLAC with a damaged frame",
        LONG_FLAC[:9000] + b"\x55" * 300 + LONG_FLAC[9300:],
        "E",
        "cut off|damaged",
        file="s.flac",
    ),
    sound("72", "block align too great", wav_bytes(align=6), "E", "6 bytes.*should be 4"),
    sound("72b", "block align 0", wav_bytes(align=0), "E", "0 bytes.*should be 4"),
]
