"""What a browser session holds: the place of all caches, and of the session keys modules share.

| module | holds |
|---|---|
| shell | navigation, the sidebar, the first call of every page |
| pages | the pages' names and icons |
| drafts | the experiment being edited, and widgets bound to its fields |
| links | the address of a page; an experiment that came in one |
| machine | the runs and the queue of this machine |
| data | recordings, windows, statistics |
| fitted | error floors and the picture of an output activation |
| affine | floors under any factor and offset |
| clipped | windows that an output cuts; the best constants' errors |
| sources, uploads | where the data come from; a visitor's file |
| visible | which part of a recording is in view |
| words | names of choices, text from outside, faults |
"""

from core.session.affine import affine_floors
from core.session.clipped import CutWindow, clipped, constants, cut_window
from core.session.data import (
    boundary,
    data_key,
    deviations,
    draft_split,
    envelope,
    recording,
    split,
    summaries,
)
from core.session.drafts import (
    bound,
    change,
    draft,
    experiment,
    load,
    load_note,
    part,
    problems,
    value,
)
from core.session.fitted import activation_picture, floors, matrix
from core.session.links import link
from core.session.machine import latest_run, run_config, runner, runs_of, store, submit
from core.session.pages import APP_TITLE, PAGES, PROJECT, page
from core.session.shell import open_page, run_shell
from core.session.sources import begin_source, source_key, switch_source
from core.session.uploads import UPLOADER, keep_upload, last_reading, take_upload, upload
from core.session.visible import VisibleRange, visible_range
from core.session.words import (
    METHODS,
    SCOPES,
    keep_fault,
    literal,
    normalization_text,
    show_fault,
    show_kept_fault,
)

__all__ = [
    "APP_TITLE",
    "METHODS",
    "PAGES",
    "PROJECT",
    "SCOPES",
    "UPLOADER",
    "CutWindow",
    "VisibleRange",
    "activation_picture",
    "affine_floors",
    "begin_source",
    "bound",
    "boundary",
    "change",
    "clipped",
    "constants",
    "cut_window",
    "data_key",
    "deviations",
    "draft",
    "draft_split",
    "envelope",
    "experiment",
    "floors",
    "keep_fault",
    "keep_upload",
    "last_reading",
    "latest_run",
    "link",
    "literal",
    "load",
    "load_note",
    "matrix",
    "normalization_text",
    "open_page",
    "page",
    "part",
    "problems",
    "recording",
    "run_config",
    "run_shell",
    "runner",
    "runs_of",
    "show_fault",
    "show_kept_fault",
    "source_key",
    "split",
    "store",
    "submit",
    "summaries",
    "switch_source",
    "take_upload",
    "upload",
    "value",
    "visible_range",
]
