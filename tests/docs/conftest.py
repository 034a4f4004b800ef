"""A laboratory as the tests of the bridge have it."""

from __future__ import annotations

from tests.bridge.conftest import lab

__all__ = ["lab"]
