"""Bots that begin with their libraries loaded: what takes a second, and is the same each time.

The server is a process that imports every library of the bot's and nothing of the bot itself, and
forks: each child is a process of its own, with its own environment, that imports the bot and runs
it as `python -m` would.
"""

import ast
import asyncio
import atexit
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
OWN = ("bots", "core", "sandbox", "tests")


class Forked(asyncio.Protocol):
    """A child of the server's, as `asyncio.subprocess.Process` has it.

    The server tells two numbers: its process id, and once it has ended its exit code.
    """

    def __init__(self):
        self._told = bytearray()
        self._begun = asyncio.Event()
        self._ended = asyncio.Event()

    def data_received(self, data):
        """The server tells something."""
        self._told += data
        self._begun.set()

    def connection_lost(self, exc):
        """There is nothing more to tell."""
        del exc
        self._begun.set()
        self._ended.set()

    async def begun(self):
        """This, as soon as there is a process."""
        await self._begun.wait()
        return self

    @property
    def pid(self):
        """Its process id."""
        return int(self._told.split()[0])

    @property
    def returncode(self):
        """Its exit code, of a signal the negative number; None while it runs."""
        return int(self._told.split()[1]) if self._ended.is_set() else None

    async def wait(self):
        """Its exit code, once it has ended."""
        await self._ended.wait()
        return self.returncode

    def send_signal(self, number):
        """As a terminal or a service manager would."""
        if not self._ended.is_set():
            os.kill(self.pid, number)

    def terminate(self):
        """Ask it to stop."""
        self.send_signal(signal.SIGTERM)

    def kill(self):
        """End it."""
        self.send_signal(signal.SIGKILL)


async def fork(*words, cwd, env, output):
    """Run `python -m <words>` in a child of the server's; what it says goes to a file."""
    Path(output).touch()
    loop = asyncio.get_running_loop()
    transport, forked = await loop.create_unix_connection(Forked, _server())
    asked = {"words": words, "cwd": str(cwd), "env": env, "output": str(output)}
    transport.write(json.dumps(asked).encode() + b"\n")
    return await forked.begun()


async def spawn(*words, cwd, env, output):
    """The same in a process that begins with nothing."""
    with Path(output).open("wb") as said:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *words,
            cwd=cwd,
            env=env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=said,
            stderr=asyncio.subprocess.STDOUT,
        )


@functools.cache
def _server():
    """Where this process's server listens; it ends with this process."""
    folder = tempfile.TemporaryDirectory(prefix="fork")
    address = str(Path(folder.name) / "socket")
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.forkserver", address],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    server.stdout.readline()

    def end():
        server.communicate()
        folder.cleanup()

    atexit.register(end)
    return address


def libraries():
    """The modules of libraries that the bot imports anywhere."""
    for path in (*(ROOT / "bots").rglob("*.py"), *(ROOT / "core").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module]
            yield from (one for one in names if one.split(".")[0] not in OWN)


def serve(address):
    """Fork for whoever asks, until standard input ends; in a child, what it is to run."""
    for name in sorted(set(libraries())):
        with suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()
    woken, wakes = socket.socketpair()
    wakes.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    children = {}
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            ready, _, _ = select.select([door, woken, sys.stdin], [], [])
            if sys.stdin in ready:
                for pid in children:  # of tests that were broken off
                    os.kill(pid, signal.SIGKILL)
                return None
            if woken in ready:
                woken.recv(4096)
                _bury(children)
            if door in ready:
                asker, _ = door.accept()
                asked = json.loads(asker.makefile().readline())
                if (pid := os.fork()) == 0:
                    _begin(asked, (door, woken, wakes, asker, *children.values()))
                    return asked["words"]
                asker.sendall(f"{pid}\n".encode())
                children[pid] = asker


def _bury(children):
    """Tell of all children that have ended."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            with children.pop(ended[0]) as asker, suppress(OSError):
                asker.sendall(f"{os.waitstatus_to_exitcode(ended[1])}\n".encode())


def _begin(asked, inherited):
    """Make this child what a new process would be."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for one in inherited:
        one.close()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    said = os.open(asked["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    gc.unfreeze()


if __name__ == "__main__":
    if words := serve(sys.argv[1]):
        sys.argv = words
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
