"""What a browser session holds: the place of all caches, and of the session keys modules share.

| module | holds |
|---|---|
| shell | navigation, the sidebar, the first call of every page |
| pages | the pages' names and icons |
| drafts | the experiment being edited, and widgets bound to its fields |
| links | the address of a page; an experiment that came in one |
| last_setup | the setup that a session before this one left |
| once | what there is once in a process |
| machine | the runs and the queue of this machine |
| visitor | who the visitor is, and what a visitor may see, use and change |
| own_runs | submitting a run, and finding the runs of a setup |
| store_notice | a runs folder that cannot be written |
| retention | removing uploads and runs |
| server | what is done once, when the server starts |
| data | recordings, windows, statistics |
| fitted | error floors, the best constants' errors, the picture of an output activation |
| affine | floors under any factor and offset |
| clipped | windows that an output cuts |
| sources, uploads | where the data come from; a visitor's file |
| first_cut | the windows that a recording begins with |
| visible | which part of a recording is in view |
| words | names of choices, text from outside, faults |
"""

from core.session.affine import affine_floors
from core.session.clipped import CutWindow, clipped, cut_window
from core.session.data import (
    boundary,
    data_key,
    draft_split,
    envelopes,
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
from core.session.fitted import (
    activation_picture,
    channel_constants,
    deviations,
    floors,
    matrix,
)
from core.session.links import is_link_open, link, linked_runs
from core.session.machine import run_config, run_table, runner, store
from core.session.own_runs import check_setup, resume, runs_of, submit, train_further
from core.session.pages import APP_TITLE, PAGES, PROJECT, page
from core.session.retention import forget_all, forget_file_in_use
from core.session.server import server_options
from core.session.shell import open_page, run_shell
from core.session.sources import begin_source, source_key, switch_source, use_sample
from core.session.store_notice import store_problem
from core.session.uploads import (
    drop_upload,
    keep_upload,
    last_reading,
    prepare_for_upload,
    reading_notes,
    take_upload,
    upload,
    uploader_key,
)
from core.session.visible import VisibleRange, visible_range
from core.session.visitor import (
    check_use,
    is_mine,
    limit,
    may_change,
    public,
    visible,
)
from core.session.words import (
    METHODS,
    SCOPES,
    fault_text,
    faulty_fields,
    field_name,
    field_words,
    keep_fault,
    literal,
    literal_unit,
    measured,
    normalization_text,
    setting_text,
    show_fault,
    show_kept_fault,
)

__all__ = [
    "APP_TITLE",
    "METHODS",
    "PAGES",
    "PROJECT",
    "SCOPES",
    "CutWindow",
    "VisibleRange",
    "activation_picture",
    "affine_floors",
    "begin_source",
    "bound",
    "boundary",
    "change",
    "channel_constants",
    "check_setup",
    "check_use",
    "clipped",
    "cut_window",
    "data_key",
    "deviations",
    "draft",
    "draft_split",
    "drop_upload",
    "envelopes",
    "experiment",
    "fault_text",
    "faulty_fields",
    "field_name",
    "field_words",
    "floors",
    "forget_all",
    "forget_file_in_use",
    "is_link_open",
    "is_mine",
    "keep_fault",
    "keep_upload",
    "last_reading",
    "limit",
    "link",
    "linked_runs",
    "literal",
    "literal_unit",
    "load",
    "load_note",
    "matrix",
    "may_change",
    "measured",
    "normalization_text",
    "open_page",
    "page",
    "part",
    "prepare_for_upload",
    "problems",
    "public",
    "reading_notes",
    "recording",
    "resume",
    "run_config",
    "run_shell",
    "run_table",
    "runner",
    "runs_of",
    "server_options",
    "setting_text",
    "show_fault",
    "show_kept_fault",
    "source_key",
    "split",
    "store",
    "store_problem",
    "submit",
    "summaries",
    "switch_source",
    "take_upload",
    "train_further",
    "upload",
    "uploader_key",
    "use_sample",
    "value",
    "visible",
    "visible_range",
]
