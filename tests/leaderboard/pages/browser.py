"""Headless Chromium on the board's pages.

`python -m tests.leaderboard.pages.browser URL OUT.png` takes a screenshot.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
WAIT_SECONDS = 30


@contextmanager
def chromium(width: int = 1440, height: int = 1100) -> Iterator[WebDriver]:
    """Debian's Chromium with a profile of its own, closed on leaving.

    Raises:
        FileNotFoundError: If `chromium` or `chromedriver` is not installed.
    """
    programs = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    for name, path in programs.items():
        if path is None:
            raise FileNotFoundError(f"{name} is not installed; on Debian: apt-get install chromium chromium-driver")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = str(programs["chromium"])
        for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
            options.add_argument(flag)
        driver = webdriver.Chrome(options=options, service=Service(str(programs["chromedriver"])))
        try:
            yield driver
        finally:
            driver.quit()


def open_page(driver: WebDriver, url: str, selector: str = "table tbody tr") -> None:
    """Open a page and wait until a selector's element is drawn and Streamlit is idle.

    Raises:
        TimeoutException: If it is not drawn in time.
    """
    driver.get(url)
    WebDriverWait(driver, WAIT_SECONDS).until(lambda page: page.find_elements(By.CSS_SELECTOR, selector))
    WebDriverWait(driver, WAIT_SECONDS).until(
        lambda page: not page.find_elements(By.CSS_SELECTOR, "[data-testid='stStatusWidget'], [data-stale='true']")
    )


def cells(driver: WebDriver) -> list[list[str]]:
    """The text of every cell of the page's table, row by row, without its heading."""
    rows = driver.find_elements(By.CSS_SELECTOR, "table tbody tr")
    return [[cell.text for cell in row.find_elements(By.CSS_SELECTOR, "td")] for row in rows]


def screenshot(url: str, target: Path, selector: str = "table tbody tr", width: int = 1440, height: int = 1100) -> None:
    """Write a picture of a page once its table is drawn."""
    with chromium(width, height) as driver:
        open_page(driver, url, selector)
        charts = driver.find_elements(By.CSS_SELECTOR, "[data-testid='stVegaLiteChart']")
        if charts:
            WebDriverWait(driver, WAIT_SECONDS).until(
                lambda page: page.find_elements(By.CSS_SELECTOR, "[data-testid='stVegaLiteChart'] :is(canvas, svg)")
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(driver.get_screenshot_as_png())


if __name__ == "__main__":
    screenshot(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:4])
