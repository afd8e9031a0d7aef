"""What an operator asks of the records on the command line, while the bot writes them."""

import asyncio
import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from core.errors import StartError
from core.messages import Author, Conversation, Question
from core.store import Call, Store, account
from core.store.backup import back_up

ROOT = Path(__file__).parents[2]
NOW = 1_795_867_200.0  # 2026-11-28, noon in UTC
THREAD = Conversation("slack", "T1", "C1", "1.0")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the operator is: a folder with no settings but the address of the database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/parley.db")
    return tmp_path


def parley(*words):
    """The exit code and what it says, of a process of its own: it sets up a log."""
    done = subprocess.run(
        [sys.executable, "-m", "bots.cli", *words],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=40,
    )
    return done.returncode, done.stdout.rstrip("\n")


def call(day, who, cost, *, model="gpt-4o-mini", place="slack/T1/C1", **more):
    return day, Call(
        reply="r",
        model=model,
        outcome="stop",
        begun_at=NOW,
        seconds=1.0,
        prompt_tokens=1200,
        cached_tokens=200,
        completion_tokens=30,
        person=who,
        place=place,
        cost=cost,
        **more,
    )


CALLS = (
    call("2026-11-01", "slack/U1ADA", 1_234_567_891),
    call("2026-11-02", "slack/U1ADA", 1, model="=HYPERLINK(1)"),
    call("2026-11-02", "discord/222222", 50_000_000, place="discord/9/8", estimated=True),
    call("2026-10-31", "slack/U2BEN", 7_000_000_000),
)


async def write(url, calls=CALLS):
    store = await Store.open(url, lambda: NOW)
    asked = Question(THREAD, "r", Author("U1ADA", "Ada"), "a secret", None, "#general")
    await store.questions.claim(asked)
    await store.replies.begin("r", str(THREAD), [asked.key])
    for day, one in calls:
        await store.ledger.settle(one, day, None, ())
    return store


@pytest.fixture
def ledger(folder, monkeypatch):
    """A database that another program holds open, and in which it is about to write."""
    url = f"sqlite+aiosqlite:///{folder}/parley.db"
    monkeypatch.setenv("DATABASE_URL", url)
    asyncio.run(_written(url))
    holder = sqlite3.connect(folder / "parley.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    yield url
    holder.close()


async def _written(url):
    store = await write(url)
    await store.close()


def november(*more):
    return parley("usage", "--since", "2026-11-01", "--until", "2026-11-30", *more)


def test_usage_is_told_by_person_the_dearest_first(ledger):
    code, said = november()

    assert code == 0
    assert said.splitlines() == [
        "person          calls     in  cached  out     USD",
        "slack/U1ADA         2  2,400     400   60    1.23",
        "discord/222222      1  1,200     200   30  ≈ 0.05",
        "total               3  3,600     600   90  ≈ 1.28",
        "≈ stands where some are estimates, as the model's server told none.",
    ]


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("person", ["slack/U1ADA", "discord/222222"]),
        ("channel", ["slack/T1/C1", "discord/9/8"]),
        ("model", ["gpt-4o-mini", "=HYPERLINK(1)"]),
        ("day", ["2026-11-01", "2026-11-02"]),
    ],
)
def test_it_is_added_up_by_whatever_is_asked_for(ledger, by, names):
    code, said = november("--by", by, "--format", "json")

    found = json.loads(said)
    assert code == 0
    assert [entry[by] for entry in found["entries"]] == names
    assert found["total"]["cost_usd"] == "1.284567892"


def test_json_is_exact_with_costs_as_decimal_numbers_in_strings(ledger):
    _, said = november("--format", "json")

    found = json.loads(said)
    assert (found["since"], found["until"], found["by"]) == ("2026-11-01", "2026-11-30", "person")
    assert found["entries"][0] == {
        "person": "slack/U1ADA",
        "calls": 2,
        "prompt": 2400,
        "cached": 400,
        "written": 0,
        "completion": 60,
        "reasoning": 0,
        "estimated": 0,
        "cost_usd": "1.234567892",
    }


def test_csv_has_a_heading_and_no_formula(ledger):
    _, said = november("--by", "model", "--format", "csv")

    rows = list(csv.reader(io.StringIO(said)))
    assert rows[0][0] == "model"
    assert rows[0][-1] == "cost_usd"
    assert rows[2][0] == "'=HYPERLINK(1)"
    assert rows[2][-1] == "0.000000001"


def test_without_days_it_is_this_month_in_the_time_zone_of_the_settings(ledger, monkeypatch):
    monkeypatch.setenv("TIME_ZONE", "Pacific/Kiritimati")
    month = time.strftime("%Y-%m-", time.gmtime(time.time() + 14 * 3600))
    _, said = parley("usage", "--format", "json")

    assert json.loads(said)["since"] == f"{month}01"
    assert json.loads(said)["until"].startswith(month)


def test_a_time_in_which_nothing_was_used_is_said_to_be_one(ledger):
    code, said = parley("usage", "--since", "2025-01-01", "--until", "2025-01-31")

    assert (code, said) == (0, "Nothing was used from 2025-01-01 to 2025-01-31.")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["usage", "--since", "yesterday"],
            "parley: --since must be a day such as 2026-11-01, not 'yesterday'.",
        ),
        (
            ["usage", "--since", "2026-12-01", "--until", "2026-11-01"],
            "parley: --since 2026-12-01 is after --until 2026-11-01.",
        ),
        (
            ["forget", "--person", "U1ADA"],
            (
                "parley: --person must be a platform and an id, such as slack/U0123ABCD or "
                "discord/123456789012345678, not 'U1ADA'."
            ),
        ),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_line(ledger, words, said):
    assert parley(*words) == (2, said)


@pytest.mark.parametrize("words", [["usage"], ["forget", "--person", "slack/U1ADA"]])
def test_where_there_is_no_database_none_is_made(folder, monkeypatch, words):
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{folder}/nothing/parley.db")
    code, said = parley(*words)

    assert code == 3
    assert "DATABASE_URL: there is no database at" in said
    assert not (folder / "nothing").exists()


def test_who_reads_the_records_cannot_change_them(ledger, folder):
    with (
        pytest.raises(StartError, match="readonly"),
        account._reading(folder / "parley.db") as connection,
    ):
        connection.execute(text("DELETE FROM usage_days"))


def test_a_file_that_is_no_database_is_named(folder, monkeypatch):
    (folder / "parley.db").write_text("These are my notes about the database. " * 50)
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{folder}/parley.db")
    code, said = parley("usage")

    assert code == 3
    assert "parley.db cannot be read" in said
    assert len(said.splitlines()) == 1


def test_a_folder_with_a_strange_name_is_found(tmp_path, monkeypatch):
    folder = tmp_path / "my data %41#"
    folder.mkdir()
    url = f"sqlite+aiosqlite:///{folder}/parley.db"
    asyncio.run(_written(url))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)

    assert november()[0] == 0


def test_somebody_is_forgotten_in_the_ledger_and_by_bots_that_run(folder, monkeypatch):
    url = f"sqlite+aiosqlite:///{folder}/parley.db"
    monkeypatch.setenv("DATABASE_URL", url)
    asyncio.run(_written(url))

    code, said = parley("forget", "--person", "slack/U1ADA")

    assert code == 0
    assert said.startswith("slack/U1ADA is forgotten.")
    _, told = november()
    assert "U1ADA" not in told
    assert "slack/erased-" in told
    assert "1.28" in told
    with sqlite3.connect(folder / "parley.db") as records:
        assert records.execute("SELECT person FROM erasures").fetchall() == [("slack/U1ADA",)]


def test_who_forgets_somebody_learns_which_copies_still_name_them(folder, monkeypatch):
    url = f"sqlite+aiosqlite:///{folder}/parley.db"
    monkeypatch.setenv("DATABASE_URL", url)
    asyncio.run(_written(url))
    made = back_up(folder / "parley.db", folder, NOW)

    code, said = parley("forget", "--person", "slack/U1ADA")

    assert code == 0
    assert said.splitlines()[-1] == f"Copies still name them: {made.path}."
