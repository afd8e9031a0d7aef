"""What all tests share."""

from hypothesis import settings

# These machines are shared: how long an example takes says nothing.
settings.register_profile("parley", deadline=None)
settings.load_profile("parley")
