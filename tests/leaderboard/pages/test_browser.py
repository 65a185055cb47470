"""The page in headless Chromium; fails without Debian's `chromium` and `chromium-driver`."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from leaderboard.board import Board, open_board
from leaderboard.settings import Settings
from tests.leaderboard.conftest import Server
from tests.leaderboard.files import Dataset, add_scored
from tests.leaderboard.pages.browser import cells, chromium, open_page, screenshot

TRACK = "operator_w_attrs"
HOSTILE = [
    "<b>bold</b><script>document.title='gone'</script>",
    ":smile: :material/star: :red[x] :streamlit: :small[x]",
    "$x^2$ $$y$$ -> <- >= -- ==y==",
    "https://evil.example/x?a=1 www.evil.example me@evil.example",
    "![i](http://127.0.0.1:1/x.png) [x](javascript:alert(1))",
    "`code` **b** ~~s~~ # h &lt;b&gt; [^1] | a \\: b",
    "- item",
    "1. item",
    "# head",
]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(dataset: Dataset, server: Server) -> Board:
    """The running server's board, with systems on two tracks."""
    board = open_board(Settings(dataset=dataset.release.root, answers=dataset.answers, board=server.folder))
    add_scored(board, TRACK, [0.75, 0.5, 0.5, 0.5], system="GCN", team="Team A", code_url="https://example.org/code")
    add_scored(board, TRACK, [0.875, 0.25, 0.25, 0.25], system="GAT", team="Team B", code_url="javascript:alert(1)")
    for name in HOSTILE:
        add_scored(board, "dataflow_wo_attrs", [0.5, 0.5, 0.5], system=name, team=name[:40])
    return board


def test_a_browser_sees_the_ranked_systems(server: Server, served: Board) -> None:
    with chromium() as driver:
        open_page(driver, f"{server.url}/?track={TRACK}")
        assert "Younger leaderboard" == driver.find_element(By.TAG_NAME, "h1").text
        assert [["1", "GAT", "Team B", "0.8750"], ["2", "GCN", "Team A", "0.7500"]] == [
            row[:4] for row in cells(driver)
        ]
        links = [link.get_attribute("href") for link in driver.find_elements(By.CSS_SELECTOR, "table a")]
        assert ["https://example.org/code"] == links


def test_a_browser_shows_hostile_names_verbatim(server: Server, served: Board) -> None:
    with chromium() as driver:
        open_page(driver, f"{server.url}/?track=dataflow_wo_attrs")
        rows = cells(driver)
        assert HOSTILE == [row[1].replace("\u2060", "") for row in rows]
        assert [name[:40].rstrip() for name in HOSTILE] == [row[2].replace("\u2060", "") for row in rows]
        for element in ("a", "img", "script", "code", "b", "del", "h1", "li", ".katex"):
            assert [] == driver.find_elements(By.CSS_SELECTOR, f"table tbody {element}")
        assert "Younger leaderboard" == driver.title


def test_a_screenshot_is_a_picture_of_the_page(server: Server, served: Board, tmp_path: Path) -> None:
    target = tmp_path / "images" / "leaderboard.png"
    screenshot(f"{server.url}/?track={TRACK}", target)
    content = io.BytesIO(target.read_bytes()).getvalue()
    assert b"\x89PNG" == content[:4]
    assert 20_000 < len(content)


def test_every_page_opens_by_its_address(server: Server, served: Board) -> None:
    with chromium() as driver:
        for path, title in {"how-to-submit": "How to submit", "submit": "Submit"}.items():
            open_page(driver, f"{server.url}/{path}", "h1")
            assert title == driver.find_element(By.TAG_NAME, "h1").text
            assert "Page not found" not in driver.find_element(By.TAG_NAME, "body").text
