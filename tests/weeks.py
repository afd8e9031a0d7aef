"""Weeks of a small team on record, so that the operator's page has something to show."""

import json
import random
import sqlite3
import time
from datetime import UTC, datetime

TOKEN = "4f1f8e2f0c9b4d6ab1c2"
"""The password of the operator's page in tests."""

WICKED = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}'

DAY = 86_400
PEOPLE = {"slack/U0ADA": 9, "slack/U0BEN": 6, "slack/U0CHO": 4, "discord/2001": 3}
CHANNELS = {"slack": ("C0GENERAL", "C0SUPPORT", "C0DESIGN"), "discord": ("2001", "2002")}
WORKSPACES = {"slack": "T0SANDBOX", "discord": "1000"}
MODELS = {"gpt-6-luna": (8, 1.25), "gpt-6-terra": (2, 6.0), "summariser": (1, 0.2)}
FAILED = ("overloaded", "too_slow", "undelivered", "refused", "budget_spent")
ENDED = ("stopped", "withdrawn")

QUESTION = """INSERT INTO questions (key, conversation, asker, state, outcome, owner, lease_until,
  attempts, claimed_at, settled_at, reply) VALUES (?, ?, ?, 'settled', ?, 'p', 0, ?, ?, ?, ?)"""
REPLY = """INSERT INTO replies (id, conversation, begun_at, ended_at, outcome, seen, about)
  VALUES (?, ?, ?, ?, ?, ?, ?)"""
CALL = """INSERT INTO model_calls (reply, model, request_id, outcome, begun_at, seconds,
  prompt_tokens, cached_tokens, completion_tokens, person, place, cost)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
DAYS = """INSERT INTO usage_days SELECT date(begun_at, 'unixepoch'), person, place, model, count(*),
  sum(prompt_tokens), sum(cached_tokens), 0, sum(completion_tokens), 0, sum(cost), 0
  FROM model_calls GROUP BY 1, 2, 3, 4"""
SPENDING = "INSERT INTO spending (key, unit, amount, spent, ends) VALUES (?, 'usd', ?, ?, ?)"
SETTING = """INSERT INTO channel_settings (scope, name, value, changed_by, changed_at)
  VALUES (?, ?, ?, ?, ?)"""
CHANGE = """INSERT INTO setting_changes (scope, name, before, after, changed_by, changed_at)
  VALUES (?, ?, ?, ?, ?, ?)"""


def write(path, now, *, questions=1500, days=45):
    """Write them into a database that is there already, up to this moment."""
    chance = random.Random(7)
    with sqlite3.connect(path) as connection:
        for number in range(questions):
            _ask(connection, chance, number, now - DAY * days * chance.random() ** 1.6)
        connection.execute(DAYS)
        _budgets(connection, now)
        _settings(connection, now)
    connection.close()


def _ask(connection, chance, number, at):
    (person,) = chance.choices(list(PEOPLE), PEOPLE.values())
    platform, _, asker = person.partition("/")
    channel = chance.choice(CHANNELS[platform])
    place = f"{platform}/{WORKSPACES[platform]}/{channel}"
    (model,) = chance.choices(list(MODELS), [often for often, _ in MODELS.values()])
    outcome = _outcome(chance)
    waited, first, took = (
        chance.expovariate(2),
        chance.uniform(0.5, 3),
        chance.lognormvariate(1.8, 0.8),
    )
    failed = outcome in FAILED
    attempts = 2 if chance.random() < 0.01 else 1
    key, reply = f"{platform}/{WORKSPACES[platform]}/{channel}/{at:.6f}#asked", f"{number:016x}"
    talk = f"{place}/{at:.6f}"
    about = {"model": model, "messages_seen": chance.randint(0, 12), "seconds": round(took, 2)}
    about |= {} if failed else {"first_text": round(first, 2), "characters": 900, "messages": 1}
    ended = at + waited + (2 if failed else took + first)
    connection.execute(
        REPLY, (reply, talk, at + waited, ended, outcome, 0 if failed else 900, json.dumps(about))
    )
    connection.execute(QUESTION, (key, talk, asker, outcome, attempts, at, ended, reply))
    if outcome in ("refused", "budget_spent"):
        return
    read, written = chance.randint(400, 9000), 0 if failed else chance.randint(80, 1500)
    cost = round((read + 4 * written) * MODELS[model][1] * 1000)
    word = outcome if outcome in FAILED[:2] else "stop"
    request = f"req_{chance.getrandbits(48):012x}"
    connection.execute(
        CALL,
        (
            reply,
            model,
            request,
            word,
            at + waited,
            took,
            read,
            read // 3,
            written,
            person,
            place,
            cost,
        ),
    )


def _outcome(chance):
    happens = chance.random()
    if happens < 0.05:
        return chance.choice(FAILED)
    return chance.choice(ENDED) if happens < 0.08 else "answered"


def _budgets(connection, now):
    today = datetime.fromtimestamp(now, UTC).date()
    for kind, id_, amount, spent in (
        ("deployment", "", 5, 3.914),
        ("person", "slack/U0ADA", 1, 0.952),
        ("person", "slack/U0BEN", 1, 0.314),
        ("channel", "slack/T0SANDBOX/C0SUPPORT", 2, 1.5),
    ):
        key = f"day|{today}|usd|{kind}|{id_}"
        connection.execute(SPENDING, (key, amount * 10**9, round(spent * 10**9), now + DAY))


def _settings(connection, now):
    prompt = "You help our support team. Be brief, and say which manual it is from."
    for scope, name, value, who, ago in (
        ("slack/T0SANDBOX", "language", "en", "U0ADA", 30 * DAY),
        ("slack/T0SANDBOX/C0SUPPORT", "model", "gpt-6-terra", "U0BEN", 9 * DAY),
        ("slack/T0SANDBOX/C0SUPPORT", "system_prompt", prompt, "U0BEN", 9 * DAY),
        ("slack/T0SANDBOX/C0SUPPORT", "temperature", 0.3, "U0CHO", 2 * DAY),
        ("discord/1000/2002", "persona", "reviewer", "2001", 3600),
    ):
        row = (scope, name, json.dumps(value), who, now - ago)
        connection.execute(SETTING, row)
        connection.execute(CHANGE, (scope, name, None, *row[2:]))


def plant(path):
    """Names that somebody chose in order to run something in the operator's browser."""
    with sqlite3.connect(path) as connection:
        connection.execute(
            SETTING, (f"slack/T1/{WICKED}", "persona", json.dumps(WICKED), WICKED, 1.0)
        )
        connection.execute(
            CHANGE,
            (f"slack/T1/{WICKED}", "persona", None, json.dumps(WICKED), WICKED, 1.0),
        )
        at = time.time() - 5
        about = json.dumps(
            {"model": WICKED, "parameters": {WICKED: WICKED}, "files": ["payroll.pdf"]}
        )
        connection.execute(REPLY, ("wicked", f"slack/T1/{WICKED}/", at, at, "", 0, about))
        connection.execute(
            QUESTION,
            ("slack/wicked#asked", f"slack/T1/{WICKED}/", WICKED, WICKED, 1, at, at, "wicked"),
        )
        connection.execute(
            CALL,
            ("wicked", WICKED, WICKED, WICKED, at, 1, 1, 0, 1, WICKED, f"slack/T1/{WICKED}", 10**9),
        )
        connection.execute("DELETE FROM usage_days")
        connection.execute(DAYS)
    connection.close()
