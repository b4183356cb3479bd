"""What a command prints as JSON."""

import json
from typing import Any

from core.json_values import finite


def json_text(value: Any) -> str:
    """Indented JSON; null for what is not finite."""
    return json.dumps(finite(value), indent=2, allow_nan=False)
