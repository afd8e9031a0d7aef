"""The law, held against the screen and the records: each breach is a sentence (pure).

For every question exactly one complete answer or one truthful ending; no sign of work is left;
nobody is pinged; no text is torn, lost or doubled; nothing is reserved; the ledger has what the
model has counted.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sandbox.model import Recorded
from tests.faults.real.records import Called, Claim, Records
from tests.faults.real.screen import Seen
from tests.faults.real.texts import letters, numbers_in

COMPLETE = ("answered", "cached")
SILENT = ("withdrawn", "superseded", "deleted", "stop")
"""Outcomes after which nothing has to be said: it was taken back, or was no question."""

TOLERANCE = 0.03
FEW = 5
"""Tokens, for small requests."""

BUFFERED, HUNG_UP = 60, 600
"""Tokens that the model has sent and that may not have arrived: of a stream that broke, and of one
that is not listened to any more, which the model notices a moment later."""


@dataclass
class Asked:
    """A question as it was asked, and what became of it by its asker's own doing.

    `direct` is where its asker and the bot are alone; the answer to a command can go on there.
    `answers` are the numbers of the answers that may be given: one for each time that it was
    edited. `message` is empty for a command. `unsure`: the platform told its asker that it failed.
    """

    number: int
    channel: str
    message: str
    person: str
    answers: dict[int, str]
    direct: str
    thread: str = ""
    deleted: bool = False
    stopped: bool = False
    unsure: bool = False


@dataclass
class Group:
    """Questions that are answered together, and what was said to them."""

    asked: list[Asked]
    claims: list[Claim]
    texts: list[Seen] = field(default_factory=list)
    notices: list[Seen] = field(default_factory=list)

    def name(self) -> str:
        """For people."""
        return " and ".join(f"question {one.number}" for one in self.asked)


def breaches(
    asked: Sequence[Asked],
    screen: Sequence[Seen],
    signs: Iterable[str],
    records: Records,
    *,
    dead: Collection[str] = (),
    may_repeat: bool = False,
) -> list[str]:
    """All breaches of the law.

    `dead` are messages of which the platform takes no edits any more, so that what can be pressed
    there stays; `may_repeat` is said where the design lets text be read twice.
    """
    groups = _groups(asked, records)
    found = [*_shared_out(groups, screen, records)]
    for group in groups:
        found += (f"{group.name()}: {breach}" for breach in _of_group(group, may_repeat=may_repeat))
    found += (f"left over: {sign}" for sign in signs)
    busy = [seen.id for seen in screen if seen.busy and seen.id not in dead]
    found += (f"message {message} still says that the bot is at work" for message in busy)
    found += (f"message {seen.id} pings somebody" for seen in screen if seen.pings)
    found += (f"the reply {name} is not closed" for name in records.open_replies)
    found += ["something is still reserved"] if records.reserved else []
    return found


def _groups(asked: Sequence[Asked], records: Records) -> list[Group]:
    """Questions by the replies that they share."""
    groups: list[Group] = []
    for one in asked:
        claims = [claim for claim in records.claims if _is_of(claim, one)]
        replies = {claim.reply for claim in claims if claim.reply}
        same = [
            group for group in groups if replies & {claim.reply for claim in group.claims} - {""}
        ]
        merged = Group([one], claims)
        for group in same:
            merged.asked += group.asked
            merged.claims += group.claims
            groups.remove(group)
        groups.append(merged)
    return groups


def _is_of(claim: Claim, asked: Asked) -> bool:
    if claim.channel != asked.channel:
        return False
    return claim.message == asked.message if asked.message else "#command:" in claim.key


def _shared_out(groups: Sequence[Group], screen: Sequence[Seen], records: Records) -> Iterator[str]:
    """Give each message to the questions that it is for; those for none are breaches."""
    rest: list[Seen] = []
    for seen in screen:
        numbers = numbers_in(seen.text)
        if len(numbers) > 1:
            yield f"message {seen.id} has the words of several answers: {sorted(numbers)}"
        elif numbers:
            number = numbers.pop()
            of = [group for group in groups if any(number in one.answers for one in group.asked)]
            if of:
                of[0].texts.append(seen)
            else:
                yield f"message {seen.id} answers question {number}, which nobody asked"
        else:
            rest.append(seen)
    for seen in rest:
        group = _for_whom(seen, groups, records)
        if group is None:
            yield f"message {seen.id} is for no question: {seen.text!r} {seen.notice!r}"
        else:
            group.notices.append(seen)


def _for_whom(seen: Seen, groups: Sequence[Group], records: Records) -> Group | None:
    """The group to which a message without words of an answer belongs.

    By its reply, as controls and records name it; else by where it stands, and among several there
    one that has no ending yet.
    """
    told_below = records.messages.get(seen.answers_to, "")  # what comes of a press
    replies = {*seen.replies, records.messages.get(seen.id, ""), told_below} - {""}
    for group in groups:
        if replies & {claim.reply for claim in group.claims}:
            return group
    near = [group for group in groups if any(_is_near(seen, one) for one in group.asked)]
    return min(near, key=lambda group: _has_enough(group, seen), default=None)


def _has_enough(group: Group, seen: Seen) -> tuple[bool, bool]:
    """Whether one more word is hardly for these questions; those asked in this place come first."""
    here = any(one.message and one.channel == seen.channel for one in group.asked)
    return bool(group.texts or _ending(group)), not here


def _is_near(seen: Seen, asked: Asked) -> bool:
    if seen.only_for and seen.only_for != asked.person:
        return False
    if asked.message and asked.message in (seen.answers_to, seen.channel, seen.thread):
        return True
    if seen.answers_to:
        return False
    if seen.channel == asked.direct and (not asked.message or asked.channel == asked.direct):
        return True
    same = seen.thread in (asked.thread, "") if seen.only_for else seen.thread == asked.thread
    return seen.channel in (asked.channel, asked.thread) and (same or not asked.message)


def _ending(group: Group) -> str:
    """How it ended, in the words that people see; empty: there are none."""
    said = [seen.notice for seen in (*group.texts, *group.notices) if seen.notice]
    return said[-1] if said else ""


def _of_group(group: Group, *, may_repeat: bool) -> Iterator[str]:
    if not group.claims:
        # A command that comes while the bot is being stopped is declined, and not claimed.
        declined = [seen for seen in group.notices if seen.notice]
        if not declined and not all(one.unsure or one.deleted for one in group.asked):
            yield "nobody has taken it"
        return
    if waits := [claim.key for claim in group.claims if claim.state != "settled"]:
        yield f"not settled: {waits}"
    if len({number for seen in group.texts for number in numbers_in(seen.text)}) > 1:
        yield "answered more than once"
        return
    yield from _of_text(group, may_repeat=may_repeat)


def _of_text(group: Group, *, may_repeat: bool) -> Iterator[str]:
    """Whether what stands there is the whole answer, or a part of it with the reason why."""
    outcomes = {claim.outcome for claim in group.claims}
    calm = any(one.stopped or not one.message for one in group.asked)
    endings = [seen.notice for seen in group.texts if seen.notice]
    endings += [seen.notice for seen in group.notices]
    if not group.texts and not group.notices:
        if not outcomes <= {*SILENT} and not any(one.deleted for one in group.asked):
            yield f"nothing is said to it ({', '.join(sorted(outcomes))})"
        return
    shown = letters("\n".join(seen.text for seen in group.texts))
    number = next((n for seen in group.texts for n in numbers_in(seen.text)), None)
    wholes = [text for one in group.asked for n, text in one.answers.items() if n == number]
    whole = letters(wholes[0]) if wholes else ""
    if shown == whole and whole:
        if not endings and not outcomes & {*COMPLETE, *SILENT, "stopped", "restored"}:
            yield f"complete, but on record it is {', '.join(sorted(outcomes))}"
    elif not whole.startswith(shown) and not may_repeat:
        yield f"text is torn, lost or doubled: {_difference(shown, whole)}"
    elif not endings:
        yield f"{len(shown)} of {len(whole)} letters, and no word of why ({', '.join(outcomes)})"
    if len(endings) > 1 and not calm:
        yield f"told {len(endings)} times how it ended: {endings}"


def fate(texts: Sequence[Seen], whole: str) -> str:
    """What became of one answer: `complete`, `closed`, or what is wrong with it."""
    shown, said = letters("\n".join(seen.text for seen in texts)), letters(whole)
    if shown == said:
        return "complete"
    if not shown:
        return "nothing shown"
    if not said.startswith(shown):
        return f"wrong: {_difference(shown, said)}"
    return "closed" if texts[-1].notice else "left open"


def _difference(shown: str, whole: str) -> str:
    same = next(
        (n for n, (a, b) in enumerate(zip(shown, whole, strict=False)) if a != b),
        min(len(shown), len(whole)),
    )
    return (
        f"{len(shown)} letters of {len(whole)}; at {same} there is {shown[same : same + 24]!r}"
        f" instead of {whole[same : same + 24]!r}"
    )


def ledger_breaches(calls: Sequence[Called], requests: Sequence[Recorded]) -> Iterator[str]:
    """Where the ledger says something else than the model; no process may have been killed."""
    named = [call.request for call in calls if call.request]
    if len(set(named)) < len(named):
        yield "a call of the model is in the ledger twice"
    nameless = [call for call in calls if not call.request]
    for request in requests:
        if request.status != 200 or request.usage is None:
            continue
        # Whoever hangs up before the end may not have learned the name of the call.
        fitting = [call for call in calls if call.request == request.id]
        fitting += [call for call in nameless if not _difference_of(call, request)]
        if not fitting:
            asked, cut = request.usage, " until it was cut" if request.cancelled else ""
            yield (
                f"the call {request.id} is not in the ledger: {asked.prompt} tokens in, "
                f"{asked.completion} out{cut}"
            )
            continue
        if fitting[0] in nameless:
            nameless.remove(fitting[0])
        if why := _difference_of(fitting[0], request):
            yield f"{request.id} ({fitting[0].outcome}): {why}"


def _difference_of(call: Called, request: Recorded) -> str:
    """What is counted otherwise; empty: nothing is."""
    sent = request.usage
    if abs(call.prompt - sent.prompt) > sent.prompt * TOLERANCE + FEW:
        return f"{call.prompt} tokens asked on record, {sent.prompt} in truth"
    buffered = HUNG_UP if request.cancelled else BUFFERED
    slack = sent.completion * TOLERANCE + buffered if call.estimated else 0
    if abs(sent.completion - call.completion) > slack:
        return f"{call.completion} tokens answered on record, {sent.completion} in truth"
    return ""
