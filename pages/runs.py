"""All runs: find, compare, rename, delete, and go on from one of them."""

import pandas as pd
import streamlit as st

from core import session, views
from core.charts import results as charts
from core.results import RunRow, differences
from core.runs import NAME_LENGTH, RunNotFound, RunUnreadable, TransitionRefused

session.open_page()
PAGE_ROWS = 500
MOST_COMPARED = 10
COLUMNS = {
    "state": st.column_config.TextColumn("State", width=92),
    "name": st.column_config.TextColumn("Name", width="medium"),
    "activation": st.column_config.TextColumn("Output"),
    "normalization": st.column_config.TextColumn("Normalization"),
    "data": st.column_config.TextColumn("Data"),
    "validation_mae": st.column_config.NumberColumn(
        "MAE",
        format="%.4g",
        width=80,
        help="Mean absolute error on validation, in the data's own units.",
    ),
    "floor_mae": st.column_config.NumberColumn(
        "Floor",
        format="%.4g",
        width=80,
        help="The MAE that no training with this output can undercut.",
    ),
    "validation_mse": st.column_config.NumberColumn(
        "MSE", format="%.4g", width=80, help="Mean squared error on validation, in squared units."
    ),
    "unit": st.column_config.TextColumn("Unit", width="small"),
    "epochs": st.column_config.NumberColumn("Epochs", format="%d", width="small"),
    "best_epoch": st.column_config.NumberColumn("Best epoch", format="%d", width="small"),
    "seconds": st.column_config.NumberColumn("Time (s)", format="%.1f", width="small"),
    "created": st.column_config.DatetimeColumn("Created", format="YYYY-MM-DD HH:mm"),
    "reason": st.column_config.TextColumn("Reason", width="large"),
}


def filtered(rows: list[RunRow]) -> list[RunRow]:
    states = [state for state in views.STATES if any(row.state == state for row in rows)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search",
            key="runs_search",
            placeholder="Name, data, normalization, output",
            width=320,
        )
        wanted = st.pills(
            "State",
            states,
            selection_mode="multi",
            format_func=lambda state: views.STATES[state][0],
            key="runs_states",
        )
    words = text.lower().split()
    return [
        row
        for row in rows
        if (not wanted or row.state in wanted)
        and all(
            word in f"{row.name} {row.data} {row.normalization} {row.activation} {row.id}".lower()
            for word in words
        )
    ]


def table(rows: list[RunRow]) -> list[RunRow]:
    """Draw a page of the rows; returns those that are selected."""
    pages = -(-len(rows) // PAGE_ROWS)
    number = 1
    if pages > 1:
        if st.session_state.get("runs_page", 1) > pages:  # the search has left fewer
            st.session_state["runs_page"] = pages
        number = st.pagination(pages, key="runs_page")
        st.caption(
            f"{len(rows):,} runs, {PAGE_ROWS} on a page, newest first; search to narrow them."
        )
    shown = rows[(number - 1) * PAGE_ROWS : number * PAGE_ROWS]
    frame = pd.DataFrame([vars(row) for row in shown])
    frame["state"] = [views.STATES[row.state][0] for row in shown]
    frame["created"] = pd.to_datetime(frame["created"], errors="coerce", utc=True)
    event = st.dataframe(
        frame[list(COLUMNS)],
        column_config=COLUMNS,
        hide_index=True,
        placeholder="",
        on_select="rerun",
        selection_mode="multi-row",
        key=f"runs-{number}-{st.session_state.get('runs_deleted', 0)}",
        height=min(38 + 35 * len(shown), 420),
        alt="The runs and what they reached",
    )
    return [shown[i] for i in event.selection.rows if i < len(shown)]


def go_to(run_id: str) -> None:
    st.switch_page(session.page("reconstructions"), query_params={"run": run_id})


def rename(run_id: str, key: str) -> None:
    try:
        session.store().rename(run_id, st.session_state[key])
    except (ValueError, OSError, RunNotFound, RunUnreadable) as error:
        st.toast(session.literal(str(error), 200), icon=":material/error:")


def ask_to_delete(rows: list[RunRow]) -> None:
    st.session_state["runs_to_delete"] = [row.id for row in rows]


def delete(run_ids: list[str]) -> None:
    refused = []
    for run_id in run_ids:
        try:
            session.store().delete(run_id)
        except RunNotFound:
            continue  # somebody else was faster
        except (TransitionRefused, RunUnreadable, OSError) as error:
            refused.append(str(error))
    keep()
    st.session_state["runs_deleted"] = st.session_state.get("runs_deleted", 0) + 1
    if refused:
        text = f"{len(refused)} could not be deleted: {refused[0]}"
        st.toast(session.literal(text, 300), icon=":material/error:")


def keep() -> None:
    st.session_state.pop("runs_to_delete", None)


def count_text(number: int) -> str:
    return f"{number:,} run{'s' * (number != 1)}"


def actions(rows: list[RunRow]) -> None:
    one = rows[0] if len(rows) == 1 else None
    readable = one is not None and one.state in views.SHOWABLE
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Open",
            key="runs_open",
            icon=":material/ssid_chart:",
            disabled=not readable,
            on_click=go_to,
            args=(one.id if one else "",),
        )
        st.button(
            "Edit as a new run",
            key="runs_edit",
            icon=":material/content_copy:",
            disabled=not (readable and session.run_config(one.id) is not None),
            help="Loads its configuration into the form on the page Train; the run stays as it is.",
            on_click=views.open_in_draft,
            args=(one.id, one.name) if one else (),
        )
        with st.popover("Rename", icon=":material/edit:", disabled=not readable):
            if readable:
                key = f"rename-{one.id}"
                st.text_input("Name", one.name, max_chars=NAME_LENGTH, key=key)
                st.button("Rename", key="runs_rename", on_click=rename, args=(one.id, key))
        st.button(
            "Delete",
            key="runs_delete",
            icon=":material/delete:",
            disabled=not rows,
            on_click=ask_to_delete,
            args=(rows,),
        )
        if rows:
            st.caption(f"{count_text(len(rows))} selected")
    confirm([row for row in rows if row.id in st.session_state.get("runs_to_delete", ())])


def confirm(rows: list[RunRow]) -> None:
    """The second question before anything is removed; another selection withdraws it."""
    if not rows:
        return
    with st.container(border=True):
        names = ", ".join(views.display_name(row.name) for row in rows[:5])
        more = f" and {len(rows) - 5:,} more" if len(rows) > 5 else ""
        st.markdown(f"**Delete for good?** {names}{more}")
        st.caption("Models, reconstructions and error curves are removed from the disk.")
        with st.container(horizontal=True):
            st.button(
                f"Delete {count_text(len(rows))}",
                key="delete_sure",
                type="primary",
                on_click=delete,
                args=([row.id for row in rows],),
            )
            st.button("Keep", key="delete_keep", on_click=keep)


def compare(rows: list[RunRow]) -> None:
    """The error curves of the chosen runs over each other, and where their settings differ."""
    histories, configs, units = {}, [], set()
    labels = charts.unique_labels([row.name or "without a name" for row in rows], 40)
    for label, row in zip(labels, rows, strict=True):
        try:
            run = session.store().open(row.id)
            histories[label] = run.history()
            configs.append(run.config())
        except (RunNotFound, RunUnreadable):
            continue
        units.add(row.unit)
    st.subheader("Error curves", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        measure = st.segmented_control(
            "Error",
            ["mae", "mse"],
            format_func=charts.TITLES.get,
            default="mae",
            key="runs_measure",
            required=True,
        )
        log = st.toggle("Logarithmic", key="runs_log")
    if not any(histories.values()):
        st.caption("None of these runs has finished an epoch yet.")
        return
    unit = units.pop() if len(units) == 1 else ""
    epochs = max(len(history) for history in histories.values())
    st.vega_lite_chart(
        charts.comparison_frame(histories, measure, log),
        charts.comparison_spec(measure, unit, tuple(histories), epochs, log),
        key="comparison",
        alt="Errors of the chosen runs by epoch",
    )
    if len({row.data for row in rows}) > 1:
        st.caption("These runs are of different data: their errors have different scales.")
    if len(configs) > 1:
        st.subheader("What differs", anchor=False)
        rows_of = differences(configs)
        if rows_of:
            frame = pd.DataFrame.from_dict(rows_of, orient="index", columns=list(histories))
            st.dataframe(
                frame.rename_axis("Setting").reset_index(),
                hide_index=True,
                column_config={"Setting": st.column_config.TextColumn(width=190)},
                alt="The settings in which the chosen runs differ",
            )
        else:
            st.caption("Nothing: their settings are the same.")


def show(rows: list[RunRow]) -> None:
    found = filtered(rows)
    chosen = table(found) if found else []
    if not found:
        st.caption("No run matches. Clear the search or the states.")
    actions(chosen)
    readable = [row for row in chosen if row.state in views.SHOWABLE]
    if len(readable) > MOST_COMPARED:
        st.caption(f"The first {MOST_COMPARED} of {len(readable):,} selected runs are compared.")
    if readable:
        compare(readable[:MOST_COMPARED])
    elif found:
        st.caption("Select runs in the table to compare their error curves and settings.")


st.title("Runs")
if all_rows := views.run_table().rows():
    show(all_rows)
else:
    st.info("There are no runs yet. Each run you train is listed here, with its errors.")
    st.page_link(session.page("train"), label="Set up a run", icon=":material/model_training:")
