"""Assertions in tests that forges share say what they compared, as those in test modules do."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.integration.forges.any_forge")
