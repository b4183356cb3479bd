"""What is wrong with a configuration, in a sentence for each faulty field."""

from typing import Any

from pydantic import ValidationError

_WHOLE = "It must be a whole number, such as 64"
_NUMBER = "It must be a number, such as 0.5"
_TEXT = "It must be text"
_SWITCH = "It must be true or false"
_SENTENCES = {  # pydantic's name of a fault: what is expected instead
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": "It must be a smaller number",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "It must be a finite number",
    "greater_than": "It must be more than {gt}",
    "greater_than_equal": "It must be at least {ge}",
    "less_than": "It must be less than {lt}",
    "less_than_equal": "It can be at most {le}",
    "literal_error": "It must be {expected}",
    "bool_type": _SWITCH,
    "bool_parsing": _SWITCH,
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "string_too_long": "It can have at most {max_length} characters",
    "string_pattern_mismatch": "It must be a SHA-256: 64 digits of 0 to 9 and a to f",
    "tuple_type": "It must be a list, such as 64, 32",
    "too_long": "It can have at most {max_length} entries; these are {actual_length}",
    "model_type": "It must be a group of fields (in JSON an object)",
    "json_invalid": "It is no JSON: {error}",
    "value_error": "{error}",
}


class FieldFault(ValueError):
    """A fault of one field beside others of its group: `pooling_steps`, with a whole sentence."""

    def __init__(self, field: str, text: str):
        super().__init__(text)
        self.field = field


def explain(error: ValidationError) -> dict[str, str]:
    """Each faulty field, dotted, with what is expected of it and what came."""
    messages = {}
    for item in error.errors():
        place = [str(part) for part in item["loc"]]
        fault = item.get("ctx", {}).get("error")
        if isinstance(fault, FieldFault):
            messages[".".join([*place, fault.field])] = str(fault)
        else:
            messages[".".join(place) or "configuration"] = _sentence(item)
    return messages


def _sentence(item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return "There is no such field."
    given = {name: _plain(value) for name, value in item.get("ctx", {}).items()}
    known = _SENTENCES.get(item["type"])
    expected = known.format(**given) if known else item["msg"]
    return f"{expected}. Received: {_short(item['input'])}"


def _plain(value: Any) -> str:
    """A bound with its thousands apart; the names to choose from without quotes."""
    if isinstance(value, int | float):
        return f"{value:,}".removesuffix(".0")
    return str(value).replace("'", "")


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except RecursionError:  # of a link that names parts of parts of parts
        return "..."
    return text if len(text) <= 80 else text[:77] + "..."
