"""Hypothesis profiles: `dev` draws at most 50 examples a test, `ci` as many as each test asks for."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

DEV_EXAMPLES = 50

settings.register_profile("dev", max_examples=DEV_EXAMPLES, deadline=None)
settings.register_profile("ci", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In the profile `dev`, lower the number of examples that a test sets for itself."""
    if settings.get_current_profile_name() != "dev":
        return
    for item in items:
        function = getattr(item, "obj", None)
        own = getattr(function, "_hypothesis_internal_use_settings", None)
        if own is not None and own.max_examples > DEV_EXAMPLES:
            function._hypothesis_internal_use_settings = settings(own, max_examples=DEV_EXAMPLES)
