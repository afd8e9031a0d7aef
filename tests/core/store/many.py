"""A year of a large team on record, written at once: 200,000 questions with a call each."""

import sqlite3
from datetime import UTC, datetime

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()
CALLS = 200_000
PEOPLE, CHANNELS, DAYS = 2000, 300, 30
COST = 1_234_567
"""Nano-dollars of each call."""

FILL = f"""
CREATE TEMP TABLE n AS
  WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {CALLS} - 1)
  SELECT i,
         printf('%016x', i) AS reply,
         'U' || (i * 7 % {PEOPLE}) AS person,
         'slack/T1/C' || (i * 11 % {CHANNELS}) AS place,
         'gpt-' || (i % 5) AS model,
         {NOW} - 60.0 - i * ({DAYS} * 86400.0 - 120) / {CALLS} AS at
  FROM n;
INSERT INTO replies (id, conversation, begun_at, ended_at, outcome, seen, about)
  SELECT reply, place || '/' || i, at + 1, at + 5 + i % 90, 'answered', 300,
         '{{"first_text": ' || (i % 17) || '.25, "seconds": 5}}' FROM n;
INSERT INTO questions (key, conversation, asker, state, outcome, owner, lease_until, claimed_at,
                       settled_at, reply)
  SELECT place || '/' || i || '#asked', place || '/' || i, person, 'settled',
         CASE WHEN i % 200 = 0 THEN 'overloaded' ELSE 'answered' END, 'p', 0, at, at + 5 + i % 90,
         reply FROM n;
INSERT INTO model_calls (reply, model, request_id, outcome, begun_at, seconds, prompt_tokens,
                         completion_tokens, person, place, cost)
  SELECT reply, model, 'req_' || i, 'stop', at, 4, 1000, 200, 'slack/' || person, place, {COST}
  FROM n;
INSERT INTO usage_days
  SELECT date(begun_at, 'unixepoch') AS day, person, place, model, count(*), sum(prompt_tokens), 0,
         0, sum(completion_tokens), 0, sum(cost), 0
  FROM model_calls GROUP BY 1, 2, 3, 4;
DROP TABLE n;
"""


def fill(path):
    """Write it into a database that is there already."""
    with sqlite3.connect(path) as connection:
        connection.executescript(FILL)
    connection.close()
