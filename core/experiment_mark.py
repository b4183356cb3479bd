"""Which experiment a run is of, as its status says it: who looks for one among thousands of runs
need not read all their configurations.

The mark is a hash of all that decides a result (`ExperimentConfig.identity`). Its key is a hash of
the defaults and of RULES: a version with other ones has other marks, and reads what older runs ask
for from their configurations.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from core.config import ExperimentConfig

RULES = 2  # of `identity`: to be raised when it tells apart what it did not, or the reverse


def fingerprint(config: ExperimentConfig) -> str:
    """16 hex digits, equal where `identity` is."""
    return hashlib.sha256(config.identity().encode()).hexdigest()[:16]


KEY = f"experiment-{RULES}-{fingerprint(ExperimentConfig())}"


def mark(config: Mapping[str, Any]) -> dict[str, str]:
    """What the status of a new run says of its configuration; nothing of a faulty one."""
    try:
        return {KEY: fingerprint(ExperimentConfig.model_validate(config))}
    except ValidationError:
        return {}
