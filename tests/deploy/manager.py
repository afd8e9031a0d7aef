"""In place of systemd: starts the unit's command as systemd does, and hears what it is told."""

import asyncio
import os
import socket
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.deploy.unit import ROOT, SERVICE, Service
from tests.e2e.conftest import INHERITED

SECRETS = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DISCORD_TOKEN", "OPENAI_API_KEY")
"""What stands in files in /etc/parley/secrets; all else is in /etc/parley/parley.env."""


@dataclass
class Manager:
    """A service, its process, and all that it has said so far."""

    service: Service
    socket: socket.socket
    settings: dict[str, str]
    told: list[dict[str, str]] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None

    @property
    def records(self):
        return self.service.states / "parley" / "parley.db"

    @property
    def output(self):
        return self.service.work.parent / "journal"

    @property
    def said(self):
        return self.output.read_text()

    @property
    def status(self):
        """The last status in words."""
        return [one["STATUS"] for one in self.told if "STATUS" in one][-1]

    def hear(self):
        """Note a message, when one has come."""
        lines = self.socket.recv(65_536).decode().splitlines()
        self.told.append(dict(line.split("=", 1) for line in lines))

    def has_heard(self, word):
        return any(word in one for one in self.told)

    async def until(self, holds, seconds=30):
        async with asyncio.timeout(seconds):
            while not holds():
                assert self.process.returncode is None, self.said
                await asyncio.sleep(0.02)

    async def start(self, program=None):
        """`systemctl start`: returns when it is ready."""
        self.told.clear()
        with self.output.open("ab") as journal:
            self.process = await asyncio.create_subprocess_exec(
                *(program or self.service.command),
                cwd=self.service.work,
                env={name: os.environ[name] for name in INHERITED if name in os.environ}
                | {"PYTHONPATH": str(ROOT)}
                | self.service.environment
                | self.settings,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=journal,
                stderr=asyncio.subprocess.STDOUT,
            )
        await self.until(lambda: self.has_heard("READY"))

    async def stop(self):
        """`systemctl stop`; its exit code."""
        self.process.terminate()
        return await self.ended()

    async def ended(self):
        """Its exit code, once it has ended as it was told to."""
        async with asyncio.timeout(int(self.service.settings["TimeoutStopSec"][0])):
            return await self.process.wait()


@asynccontextmanager
async def managed(town, folder, *, abstract=False, **more):
    """The unit of `deploy/` as a service in a town that has not been started yet."""
    service = Service(SERVICE, folder, [sys.executable, "-m", "bots.cli"])
    given = {name: value for name, value in (town.environment | more).items() if value is not None}
    del given["DATABASE_URL"]  # that of the unit
    for name in SECRETS:
        if name in given:
            service.load_credential(name.lower(), f"{given.pop(name)}\n")
    name = f"parley-{os.getpid()}-{id(service)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}" if abstract else str(folder / "notify"))
        listening.setblocking(False)
        given["NOTIFY_SOCKET"] = f"@{name}" if abstract else str(folder / "notify")
        manager = Manager(service, listening, given)
        loop = asyncio.get_running_loop()
        loop.add_reader(listening, manager.hear)
        try:
            yield manager
        finally:
            loop.remove_reader(listening)
            if manager.process is not None and manager.process.returncode is None:
                manager.process.kill()
                await manager.process.wait()
