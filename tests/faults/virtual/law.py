"""What must hold for every question, whatever has happened: looked at once all is over."""

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from core.controls import Control
from core.notices import DIED_AGAIN
from tests.faults.virtual.endpoint import Call
from tests.faults.virtual.platform import Message
from tests.faults.virtual.process import identity
from tests.faults.virtual.town import Town

WORD = re.compile(r"c(\d{3})w(\d{4})")

ANSWERED = {"answered", "cut_off", "filtered", "wanted_tools"}
WITHOUT_WORDS = {"stop", "superseded", "withdrawn", "deleted"}
"""Ends of a question of which nobody need be told: nobody wants to know any more."""

UNSHOWN = {"refused", "failed", "undelivered", "budget_spent", "interrupted"}
"""Ends that may be told to the asker alone."""

EVENTS_OF_A_FAULT = {"unexpected"}


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as the database knows it, and as it is seen."""

    name: str
    outcome: str
    questions: tuple[str, ...]
    recorded: tuple[str, ...]
    shown: tuple[Message, ...]
    replaces: str
    ended: bool
    is_cut_off: bool
    repeats: bool = False

    @property
    def text(self) -> str:
        return "\n".join(one.page.text for one in self.shown)

    @property
    def notices(self) -> list[str]:
        return [one.page.notice for one in self.shown if one.page.notice]

    @property
    def doubled(self) -> bool:
        """Whether a message of its took no more edits after one whose answer was lost.

        What an answer keeps of a former one holds twice what such a message of that one shows.
        """
        return self.repeats or any(one.doubled for one in self.shown)


def violations(town: Town) -> list[str]:
    """All that is wrong; empty when every promise was kept."""
    with sqlite3.connect(town.folder / "parley.db") as database:
        database.row_factory = sqlite3.Row
        found = [*town.wrong, *town.platform.wrong, *_logged(town)]
        found += _settled(town, database)
        replies = list(_replies(town, database))
        for reply in replies:
            found += (f"reply {reply.name}: {wrong}" for wrong in _of_reply(town, reply))
        found += _on_the_screen(town, replies)
        found += _asked(town, database, replies)
        found += _paid(town, database)
    database.close()
    return list(dict.fromkeys(found))


def _logged(town: Town) -> Iterator[str]:
    for line in town.logged:
        if line["event"] in EVENTS_OF_A_FAULT:
            yield f"an unexpected error: {str(line.get('exception', line))[-500:]}"


def _settled(town: Town, database: sqlite3.Connection) -> Iterator[str]:
    for row in database.execute("SELECT * FROM questions WHERE state != 'settled'"):
        yield f"{row['key']} is {row['state']}, and nobody answers it any more"
    for row in database.execute("SELECT * FROM questions WHERE body != '' AND state = 'settled'"):
        yield f"the text of {row['key']} is kept"


def _replies(town: Town, database: sqlite3.Connection) -> Iterator[Reply]:
    asked, recorded = defaultdict(list), defaultdict(list)
    for row in database.execute("SELECT key, reply FROM questions ORDER BY claimed_at"):
        asked[row["reply"]].append(row["key"])
    for row in database.execute("SELECT * FROM reply_messages ORDER BY reply, number"):
        recorded[row["reply"]].append(row["message"])
    owned = {message for messages in recorded.values() for message in messages}
    left = {
        one.place for id_, one in town.platform.messages.items() if one.doubled and id_ not in owned
    }
    for row in database.execute("SELECT * FROM replies ORDER BY begun_at"):
        messages = tuple(recorded[row["id"]])
        shown = [town.platform.messages[one] for one in messages if one in town.platform.messages]
        yield Reply(
            row["id"],
            row["outcome"],
            tuple(asked[row["id"]]),
            messages,
            tuple(shown),
            row["replaces"],
            row["ended_at"] is not None,
            bool(json.loads(row["about"]).get("is_cut_off")),
            bool(row["replaces"]) and any(one.place in left for one in shown),
        )


def _of_reply(town: Town, reply: Reply) -> Iterator[str]:
    if not reply.ended:
        yield "it was never ended"
        return
    yield from _marks(reply)
    if not reply.shown:
        return
    for one in reply.shown[:-1]:
        if one.page.notice and not one.frozen:
            yield f"a notice stands in the middle: {one.page.notice}"
    # Where the platform refuses a further message for good, its asker is told in another way.
    is_said = reply.notices or any(_is_told(town, one.partition("#")[0]) for one in reply.questions)
    if reply.outcome not in ANSWERED | {"restored"} and not is_said:
        yield f"it is {reply.outcome}, and does not say so"
    # A message that takes no edits still shows what it showed before the answer was begun anew.
    free = replace(reply, shown=tuple(one for one in reply.shown if not one.frozen))
    if len(set(free.notices)) > 1 and not reply.doubled:
        yield f"it ends in several ways: {free.notices}"
    wrong = list(_text(town, reply))
    if wrong and any(_text(town, free)):
        yield from wrong


def _marks(reply: Reply) -> Iterator[str]:
    """Nothing may look as if it went on."""
    for one in reply.shown:
        if one.frozen:
            continue  # it takes no edit that could take them away
        if one.streams:
            yield f"{one.id} is still a stream"
        if one.page.grows:
            yield f"{one.id} still grows"
        if one.page.controls and Control.STOP in one.page.controls.offered:
            yield f"{one.id} can still be stopped"


def words_of(reply: Reply) -> list[tuple[int, int]]:
    """The words that a reader sees, each by its call and its number."""
    return [(int(call), int(word)) for call, word in WORD.findall(reply.text)]


def _text(town: Town, reply: Reply) -> Iterator[str]:
    calls: dict[int, list[int]] = defaultdict(list)
    order: list[int] = []
    for call, word in words_of(reply):
        if call not in calls:
            order.append(call)
        calls[call].append(word)
    if any(DIED_AGAIN in one for one in reply.notices):
        return  # what stands then is of both tries, as it says
    if order != sorted(order) or any(not 0 < one <= len(town.endpoint.calls) for one in order):
        yield f"the texts of calls {order} stand in it"
        return
    if "c" in WORD.sub("", reply.text).replace("py", ""):
        yield "a word is torn"
    chain = [town.endpoint.calls[one - 1] for one in order]
    for before, call in pairwise(chain):
        if not call.continues or before.ended != "length":
            yield f"the texts of calls {before.number} and {call.number} stand in it"
            return
    for call in chain:
        yield from _words(reply, call, calls[call.number], whole=call is not chain[-1])


def _words(reply: Reply, call: Call, words: list[int], *, whole: bool) -> Iterator[str]:
    kept = list(dict.fromkeys(words)) if reply.doubled else words
    if kept != list(range(len(kept))):
        yield f"of call {call.number} it shows {_short(words)}"
        return
    all_of_it = whole or reply.outcome in ANSWERED or call.ended in ("interrupted", "too_slow")
    if not whole and reply.outcome in ANSWERED and call.ended not in _ENDS[reply.outcome]:
        yield f"it is {reply.outcome}, and call {call.number} ended by {call.ended or 'nothing'}"
    if all_of_it and reply.outcome != "stopped" and len(kept) < call.written:
        yield f"of call {call.number} it shows {len(kept)} of {call.written} words"


_ENDS = {
    "answered": {"stop", "eos"},
    "cut_off": {"length"},
    "filtered": {"content_filter"},
    "wanted_tools": {"tool_calls"},
}


def _short(words: list[int]) -> str:
    return f"{words[:8]}… ({len(words)})" if len(words) > 8 else str(words)


def _on_the_screen(town: Town, replies: list[Reply]) -> Iterator[str]:
    """Every message belongs to one reply; those that take no edits may be left over."""
    owner: dict[str, str] = {}
    for reply in replies:
        for message in reply.recorded:
            if message in owner:
                yield f"{message} is part of {owner[message]} and {reply.name}"
            owner[message] = reply.name
    for message in town.platform.messages.values():
        is_refusal = not message.page.text and not message.page.grows
        if message.id not in owner and not message.frozen and not is_refusal:
            yield f"{message.id} belongs to no reply: {message.page.text[:40]!r}"
    for question, sign in town.platform.signs.items():
        # What a process has shown that is gone, a platform drops by itself within two minutes.
        if sign.words and not (sign.by and sign.by.ended_at < town.seconds):
            yield f"{question} still says {sign.words}"


def _asked(town: Town, database: sqlite3.Connection, replies: list[Reply]) -> Iterator[str]:
    """Each question that was heard has one answer or one ending."""
    by_name = {reply.name: reply for reply in replies}
    rows = list(
        database.execute("SELECT key, outcome, reply FROM questions ORDER BY claimed_at, rowid")
    )
    claimed = {row["key"].partition("#")[0] for row in rows}
    for heard in town.heard - claimed:
        if not _is_told(town, heard):
            yield f"{heard} was heard, and never claimed"
    replaced = {reply.replaces for reply in replies}
    for row in rows:
        yield from _ended(town, row, by_name.get(row["reply"] or ""), replaced)
    yield from _versions(town, rows, by_name)


def _ended(
    town: Town,
    row: sqlite3.Row,
    reply: Reply | None,
    replaced: set[str],
) -> Iterator[str]:
    key, outcome = row["key"], row["outcome"]
    question = key.partition("#")[0]
    if outcome in WITHOUT_WORDS:
        if reply and outcome == "withdrawn" and any(not one.frozen for one in reply.shown):
            yield f"{key} is withdrawn, and {[one.id for one in reply.shown]} stand"
        return
    if reply and reply.name in replaced:
        return  # another reply stands in its place, or below it
    if reply and reply.shown:
        return
    if outcome in ANSWERED and not _vanished(town, reply):
        yield f"{key} is {outcome}, and there is nothing to read"
    elif outcome not in ANSWERED and not _is_told(town, question) and not _vanished(town, reply):
        yield f"{key} is {outcome}, and nobody was told"


def _is_told(town: Town, question: str) -> bool:
    """Whether its asker was told there why there is no answer: of several questions once.

    Where the platform did not let them be told, nobody could.
    """
    platform = town.platform
    told = {one.question for one in platform.told} | platform.untold
    told |= {one.refuses for one in platform.messages.values() if one.refuses}
    return _asker(town, question) in {_asker(town, one) for one in told}


def _asker(town: Town, question: str) -> tuple[str, str]:
    said = town.platform.said[question.rpartition("/")[2]]
    return said.who, said.place.partition("/")[0]


def _vanished(town: Town, reply: Reply | None) -> bool:
    return bool(reply and any(one in town.platform.deleted for one in reply.recorded))


def _versions(town: Town, rows: list[sqlite3.Row], replies: dict[str, Reply]) -> Iterator[str]:
    """What is answered is what was asked last."""
    newest: dict[str, Reply | None] = {}
    for row in rows:
        reply = replies.get(row["reply"] or "")
        if row["outcome"] not in WITHOUT_WORDS:
            newest[row["key"].partition("#")[0]] = reply
    numbers = {
        identity(said, town.schedule.flavour): number
        for number, id_ in town.numbered.items()
        if not (said := town.platform.said[id_]).gone  # nobody waits for what it asked last
    }
    for question, version in town.edits.items():
        reply, number = newest.get(question), numbers.get(question)
        if (
            number is None
            or reply is None
            or reply.outcome != "answered"
            or not (words := words_of(reply))
        ):
            continue
        if _is_told(town, question):
            continue  # that its edit could not be taken
        marks = town.endpoint.calls[words[-1][0] - 1].marks
        mine = [mark for mark in marks if mark.startswith(f"Q{number}v")]
        if mine and f"Q{number}v{version}" not in mine:
            yield f"{question} was edited to version {version}, and {mine} was answered"


def _paid(town: Town, database: sqlite3.Connection) -> Iterator[str]:
    if left := database.execute("SELECT count(*) FROM reservations").fetchone()[0]:
        yield f"{left} reservations are left"
    for row in database.execute("SELECT * FROM spending WHERE reserved != 0"):
        yield f"{row['reserved']} is still reserved in {row['key']}"
    rows = list(database.execute("SELECT * FROM model_calls"))
    asked = town.endpoint.calls
    of_the_dead = sum(1 for row in rows if row["outcome"] == "died")
    # One that has ended in time may not have been let write what its calls have cost.
    alive = sum(1 for call in asked if call.life and call.life.ended_at >= town.seconds)
    none_missing = len(rows) >= len(asked) and len(rows) - of_the_dead >= alive
    if not none_missing or len(rows) - len(asked) > of_the_dead:
        yield f"the ledger has {len(rows)} calls, {of_the_dead} of the dead, of {len(asked)}"
    cost = sum(row["cost"] for row in rows)
    for row in database.execute("SELECT * FROM spending WHERE key LIKE '%deployment%'"):
        if row["spent"] != cost:
            yield f"{row['spent']} is spent in {row['key']}, the calls cost {cost}"
    by_id = {row["request_id"]: row for row in rows if row["request_id"]}
    for call in asked:
        row = by_id.get(f"r{call.number}")
        reported = call.usage if call.script.reports else None
        if row and reported and row["completion_tokens"] != reported.completion:
            yield f"call {call.number} is in the ledger with {row['completion_tokens']} tokens"
