"""A machine on which somebody follows the documentation word by word.

Slack, Discord and the model are the sandbox's. What a page says to be filled in is filled in
with their addresses and tokens; folders of the system's lie below the machine's own.
"""

import asyncio
import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.pages import ROOT, Block
from tests.e2e.conftest import Town, opened
from tests.e2e.places import DiscordPlace, SlackPlace

LASTING = ("make run", "make sandbox", "parley run", "parley sandbox")
"""Commands that go on until they are stopped."""

PLACES = ("/var/backups", "/var/lib/parley", "/etc/parley", "/opt/parley")

SYSTEMCTL = """\
#!/bin/sh
# As systemd would: one process of the unit, ended in order.
case "$1" in
  stop) [ -f service.pid ] && kill "$(cat service.pid)" && while kill -0 "$(cat service.pid)" 2>&-
        do sleep 0.1; done; rm -f service.pid ;;
  start) nohup parley run >service.log 2>&1 & echo $! >service.pid ;;
  *) echo "what is $1?" >&2; exit 1 ;;
esac
"""


@dataclass
class Machine:
    """A folder with the code, and the town around it; `seen` are lasting commands that worked."""

    folder: Path
    town: Town
    extra: dict[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    @property
    def environment(self):
        inherited = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        path = f"{self.folder}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}"
        return inherited | {"PATH": path, "PYTHONPATH": str(self.folder)} | self.extra

    async def follow(self, block: Block) -> None:
        """Do what a block says; each of its commands must succeed."""
        self.fill_in()
        said = self.here(block.text)
        commands = [line for line in said.splitlines() if line.split("#")[0].strip()]
        last = commands[-1].split("#")[0].strip() if commands else ""
        if last in LASTING:
            await self.do("\n".join(commands[:-1]))
            self.fill_in()  # a file that has just been made
            if last not in self.seen:
                await self.start(last)
                self.seen.add(last)
        else:
            await self.do(said)

    def fill_in(self) -> None:
        """Put into `.env` what a person would copy from web pages, and where these servers are."""
        file = self.folder / ".env"
        if not file.exists():
            return
        wanted = self.town.environment | {"DATABASE_URL": None}
        text = file.read_text()
        for name, value in wanted.items():
            if value is not None:
                text = re.sub(rf"^#? ?{name}=.*\n", "", text, flags=re.MULTILINE)
                text += f"\n{name}={value}\n"
        file.write_text(text)

    def here(self, words: str) -> str:
        for place in PLACES:
            words = words.replace(place, f"{self.folder}/root{place}")
        return words

    async def do(self, script: str) -> str:
        """Run it to its end, which must be a good one; what it says."""
        process = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail", "-c", script),
            cwd=self.folder,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(600):
            said, _ = await process.communicate()
        assert process.returncode == 0, f"{script}\n{said.decode()}"
        return said.decode()

    async def start(self, command: str) -> None:
        """Start it, see that it works, and end it as Ctrl-C would."""
        log = self.folder / "lasting.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *shlex.split(command + (" PORT=0" if command == "make sandbox" else "")),
                cwd=self.folder,
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        ended = asyncio.create_task(process.wait())
        works = asyncio.create_task(self._works(command, log))
        try:
            await asyncio.wait({ended, works}, return_when=asyncio.FIRST_COMPLETED)
            assert not ended.done(), log.read_text()
            await works
        finally:
            works.cancel()
            if not ended.done():
                os.killpg(process.pid, 2)
        async with asyncio.timeout(30):
            await ended
        assert "Traceback" not in log.read_text(), log.read_text()

    async def _works(self, command: str, log: Path) -> None:
        if command.endswith("sandbox"):
            async with asyncio.timeout(600):
                while "Parley is ready to talk" not in log.read_text():
                    await asyncio.sleep(0.1)
            return
        await self.town.slack.wait_connected(600)
        await self.town.discord.wait_ready(600)
        for place in (
            SlackPlace(self.town.slack, self.town.world.slack),
            DiscordPlace(self.town.discord, self.town.world.discord),
        ):
            self.town.model.enqueue("As the page says.")
            talk = place.mention(place.ada, "hello")
            await talk.until(lambda seen: bool(seen) and seen[0].text == "As the page says.")


@asynccontextmanager
async def machine(folder: Path, *, installed: bool = True):
    """A machine with the code in its folder, as git has it; `installed`: and with its libraries."""
    home = folder / "parley"
    copied = subprocess.run(
        ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, copied.stdout.split("\0")):
        if not name.startswith("tests/") and (ROOT / name).is_file():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, home / name)
    for place in PLACES:
        (home / f"root{place}").mkdir(parents=True)
    (home / "root/var/backups/parley").mkdir()
    (home / "bin").mkdir()
    programs = {"systemctl": SYSTEMCTL}
    if installed:
        (home / ".venv").mkdir()
        (home / ".venv/bin").symlink_to(Path(sys.executable).parent)
        (home / ".venv/run").touch()
        programs["parley"] = f'#!/bin/sh\nexec {sys.executable} -m bots.cli "$@"\n'
    for name, program in programs.items():
        (home / "bin" / name).write_text(program)
        (home / "bin" / name).chmod(0o755)
    async with opened(folder) as town:
        here = Machine(home, town)
        yield here
        await here.do("systemctl stop parley")
