"""Programs beside the bot: theirs is another process, and another session."""

import asyncio
import os
import signal
import sys

from core.child import ended

TELLS = "import os, sys; sys.stdout.write(repr([os.getsid(0), os.getpid(), dict(os.environ)]))"

PROGRAM = """
import pathlib, sys, time
folder = pathlib.Path(sys.stdin.read())
(folder / "works").touch()
while not (folder / "may end").exists():
    time.sleep(0.01)
print(7)
"""

BOT = f"""
import asyncio, signal, sys
from core.child import ended

async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: None)
    print((await ended(sys.argv[1].encode(), "-c", {PROGRAM!r})).said)

asyncio.run(main())
"""
"""Waits for a program, and is not ended by Ctrl-C, as a bot that drains is not."""


async def test_a_program_has_a_session_and_none_of_our_secrets(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    child = await ended(b"", "-c", TELLS)

    session, process, environment = eval(child.said)
    assert session == process != os.getsid(0)
    assert "OPENAI_API_KEY" not in environment


async def test_ctrl_c_in_a_terminal_does_not_end_what_the_bot_still_waits_for(tmp_path):
    bot = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", BOT, str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    async with asyncio.timeout(20):
        while not (tmp_path / "works").exists():
            await asyncio.sleep(0.01)
        os.killpg(bot.pid, signal.SIGINT)
        (tmp_path / "may end").touch()
        said, _ = await bot.communicate()

    assert said == b"b'7\\n'\n"
