"""JSON knows no infinity and no NaN (RFC 8259, section 6): null stands for them."""

import math
from typing import Any


def finite(value: Any) -> Any:
    """The same plain value with None for each number in it that is not finite."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
