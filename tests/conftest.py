"""Hypothesis profiles: `dev` draws at most 50 examples a test, `ci` as many as each test asks for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

DEV_EXAMPLES = 50

settings.register_profile("dev", max_examples=DEV_EXAMPLES, deadline=None)
settings.register_profile("ci", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(autouse=True)
def _same_main_module() -> Iterator[None]:
    """Put the main module back: Streamlit's AppTest replaces it, and processes started later would import a page."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In the profile `dev`, lower the number of examples that a test sets for itself."""
    if settings.get_current_profile_name() != "dev":
        return
    for item in items:
        function = getattr(item, "obj", None)
        own = getattr(function, "_hypothesis_internal_use_settings", None)
        if own is not None and own.max_examples > DEV_EXAMPLES:
            function._hypothesis_internal_use_settings = settings(own, max_examples=DEV_EXAMPLES)
