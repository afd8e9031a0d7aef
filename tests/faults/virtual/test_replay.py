"""A seed tells everything: its schedule can be played again, anywhere."""

import os
import subprocess
import sys

import pytest

from tests.faults.virtual.running import looked_at
from tests.faults.virtual.schedule import drawn


@pytest.mark.parametrize("kind", ["company", "drains", "crashes"])
def test_a_schedule_that_is_played_again_comes_to_the_same(kind):
    for seed in range(8):
        first, again = (looked_at(drawn(seed, kind))[0].lines for _ in range(2))
        assert first == again


def test_a_schedule_comes_to_the_same_in_another_process():
    play = [sys.executable, "-m", "tests.faults", "--kind", "crashes", "--seed", "8"]
    told = {
        subprocess.run(
            play,
            env={**os.environ, "PYTHONHASHSEED": hashed},
            capture_output=True,
            check=False,
            timeout=50,
        ).stdout
        for hashed in ("1", "2")
    }

    assert len(told) == 1
    assert told != {b""}
