"""How busy the machine is, and a run's own part of it."""

import streamlit as st

from core import session
from core.meters import read_meters


def meters(pid: int | None) -> None:
    """How busy the machine is; the run's own part of it in words."""
    now = read_meters(pid)
    own = f", this run {now.process_cpu_percent:.0f} % of a core" if pid else ""
    own_memory = f", this run {now.process_memory_bytes / 2**30:.1f} GiB" if pid else ""
    columns = st.columns(2 + len(now.gpus[:2]))
    columns[0].progress(
        _share(now.cpu_percent / 100), text=f":small[Processor {now.cpu_percent:.0f} %{own}]"
    )
    columns[1].progress(
        _share(now.memory_used / max(1, now.memory_total)),
        text=f":small[Memory {now.memory_used / 2**30:.1f} of "
        f"{now.memory_total / 2**30:.1f} GiB{own_memory}]",
    )
    for column, gpu in zip(columns[2:], now.gpus, strict=False):
        busy = f"{gpu.percent:.0f} %, " if gpu.percent is not None else ""
        column.progress(
            _share((gpu.percent or 0) / 100),
            text=f":small[{session.literal(gpu.name)} {busy}{gpu.memory_used / 2**30:.1f} of "
            f"{gpu.memory_total / 2**30:.0f} GiB]",
        )


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))
