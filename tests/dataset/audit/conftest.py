from __future__ import annotations

import pytest

from tests.dataset.audit.planting import State, state_of
from tests.dataset.built import Built


@pytest.fixture(scope="session")
def clean(built: Built) -> State:
    return state_of(built)
