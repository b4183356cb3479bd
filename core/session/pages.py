"""The pages of the app: names, icons and what each is for."""

import ast
import importlib
from pathlib import Path
from typing import Any

import streamlit as st

PROJECT = Path(__file__).resolve().parent.parent.parent
APP_TITLE = "Signal autoencoder lab"

PAGES = {
    "start": ("Start", ":material/home:", "What this is, and the question that began it."),
    "data": (
        "Data",
        ":material/show_chart:",
        "Upload or generate a recording; cut it into windows.",
    ),
    "output": ("Output", ":material/tune:", "Match the output activation to the data's range."),
    "explain": (
        "Explain",
        ":material/school:",
        "Why an output activation must match the data's range, worked out on your own data.",
    ),
    "train": ("Train", ":material/model_training:", "Set up the model and train it."),
    "reconstructions": (
        "Reconstructions",
        ":material/ssid_chart:",
        "One run: what the model gives back, window by window, and its errors.",
    ),
    "runs": ("Runs", ":material/table_rows:", "All runs, and their error curves compared."),
}


def page(stem: str) -> Any:
    """The Streamlit page object of a page, for links and switches."""
    title, icon, text = PAGES[stem]
    path = PROJECT / "pages" / f"{stem}.py"
    return st.Page(path, title=title, icon=icon, url_path=stem, default=stem == "start", help=text)


def import_what_pages_need() -> None:
    """Import what the files of the pages import, pandas and Altair among them: most of a second.

    That each part of a chart is held against the schema is left to the tests: it took most of the
    time a chart takes.
    """
    for stem in PAGES:
        for line in ast.parse((PROJECT / "pages" / f"{stem}.py").read_bytes()).body:
            if isinstance(line, ast.ImportFrom):
                importlib.import_module(line.module)
    importlib.import_module("core.charts.activations")  # of core.session.fitted
    importlib.import_module("altair.utils.schemapi").disable_debug_mode()
