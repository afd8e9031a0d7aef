"""A town to deploy in: the fixtures of the end-to-end tests."""

from tests.e2e.conftest import town

__all__ = ["town"]
