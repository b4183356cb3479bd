"""What the pages say of stored configurations, which may be of another version than this."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from core.config import DataConfig, flatten


def config_columns(config: Mapping[str, Any]) -> dict[str, Any]:
    """What the table of runs shows of a configuration, which may be of another version."""
    flat = flatten(config)
    method = str(flat.get("normalization.method", ""))
    scope = str(flat.get("normalization.scope", ""))
    epochs = flat.get("training.epochs")
    return {
        "data": describe_data(flat),
        "normalization": method
        if method in ("none", "log1p")
        else f"{method} per {scope}".strip()
        if scope in ("channel", "window")
        else f"{method} {scope}".strip(),
        "activation": str(flat.get("model.output_activation", "")),
        "epochs": epochs if isinstance(epochs, int) else None,
    }


def describe_data(flat: Mapping[str, Any]) -> str:
    """The data of a flat configuration in a few words; a name given by a user stays as it is."""
    name = str(flat.get("data.name", ""))
    kind = {"generator": "generated", "sample": "sample"}.get(str(flat.get("data.source")), "file")
    return f"{name} ({kind})" if name else kind


def differences(configs: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The dotted fields in which configurations differ, each with its value in every one."""
    flats = [_meant(config) for config in configs]
    fields = list(dict.fromkeys(name for flat in flats for name in flat if name != "name"))
    texts = {name: value_texts([flat.get(name, "–") for flat in flats]) for name in fields}
    return {name: values for name, values in texts.items() if len(set(values)) > 1}


def _meant(config: Mapping[str, Any]) -> dict[str, Any]:
    """A flat configuration without what has no meaning for the source of its data."""
    flat = flatten(config)
    try:
        data = DataConfig.model_validate(config.get("data"))
    except ValidationError:  # of another version
        return flat
    known = tuple(f"data.{field}" for field in data.made_from())
    if data.source == "file":
        known += ("data.reading",)
    return {k: v for k, v in flat.items() if not k.startswith("data.") or k.startswith(known)}


def field_title(name: str) -> str:
    """`sampling_rate_hz` as a person reads it: `sampling rate (Hz)`."""
    return name.replace("_hz", " (Hz)").replace("_", " ")


def value_texts(values: Sequence[Any]) -> list[str]:
    """Values of one field as a person reads them, with all their digits where fewer do not tell
    them apart."""
    short, whole = ([value_text(value, is_whole) for value in values] for is_whole in (False, True))
    return short if len(set(short)) == len(set(whole)) else whole


def value_text(value: Any, is_whole: bool = False) -> str:
    """The value of a field as a person reads it: with six digits, or with all."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, float):
        return repr(value).removesuffix(".0") if is_whole else f"{value:g}"
    return str(value)
