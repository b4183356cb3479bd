"""What a command prints as JSON."""

import json
import math
from typing import Any


def json_text(value: Any) -> str:
    """Indented JSON, which knows no infinity and no NaN (RFC 8259, section 6): null instead."""
    return json.dumps(_finite(value), indent=2, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
