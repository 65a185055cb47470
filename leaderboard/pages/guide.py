"""How to get a system onto the board: three commands, and the contents of the two files."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from leaderboard.board import current_board
from leaderboard.pages import commands
from leaderboard.pages.metadata_template import metadata_template
from leaderboard.pages.track_descriptions import track_name, tracks_of
from leaderboard.settings import MEBIBYTE
from leaderboard.web.accept import METADATA_LIMIT
from younger_hf.tasks import task_of


def show() -> None:
    """Draw the page."""
    board = current_board()
    tracks = tracks_of(board.release)
    st.title("How to submit")
    if not tracks:
        st.info("This dataset has no test graphs, so there is nothing to submit to.", icon=":material/info:")
        return
    st.markdown(
        "Three commands take you from the dataset to a row on the board. Your own code may replace the first two."
    )
    track = st.selectbox("Track", tracks, format_func=track_name, width=360)
    show_commands(track, commands.shown_folder(board.settings.dataset))
    st.subheader("The predictions file")
    st.markdown(
        "`predictions.parquet` (or `.csv`, `.jsonl`), one row for each test graph, in any order, at most "
        f"{board.settings.upload_limit // MEBIBYTE} MiB:"
    )
    form = task_of(track).format
    st.table(
        pd.DataFrame(
            [
                {"Column": "`graph_id`: string", "Holds": "the graph's id in the test split"},
                {"Column": f"`{form.columns[0].name}`: {form.columns[0].type}", "Holds": form.meaning},
            ]
        ),
        border="horizontal",
        hide_index=True,
        width="content",
    )
    st.subheader("submission.yaml")
    st.markdown(f"The description shown beside the result, at most {METADATA_LIMIT // 1024} KiB:")
    st.code(metadata_template(track, board.release.content_hash), language="yaml")
    st.markdown(
        f"`younger-hf validate runs/gcn/submission --data {commands.shown_folder(board.settings.dataset)}` finds every mistake "
        "before you submit; the board checks with the same code. A submission ends as *scored*, *rejected* with all reasons, "
        "or *failed* if the board itself could not score it."
    )
    st.page_link("submit.py", label="Submit from this page instead", icon=":material/upload:")


def show_commands(track: str, data: str) -> None:
    """Show the three commands, each in a block that can be copied."""
    steps = (
        (
            "1. Train",
            f"any model on the train split of `{data}`, this board's dataset, or a baseline:",
            commands.train(track, data),
        ),
        ("2. Predict", "for every graph of the test split:", commands.predict(data)),
        ("3. Submit", "and follow it until it is ranked:", commands.submit(board_url())),
    )
    for name, explanation, command in steps:
        st.markdown(f"**{name}** {explanation}")
        st.code(command, language="bash")


def board_url() -> str:
    """Return the address under which the visitor sees this board."""
    origin = (st.context.url or "http://127.0.0.1:8501").split("?")[0].rstrip("/")
    return origin.removesuffix("/how-to-submit")


show()
