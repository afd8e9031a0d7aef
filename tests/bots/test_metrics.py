"""Figures for Prometheus stay few, whatever servers and people think of."""

import pytest
from prometheus_client import generate_latest

from bots.metrics import MOST, Metrics
from core.figures import Ended
from core.store import Call


def values(metrics, label):
    """The values that a label has, in all figures."""
    families = metrics.registry.collect()
    samples = [sample for family in families for sample in family.samples]
    return {one.labels[label] for one in samples if label in one.labels}


def called(**changes):
    about = {"reply": "r", "model": "m", "outcome": "stop", "begun_at": 0.0, "seconds": 1.0}
    return Call(**about | changes)


@pytest.mark.parametrize("label", ["model", "outcome"])
def test_of_a_label_that_others_fill_there_are_so_many_values_and_then_other(label):
    metrics = Metrics()
    for number in range(3 * MOST):
        metrics.called(called(**{label: f"name {number}"}))

    assert len(values(metrics, label)) == MOST + 1
    assert "other" in values(metrics, label)


def test_what_an_alert_waits_for_is_at_nought_before_it_ever_happens():
    metrics = Metrics()
    metrics.begin(["slack"])

    text = generate_latest(metrics.registry).decode()
    failed = 'parley_questions_total{kind="not answered",outcome="failed",platform="slack"} 0.0'
    assert failed in text


def test_no_series_tells_only_when_another_began():
    metrics = Metrics()
    metrics.begin(["slack"])

    assert "_created" not in generate_latest(metrics.registry).decode()


def test_questions_that_were_answered_together_count_as_many():
    metrics = Metrics()
    metrics.ended(Ended("slack", "answered", 3))

    where = {"platform": "slack", "outcome": "answered", "kind": "answered"}
    assert metrics.registry.get_sample_value("parley_questions_total", where) == 3


def test_two_bots_in_one_process_do_not_count_together():
    one, other = Metrics(), Metrics()
    one.refused("slack", "paused")

    where = {"platform": "slack", "reason": "paused"}
    assert other.registry.get_sample_value("parley_refused_questions_total", where) is None
