"""The operator's page beside the bot, which it must not hold up."""

import threading
from zoneinfo import ZoneInfo

from aiohttp import ClientSession, web

from bots.console.console import Console
from core.store.account import Entry

TOKEN = "a-token-of-the-operator"
ZONE = ZoneInfo("UTC")


class Rows(list):
    """Rows that know in which thread they are gone through."""

    def __init__(self, rows):
        super().__init__(rows)
        self.threads = set()

    def __iter__(self):
        self.threads.add(threading.get_ident())
        return super().__iter__()


class Ledger:
    """Has read these rows, whatever is asked."""

    def __init__(self, rows):
        self.rows = rows

    async def look(self, _):
        return self.rows


async def test_a_long_table_is_not_written_where_replies_are():
    rows = Rows([Entry("slack/T1/U1", *range(8))])
    console = Console(
        token=TOKEN,
        name="1",
        now=None,
        reader=Ledger(rows),
        deployment=None,
        limits=(),
        troubles=None,
        zone=ZONE,
    )
    app = web.Application()
    app.add_routes(console.routes())
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        async with (
            ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session,
            session.get(f"http://{host}:{port}/admin/cost.csv") as answer,
        ):
            assert "slack/T1/U1" in await answer.text()
    finally:
        await runner.cleanup()

    assert rows.threads
    assert threading.get_ident() not in rows.threads
