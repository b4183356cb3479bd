"""What is known of the processor: its name, and what it has instructions for."""

import os
import platform
from functools import cache
from pathlib import Path

from core.cores import cores

BFLOAT16 = {"avx512_bf16", "amx_bf16", "avx_ne_convert", "bf16"}  # the last on ARM
_CPUINFO = Path("/proc/cpuinfo")  # as Linux has it


def describe_cpu() -> str:
    """The processor in words: `CPU (2 cores, <model name>)`."""
    count = cores()
    return f"CPU ({count} core{'s' if count != 1 else ''}, {_name()})"


def lacks_bfloat16() -> bool:
    """Whether the processor says what it has instructions for, and bfloat16 is not among it."""
    known = _facts().get("flags") or _facts().get("Features") or ""
    return bool(known) and BFLOAT16.isdisjoint(known.split())


def precision_warning(precision: str, has_gpu: bool) -> str:
    """A sentence where bfloat16 would take longer than what it is to be faster than, or nothing."""
    if precision == "float32" or has_gpu or not lacks_bfloat16():
        return ""
    return (
        "This processor has no instructions for bfloat16: training takes longer than in float32, "
        "seven to eight times as long on one where that was measured."
    )


def take_fast_sorts() -> None:
    """On a processor with Zen 4: let NumPy sort without AVX-512, six times as fast. To be called
    before it is imported; what was set from outside stays.

    There an instruction that its sorts are made of is slow, the one that packs chosen values into
    memory. NumPy leaves it out only with all of AVX-512, which makes exp and tanh a third as fast.
    """
    facts = _facts()
    is_zen = facts.get("vendor_id") == "AuthenticAMD" and facts.get("cpu family") == "25"
    if is_zen and "avx512f" in facts.get("flags", "").split():
        os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL")


def _name() -> str:
    return (
        _facts().get("model name") or platform.processor() or platform.machine() or "unknown model"
    )


@cache
def _facts() -> dict[str, str]:
    """What Linux says of the first core; nothing elsewhere."""
    try:
        first, _, _ = _CPUINFO.read_text(errors="replace").partition("\n\n")
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): " ".join(value.split()) for name, _, value in pairs}
