"""The processes of a measurement: the bot, the model, and what they use."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
INHERITED = ("PATH", "HOME", "LANG", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class Delay:
    """The bot's loop stood still: when that was over, for how long, with how much work."""

    at: float
    seconds: float
    cpu: float


class Process:
    """A process and what it uses."""

    def __init__(self, process: subprocess.Popen) -> None:
        self.process = process
        self._pid = process.pid

    @property
    def cpu(self) -> float:
        """CPU seconds used so far, to the nanosecond (clock_getcpuclockid(3))."""
        return time.clock_gettime(~self._pid << 3 | 2)

    @property
    def memory(self) -> float:
        """MiB that it now holds."""
        return self._status("VmRSS")

    @property
    def peak(self) -> float:
        """The most MiB that it has held since `forget_peak`."""
        return self._status("VmHWM")

    def forget_peak(self) -> None:
        """From here on, look for a new peak."""
        Path(f"/proc/{self._pid}/clear_refs").write_text("5")

    def _status(self, name: str) -> float:
        lines = Path(f"/proc/{self._pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


class Bot(Process):
    """`parley run` with a watcher beside it."""

    def __init__(self, process: subprocess.Popen, folder: Path) -> None:
        super().__init__(process)
        self._folder = folder

    @property
    def said(self) -> str:
        """What it has logged."""
        return (self._folder / "bot.log").read_text()

    def delays(self) -> list[Delay]:
        """Once it has ended: when its loop stood still."""
        seen = json.loads((self._folder / "delays.json").read_text())
        assert seen["looks"], "the watcher has not found the bot's event loop"
        return [Delay(*delay) for delay in seen["delays"]]

    def stop(self) -> None:
        """End it as an operator would, or after a while by force."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def bot(folder: Path, settings: Mapping[str, str], look: float) -> Iterator[Bot]:
    """A bot that is starting, at whose loop is looked that often; stopped at the end."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    with (folder / "bot.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.bench.watched"),
                *(str(folder / "delays.json"), str(look), "run"),
            ],
            cwd=folder,
            env=inherited | {"PYTHONPATH": str(ROOT)} | dict(settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    running = Bot(process, folder)
    try:
        yield running
    finally:
        running.stop()


class ModelProcess(Process):
    """The model's server."""

    def __init__(self, process: subprocess.Popen) -> None:
        super().__init__(process)
        assert process.stdout
        self._address = f"http://127.0.0.1:{int(process.stdout.readline())}"

    @property
    def base_url(self) -> str:
        """What the bot is told."""
        return f"{self._address}/v1"

    def figures(self) -> dict:
        """When each question was asked, and how late the server itself was."""
        with urllib.request.urlopen(f"{self._address}/figures") as answer:
            return json.load(answer)


@contextmanager
def model(
    folder: Path, answers: Mapping[int, Mapping], first_token: float
) -> Iterator[ModelProcess]:
    """A model that answers each question by its number."""
    plan = folder / "plan.json"
    plan.write_text(json.dumps({"first_token": first_token, "answers": answers}))
    command = [sys.executable, "-m", "tests.bench.model_server", str(plan)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield ModelProcess(process)
        finally:
            process.kill()
