"""The operator's page, as a browser and as others who try ask a running bot for it."""

import asyncio
import re
import sqlite3
import time
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import quote

import aiohttp
import pytest
import pytest_asyncio

from core.store import Store
from sandbox.model import Answer
from tests.e2e.conftest import opened
from tests.e2e.places import DiscordPlace, SlackPlace
from tests.ports import free_port
from tests.weeks import TOKEN, WICKED, plant, write

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGES = ("", "/cost", "/questions", "/settings", "/errors")
FORM = "application/x-www-form-urlencoded"
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@dataclass
class Site:
    """A bot with its operator's page, and how to ask for it."""

    town: object
    bot: object
    url: str

    def visitor(self, *, source=None, **headers):
        """Somebody who keeps cookies, from an address of their own."""
        return aiohttp.ClientSession(
            f"{self.url}/",
            headers=BROWSER | headers,
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            connector=aiohttp.TCPConnector(local_addr=(source, 0) if source else None),
        )

    async def logged_in(self, session):
        async with session.post("/admin/login", data={"token": TOKEN}) as answer:
            assert answer.status == 200, await answer.text()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def site(tmp_path_factory):
    """One bot for all tests of this module, with some weeks on record."""
    folder, port = tmp_path_factory.mktemp("page"), free_port()
    (folder / "data").mkdir()
    database = folder / "data" / "parley.db"
    await (await Store.open(f"sqlite+aiosqlite:///{database}", time.time)).close()
    write(database, time.time(), questions=150)
    plant(database)
    settings = {"ADMIN_PORT": str(port), "ADMIN_TOKEN": TOKEN}
    async with opened(folder) as town, town.bot(**settings) as bot:
        yield Site(town, bot, f"http://127.0.0.1:{port}")
    assert TOKEN not in bot.said
    assert "Traceback" not in bot.said, bot.said


@pytest_asyncio.fixture(loop_scope="module")
async def operator(site):
    """Somebody who is logged in."""
    async with site.visitor() as session:
        await site.logged_in(session)
        yield session


async def read(session, path, status=200, **options):
    async with session.get(path, **options) as answer:
        assert answer.status == status, await answer.text()
        return await answer.text()


class Elements(HTMLParser):
    """The elements of a page as a browser sees them."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


# Who may see it.


@pytest.mark.parametrize("page", [*PAGES, "/question?key=x", "/now", "/cost.csv", "/nothing"])
async def test_nobody_sees_anything_without_the_token(site, page):
    async with (
        site.visitor() as session,
        session.get(f"/admin{page}", allow_redirects=False) as answer,
    ):
        assert answer.status == 303
        assert answer.headers["Location"].startswith("/admin/login?next=%2Fadmin")
        assert await answer.text() == ""


async def test_a_program_is_told_how_to_show_the_token(site):
    async with site.visitor(Accept="*/*") as session, session.get("/admin/now") as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "ADMIN_TOKEN" in await answer.text()


async def test_a_program_sees_it_with_the_token_as_a_bearer(site):
    async with site.visitor(Accept="*/*", Authorization=f"Bearer {TOKEN}") as session:
        assert "The bot is ready" in await read(session, "/admin")


@pytest.mark.parametrize("shown", ["Bearer wrong", "Bearer ", f"Basic {TOKEN}", TOKEN])
async def test_no_other_credential_opens_it(site, shown):
    async with site.visitor(source="127.0.0.3", Accept="*/*", Authorization=shown) as session:
        await read(session, "/admin", 401)


async def test_after_logging_in_one_is_where_one_wanted_to_be(site):
    async with site.visitor() as session:
        form = await read(session, "/admin/cost?by=model")
        where = re.search(r'name="next" value="([^"]+)"', form)[1]
        async with session.post("/admin/login", data={"token": TOKEN, "next": where}) as answer:
            assert answer.url.path_qs == "/admin/cost?by=model"


@pytest.mark.parametrize(
    "where",
    [
        "https://evil.example/",
        "//evil.example/admin",
        "/\\evil.example",
        "/administrator",
        "javascript:alert(1)",
        "/admin/\\..",
        "/admin/login",
        "/admin\r\nX: y",
    ],
)
async def test_logging_in_leads_to_no_other_site(site, where):
    data = {"token": TOKEN, "next": where}
    async with (
        site.visitor() as session,
        session.post("/admin/login", data=data, allow_redirects=False) as answer,
    ):
        assert (answer.status, answer.headers["Location"]) == (303, "/admin")


async def test_the_cookie_is_for_this_site_and_not_for_scripts_and_tells_nothing(site):
    async with (
        site.visitor() as session,
        session.post("/admin/login", data={"token": TOKEN}, allow_redirects=False) as answer,
    ):
        cookie = answer.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Strict", "Path=/admin", "Max-Age="):
        assert part in cookie
    assert "Secure" not in cookie  # on loopback there is no TLS
    assert TOKEN not in cookie


async def test_behind_tls_the_cookie_is_sent_through_tls_only(site):
    async with (
        site.visitor(**{"X-Forwarded-Proto": "https"}) as session,
        session.post("/admin/login", data={"token": TOKEN}, allow_redirects=False) as answer,
    ):
        assert "Secure" in answer.headers["Set-Cookie"]


async def test_a_wrong_token_is_refused_and_too_many_are_not_even_looked_at(site):
    async with site.visitor(source="127.0.0.2") as session:
        for _ in range(5):
            async with session.post("/admin/login", data={"token": "wrong"}) as answer:
                assert answer.status == 401
                assert "This is not the token" in await answer.text()
        async with session.post("/admin/login", data={"token": TOKEN}) as answer:
            assert answer.status == 429
            assert int(answer.headers["Retry-After"]) > 0
            assert "Try again in" in await answer.text()
        async with session.get("/admin", headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
            assert answer.status == 429
    async with site.visitor() as elsewhere:
        await site.logged_in(elsewhere)


async def test_logging_out_ends_the_session_in_every_browser_that_knows_it(site):
    async with site.visitor() as session:
        await site.logged_in(session)
        (cookie,) = session.cookie_jar
        async with session.post("/admin/logout") as answer:
            assert answer.url.path == "/admin/login"
        stolen = {"Cookie": f"{cookie.key}={cookie.value}", "Accept": "*/*"}
        await read(session, "/admin", 401, headers=stolen)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize("act", ["login", "logout"])
async def test_no_other_site_logs_an_operator_in_or_out(site, operator, headers, act):
    async with operator.post(f"/admin/{act}", data={"token": TOKEN}, headers=headers) as answer:
        assert answer.status == 403
    assert "Log out" in await read(operator, "/admin")


async def test_a_huge_form_is_not_read(site):
    async with site.visitor() as session:
        data = {"token": "x" * 10_000}
        async with session.post("/admin/login", data=data) as answer:
            assert answer.status == 413


async def test_a_huge_form_whose_length_is_not_told_is_not_read_either(site):
    async def pieces():
        for _ in range(10):
            yield b"token=" + b"x" * 1000

    async with (
        site.visitor(**{"Content-Type": FORM}) as session,
        session.post("/admin/login", data=pieces()) as answer,
    ):
        assert answer.status == 413


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data", b"x", 415),
        ("multipart/form-data; boundary=a", b"--a\r\nspoilt", 415),
        ("application/json", b"{}", 415),
        (f"{FORM}; charset=nobody-knows", b"token=x", 401),
        (f"{FORM}; charset=utf-7", b"token=+2AA-", 401),
        (FORM, b"\xff=%ff&token=%ff", 401),
        (FORM, b"token=x&next=http://[spoilt", 401),
        (FORM, "token=x&next=//\u2100/".encode(), 401),
    ],
)
async def test_whatever_a_stranger_sends_is_refused_and_no_error_of_the_bot(
    site, kind, body, status
):
    source = f"127.0.1.{len(body)}"  # none has tried too often
    async with (
        site.visitor(source=source, **{"Content-Type": kind}) as session,
        session.post("/admin/login", data=body) as answer,
    ):
        assert answer.status == status
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_a_link_to_nowhere_still_leads_to_the_login(site):
    async with site.visitor() as session:
        assert 'name="next" value="/admin"' in await read(session, "/admin/login?next=http://[x")


# What goes along.


@pytest.mark.parametrize(
    "page", [*PAGES, "/login", "/nothing", "/static/console.js", "/cost.csv", "/question?key=none"]
)
async def test_every_answer_forbids_scripts_of_others_frames_and_caches(operator, page):
    async with operator.get(f"/admin{page}", allow_redirects=False) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("page", PAGES)
async def test_a_page_needs_nothing_from_elsewhere_and_has_no_script_within(operator, page):
    html = await read(operator, f"/admin{page}")

    elements = Elements()
    elements.feed(html)
    for tag, attributes in elements.found:
        assert not {name for name in attributes if name.startswith("on")} | {"style"} & {
            *attributes
        }
        for name in {"src", "href", "action", "data-live"} & {*attributes}:
            assert attributes[name].startswith(("/admin", "#"))
        assert tag not in ("style", "iframe", "object", "base")
    scripts = [attributes for tag, attributes in elements.found if tag == "script"]
    assert [one["src"].partition("?")[0] for one in scripts] == ["/admin/static/console.js"]


@pytest.mark.parametrize(
    "page",
    [
        "/cost?by=person",
        "/cost?by=channel",
        "/cost?by=model",
        "/questions",
        "/settings",
        "/question?key=wicked",
        f"/question?key={quote(WICKED)}",
        f"/cost?person={quote(WICKED)}&by={quote(WICKED)}&since={quote(WICKED)}",
        f"/questions?outcome={quote(WICKED)}&span={quote(WICKED)}&order={quote(WICKED)}",
    ],
)
async def test_a_wicked_name_is_text(operator, page):
    async with operator.get(f"/admin{page}") as answer:
        html = await answer.text()

    assert "<script>alert" not in html
    assert "<img" not in html
    assert "49" not in re.findall(r"onerror=alert\(2\)&gt;(\S+)", html)
    assert "&lt;script&gt;alert(1)" in html


async def test_a_wicked_name_is_text_to_a_spreadsheet_too(site, operator):
    with sqlite3.connect(site.town.folder / "data" / "parley.db") as connection:
        connection.execute("UPDATE usage_days SET model = '=cmd()' WHERE model = 'summariser'")
    connection.close()
    csv = await read(operator, "/admin/cost.csv?by=model&since=2020-01-01")

    assert "'=cmd()" in csv
    assert "\n=cmd()" not in csv


async def test_files_beside_the_pages_are_not_served(operator):
    for name in ("../console.py", "..%2fconsole.py", "%2e%2e%2fentry.py", "page.html"):
        async with operator.get(f"/admin/static/{name}") as answer:
            assert answer.status == 404


# What it shows.


async def test_a_reply_in_flight_is_seen_with_who_asked_where_and_how_far_it_is(site, operator):
    site.town.model.enqueue(Answer(["word "] * 40, rate=20))
    place = SlackPlace(site.town.slack, site.town.world.slack)
    talk = place.mention(place.ben, "what is a secret question?")
    await talk.until(lambda seen: bool(seen) and "word" in seen[-1].text)
    html = await read(operator, "/admin/now")

    assert talk.channel in html
    assert place.ben in html
    assert "gpt-4o-mini" in html
    assert "secret question" not in html
    assert "slack/T0SANDBOX/chat." in html  # how full the platform's limits are
    key = re.search(r'id="flight-\w+" href="([^"]+)"', html)[1].replace("&amp;", "&")
    assert "answering" in await read(operator, key)


async def test_connections_are_seen_with_their_interruptions(site, operator):
    before = await read(operator, "/admin/now")
    assert before.count("connected for") == 2
    await site.town.discord.drop()
    async with asyncio.timeout(20):
        while "interrupted 1 time " not in (html := await read(operator, "/admin/now")):
            await asyncio.sleep(0.05)
        while (html := await read(operator, "/admin/now")).count("connected for") < 2:
            await asyncio.sleep(0.05)

    assert html.count("interrupted 1 time ") == 1


async def test_a_failed_question_is_found_with_its_error_and_its_request(site, operator):
    site.town.model.enqueue(Answer(["half "], finish="content_filter"))
    place = DiscordPlace(site.town.discord, site.town.world.discord)
    talk = place.mention(place.ada, "what is a very private question?")
    await talk.until(lambda seen: bool(seen and seen[-1].controls))
    async with asyncio.timeout(20):
        while ">filtered</span>" not in (
            html := await read(operator, "/admin/questions?outcome=filtered")
        ):
            await asyncio.sleep(0.05)

    assert "private question" not in html
    link = re.search(r'<td><a href="(/admin/question\?key=discord[^"]+)"', html)[1]
    one = await read(operator, link.replace("&amp;", "&"))
    assert "content_filter" in one
    assert re.search(r"req_sandbox\d+", one)
    assert talk.channel in one


async def test_a_slash_too_many_leads_to_the_page_all_the_same(operator):
    assert "The bot is ready" in await read(operator, "/admin/")


async def test_names_of_files_are_nowhere(operator):
    assert "payroll.pdf" not in await read(operator, "/admin/question?key=wicked")


async def test_costs_are_shown_by_day_and_exactly(site, operator):
    html = await read(operator, "/admin/cost?by=model&since=2020-01-01")
    with sqlite3.connect(site.town.folder / "data" / "parley.db") as connection:
        (cost,) = connection.execute(
            "SELECT sum(cost) FROM usage_days WHERE model = 'gpt-6-luna'"
        ).fetchone()
    connection.close()
    whole, part = divmod(cost, 10**9)

    assert f"{whole}.{part:09}".rstrip("0") + " USD" in html


async def test_of_what_costs_nothing_there_is_a_sentence_and_no_empty_chart(site, operator):
    place = SlackPlace(site.town.slack, site.town.world.slack)
    site.town.model.enqueue("For nothing.")
    talk = place.mention(place.ben, "what is free?")
    await talk.until(lambda seen: bool(seen and seen[-1].controls))
    async with asyncio.timeout(20):
        while "No model was called" in (
            html := await read(operator, "/admin/cost?by=person&model=gpt-4o-mini")
        ):
            await asyncio.sleep(0.05)

    assert "PRICES_FILE" in html
    assert "data-chart" not in html


async def test_the_last_warnings_are_shown_with_their_numbers(site, operator):
    async with site.visitor(source="127.0.0.4") as session:
        await session.post("/admin/login", data={"token": "guessed"})
    html = await read(operator, "/admin/errors")

    assert "a wrong ADMIN_TOKEN was tried" in html
    assert "127.0.0.4" in html
    assert "guessed" not in html
    assert re.search(r"<small>#\d+</small>", html)


async def test_a_page_whose_records_cannot_be_read_says_so(site, operator):
    database = site.town.folder / "data" / "parley.db"
    hidden = database.with_name("gone.db")
    database.rename(hidden)
    try:
        html = await read(operator, "/admin/cost", 503)
        assert "The records cannot be read" in html
        assert "The bot is ready" in await read(operator, "/admin")
    finally:
        hidden.rename(database)
