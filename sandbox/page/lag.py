"""How far what readers see is behind what the model has sent, answer by answer."""

import asyncio
import html
import re
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.model.record import Recorded, Sent
from sandbox.world import Change, Message, Space

Json = dict[str, Any]

KEPT = 6
"""Answers that are shown, the newest."""

SAMPLES = 300
"""Points of an answer's graph."""

TOGETHER = 0.1
"""Seconds whose changes are told at once."""

LONGEST = 200_000
"""Letters of an answer that are compared; what follows is not measured."""

TAIL, TRIED = 32, 200
"""Letters by which the end of a message is found in the answer, and how far before its end."""

FEWEST = 8
"""Letters by which a message in the middle of an answer is known."""

LOST = 2
"""Letters that the platform's way of writing may cost."""

LISTED = 60
"""Letters of a question that are shown."""


def letters(text: str) -> str:
    """What both the model's Markdown and the platform's way of writing have in common."""
    return re.sub(r"[\W_]+", "", html.unescape(text)).lower()


class Answer:
    """One answer: what the model has sent when, and how much of it can be seen.

    Amounts are in characters of what the model has sent, times in the event loop's seconds.
    """

    def __init__(self, request: Recorded, now: float) -> None:
        self.id = request.id
        self.conversation = request.body.get("prompt_cache_key", "")
        self.question = asked(request.question)
        self.begun = now
        self.state = "streaming"
        self.space = ""
        self.place: tuple[str, str] = ("", "")
        self.sent = 0
        self.samples: deque[tuple[float, int]] = deque(maxlen=SAMPLES)
        self._letters = ""
        self._at = 0
        self._begins: dict[str, int] = {}
        self._ends: list[int] = []
        self._sent: list[int] = []
        self._times: list[float] = []

    def send(self, text: str, now: float) -> None:
        """The model has sent more."""
        if not text or len(self._letters) > LONGEST:
            return
        self.sent += len(text)
        self._letters += letters(text)
        self._ends.append(len(self._letters))
        self._sent.append(self.sent)
        self._times.append(now)

    def end(self, *, whole: bool) -> None:
        """Nothing more will come."""
        self.state = "sent" if whole else "cut"

    def supersede(self) -> None:
        """The bot has asked again, as it does after a crash: the other answer is what counts."""
        self.state = "again"

    def show(self, text: str, message: str = "") -> None:
        """A message of it reads like this now; a new one begins where the last one has ended."""
        reached = self.reach(text, message)
        self._begins.setdefault(message, self._at)
        self._at = max(self._at, reached)

    def reach(self, text: str, message: str = "") -> int:
        """How many of its letters have been sent up to the end of a message; 0: none of them."""
        seen = letters(text)
        if not seen or not self._letters:
            return 0
        begin = self._begins.get(message, self._at)
        return self._reach(seen, begin) or (self._reach(seen, 0) if begin else 0)

    def _reach(self, seen: str, begin: int) -> int:
        if self._letters.startswith(seen, begin):
            return begin + len(seen)
        if not begin and seen.startswith(self._letters):
            return len(self._letters)
        return self._found(seen, begin)

    def _found(self, seen: str, begin: int) -> int:
        """Where the end of a message is in the answer, though a notice may follow it there."""
        for end in range(len(seen), max(FEWEST - 1, len(seen) - TRIED), -1):
            tail = seen[max(0, end - TAIL) : end]
            at = self._letters.find(tail, max(begin, self._at - len(tail)))
            if at >= 0:
                return at + len(tail)
        return 0

    @property
    def behind(self) -> int:
        """Characters that cannot be seen yet."""
        if len(self._letters) - self._at <= LOST:
            return 0
        chunk = bisect_right(self._ends, self._at)
        begins = (self._ends[chunk - 1], self._sent[chunk - 1]) if chunk else (0, 0)
        share = (self._at - begins[0]) / (self._ends[chunk] - begins[0])
        return self.sent - begins[1] - round(share * (self._sent[chunk] - begins[1]))

    def late(self, now: float) -> float:
        """Seconds since the first of them was sent."""
        return now - self._times[bisect_right(self._ends, self._at)] if self.behind else 0.0

    @property
    def is_over(self) -> bool:
        """Whether nothing can change any more."""
        return self.state == "again" or (self.state != "streaming" and not self.behind)

    def as_json(self, now: float) -> Json:
        """As it stands; this becomes a point of its graph."""
        self.samples.append((round(now - self.begun, 2), self.behind))
        return {
            "id": self.id,
            "space": self.space,
            "question": self.question,
            "state": "done" if self.state == "sent" and not self.behind else self.state,
            "sent": self.sent,
            "behind": self.behind,
            "late": round(self.late(now), 2),
            "samples": [self.samples[-1]],
        }


class Lag:
    """Compares what the model sends with what the bot's messages say, and tells how it stands.

    A message belongs to the answer whose words it has; of two with the same words, to the one
    whose question can be seen where the message is.
    """

    def __init__(self, spaces: Iterable[Space], tell: Callable[[Json], object]) -> None:
        self._spaces = {space.name: space for space in spaces}
        self._tell = tell
        self._answers: deque[Answer] = deque(maxlen=KEPT)
        self._changed: dict[str, Answer] = {}
        self._timer: asyncio.TimerHandle | None = None

    def all(self) -> list[Json]:
        """Every answer that is shown, with its whole graph, the oldest first."""
        now = _now()
        return [one.as_json(now) | {"samples": list(one.samples)} for one in self._answers]

    def sent(self, sent: Sent) -> None:
        """The model has sent a piece of an answer, or its last one."""
        answer = next((one for one in self._answers if one.id == sent.request.id), None)
        if answer is None:
            if not sent.text:
                return
            answer = self._begun(sent)
        answer.send(sent.text, sent.at)
        if sent.over:
            answer.end(whole=sent.whole)
        self._soon(answer)

    def changed(self, change: Change) -> None:
        """Something can be seen, or cannot any more."""
        message = change.message
        if message is None or change.what not in ("posted", "edited"):
            return
        space = self._spaces[change.space]
        if space.people[message.author].is_bot and (answer := self._answer(space, message)):
            answer.space, answer.place = space.name, (message.channel, message.thread)
            answer.show(message.text, message.id)
            self._soon(answer)

    def close(self) -> None:
        """Tell nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begun(self, sent: Sent) -> Answer:
        """A new answer; in a conversation, and for one message, there is one at a time."""
        answer = Answer(sent.request, sent.at)
        for one in self._answers:
            if answer.conversation and one.conversation == answer.conversation and not one.is_over:
                one.supersede()
                self._soon(one)
        self._answers.append(answer)
        return answer

    def _answer(self, space: Space, message: Message) -> Answer | None:
        """The answer that a message is of: one that began in the same place, or a new one."""
        place = (message.channel, message.thread)
        going = [
            one for one in self._answers if not one.is_over and one.reach(message.text, message.id)
        ]
        here = [one for one in going if (one.space, one.place) == (space.name, place)]
        new = [one for one in going if not one.space]
        fitting = [one for one in new if _is_asked(one.question, space, message)]
        return next(iter(here + fitting + new), None)

    def _soon(self, answer: Answer) -> None:
        self._changed[answer.id] = answer
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TOGETHER, self._flush)

    def _flush(self) -> None:
        self._timer = None
        changed, self._changed = self._changed, {}
        for answer in changed.values():
            self._tell({"kind": "lag", "answer": answer.as_json(_now())})


def asked(said: str) -> str:
    """The question in what the model was sent, without the remarks and the name before it."""
    words = re.sub(r"^\[[^\]\n]*\]\n", "", said)
    return " ".join(re.sub(r"^[^\s:]{1,40}: ", "", words).split())[:LISTED]


def _is_asked(question: str, space: Space, message: Message) -> bool:
    """Whether the question stands in the message's channel, or in the one that its thread is of."""
    parent = space.channels[message.channel].parent
    wanted = letters(question)
    return any(
        wanted in letters(said.text)
        for place in filter(None, (message.channel, parent))
        for said in space.messages(place)
        if not space.people[said.author].is_bot
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
