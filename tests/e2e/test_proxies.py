"""Behind a proxy and a CA of one's own, everything works, and nothing goes around them."""

import asyncio
import socket
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from core.controls import Control
from sandbox.discord import DiscordServer
from sandbox.model import Answer, ModelServer
from sandbox.slack import SlackServer
from sandbox.world import World
from tests.e2e.conftest import Town
from tests.e2e.places import DiscordPlace, File, SlackPlace, until
from tests.e2e.test_look import attached
from tests.e2e.wall import Authority, Proxy, proxy

LOGIN = "parley:se%cret"
QUOTED = "parley:se%25cret"
ROWS = {"slack": 1_000, "discord": 170}  # of a program that takes more than two messages
NOTE = File("note.txt", "text/plain", b"The password is swordfish.")
HOSTS = ("slack.test", "discord.test", "model.test")


class Walled(Town):
    """A town behind HTTPS, under names that lead nowhere without the proxy."""

    authority: Authority
    proxy: Proxy
    stack: AsyncExitStack

    @property
    def environment(self):
        return super().environment | {
            "SSL_CERT_FILE": str(self.authority.file),
            "HTTPS_PROXY": self.proxy.address(QUOTED),
        }


async def walled(folder, stack, hosts=HOSTS):
    authority = Authority(folder)
    slack, discord, model = (authority.tls(host) for host in hosts)
    world = World()
    town = Walled(
        world,
        SlackServer(world, tls=slack),
        DiscordServer(world, tls=discord),
        ModelServer(first_token=0.05, rate=400, tls=model),
        folder,
    )
    town.authority, town.stack = authority, stack
    for server in (town.slack, town.discord, town.model):
        await server.start()
        stack.push_async_callback(server.stop)
    town.proxy = await stack.enter_async_context(proxy(folder, LOGIN))
    return town


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def inhabited(tmp_path_factory):
    """A bot that reaches everybody through the proxy, and nobody else."""
    async with AsyncExitStack() as stack:
        town = await walled(tmp_path_factory.mktemp("town"), stack)
        async with town.bot() as bot:
            yield town
        assert bot.process.returncode == 0
        assert "Traceback" not in bot.said, bot.said


async def ended(talk, words):
    """Wait for a complete answer with these words."""
    return await talk.until(
        lambda seen: bool(seen) and words in seen[-1].text and Control.STOP not in seen[-1].controls
    )


@pytest.mark.asyncio(loop_scope="module")
async def test_answers_go_through_the_proxy(place, model):
    model.enqueue("Through the wall.")

    await ended(place.mention(place.ada, "hello"), "Through the wall.")


@pytest.mark.asyncio(loop_scope="module")
async def test_files_are_read_through_the_proxy(place, model):
    model.enqueue("Read.")

    await ended(place.mention(place.ada, "read this", files=[NOTE]), "Read.")
    assert "swordfish" in str(model.requests[-1].body["messages"])


@pytest.mark.asyncio(loop_scope="module")
async def test_files_are_sent_through_the_proxy(place, model):
    rows = "\n".join(f"row = {n:04} * 2  # and on" for n in range(ROWS[place.name]))
    model.enqueue(Answer([f"```python\n{rows}\n```"]))
    before = len(attached(place))
    place.mention(place.ada, "a long program")

    await until(place.space, lambda: len(attached(place)) > before)


@pytest.mark.asyncio(loop_scope="module")
async def test_commands_are_answered_through_the_proxy(place, model):
    model.enqueue("Once.")

    await ended(await place.ask(place.ada, "and this?"), "Once.")


@pytest.mark.asyncio(loop_scope="module")
async def test_the_proxy_was_asked_for_all_three(inhabited, place):
    assert set(inhabited.proxy.asked_for) == set(HOSTS)


async def refused(town, **changes):
    """What a refused start says, a line for each platform."""
    bot = await town.start(**changes)
    assert await bot.ended(40) == 3, bot.said
    assert "cret" not in bot.said
    lines = bot.said.splitlines()
    assert [words[1] for line in lines if (words := line.split())] == ["Slack", "Discord"]
    return lines


@pytest.mark.asyncio(loop_scope="module")
async def test_a_proxy_that_is_down_is_named(inhabited):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        lines = await refused(inhabited, HTTPS_PROXY=f"http://{address}")

    for line in lines:
        assert f"the proxy of HTTPS_PROXY ({address}) does not answer: Connection refused" in line


@pytest.mark.asyncio(loop_scope="module")
async def test_a_proxy_that_wants_another_password_says_how_it_is_written(inhabited):
    for line in await refused(inhabited, HTTPS_PROXY=inhabited.proxy.address("parley:secret")):
        assert "wants a name and a password" in line
        assert "http://name:password@host:port" in line


@pytest.mark.asyncio(loop_scope="module")
async def test_certificates_of_an_unknown_ca_name_the_setting(inhabited):
    other = Authority(inhabited.folder, "Somebody else")
    for line in await refused(inhabited, SSL_CERT_FILE=str(other.file)):
        assert "is not trusted" in line
        assert "SSL_CERT_FILE must name a file" in line


@pytest.mark.asyncio(loop_scope="module")
async def test_what_was_asked_while_the_proxy_was_away_is_answered_when_it_is_back(inhabited):
    places = (
        SlackPlace(inhabited.slack, inhabited.world.slack),
        DiscordPlace(inhabited.discord, inhabited.world.discord),
    )
    await inhabited.proxy.stop()
    async with asyncio.timeout(20):
        while inhabited.slack.connections or inhabited.discord.sessions:
            await asyncio.sleep(0.02)
    talks = [place.mention(place.ada, "are you there?") for place in places]
    inhabited.model.enqueue(Answer(["Back."]), Answer(["Back."]))
    await inhabited.stack.enter_async_context(
        proxy(inhabited.folder / "again", LOGIN, inhabited.proxy.port)
    )

    for talk in talks:
        await ended(talk, "Back.")


async def test_the_file_of_settings_names_the_way_out_as_well(tmp_path):
    async with AsyncExitStack() as stack:
        town = await walled(tmp_path, stack, ("slack.test", "discord.test", "127.0.0.1"))
        way = {
            "HTTPS_PROXY": town.environment["HTTPS_PROXY"],
            "SSL_CERT_FILE": town.environment["SSL_CERT_FILE"],
            "NO_PROXY": "intranet, 127.0.0.0/8",
        }
        (tmp_path / ".env").write_text("".join(f"{name}={way[name]}\n" for name in way))
        async with town.bot(**dict.fromkeys(way)):
            town.model.enqueue(Answer(["Directly."]), Answer(["Directly."]))
            for place in (
                SlackPlace(town.slack, town.world.slack),
                DiscordPlace(town.discord, town.world.discord),
            ):
                await ended(place.mention(place.ada, "read this", files=[NOTE]), "Directly.")
                assert "swordfish" in str(town.model.requests[-1].body["messages"])

        assert set(town.proxy.asked_for) == {"slack.test", "discord.test"}
