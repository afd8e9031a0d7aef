"""How much work something is, counted and not timed."""

import sys
from collections import Counter


def steps(work):
    """How many functions, those of C among them, a piece of work calls."""
    count = Counter()
    sys.setprofile(lambda frame, event, arg: count.update((event,)))
    try:
        work()
    finally:
        sys.setprofile(None)
    return count["call"] + count["c_call"]
