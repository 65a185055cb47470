# Targets document themselves: `make` lists them.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8501

.DEFAULT_GOAL := help
.PHONY: help install quickstart test lint format test-browser test-compat leaderboard screenshot bench clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | awk -F '\t' '{printf "  make %-14s %s\n", $$1, $$2}'

install: $(VENV)/.installed  ## make the virtual environment with everything that was tested

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all]'
	@touch $@

quickstart: install  ## install, then do everything once: build, load, train, predict, score, submit, rank
	$(BIN)/younger-hf quickstart --out quickstart

test: lint  ## lint, check types, run every test that needs neither a GPU nor a browser
	$(BIN)/python -m pytest -m 'not gpu and not browser and not compat'

lint: install  ## check style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: install  ## rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test-browser: install  ## run the tests that open the page in Chromium (Debian: chromium, chromium-driver)
	$(BIN)/python -m pytest -m browser

test-compat: install  ## load the dataset with every version of `datasets` that is supported (installs each into an environment of its own)
	$(BIN)/python -m pytest -m compat

leaderboard: install  ## serve the board that the quickstart filled
	$(BIN)/younger-hf leaderboard --data quickstart/younger --board quickstart/board --port $(PORT)

screenshot: install  ## take docs/images/leaderboard.png of the board that `make leaderboard` serves
	$(BIN)/python -m tests.leaderboard.pages.browser http://127.0.0.1:$(PORT) docs/images/leaderboard.png

bench: install  ## measure against named peers, as ratios in one run
	$(BIN)/python -m benchmarks

clean:  ## delete the virtual environment and everything that the quickstart made
	rm -rf $(VENV) quickstart .mypy_cache .pytest_cache .ruff_cache .hypothesis
