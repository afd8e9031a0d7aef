"""What all tests share."""

import gc

import pytest
from hypothesis import settings

# These machines are shared: how long an example takes says nothing.
settings.register_profile("parley", deadline=None)
settings.load_profile("parley")


@pytest.fixture
def uncollected():
    """The objects of these kinds that are still there, with nobody collecting garbage."""
    gc.collect()
    gc.disable()
    yield lambda *kinds: [one for one in gc.get_objects() if isinstance(one, kinds)]
    gc.enable()
