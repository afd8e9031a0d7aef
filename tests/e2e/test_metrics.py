"""What Prometheus reads of a bot, and that a dashboard and alerts read what there is."""

import asyncio
import json
import re
import shutil
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import pytest_asyncio

from sandbox.faults import Fault
from sandbox.model import Answer, Raw
from tests.e2e.conftest import opened, through_sockets
from tests.e2e.figures import Figures, fetched
from tests.e2e.places import DiscordPlace, SlackPlace
from tests.ports import free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEPLOY = Path(__file__).parents[2] / "deploy"
NAME = re.compile(r"\b(?:parley|process)_[a-z_]+")


class Watched:
    """A town with a bot on both platforms, and the door for its operator's tools."""

    def __init__(self, town, port):
        self.town = town
        self.port = port
        self.places = {
            "slack": SlackPlace(town.slack, town.world.slack),
            "discord": DiscordPlace(town.discord, town.world.discord),
        }

    async def figures(self):
        return Figures(await asyncio.to_thread(fetched, f"http://127.0.0.1:{self.port}/metrics"))

    async def until(self, holds):
        async with asyncio.timeout(20):
            while not holds(figures := await self.figures()):
                await asyncio.sleep(0.1)
        return figures


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def watched(tmp_path_factory):
    """A bot that has answered on both platforms, failed once, and was refused once."""
    port = free_port()
    settings = {"ADMIN_PORT": str(port), "BUDGET_USD_PER_DAY": "5"}
    folder = tmp_path_factory.mktemp("metrics")
    async with opened(folder) as town, town.bot(**settings) as bot:
        watched = Watched(town, port)
        for platform, place in watched.places.items():
            town.model.enqueue("A whole answer. " * 20)
            place.mention(place.ada, "what is it?")
            where = {"platform": platform, "outcome": "answered"}
            await watched.until(lambda now, w=where: now["questions_total", w] == 1)
        town.model.enqueue(Answer(status=401, pieces=(Raw(b"{}"),)))
        town.slack.faults.add(Fault("chat.postMessage", "rate_limit", seconds=1))
        watched.places["slack"].mention("U0ADA", "and now?")
        not_answered = {"kind": "not answered", "platform": "slack"}
        await watched.until(lambda now: now["questions_total", not_answered] == 1)
        watched.bot = bot
        yield watched


async def test_questions_are_counted_by_platform_and_outcome_and_timed(watched):
    now = await watched.figures()

    for platform in watched.places:
        where = {"platform": platform}
        assert now["questions_total", where | {"outcome": "answered"}] == 1
        for name in ("first_sign", "first_text", "reply", "lag", "after_model", "waited"):
            assert now[f"{name}_seconds_count", where] >= 1, name
        assert now["edits_sum", where] >= 1
        assert now["first_text_seconds_sum", where] > 0
    assert now["open_questions", {}] == 0
    assert now["replies_in_flight", {}] == 0


async def test_calls_of_the_model_are_counted_with_their_tokens(watched):
    now = await watched.figures()

    assert now["model_calls_total", {"outcome": "stop", "purpose": "answer"}] == 2
    assert now["model_calls_total", {"outcome": "key_rejected"}] == 1
    assert now["tokens_total", {"kind": "completion"}] > 0
    assert now["budget_left", {"budget": "deployment"}] == 5
    assert now["budget_limit", {"budget": "deployment"}] == 5


async def test_requests_and_refusals_are_counted_by_method(watched):
    now = await watched.figures()

    assert now["requests_total", {"platform": "discord", "method": "send"}] >= 1
    assert now["requests_total", {"platform": "slack", "method": "chat.postMessage"}] >= 1
    post = {"platform": "slack", "method": "chat.postMessage"}
    assert now["refused_requests_total", post] == 1
    assert now["pace_share_ratio", {"platform": "discord", "method": "all"}] == 1


async def test_no_label_names_a_person_a_channel_or_a_question(watched):
    now = await watched.figures()
    names = {*watched.town.world.slack.channels, *watched.town.world.discord.channels}
    names |= {*watched.town.world.slack.people, *watched.town.world.discord.people}

    labels = {value for one in now.samples for value in one.labels.values()}
    assert not [value for value in labels if any(str(name) in value for name in names)]


@through_sockets
async def test_a_connection_that_was_lost_is_counted(watched):
    before = (await watched.figures())["reconnects_total", {"platform": "slack"}]
    await watched.town.slack.drop()

    await watched.until(lambda now: now["reconnects_total", {"platform": "slack"}] > before)
    await watched.until(lambda now: now["connected", {"platform": "slack"}] == 1)


async def test_a_line_for_each_question_has_its_outcome_ids_and_figures(watched):
    lines = [one for one in watched.bot.said.splitlines() if "answered   " in one]

    answered = [one for one in lines if "not answered" not in one]
    for name in ("reply", "conversation", "questions", "request_id", "finish", "model", "usd"):
        assert all(f" {name}=" in one for one in answered), name
    for name in ("first_sign", "first_text", "seconds", "lag", "after_model", "edits"):
        assert all(f" {name}=" in one for one in lines), name
    (failed,) = [one for one in lines if "not answered" in one]
    assert "error=key_rejected" in failed


def asked_for():
    """The names in the expressions of the alerts and the dashboard."""
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    targets = [one["expr"] for panel in dashboard["panels"] for one in panel["targets"]]
    rules = re.findall(r"expr: ((?:.*)|\|\n.*)", (DEPLOY / "alerts.yaml").read_text())
    return targets, set(NAME.findall("\n".join([*targets, *rules])))


async def test_dashboard_and_alerts_ask_for_nothing_that_is_not_told(watched):
    now = await watched.figures()
    told = {one.name for one in now.samples}
    told |= set(re.findall(r"# TYPE (\w+) ", now.text))

    targets, wanted = asked_for()
    assert len(targets) > 40
    assert not wanted - told


@pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="Prometheus is not installed (apt: prometheus)"
)
async def test_prometheus_itself_reads_it_and_understands_every_panel(watched, tmp_path):
    port = free_port()
    config = (DEPLOY / "prometheus.yaml").read_text()
    config = config.replace("127.0.0.1:8080", f"127.0.0.1:{watched.port}")
    (tmp_path / "prometheus.yaml").write_text(config.replace("15s", "1s"))
    shutil.copy(DEPLOY / "alerts.yaml", tmp_path)
    with (tmp_path / "log").open("wb") as log:
        prometheus = await asyncio.create_subprocess_exec(
            "prometheus",
            "--config.file=prometheus.yaml",
            "--storage.tsdb.path=data",
            f"--web.listen-address=127.0.0.1:{port}",
            cwd=tmp_path,
            stdout=log,
            stderr=log,
        )

    def query(expression):
        asked = urllib.parse.urlencode({"query": expression})
        try:
            answer = fetched(f"http://127.0.0.1:{port}/api/v1/query?{asked}")
        except urllib.error.HTTPError as error:
            return error.read().decode()
        except OSError:
            return []
        return json.loads(answer)["data"]["result"]

    try:
        async with asyncio.timeout(30):
            while not await asyncio.to_thread(query, 'up{job="parley"} == 1'):
                await asyncio.sleep(0.2)
        for target in asked_for()[0]:
            expression = target.replace("$__rate_interval", "1m").replace("$instance", ".*")
            assert isinstance(await asyncio.to_thread(query, expression), list), expression
        found = await asyncio.to_thread(query, '{job="parley"}')
    finally:
        prometheus.terminate()
        await prometheus.wait()

    assert {one["metric"]["__name__"] for one in found} >= {
        "parley_questions_total",
        "parley_first_text_seconds_bucket",
        "parley_budget_left",
    }
