"""Links: the address of a page, and an experiment that came in an address."""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import streamlit as st
from pydantic import ValidationError

from core.config import ExperimentConfig, explain
from core.session.drafts import load
from core.session.pages import PAGES

_OPENED_LINK = "opened_link"
_LINK_FAULTS = "link_faults"


def link(stem: str, query: Mapping[str, str]) -> str:
    """The address of a page with a query, as the visitor's browser knows this server."""
    here = urlsplit(st.context.url or "http://localhost:8501/")
    base = here.path.rstrip("/")
    for known in PAGES:  # an address ends in the page's name, on any page but the first
        base = base.removesuffix(f"/{known}")
    path = base + ("/" if stem == "start" else f"/{stem}")
    return f"{here.scheme}://{here.netloc}{path}?{urlencode(query)}"


def open_link() -> dict[str, str] | None:
    """Fill the draft from the address, once for each address. Returns faults, or None if unread.

    An empty dict means the configuration was opened.
    """
    query = st.query_params.to_dict()
    if "v" not in query or st.session_state.get(_OPENED_LINK) == query:
        return None
    st.session_state[_OPENED_LINK] = query
    try:
        load(ExperimentConfig.from_query(query))
    except ValidationError as error:
        return explain(error)
    return {}


def show_link() -> None:
    """Open a link with a configuration and say what it did; a fault stays while it is there."""
    faults = open_link()
    if faults == {}:
        st.toast("The experiment of the link is open.", icon=":material/link:")
    if faults is not None:
        st.session_state[_LINK_FAULTS] = faults
    if st.session_state.get(_LINK_FAULTS) and "v" in st.query_params:
        st.error("This link does not fit, so nothing was changed:", icon=":material/link_off:")
        for field, message in list(st.session_state[_LINK_FAULTS].items())[:10]:
            st.text(f"{field}: {message}"[:300])
