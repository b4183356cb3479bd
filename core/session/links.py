"""Links: the address of a page, and an experiment that came in an address."""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import streamlit as st
from pydantic import ValidationError

from core.config import VERSION_KEY, ExperimentConfig
from core.config_faults import explain
from core.number_text import agreeing
from core.session.drafts import load
from core.session.pages import PAGES
from core.session.words import fault_text, literal

LONGEST_LINK = 32_000  # characters; a link of this app has far fewer
PAGE_PARAMETERS = ("run", "runs", "part", "window")  # what pages read from their address

_OPENED_LINK = "opened_link"
_LINK_FAULTS = "link_faults"
_ADDRESS = "address_looked_at"
_MOST_NAMED = 5


def link(stem: str, query: Mapping[str, str]) -> str:
    """The address of a page with a query, as the visitor's browser knows this server."""
    here = urlsplit(st.context.url or "http://localhost:8501/")
    path = _base_path(here.path) + ("/" if stem == "start" else f"/{stem}")
    return f"{here.scheme}://{here.netloc}{path}?{urlencode(query)}"


def _base_path(path: str) -> str:
    """What stands before the page in an address: as the server was told, or as a proxy adds it."""
    if told := st.get_option("server.baseUrlPath").strip("/"):
        return f"/{told}"
    before, _, last = path.rstrip("/").rpartition("/")
    return before if last in PAGES else path.rstrip("/")


def linked_runs() -> tuple[str, ...]:
    """The ids of the runs that the address asks to compare, each once."""
    return tuple(dict.fromkeys(filter(None, st.query_params.get("runs", "").split(","))))


def open_link() -> dict[str, str] | None:
    """Fill the draft from the address, once for each address. Returns faults, or None if unread.

    An empty dict means the configuration was opened.
    """
    query = st.query_params.to_dict()
    if VERSION_KEY not in query or st.session_state.get(_OPENED_LINK) == query:
        return None
    st.session_state[_OPENED_LINK] = query
    if repeated := [name for name in query if len(st.query_params.get_all(name)) > 1]:
        return dict.fromkeys(repeated, "It is in the address more than once.")
    try:
        load(ExperimentConfig.from_query(query))
    except ValidationError as error:
        return explain(error)
    return {}


def show_link() -> None:
    """Open a link with a configuration and say what it did; a fault stays while it is there."""
    _show_ignored()
    faults = open_link()
    if faults == {}:
        st.toast("The experiment of the link is open.", icon=":material/link:")
    if faults is not None:
        st.session_state[_LINK_FAULTS] = faults
    if st.session_state.get(_LINK_FAULTS) and VERSION_KEY in st.query_params:
        faults = list(st.session_state[_LINK_FAULTS].items())[:10]
        said = "\n".join(
            f"- {literal(fault_text(field, message), 300)}" for field, message in faults
        )
        st.error(
            f"This link does not fit, so nothing was changed:\n\n{said}",
            icon=":material/link_off:",
        )


def is_link_open() -> bool:
    """Whether the address holds a configuration, and the draft was filled from it."""
    return VERSION_KEY in st.query_params and not st.session_state.get(_LINK_FAULTS)


def _show_ignored() -> None:
    """Say, once for each address, which parts of it mean nothing here."""
    given = {name: st.query_params.get_all(name) for name in st.query_params}
    length = sum(len(name) + len(text) for name, texts in given.items() for text in texts)
    if length > LONGEST_LINK:
        st.query_params.clear()  # or the browser would send it along with every click
        _say_ignored(f"an address of {length:,} characters, longer than any link of this app")
        return
    if not given or st.session_state.get(_ADDRESS) == given:
        return
    st.session_state[_ADDRESS] = given
    if VERSION_KEY in given:  # a configuration: all of it is judged together
        return
    known = [name for name in given if name in PAGE_PARAMETERS]
    unknown = [name for name in given if name not in known]
    if unknown:
        more = f" and {len(unknown) - _MOST_NAMED} more" if len(unknown) > _MOST_NAMED else ""
        names = ", ".join(literal(name, 40) for name in unknown[:_MOST_NAMED])
        mean = agreeing(len(unknown), "means", "mean")
        _say_ignored(f"{names}{more} in the address, which {mean} nothing here")
    for name in known:
        if len(given[name]) > 1:
            _say_ignored(f"all but the last {name} of {len(given[name])} in the address")


def _say_ignored(what: str) -> None:
    st.toast(f"Ignored: {what}.", icon=":material/link_off:", duration="long")
