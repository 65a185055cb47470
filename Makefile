# Targets document themselves: `make` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
MODELS_VENV ?= .venv-models
JOBS ?= 2
PORT ?= 8501

# One line a package: pip's own output is hundreds of lines, and its quiet mode is silent for minutes.
PIP := -m pip install --disable-pip-version-check --progress-bar off -c constraints.txt
PROGRESS := sed -uE -n -e 's/^Collecting ([^ ;(]+).*/    fetching \1/p' \
  -e 's/^Installing collected packages.*/    installing (one to three minutes)/p' -e 's/^Successfully.*/    done/p'

# Left out of every run here: tests with needs of their own have targets of their own.
APART := not gpu and not browser and not compat
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help install models quickstart check test style types imports quick-tests all-tests models-tests format docs \
  changelog test-browser test-compat leaderboard screenshot bench clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | awk -F '\t' '{printf "  make %-14s %s\n", $$1, $$2}'

install: $(VENV)/.installed  ## make the default environment: core, training, board, transformers, tests, documents

$(VENV)/.installed: pyproject.toml constraints.txt
	@echo "==> Making the environment $(VENV) (about 190 packages, 1.5 GB; a few minutes)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(PIP) -e '.[all]' | $(PROGRESS)
	@touch $@

models: $(MODELS_VENV)/.installed  ## make the environment of the model libraries (timm, torchvision, diffusers, ...)

$(MODELS_VENV)/.installed: pyproject.toml constraints.txt
	@echo "==> Making the environment $(MODELS_VENV) (about 190 packages, 2 GB; a few minutes)"
	@$(PYTHON) -m venv $(MODELS_VENV)
	@$(MODELS_VENV)/bin/python $(PIP) -e '.[models,leaderboard,test]' | $(PROGRESS)
	@touch $@

quickstart: install  ## install, then do everything once: build, load, train, predict, score, submit, rank
	$(BIN)/younger-hf quickstart --out quickstart

check: style imports  ## the quick checks, in a minute and a half: style, types, imports, quick tests
	@$(MAKE) --no-print-directory -j2 types quick-tests

test: style types imports docs all-tests models-tests  ## everything that CI runs, in under 20 minutes

style: install  ## check format and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: install  ## check types
	$(BIN)/mypy

imports: install  ## check that imports go one way
	$(BIN)/lint-imports

quick-tests: install  ## run the tests that take less than about a second each
	HYPOTHESIS_PROFILE=dev $(PYTEST) -m '$(APART) and not models and not slow and not heavy'

all-tests: install  ## run every test of the default environment
	HYPOTHESIS_PROFILE=ci $(PYTEST) -m '$(APART) and not models and not slow'

models-tests: models  ## run the tests that need the model libraries
	HYPOTHESIS_PROFILE=ci $(MODELS_VENV)/bin/python -m pytest -n $(JOBS) --dist loadfile \
	  -m 'models and $(APART) and not slow' tests/collect tests/export tests/graph tests/sources

format: install  ## rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: install  ## build the site with its API reference into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

changelog: install  ## move the fragments in changelog.d/ into CHANGELOG.md
	$(BIN)/towncrier build --yes --version "$$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)"

test-browser: install  ## run the tests that open the page in Chromium (Debian: chromium, chromium-driver)
	$(BIN)/python -m pytest -m browser

test-compat: install  ## load the dataset with every supported version of `datasets` (installs each in an environment of its own)
	$(BIN)/python -m pytest -m compat

leaderboard: install  ## serve the board that the quickstart filled
	$(BIN)/younger-hf leaderboard --data quickstart/younger --board quickstart/board --port $(PORT)

screenshot: install  ## take docs/images/leaderboard.png of the board that `make leaderboard` serves
	$(BIN)/python -m tests.leaderboard.pages.browser http://127.0.0.1:$(PORT) docs/images/leaderboard.png

bench: install  ## measure against named peers, as ratios in one run
	$(BIN)/python -m benchmarks

clean:  ## delete the environments and everything that the quickstart and the checks made
	rm -rf $(VENV) $(MODELS_VENV) quickstart site .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
