"""A Containerfile, read as far as ours goes, and its steps in a root file system of their own."""

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.deploy.unit import ROOT

CONTAINERFILE = ROOT / "deploy" / "Containerfile"
IGNORE = ROOT / ".containerignore"


@dataclass(frozen=True)
class Step:
    """One instruction: its word, its flags, and the rest of its line."""

    word: str
    flags: dict[str, str]
    rest: str

    def words(self):
        """What it names: a list in JSON, or words as a shell splits them."""
        return json.loads(self.rest) if self.rest.startswith("[") else shlex.split(self.rest)


def steps():
    """The instructions of ours, in order."""
    text = re.sub(r"\\\n\s*", "", CONTAINERFILE.read_text())
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        flags = {}
        while found := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
            flags[found[1]] = found[2]
            rest = rest[found.end() :]
        yield Step(word, flags, rest.strip())


def stages():
    """The steps of each stage; that of its FROM is the first."""
    found = []
    for step in steps():
        if step.word == "FROM":
            found.append([])
        found[-1].append(step)
    return found


def allowed():
    """What the builder gets to see, by `.containerignore`."""
    lines = [line for line in IGNORE.read_text().splitlines() if line and line[0] != "#"]
    assert lines[0] == "*"
    return {line[1:] for line in lines if line.startswith("!")}


@dataclass
class Image:
    """What the steps have come to: a root file system, and how it is started."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "0:0"
    health: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)


def build(base, folder, wheels):
    """Run all stages, each in a copy of the base; pip finds in `wheels` what it would download."""
    built = {}
    for number, stage in enumerate(stages()):
        image = Image(folder / f"stage-{number}")
        subprocess.run(["cp", "-a", str(base), str(image.root)], check=True)
        for step in stage:
            _do(step, image, built, wheels)
        name = stage[0].rest.rpartition(" AS ")[2]
        built[name] = image
    return image


def _do(step, image, built, wheels):
    match step.word:
        case "FROM" | "VOLUME" | "STOPSIGNAL":
            pass
        case "ENV":
            image.environment |= dict(word.split("=", 1) for word in step.words())
        case "WORKDIR":
            image.folder = step.rest
            (image.root / step.rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        case "COPY":
            _copy(step, image, built)
        case "RUN":
            run(image, ["sh", "-ec", step.rest], wheels=wheels)
        case "USER":
            image.user = step.rest
        case "HEALTHCHECK":
            image.health = json.loads(step.rest.removeprefix("CMD "))
        case "ENTRYPOINT":
            image.entrypoint = step.words()
        case "CMD":
            image.command = step.words()
        case other:
            raise AssertionError(f"no test knows {other}")


def _copy(step, image, built):
    *sources, target = step.words()
    at = image.root / image.folder.lstrip("/")
    into = (image.root / target.lstrip("/")) if target.startswith("/") else at / target
    for source in sources:
        if "from" in step.flags:
            found = built[step.flags["from"]].root / source.lstrip("/")
        else:
            assert source in allowed(), f".containerignore keeps {source} away"
            found = ROOT / source
        goal = into / found.name if target.endswith("/") else into
        if found.is_dir():
            ignored = (
                shutil.ignore_patterns("__pycache__", "*.pyc")
                if found.is_relative_to(ROOT) and "from" not in step.flags
                else None
            )
            shutil.copytree(found, goal, symlinks=True, dirs_exist_ok=True, ignore=ignored)
        else:
            shutil.copy2(found, goal)
        if owner := step.flags.get("chown"):
            subprocess.run(["chown", "-R", owner, str(goal)], check=True)


INSIDE = r"""
set -e
mount --make-rprivate /
mount --bind "$ROOT" "$ROOT"
if [ -n "$READ_ONLY" ]; then
    mount --bind "$DATA" "$ROOT/data"
    mount -o remount,bind,ro "$ROOT"
fi
mount -t tmpfs tmpfs "$ROOT/dev"
for one in null zero random urandom; do
    touch "$ROOT/dev/$one"
    mount --bind "/dev/$one" "$ROOT/dev/$one"
done
mount -t proc proc "$ROOT/proc"
mount -t tmpfs tmpfs "$ROOT/tmp"
if [ -n "$WHEELS" ]; then
    mkdir "$ROOT/tmp/wheels"
    mount --bind "$WHEELS" "$ROOT/tmp/wheels"
fi
exec chroot --userspec="$OWNER" "$ROOT" /usr/bin/env -i -C "$FOLDER" "$@"
"""


def inside(image, command, *, more=None, data=None, wheels=None):
    """The words that run a command in an image, and the environment for them.

    With `data` for its volume nothing else of it can be written, as with `read_only`.
    """
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/tmp/wheels"} if wheels else {}
    given = {"PATH": "/usr/local/bin:/usr/bin:/bin"} | image.environment | pip | (more or {})
    words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", INSIDE, "inside"]
    how = {
        "PATH": os.environ["PATH"],
        "ROOT": str(image.root),
        "OWNER": image.user,
        "FOLDER": image.folder,
        "READ_ONLY": "yes" if data else "",
        "DATA": str(data or ""),
        "WHEELS": str(wheels or ""),
    }
    return [*words, *(f"{name}={value}" for name, value in given.items()), *command], how


def run(image, command, **more):
    """Run a command in an image to its end."""
    words, how = inside(image, command, **more)
    done = subprocess.run(words, env=how, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout
