"""What the processor says of itself, on machines of several kinds."""

import pytest

from core import processor
from core.processor import describe_cpu, lacks_bfloat16

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


def test_the_name_in_words(cpuinfo, monkeypatch):
    monkeypatch.setattr(processor, "cores", lambda: 2)
    cpuinfo.write_text(AVX2 + "\nprocessor\t: 1\nmodel name\t: Another\n")
    assert describe_cpu() == "CPU (2 cores, A Processor)"


def test_a_machine_without_such_a_file(cpuinfo, monkeypatch):
    monkeypatch.setattr(processor, "cores", lambda: 1)
    assert not lacks_bfloat16()
    assert describe_cpu().startswith("CPU (1 core, ")
    assert describe_cpu() != "CPU (1 core, )"
