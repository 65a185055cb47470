"""The small dataset, built once for all tests: nothing writes into it."""

from __future__ import annotations

import pytest

from tests.dataset.built import Built, build_small


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build_small(tmp_path_factory.mktemp("built"))
