"""Runs as this visitor may see and make them: submitting one, and finding those of a setup."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import streamlit as st

from core import continuation, durable
from core.admission import check_queue, check_training, run_bytes
from core.backends import check_backend
from core.config import ExperimentConfig
from core.experiment_mark import KEY, fingerprint
from core.run_status import REST_STATES
from core.runs import RunSummary
from core.session import visitor
from core.session.data import recording, split
from core.session.machine import run_config, runner, store
from core.windows import check_batch


def submit(config: ExperimentConfig, name: str | None = None) -> str:
    """Put a run in the queue and return its id.

    Raises DataError where the setup does not fit the data or a public demo gives no room for it,
    OSError where it cannot be stored.
    """
    check_batch(config.training.batch_size, split(config).train)
    check_setup(config)
    owner = visitor.owner()
    content, name = config.model_dump(mode="json"), config.name if name is None else name
    if owner is None:
        return runner().submit(content, name=name)
    with durable.locked(store().root / ".admission.lock"):  # two at once must not both be the last
        check_room(config)
        if config.data.source == "file":
            visitor.grant(config.data.sha256)
        return runner().submit(content, name=name, owner=owner)


def resume(run_id: str) -> None:
    """Put a paused or interrupted run back in the queue. Raises as `submit`, and RunNotFound."""
    with durable.locked(store().root / ".admission.lock"):
        check_room(run_config(run_id), resumed=run_id)
        runner().resume(run_id)


def train_further(run_id: str, *, epochs: int, patience: int, name: str) -> str:
    """Put a run in the queue that goes on from an ended one, and return its id.

    Raises as `submit`, and RunNotFound, TransitionRefused, ValidationError.
    """
    if (config := run_config(run_id)) is not None:
        config = config.replace({"training.epochs": epochs, "training.patience": patience})
        check_setup(config)
    with durable.locked(store().root / ".admission.lock"):
        check_room(config)
        asked = {"epochs": epochs, "patience": patience, "name": name}
        return continuation.train_further(store(), run_id, **asked, owner=visitor.owner()).id


def check_room(config: ExperimentConfig | None, resumed: str = "") -> None:
    """Raises DataError where a public demo has no room for one more run of this visitor.

    config: of that run, None where it cannot be read. resumed: its id, if it is there already.
    """
    settings, owner = visitor.public(), visitor.owner()
    if settings is not None and owner is not None:
        others = [run for run in store().listing() if run.id != resumed]
        check_queue(others, owner, settings)
        visitor.check_disk(run_bytes(config, store().data_folder) if config else 0)


def check_setup(config: ExperimentConfig) -> None:
    """Raises DataError for a setup that goes beyond a public demo's limits, or this machine's."""
    check_backend(config.training.backend)
    if (settings := visitor.public()) is not None:
        check_training(config, recording(config.data).values.shape, settings)
        split(config)  # raises where there are too many windows


def runs_of(configs: Sequence[ExperimentConfig]) -> list[RunSummary | None]:
    """The newest run of each configuration that this visitor may see, whatever its name; one that
    failed only if no other is; None where there is none."""
    known = _newest(str(store().root)).by_experiment()
    return [_seen(known.get(fingerprint(config), ())) for config in configs]


def _seen(runs: Sequence[RunSummary]) -> RunSummary | None:
    return next(reversed(visitor.visible(runs)), None)


def _worth(run: RunSummary) -> int:
    """Those that have or will have results come last, before them those that may go on."""
    if run.state in ("failed", "cancelled"):
        return 0
    return 1 if run.state in REST_STATES else 2


class _Newest:
    """The runs of each experiment, the one to show last; worked out anew when a run has changed."""

    def __init__(self) -> None:
        self._known: tuple[tuple[RunSummary, ...], dict[str, list[RunSummary]]] = ((), {})

    def by_experiment(self) -> Mapping[str, Sequence[RunSummary]]:
        listing = store().listing()
        if listing is not self._known[0]:
            found: dict[str, list[RunSummary]] = {}
            for item in sorted(listing, key=_worth):
                told = item.extra.get(KEY) or _run_experiment(item.id, str(store().root))
                if told:
                    found.setdefault(str(told), []).append(item)
            self._known = (listing, found)
        return self._known[1]


@st.cache_resource(show_spinner=False)
def _newest(folder: str) -> _Newest:
    return _Newest()


@lru_cache(maxsize=20_000)  # as many as configurations
def _run_experiment(run_id: str, folder: str) -> str:
    known = run_config(run_id)
    return fingerprint(known) if known else ""
