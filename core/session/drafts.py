"""The draft: the experiment being edited.

It is a nested dict shaped like `ExperimentConfig`, which may be invalid while it is typed. Widgets
are bound to its fields, so that no edit is lost when a page is left or a widget is hidden, and
everything that reads the draft reads one truth.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from typing import Any

import streamlit as st
from pydantic import ValidationError

from core.backends import preferred
from core.config import ExperimentConfig, with_changes
from core.config_faults import explain
from core.session.words import literal

_DRAFT = "draft"  # replaced by a change, never altered
_BEGUN_WITH = "draft_begun_with"
_CHECKED = "draft_checked"
_FOLLOWED = "draft_followed"  # fields that the last edit of another field has set
_NOTE = "draft_note"  # (revision, what was said when the draft was loaded)
_REVISION = "draft_revision"  # changes when the draft is set from outside the widgets


@dataclass(frozen=True)
class _Checked:
    """A draft and what validation says of it: each page asks for it some twenty times."""

    draft: dict[str, Any]
    config: ExperimentConfig | None
    problems: dict[str, str]


def draft() -> dict[str, Any]:
    try:
        return st.session_state[_DRAFT]
    except KeyError:
        config = ExperimentConfig().replace({"training.backend": preferred()})
        begun = st.session_state.setdefault(_BEGUN_WITH, config.model_dump(mode="json"))
        return st.session_state.setdefault(_DRAFT, begun)


def begun_with() -> dict[str, Any]:
    """The draft as it was when the session began."""
    draft()
    return st.session_state[_BEGUN_WITH]


def value(path: str) -> Any:
    """A draft field by its dotted name: `model.dropout`."""
    return _field(draft(), path)


def _field(held: Mapping[str, Any], path: str) -> Any:
    return reduce(getitem, path.split("."), held)


def revision() -> int:
    """Changes when the draft is set from outside its widgets; part of their keys."""
    return st.session_state.get(_REVISION, 0)


def change(changes: Mapping[str, Any]) -> None:
    """Set draft fields from outside their widgets; the widgets show them in the next run."""
    st.session_state[_DRAFT] = with_changes(draft(), changes)
    st.session_state[_REVISION] = revision() + 1


def load(config: ExperimentConfig, note: str = "") -> None:
    """Replace the draft by a configuration: from a link, a preset, or a run.

    note: what the page Train says of it; see `load_note`.
    """
    change(config.model_dump(mode="json"))
    st.session_state[_NOTE] = (revision(), note)


def load_note() -> str:
    """What was said when the draft was loaded, until it is set from outside its widgets again."""
    of_revision, note = st.session_state.get(_NOTE, (-1, ""))
    return note if of_revision == revision() else ""


def problems() -> dict[str, str]:
    """Each faulty draft field, dotted, with what is wrong."""
    return _checked().problems


def experiment() -> ExperimentConfig | None:
    """The draft as a configuration; None while a field is faulty."""
    return _checked().config


def _checked() -> _Checked:
    held, known = draft(), st.session_state.get(_CHECKED)
    if known is None or known.draft is not held:
        try:
            known = _Checked(held, ExperimentConfig.model_validate(held), {})
        except ValidationError as error:
            known = _Checked(held, None, explain(error))
        st.session_state[_CHECKED] = known
    return known


def part(name: str) -> Any:
    """One valid part of the draft (`data`, `windows`, ...), whatever the others are; or None."""
    if (config := experiment()) is not None:
        return getattr(config, name)
    kind = ExperimentConfig.model_fields[name].annotation
    try:
        return kind.model_validate(draft()[name])
    except ValidationError:
        return None


def bound(
    widget: Callable[..., Any],
    label: str,
    path: str,
    *,
    to_widget: Callable[[Any], Any] = lambda stored: stored,
    from_widget: Callable[[Any], Any] = lambda shown: shown,
    optional: bool = False,
    then: Callable[[Any], Mapping[str, Any]] = lambda stored: {},
    **arguments: Any,
) -> Any:
    """Draw a widget for a draft field, with the field's fault under it. Returns the field's value.

    to_widget, from_widget translate between the stored value and what the widget shows; `then`
    gives further changes that follow from a new value, which their own widgets show.
    """
    drawn, held = revision(), draft()
    key = f"{path}@{drawn}"

    def keep() -> None:
        if revision() != drawn and path in st.session_state.get(_FOLLOWED, ()):
            return  # another field's `then` has set this one in the same request
        shown = st.session_state[key]
        if shown is not None or optional:  # an emptied field keeps what it had
            stored = from_widget(shown)
            st.session_state[_DRAFT] = with_changes(draft(), {path: stored})
            following = {name: new for name, new in then(stored).items() if value(name) != new}
            if following:
                st.session_state[_FOLLOWED] = set(following)
                change(following)

    # The field is passed as the widget's default rather than through the session state: a browser
    # that missed the script run in which the state was set would send the widget's own default.
    shown = st.session_state.get(key, to_widget(_field(held, path)))
    arguments = _with_room(arguments, shown)
    widget(label, key=key, on_change=keep, **arguments, **_default(widget, shown, arguments))
    fault = problems().get(path)
    if fault:
        st.caption(f":red[{literal(fault, 300)}]")
    return _field(held, path)


def _default(widget: Callable[..., Any], shown: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """The argument by which a kind of widget is told what to begin with."""
    kind = widget.__name__
    if kind == "selectbox":
        return {"index": list(arguments["options"]).index(shown)}
    return {"default" if kind in ("multiselect", "segmented_control") else "value": shown}


def _with_room(arguments: dict[str, Any], shown: Any) -> dict[str, Any]:
    """Widget arguments that allow the value a link or a run brought: core has the last word."""
    if isinstance(shown, int | float):
        for bound_name, wider in (("min_value", min), ("max_value", max)):
            if arguments.get(bound_name) is not None:
                limit = wider(arguments[bound_name], shown)
                arguments = arguments | {bound_name: type(shown)(limit)}
    if "options" in arguments:
        options = list(arguments["options"])
        wanted = shown if isinstance(shown, list | tuple) else [shown]
        missing = [item for item in wanted if item not in options]
        arguments = arguments | {"options": options + missing} if missing else arguments
    return arguments
