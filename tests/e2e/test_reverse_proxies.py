"""Slack over HTTP through a real reverse proxy, set up as docs/slack-http.md says."""

import asyncio
import shutil
from contextlib import asynccontextmanager

import aiohttp
import pytest

from core.controls import Control
from tests.docs.pages import ROOT, blocks
from tests.e2e.conftest import opened
from tests.e2e.places import SlackPlace
from tests.ports import free_port

PAGE = ROOT / "docs" / "slack-http.md"
OF_A_PAGE = "8080"
NAME = "parley.example.org"
ONLY_SLACK = {"DISCORD_TOKEN": None}
PASSWORDS = "/etc/nginx/parley.htpasswd"

NGINX = """
daemon off; user root; pid {folder}/nginx.pid; error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{ listen 127.0.0.1:{front}; {locations} }}
}}
"""

CADDY = "{{\n admin off\n auto_https off\n}}\n{site}"


def snippets(marker, port):
    """What the page says of a proxy, with the port of a bot that is there."""
    found = [block.text for block in blocks(PAGE) if marker in block.text]
    assert found
    return [one.replace(OF_A_PAGE, str(port)) for one in found]


def nginx(folder, front, port):
    """The command that starts nginx, before everything and with the guard of the page."""
    (folder / "passwords").write_text("ada:{PLAIN}secret\n")
    locations = "\n".join(snippets("location ", port)).replace(PASSWORDS, f"{folder}/passwords")
    path = folder / "nginx.conf"
    path.write_text(NGINX.format(folder=folder, front=front, locations=locations))
    return ["nginx", "-p", str(folder), "-c", str(path)]


def caddy(folder, front, port):
    """The command that starts Caddy, which has a certificate of its own elsewhere."""
    (site,) = snippets("reverse_proxy", port)
    path = folder / "Caddyfile"
    path.write_text(CADDY.format(site=site.replace(NAME, f"http://127.0.0.1:{front}")))
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(path)]


@asynccontextmanager
async def running(command, folder):
    """The proxy, until the end of the block."""
    if not (program := shutil.which(command[0], path="/usr/sbin:/usr/bin:/usr/local/bin")):
        pytest.skip(f"{command[0]} is not installed")
    with (folder / "proxy.log").open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            program, *command[1:], env={"HOME": str(folder)}, stdout=said, stderr=said
        )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.parametrize("proxy", [nginx, caddy])
async def test_through_a_reverse_proxy_as_the_page_has_it_all_is_as_without(tmp_path, proxy):
    front = free_port()
    async with (
        opened(tmp_path, over_http=True, front=front) as town,
        running(proxy(tmp_path, front, town.http_port), tmp_path),
        town.bot(**ONLY_SLACK),
    ):
        place = SlackPlace(town.slack, town.world.slack)
        town.model.enqueue("A whole answer.")
        talk = place.mention(place.ada, "one")
        await talk.until(lambda seen: Control.RETRY in (seen and seen[0].controls))
        town.model.enqueue("Another one.")
        await talk.press(place.ada, Control.RETRY)
        await talk.until(lambda seen: [one.text for one in seen] == ["Another one."])
        assert "/ask" in (await place.help(place.ada)).messages()[0].text

        async with aiohttp.ClientSession(f"http://127.0.0.1:{front}/") as somebody:
            forged = await somebody.post("/slack/events", json={"type": "event_callback"})
            install = await somebody.get("/slack/install")
    assert forged.status == 401
    assert install.status == (401 if proxy is nginx else 404)
