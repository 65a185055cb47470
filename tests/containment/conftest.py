"""The package with misbehaving sources, shared with the tests of `collect`."""

from tests.collect.conftest import hostile, site

__all__ = ["hostile", "site"]
