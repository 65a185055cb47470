"""Ranked rows as a table, as points, as a CSV file."""

from __future__ import annotations

import csv
import io

import pytest

from leaderboard.board import Board
from leaderboard.pages.presentation import amount, best_values, csv_file, points, table
from leaderboard.pages.track_descriptions import track_name
from leaderboard.store.ranking import Ranked
from leaderboard.store.standings import metrics_of, standings
from tests.leaderboard.files import add_scored
from younger_hf.tasks import TRACKS

TRACK = "operator_w_attrs"
METRICS = metrics_of(TRACK)


@pytest.fixture
def rows(board: Board) -> tuple[Ranked, ...]:
    add_scored(board, TRACK, [0.5, 0.9, 0.5, 0.5], system="=HYPERLINK(1)", team="@team", parameters=None)
    add_scored(board, TRACK, [1 / 3, 0.1, 0.1, 0.1], system="<b>*", code_url="https://a.b", paper_url="javascript:x")
    add_scored(board, TRACK, [0.5, 0.1, 0.1, 0.1], system="=HYPERLINK(1)", paper_url="https://c.d")
    return standings(board.store, TRACK, board.release.content_hash)


def test_a_table_has_ranks_four_decimals_and_the_best_in_bold(rows: tuple[Ranked, ...]) -> None:
    shown = table(rows, METRICS, best_values(rows, METRICS))
    assert ["1", "1", "3"] == shown["Rank"].tolist()
    assert ["**0.5000**", "**0.5000**", "0.3333"] == shown["Accuracy ↑"].tolist()
    assert ["**0.9000**", "0.1000", "0.1000"] == shown["Macro F1 ↑"].tolist()
    assert ["", "123K", "123K"] == shown["Parameters"].tolist()
    assert ["", "[paper](<https://c.d>)", "[code](<https://a.b>)"] == shown["Links"].tolist()


def test_a_table_escapes_what_submitters_wrote(rows: tuple[Ranked, ...]) -> None:
    shown = table(rows, METRICS, best_values(rows, METRICS))
    assert r"**\<b\>\***" == shown["System"][2]
    assert "\\@\u2060team" == shown["Team"][0]


def test_a_filtered_table_keeps_the_best_of_all_rows_bold(rows: tuple[Ranked, ...]) -> None:
    assert "0.3333" == table(rows[2:], METRICS, best_values(rows, METRICS))["Accuracy ↑"][0]


def test_a_csv_file_has_every_digit_and_no_formula(rows: tuple[Ranked, ...]) -> None:
    found = list(csv.DictReader(io.StringIO(csv_file(rows, METRICS).decode())))
    assert ["'=HYPERLINK(1)", "'=HYPERLINK(1)", "<b>*"] == [row["system"] for row in found]
    assert "'@team" == found[0]["team"]
    assert [0.5, 0.5, 1 / 3] == [float(row["accuracy"]) for row in found]
    assert ["1", "1", "3"] == [row["rank"] for row in found]
    assert ["", "123456", "123456"] == [row["parameters"] for row in found]
    assert rows[0].submission.id == found[0]["id"]


def test_points_distinguish_systems_of_the_same_name(rows: tuple[Ranked, ...]) -> None:
    data = points(rows, METRICS[0])
    assert ["1. =HYPERLINK(1)", "1. =HYPERLINK(1) (2)", "3. <b>*"] == data["label"].tolist()
    assert [0.5, 0.5, 1 / 3] == data["value"].tolist()


@pytest.mark.parametrize(
    ("number", "text"),
    [
        *((None, ""), (0, "0"), (812, "812"), (9_999, "9,999"), (10_000, "10K"), (999_499, "999K"), (999_999, "1M")),
        *((1_234_567, "1.23M"), (999_999_999, "1B"), (7_000_000_000, "7B"), (10**12, "1T"), (10**15, "1000T")),
    ],
)
def test_amounts_are_short(number: int | None, text: str) -> None:
    assert text == amount(number)


def test_every_track_has_a_name_of_its_own() -> None:
    assert "Data flow · without attributes" == track_name("dataflow_wo_attrs")
    assert len(TRACKS) == len({track_name(track) for track in TRACKS})
