"""Alerts speak when they have to, and not before; Prometheus itself judges."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
DEPLOY = HERE.parents[1] / "deploy"
TESTS = HERE / "alerts_test.yaml"

promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (apt: prometheus)"
)


def judged(folder, *words):
    ran = subprocess.run(
        ["promtool", *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    return ran.returncode, ran.stdout + ran.stderr


@promtool
def test_prometheus_takes_the_rules_and_the_example_of_how_to_ask():
    for words in (("check", "rules", "alerts.yaml"), ("check", "config", "prometheus.yaml")):
        code, said = judged(DEPLOY, *words)
        assert code == 0, said


@promtool
def test_each_alert_fires_when_it_has_to_and_is_silent_when_all_is_well(tmp_path):
    for file in (DEPLOY / "alerts.yaml", TESTS):
        shutil.copy(file, tmp_path)

    code, said = judged(tmp_path, "test", "rules", TESTS.name)
    assert code == 0, said


def test_no_alert_is_untested():
    alerts = re.findall(r"alert: (\w+)", (DEPLOY / "alerts.yaml").read_text())

    assert alerts
    for alert in alerts:
        assert TESTS.read_text().count(f'alertname="{alert}",alertstate="firing",') == 1
