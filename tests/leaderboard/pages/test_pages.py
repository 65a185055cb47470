"""The pages, run by Streamlit's own test runner on real boards."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import leaderboard
from leaderboard.board import Board
from leaderboard.scoring.worker import score_all
from tests.leaderboard.files import Dataset, add_scored, write_submission

APP = Path(leaderboard.__file__).parent / "pages" / "app.py"
DATAFLOW, OPERATOR = "dataflow_w_attrs", "operator_w_attrs"


def opened(page: str = "", **query: str) -> AppTest:
    """A page after its first run; `page` is the name of its script."""
    app = AppTest.from_file(str(APP), default_timeout=30)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    if page:
        app.switch_page(f"{page}.py").run()
    assert not app.exception, app.exception[0].stack_trace
    return app


def texts(app: AppTest) -> str:
    return "\n".join(
        str(element.value) for kind in ("title", "markdown", "info", "caption") for element in app.get(kind)
    )


@pytest.mark.heavy
def test_an_empty_board_tells_how_to_submit(page_board: Board) -> None:
    app = opened()
    assert "Younger leaderboard" == app.title[0].value
    assert "three commands" in app.info[0].value
    assert 0 == len(app.table)


def test_the_page_names_its_dataset(page_board: Board) -> None:
    assert page_board.release.content_hash[7:19] in texts(opened())


def test_the_ranked_systems_are_shown(page_board: Board) -> None:
    add_scored(page_board, DATAFLOW, [0.6, 0.5, 0.5], system="Second", team="Team B")
    add_scored(page_board, DATAFLOW, [0.9, 0.5, 0.5], system="First", team="Team A")
    shown = opened().table[0].value
    assert ["**First**", "**Second**"] == shown["System"].tolist()
    assert ["**0.9000**", "0.6000"] == shown["AUC ↑"].tolist()


@pytest.mark.heavy
def test_the_address_selects_the_track(page_board: Board) -> None:
    add_scored(page_board, OPERATOR, [0.9, 0.5, 0.5, 0.5], system="Names operators")
    add_scored(page_board, DATAFLOW, [0.9, 0.5, 0.5], system="Finds flows")
    assert ["**Names operators**"] == opened(track=OPERATOR).table[0].value["System"].tolist()
    for query in ({}, {"track": DATAFLOW}, {"track": "<script>"}):
        assert ["**Finds flows**"] == opened(**query).table[0].value["System"].tolist()


def test_a_visitor_can_find_a_team(page_board: Board) -> None:
    for number in range(3):
        add_scored(page_board, DATAFLOW, [number / 10, 0.5, 0.5], system=f"System {number}", team=f"Team {number}")
    app = opened()
    app.text_input[0].set_value("team 1").run()
    assert ["2"] == app.table[0].value["Rank"].tolist()
    app.text_input[0].set_value("nobody").run()
    assert 0 == len(app.table)


@pytest.mark.heavy
def test_a_long_table_is_shown_a_page_at_a_time(page_board: Board) -> None:
    for number in range(120):
        add_scored(page_board, DATAFLOW, [1 - number / 200, 0.5, 0.5], system=f"System {number}")
    app = opened()
    assert 25 == len(app.table[0].value)
    app.pagination[0].set_value(5).run()
    assert [str(rank) for rank in range(101, 121)] == app.table[0].value["Rank"].tolist()
    app.text_input[0].set_value("System 11").run()
    assert 11 == len(app.table[0].value)


def test_the_guide_names_the_three_commands_and_the_dataset(page_board: Board) -> None:
    app = opened("guide")
    code = "\n".join(element.value for element in app.code)
    assert ["younger-hf train", "younger-hf predict", "younger-hf submit"] == [
        line[: len(command)]
        for line, command in zip(
            (element.value for element in app.code[:3]),
            ("younger-hf train", "younger-hf predict", "younger-hf submit"),
            strict=True,
        )
    ]
    assert f"dataset_version: {page_board.release.content_hash}" in code
    app.selectbox[0].set_value("operator_wo_attrs").run()
    assert "--track operator_wo_attrs" in app.code[0].value
    assert all("--data younger" in app.code[step].value for step in (0, 1))  # the dataset of this board


def test_the_guides_metadata_is_valid(page_board: Board, dataset: Dataset, tmp_path: Path) -> None:
    from younger_hf.submission import read_metadata

    path = tmp_path / "submission.yaml"
    path.write_text(opened("guide").code[3].value)
    assert DATAFLOW == read_metadata(path).track


@pytest.mark.heavy
def test_a_submission_from_the_page_is_scored(page_board: Board, dataset: Dataset, tmp_path: Path) -> None:
    predictions, _ = write_submission(tmp_path, dataset, DATAFLOW, 1.0)
    app = opened("submit")
    app.file_uploader[0].set_value((predictions.name, predictions.read_bytes(), "application/octet-stream"))
    app.button[0].click().run()
    assert not app.exception
    assert "is waiting to be scored" in app.info[0].value
    assert 1 == score_all(page_board)
    app.run()
    assert "is ranked **#1**" in app.success[0].value
    assert ["1.0000"] * 3 == [metric.value for metric in app.metric]


def test_the_page_names_every_mistake(page_board: Board, dataset: Dataset, tmp_path: Path) -> None:
    predictions, _ = write_submission(tmp_path, dataset, DATAFLOW, 1.0)
    app = opened("submit")
    app.button[0].click().run()
    assert "predictions file is missing" in app.error[0].value
    app.text_area[0].set_value("track: dataflow_w_attrs\nsystem: 1\nowner: me\n")
    app.file_uploader[0].set_value((predictions.name, predictions.read_bytes(), "application/octet-stream"))
    app.button[0].click().run()
    assert {"`metadata_missing_field`", "`metadata_unknown_field`", "`metadata_wrong_type`"} == set(
        app.table[0].value["Problem"]
    )
    assert {} == page_board.store.counts()


@pytest.mark.heavy
def test_a_rejected_submission_can_be_looked_up_with_its_problems(
    page_board: Board, dataset: Dataset, tmp_path: Path
) -> None:
    _, metadata = write_submission(tmp_path, dataset, DATAFLOW, 1.0, system="<b>Bold</b>")
    from io import BytesIO

    from leaderboard.web.accept import accept

    taken = accept(page_board, BytesIO(b"PAR1 but no Parquet"), "p.parquet", metadata.read_bytes())
    score_all(page_board)
    app = opened("submit")
    app.text_input[0].set_value(taken.id).run()
    assert r"\<b\>Bold" in app.error[0].value
    assert 1 <= len(app.table[0].value)
    app.text_input[0].set_value("no such id").run()
    assert "No submission" in app.warning[0].value


@pytest.mark.heavy
@pytest.mark.parametrize("page", ["", "guide", "submit"])
def test_no_page_uses_anything_that_streamlit_warns_of(
    page_board: Board, page: str, caplog: pytest.LogCaptureFixture
) -> None:
    add_scored(page_board, DATAFLOW, [0.9, 0.5, 0.5])
    opened(page)
    assert [] == [record.getMessage() for record in caplog.records if record.name == "streamlit.deprecation_util"]


def test_no_page_passes_html_through() -> None:
    sources = [path.read_text() for path in APP.parent.parent.rglob("*.py")]
    assert 20 < len(sources)
    assert not [source for source in sources if "unsafe_allow_html" in source or "st.html" in source]
