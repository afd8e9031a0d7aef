"""The unit for systemd is one that systemd takes, and shuts in what it starts."""

import shutil
import subprocess
import sys

import pytest

from bots.cli import SETTINGS_WRONG, TOKEN_REJECTED
from bots.stopping import CLOSING
from core.settings import Settings
from tests.deploy.unit import SERVICE, settings_of

analyze = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed"
)

EXPOSURE = 20
"""Tenths of the exposure that is allowed at most; below 50 is called OK."""


def run(*words):
    done = subprocess.run(
        ["systemd-analyze", *words], capture_output=True, text=True, timeout=30, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def installed(tmp_path):
    """The unit with a program that is there, since it is looked for."""
    unit = tmp_path / SERVICE.name
    unit.write_text(SERVICE.read_text().replace("/opt/parley/.venv/bin/parley", sys.executable))
    return unit


@analyze
def test_systemd_finds_no_fault_with_the_unit(installed):
    assert run("verify", str(installed)) == (0, "")


@analyze
def test_systemd_would_find_a_fault(installed):
    """So that the test above means something."""
    installed.write_text(installed.read_text().replace("ProtectSystem=strict", "ProtectSystem=x"))

    assert "Failed to parse protect system value" in run("verify", str(installed))[1]


@analyze
def test_what_the_service_is_exposed_to_is_little(installed):
    code, said = run("security", "--offline=true", f"--threshold={EXPOSURE}", str(installed))

    assert code == 0, said


def test_a_start_that_would_change_nothing_is_not_tried_again():
    (codes,) = settings_of(SERVICE, "Service")["RestartPreventExitStatus"]

    assert codes.split() == [str(SETTINGS_WRONG), str(TOKEN_REJECTED)]


def test_only_the_bot_itself_is_told_to_stop_for_it_needs_the_others_until_its_end():
    assert settings_of(SERVICE, "Service")["KillMode"] == ["mixed"]


def test_the_service_has_time_to_end_what_is_being_answered():
    (seconds,) = settings_of(SERVICE, "Service")["TimeoutStopSec"]

    assert int(seconds) > Settings.model_fields["drain_seconds"].default + CLOSING
