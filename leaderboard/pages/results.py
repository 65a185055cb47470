"""The ranked tables, one tab per track."""

from __future__ import annotations

import altair as alt
import streamlit as st

from leaderboard.board import Board, current_board
from leaderboard.pages.presentation import best_values, csv_file, heading, points, table
from leaderboard.pages.track_descriptions import track_name, track_question, tracks_of
from leaderboard.store.ranking import Ranked
from leaderboard.store.standings import metrics_of, standings
from younger_hf.dataset.read.release import Release
from younger_hf.task_types import Metric

ROWS_PER_PAGE = 25
"""A browser draws a static table whole, and waits for more rows than this."""
BARS = 15
"""Systems in the chart."""


def show() -> None:
    """Draw the page."""
    board = current_board()
    tracks = tracks_of(board.release)
    st.title("Younger leaderboard")
    st.markdown(
        "How well do systems understand the architectures of neural networks? Each row is one submission, scored against "
        "hidden answers on test graphs of the Younger dataset."
    )
    show_dataset(board.release)
    if not tracks:
        st.info("This dataset has no test graphs, so there is nothing to rank.", icon=":material/info:")
        return
    labels = {track_name(track): track for track in tracks}
    requested = st.query_params.get("track")
    chosen = requested if requested in tracks else tracks[0]

    def remember() -> None:
        st.query_params["track"] = labels[st.session_state["tab"]]

    tabs = st.tabs(list(labels), default=track_name(chosen), key="tab", on_change=remember)
    for tab, track in zip(tabs, tracks, strict=True):
        if tab.open:
            with tab:
                show_track(board, track)


def show_dataset(release: Release) -> None:
    """Show which dataset the results are for."""
    digest = release.content_hash.removeprefix("sha256:")
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.badge(f"Dataset {release.version}", icon=":material/database:", color="green")
        st.badge(f"sha256 {digest[:12]}…", icon=":material/fingerprint:", color="gray", help=release.content_hash)


def show_track(board: Board, track: str) -> None:
    """Draw one track: its table, its chart and the meaning of its metrics."""
    rows, metrics = standings(board.store, track, board.release.content_hash), metrics_of(track)
    st.markdown(track_question(track))
    if not rows:
        st.info(
            f"No system is ranked on **{track_name(track)}** yet. Train, predict and submit with three commands; a "
            "submission appears here within seconds.",
            icon=":material/flag:",
        )
        st.page_link("guide.py", label="How to submit", icon=":material/menu_book:")
        return
    shown = find(rows, track)
    if not shown:
        st.info("No system or team of this track has that in its name.", icon=":material/search_off:")
    else:
        show_table(shown, metrics, best_values(rows, metrics), track, board.release.rows[track]["test"])
    chart, meaning = st.columns([3, 2], gap="large")
    with chart:
        show_chart(rows, metrics[0])
    with meaning:
        st.subheader("What is measured")
        for position, metric in enumerate(metrics):
            ranks = " It decides the rank." if position == 0 else ""
            st.markdown(f"**{heading(metric)}**: {metric.description}{ranks}")


def find(rows: tuple[Ranked, ...], track: str) -> tuple[Ranked, ...]:
    """Return the rows whose system or team contains the text that the visitor typed."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        typed = st.text_input(
            "Find a system or team",
            placeholder="Find a system or team",
            icon=":material/search:",
            label_visibility="collapsed",
            key=f"find-{track}",
            width=320,
        )
        st.space("stretch")
        st.download_button(
            "Download CSV",
            csv_file(rows, metrics_of(track)),
            file_name=f"younger-{track}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key=f"csv-{track}",
        )
    text = typed.casefold().strip()
    return tuple(row for row in rows if text in f"{row.submission.system}\n{row.submission.team}".casefold())


def show_table(
    rows: tuple[Ranked, ...], metrics: tuple[Metric, ...], best: dict[str, float], track: str, graphs: int
) -> None:
    """Draw one page of the ranked table."""
    pages = -(-len(rows) // ROWS_PER_PAGE)
    page = min(st.session_state.get(f"page-{track}", 1), pages)
    start = (page - 1) * ROWS_PER_PAGE
    st.table(
        table(rows[start : start + ROWS_PER_PAGE], metrics, best),
        border="horizontal",
        hide_index=True,
        alt=f"Ranked systems of {track_name(track)}",
    )
    count = "1 system" if len(rows) == 1 else f"{len(rows):,} systems"
    st.caption(
        f"{count}, {graphs:,} test graphs. Bold: best of its column. Systems with equal {metrics[0].label} share a rank."
    )
    if pages > 1:
        st.pagination(pages, key=f"page-{track}")


def show_chart(rows: tuple[Ranked, ...], metric: Metric) -> None:
    """Draw the primary metric of the best systems as bars."""
    data = points(rows[:BARS], metric)
    st.subheader(f"{metric.label} of the best {len(data)}" if len(rows) > BARS else metric.label)
    base = alt.Chart(data).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=260, ticks=False, domain=False)),
        x=alt.X("value:Q", title=heading(metric), scale=alt.Scale(domain=[metric.minimum, metric.maximum])),
        tooltip=[
            alt.Tooltip("system:N", title="System"),
            alt.Tooltip("team:N", title="Team"),
            alt.Tooltip("value:Q", title=metric.label, format=".4f"),
        ],
    )
    bars = base.mark_bar(color="#0f766e", height={"band": 0.6}, cornerRadiusEnd=3)
    values = base.mark_text(align="left", dx=6, color="#1c2524").encode(text=alt.Text("value:Q", format=".4f"))
    st.altair_chart(bars + values, width="stretch", height=80 + 30 * len(data), alt=f"{metric.label} by system")


show()
