"""The steps of the Containerfile in a clean Debian, and the bot that comes out of them.

`make container-test` runs it, as root, with debootstrap installed; it takes some minutes. Where
docker or podman works, it builds the image, too.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.conftest import town
from tests.deploy.containerfile import ROOT, build, inside, run
from tests.e2e.places import DiscordPlace, SlackPlace

__all__ = ["town"]

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(os.geteuid() != 0, reason="it takes root to make a root file system"),
    pytest.mark.skipif(not shutil.which("debootstrap"), reason="debootstrap is not installed"),
]

MIRROR = "http://deb.debian.org/debian"
COMPILERS = "gcc cc c++ g++ clang rustc cargo make ld as"
CACHE = ROOT / "build" / "clean-root"


def _base():
    """A Debian with Python, which stands for the image of the same release; made once."""
    base = Path(os.environ.get("CLEAN_ROOT", CACHE / "base"))
    if not (base / "usr/bin/python3").exists():
        base.parent.mkdir(parents=True, exist_ok=True)
        packages = "--include=ca-certificates,python3,python3-venv"
        subprocess.run(
            ["debootstrap", "--variant=minbase", packages, "bookworm", str(base), MIRROR],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return base


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """What the Containerfile makes, from wheels with the hashes of the lock alone."""
    folder = tmp_path_factory.mktemp("container")
    wheels = folder / "wheels"
    for lock in ("requirements.txt", "deploy/requirements-build.txt"):
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(wheels)),
                *("--only-binary", ":all:", "--require-hashes", "-r", str(ROOT / lock)),
            ],
            check=True,
        )
    return build(_base(), folder, wheels)


@pytest.mark.parametrize("builder", ["docker", "podman"])
def test_a_builder_of_images_takes_the_containerfile(builder):
    if (
        not shutil.which(builder)
        or subprocess.run([builder, "info"], capture_output=True, check=False).returncode
    ):
        pytest.skip(f"{builder} does not work here")
    tag = "parley-container-test"
    subprocess.run(
        [builder, "build", "--file", "deploy/Containerfile", "--tag", tag, "."],
        cwd=ROOT,
        check=True,
    )
    said = subprocess.run(
        [builder, "run", "--rm", "--read-only", tag, "--version"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout.startswith("parley ")


def test_it_knows_its_version(image):
    assert run(image, ["parley", "--version"]).startswith("parley ")


def test_nothing_compiles_or_installs_in_it(image):
    found = run(
        image, ["sh", "-c", f"for one in {COMPILERS} pip; do command -v $one || true; done"]
    )

    assert found == ""
    assert not list((image.root / "opt/parley").rglob("site-packages/pip"))


def test_it_is_nobody_of_the_machines(image):
    assert run(image, ["id", "-u"]) == "10001\n"
    assert run(image, ["sh", "-c", "find /opt/parley -writable ! -type l | head"]) == ""


def test_it_refuses_to_start_without_settings_and_says_what_to_set(image, tmp_path):
    words, how = inside(image, [*image.entrypoint, *image.command], data=_data(tmp_path))
    done = subprocess.run(words, env=how, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert "No platform is set up." in done.stderr


async def test_it_answers_on_both_platforms_and_writes_nowhere_but_to_its_volume(
    image, town, tmp_path
):
    before = _state(image.root)
    data = _data(tmp_path)
    secret = data / "key"  # as a file that is mounted
    secret.write_text(f"{town.model.key}\n")
    secret.chmod(0o400)
    os.chown(secret, 10001, 10001)
    settings = town.environment | {"OPENAI_API_KEY": "", "OPENAI_API_KEY_FILE": "/data/key"}
    del settings["DATABASE_URL"]
    words, how = inside(image, [*image.entrypoint, *image.command], more=settings, data=data)
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *words, env=how, stdout=output, stderr=output
        )
    try:
        async with asyncio.timeout(120):
            await town.slack.wait_connected(110)
            await town.discord.wait_ready(110)
        for place in (
            SlackPlace(town.slack, town.world.slack),
            DiscordPlace(town.discord, town.world.discord),
        ):
            town.model.enqueue("From a container.")
            talk = place.mention(place.ada, "where do you live?")
            await talk.until(lambda seen: any("From a container." in one.text for one in seen))
        healthy, how_to_ask = inside(image, image.health, data=data)
        asked = await asyncio.create_subprocess_exec(*healthy, env=how_to_ask)
        assert await asked.wait() == 0
    finally:
        # The first process in there is ours; unshare itself is only its parent.
        (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(child), 15)
        async with asyncio.timeout(30):
            code = await process.wait()

    assert code == 0, log.read_text()
    assert "Traceback" not in log.read_text()
    assert "Read-only file system" not in log.read_text()
    assert (data / "parley.db").exists()
    assert _state(image.root) == before


def _data(tmp_path):
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    os.chown(data, 10001, 10001)
    return data


def _state(root):
    """All files with their sizes."""
    return {path: path.lstat().st_size for path in root.rglob("*") if path.is_file()}
