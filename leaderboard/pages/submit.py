"""Submitting from the browser, through the same code as the API, and following the submission."""

from __future__ import annotations

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from leaderboard.board import Board, current_board
from leaderboard.pages.metadata_template import metadata_template
from leaderboard.pages.presentation import heading, problem_table
from leaderboard.pages.safe_text import markdown
from leaderboard.pages.track_descriptions import track_name, tracks_of
from leaderboard.refusal import RefusalError
from leaderboard.settings import MEBIBYTE
from leaderboard.store.records import FINAL_STATES, Submission
from leaderboard.store.standings import metrics_of, rank_of
from leaderboard.web.accept import SUFFIXES, accept

FOLLOWED = "submission"
POLL_SECONDS = 1.0


def show() -> None:
    """Draw the page."""
    board = current_board()
    tracks = tracks_of(board.release)
    st.title("Submit")
    if not tracks:
        st.info("This dataset has no test graphs, so there is nothing to submit to.", icon=":material/info:")
        return
    st.markdown("Predictions are checked first. You see either all mistakes at once, or your rank within seconds.")
    form, followed = st.columns([3, 2], gap="large")
    with form:
        show_form(board, tracks)
    with followed:
        show_followed(board)


def show_form(board: Board, tracks: list[str]) -> None:
    """Show the form, and under it why a submission was refused."""
    track = st.selectbox("Track", tracks, format_func=track_name, key="submit-track")
    with st.form("submit", border=True):
        predictions = st.file_uploader(
            "Predictions",
            type=[suffix.removeprefix(".") for suffix in SUFFIXES],
            max_upload_size=max(1, board.settings.upload_limit // MEBIBYTE),
        )
        metadata = st.text_area(
            "submission.yaml",
            metadata_template(track, board.release.content_hash),
            height=340,
            key=f"metadata-{track}",
        )
        pressed = st.form_submit_button("Submit", type="primary", icon=":material/upload:")
    if not pressed:
        return
    if predictions is None:
        st.error("The predictions file is missing. Choose one above, then submit again.", icon=":material/error:")
        return
    try:
        accepted = accept(board, predictions, predictions.name, metadata.encode())
    except RefusalError as refusal:
        st.error(f"{markdown(refusal.message, 600)} {markdown(refusal.hint, 300)}", icon=":material/error:")
        if refusal.problems:
            st.table(problem_table(refusal.problems), border="horizontal", hide_index=True)
    except SQLAlchemyError:
        st.error("The board's database does not answer. Nothing was submitted; try again in a minute.")
    else:
        st.session_state[FOLLOWED] = accepted.id


def show_followed(board: Board) -> None:
    """Show the state of the submission that was just submitted, or of one looked up by its id."""
    st.subheader("Follow a submission")
    typed = st.text_input("Submission id", key=FOLLOWED, placeholder="the id shown after submitting").strip()
    if not typed:
        st.caption("After submitting, its state appears here.")
        return
    found = board.store.get(typed)
    if found is None:
        st.warning("No submission has this id.", icon=":material/search_off:")
    elif found.state in FINAL_STATES:
        show_submission(board, found)
    else:
        show_progress(board, typed)


@st.fragment(run_every=POLL_SECONDS)
def show_progress(board: Board, submission_id: str) -> None:
    """Check every second until the submission is in a final state."""
    found = board.store.get(submission_id)
    if found is None or found.state in FINAL_STATES:
        st.rerun()
    state = "is waiting to be scored" if found.state == "received" else "is being checked and scored"
    st.info(f"**{markdown(found.system)}** {state}.", icon=":material/hourglass_top:")


def show_submission(board: Board, found: Submission) -> None:
    """Show the result of a submission."""
    name = f"**{markdown(found.system)}** on {track_name(found.track)}"
    if found.state == "scored":
        rank = rank_of(board.store, found)
        st.success(f"{name} is ranked **#{rank}**." if rank else f"{name} is scored.", icon=":material/check_circle:")
        for metric in metrics_of(found.track):
            if metric.name in found.metrics:
                st.metric(heading(metric), f"{found.metrics[metric.name]:.4f}", help=metric.description)
    elif found.state == "rejected":
        st.error(f"{name} was rejected. Correct these problems and submit again.", icon=":material/block:")
        st.table(problem_table(found.problems), border="horizontal", hide_index=True)
    else:
        st.warning(f"{name} could not be scored. {markdown(found.reason, 300)}", icon=":material/warning:")


show()
