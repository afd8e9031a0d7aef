"""The command of the unit, run as systemd runs it: it tells how it is, and is not taken for well
when it is not."""

import asyncio
import signal
import sys
import time

from tests.deploy.manager import managed
from tests.e2e.places import DiscordPlace

SHUT_IN = """
import ctypes, os, sys
PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1  # what MemoryDenyWriteExecute= does, by the kernel (6.3)
ctypes.CDLL(None).prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


async def test_the_service_says_when_it_is_ready_and_when_it_stops(town, tmp_path):
    place = DiscordPlace(town.discord, town.world.discord)
    async with managed(town, tmp_path) as manager:
        await manager.start([sys.executable, "-c", SHUT_IN, *manager.service.command])
        assert manager.told[0]["STATUS"] == "starting"
        assert int(manager.told[0]["EXTEND_TIMEOUT_USEC"]) >= 30e6  # an upgrade may take long
        assert manager.status == "answers questions"
        talk = place.mention(place.ada, "are you there?")
        await talk.until(bool)

        assert await manager.stop() == 0

    stopping = manager.told[-1]
    assert stopping["STOPPING"] == "1"
    assert "within 9.8 s" in stopping["STATUS"]
    assert int(stopping["EXTEND_TIMEOUT_USEC"]) > 9.8e6
    assert (tmp_path / "states/parley/parley.db").exists()
    assert "sandbox-token" not in manager.said
    assert "Traceback" not in manager.said


async def test_a_drain_that_is_longer_than_the_units_time_to_stop_is_asked_for(town, tmp_path):
    async with managed(town, tmp_path, abstract=True, DRAIN_SECONDS="120") as manager:
        await manager.start()
        assert await manager.stop() == 0

    assert int(manager.told[-1]["EXTEND_TIMEOUT_USEC"]) > 120e6


async def test_the_watchdog_hears_nothing_while_the_event_loop_does_not_turn(town, tmp_path):
    """The loop is held up from outside as by endless work; systemd would restart the process."""
    async with managed(town, tmp_path, WATCHDOG_USEC="400000") as manager:
        await manager.start([sys.executable, "-c", HELD_UP, *manager.service.command[3:]])
        pings = lambda: sum("WATCHDOG" in one for one in manager.told)  # noqa: E731
        before = pings()
        await manager.until(lambda: pings() > before + 2)

        manager.process.send_signal(signal.SIGUSR1)
        await manager.until(lambda: "held up" in manager.said)
        await asyncio.sleep(0.3)  # for what was on its way
        before = pings()
        began = time.monotonic()
        await manager.until(lambda: "turns again" in manager.said)
        silent = time.monotonic() - began

        assert silent > 1
        assert pings() - before <= 1
        await manager.until(lambda: pings() > before + 2)
        assert await manager.stop() == 0


HELD_UP = """
import asyncio, signal, sys, time
from bots.cli import main
loops = []
def hold(*_):
    print("held up", flush=True)
    time.sleep(2)
    print("turns again", flush=True)
signal.signal(signal.SIGUSR1, hold)
sys.argv[0] = "parley"
main()
"""


async def test_a_watchdog_of_another_process_is_not_ours(town, tmp_path):
    watched = {"WATCHDOG_USEC": "400000", "WATCHDOG_PID": "1"}
    async with managed(town, tmp_path, **watched) as manager:
        await manager.start()
        before = len(manager.told)
        await asyncio.sleep(1)

        assert len(manager.told) == before


async def test_a_platform_that_is_away_is_told_in_the_status(town, tmp_path):
    async with managed(town, tmp_path, WATCHDOG_USEC="400000") as manager:
        await manager.start()
        await town.slack.stop()
        await manager.until(lambda: manager.status == "waits for: slack")
