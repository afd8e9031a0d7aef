"""What all tests share."""

import gc

import pytest
from hypothesis import settings

# These machines are shared: how long an example takes says nothing.
settings.register_profile("parley", deadline=None)
settings.load_profile("parley")


LONG = ("tests/faults/real", "tests/e2e", "tests/fuzz", "tests/deploy", "tests/docs")
"""Folders whose files take minutes: begun first, so that none of them is left for the end."""


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.fixture
def uncollected():
    """The objects of these kinds that are there and were not before, with nobody collecting."""
    gc.collect()
    gc.disable()
    before = gc.get_objects()
    known = set(map(id, before))
    yield lambda *kinds: [
        one for one in gc.get_objects() if isinstance(one, kinds) and id(one) not in known
    ]
    gc.enable()
