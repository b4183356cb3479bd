"""What the processor says of itself, on machines of several kinds."""

import os

import pytest

from core import processor
from core.processor import describe_cpu, lacks_bfloat16, take_fast_sorts
from tests.own_process import run_alone

AVX2 = "processor\t: 0\nmodel name\t: A  Processor\nflags\t\t: fma avx avx2\n"


@pytest.fixture
def cpuinfo(tmp_path, monkeypatch):
    path = tmp_path / "cpuinfo"
    monkeypatch.setattr(processor, "_CPUINFO", path)
    processor._facts.cache_clear()
    yield path
    processor._facts.cache_clear()


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        (AVX2, True),
        (AVX2.replace("avx2", "avx2 avx512f avx512_bf16"), False),
        (AVX2.replace("avx2", "avx512f amx_bf16"), False),
        (AVX2.replace("avx2", "avx512f"), True),
        ("processor : 0\nFeatures : fp asimd bf16\n", False),
        ("processor : 0\nFeatures : fp asimd\n", True),
        ("processor : 0\n", False),  # says nothing
        ("", False),
    ],
)
def test_instructions_for_bfloat16(cpuinfo, text, lacks):
    cpuinfo.write_text(text)
    assert lacks_bfloat16() is lacks


ZEN_4 = """vendor_id : AuthenticAMD
cpu family : 25
model : 17
flags : avx2 avx512f avx512_bf16
"""


BEFORE_NUMPY = """
import os, sys, warnings
os.environ.pop("NPY_DISABLE_CPU_FEATURES", None)
import streamlit
assert "numpy" not in sys.modules
import core
assert "numpy" not in sys.modules
from core.processor import take_fast_sorts
decided = os.environ.pop("NPY_DISABLE_CPU_FEATURES", None)
take_fast_sorts()
assert os.environ.get("NPY_DISABLE_CPU_FEATURES") == decided
warnings.simplefilter("error")  # NumPy warns of names that it does not know
import numpy
"""


@pytest.mark.parametrize(
    ("text", "leaves_out"),
    [
        (ZEN_4, True),
        (ZEN_4.replace("25", "26"), False),  # Zen 5
        (ZEN_4.replace("avx512", "other"), False),  # Zen 3
        (ZEN_4.replace("AuthenticAMD", "GenuineIntel"), False),
        ("", False),
    ],
)
def test_sorts_leave_out_what_is_slow_on_zen_4(cpuinfo, monkeypatch, text, leaves_out):
    monkeypatch.delenv("NPY_DISABLE_CPU_FEATURES", raising=False)
    cpuinfo.write_text(text)
    take_fast_sorts()
    assert os.environ.pop("NPY_DISABLE_CPU_FEATURES", "") == "X86_V4 AVX512_ICL" * leaves_out


def test_what_was_set_from_outside_stays(cpuinfo, monkeypatch):
    monkeypatch.setenv("NPY_DISABLE_CPU_FEATURES", "X86_V3")
    cpuinfo.write_text(ZEN_4)
    take_fast_sorts()
    assert os.environ["NPY_DISABLE_CPU_FEATURES"] == "X86_V3"


@pytest.mark.slow
def test_it_is_decided_before_numpy_is_imported():
    run_alone(BEFORE_NUMPY)


def test_the_name_in_words(cpuinfo, monkeypatch):
    monkeypatch.setattr(processor, "cores", lambda: 2)
    cpuinfo.write_text(AVX2 + "\nprocessor\t: 1\nmodel name\t: Another\n")
    assert describe_cpu() == "CPU (2 cores, A Processor)"


def test_a_machine_without_such_a_file(cpuinfo, monkeypatch):
    monkeypatch.setattr(processor, "cores", lambda: 1)
    assert not lacks_bfloat16()
    assert describe_cpu().startswith("CPU (1 core, ")
    assert describe_cpu() != "CPU (1 core, )"
