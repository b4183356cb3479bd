"""What a browser sends back of a widget: its state, as Streamlit's own front end writes it."""

from collections.abc import Sequence
from typing import Any

from streamlit.proto.NumberInput_pb2 import NumberInput
from streamlit.proto.WidgetStates_pb2 import WidgetState


def key_of(widget_id: str) -> str:
    """The key that the app gave a widget, without the revision that the app's drafts add.

    An id is `$$ID-<32 hex digits>-<key>`.
    """
    return widget_id.split("-", 2)[-1].rpartition("@")[0] or widget_id.split("-", 2)[-1]


def first_state(kind: str, element: Any) -> WidgetState | None:
    """The state of a widget that was just drawn; None for those that begin without one."""
    maker = _MAKERS.get(kind)
    return maker(element) if maker else None


def text(element_id: str, value: str) -> WidgetState:
    return WidgetState(id=element_id, string_value=value)


def texts(element_id: str, values: Sequence[str]) -> WidgetState:
    state = WidgetState(id=element_id)
    state.string_array_value.data.extend(values)
    state.string_array_value.SetInParent()
    return state


def number(element: NumberInput, value: float) -> WidgetState:
    if element.data_type == NumberInput.INT:
        return WidgetState(id=element.id, int_value=int(value))
    return WidgetState(id=element.id, double_value=value)


def _number_input(element: NumberInput) -> WidgetState | None:
    if element.set_value:
        return number(element, element.value)
    return number(element, element.default) if element.HasField("default") else None


def _selectbox(element: Any) -> WidgetState | None:
    if element.set_value:
        return text(element.id, element.raw_value) if element.HasField("raw_value") else None
    is_chosen = element.options and element.HasField("default")
    return text(element.id, element.options[element.default]) if is_chosen else None


def _multiselect(element: Any) -> WidgetState:
    chosen = [element.options[place] for place in element.default]
    return texts(element.id, list(element.raw_values) if element.set_value else chosen)


def _button_group(element: Any) -> WidgetState:
    chosen = [element.options[place].content for place in element.default]
    return texts(element.id, list(element.raw_values) if element.set_value else chosen)


def _slider(element: Any) -> WidgetState | None:
    if element.options:
        return None  # of named values, which the app does not use
    state = WidgetState(id=element.id)
    state.double_array_value.data.extend(element.value if element.set_value else element.default)
    return state


def _text_input(element: Any) -> WidgetState:
    return text(element.id, element.value if element.set_value else element.default)


def _checkbox(element: Any) -> WidgetState:
    chosen = element.value if element.set_value else element.default
    return WidgetState(id=element.id, bool_value=chosen)


_MAKERS = {
    "number_input": _number_input,
    "selectbox": _selectbox,
    "multiselect": _multiselect,
    "button_group": _button_group,
    "slider": _slider,
    "text_input": _text_input,
    "text_area": _text_input,
    "checkbox": _checkbox,
}
