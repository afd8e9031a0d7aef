"""What people do and what goes wrong, drawn from a seed: all of it values, so that it can be played
again, read, and made smaller."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

PEOPLE = ("U1", "U2", "U3")

CALLS = ("post", "edit", "remove", "read", "sign", "whisper")
"""What is asked of a platform."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What becomes of the request of this number, among those of its kind.

    `limited`: refused for now. `failed`, `reset`: no answer, before anything was done;
    `done_failed`, `done_reset`: after it. `slow`: it takes so long. `refused`: for good.
    `vanished`: somebody has deleted the message that it is about. `frozen`: that takes no edits.
    """

    call: str
    number: int
    kind: str
    seconds: float = 0.0

    def __str__(self) -> str:
        seconds = f" ({self.seconds:g} s)" if self.seconds else ""
        return f"{self.kind} at {self.call} {self.number}{seconds}"


@dataclass(frozen=True, slots=True)
class Outage:
    """For so long nothing of a kind works: the `platform`, the `endpoint`, the `database`.

    The database is `locked` by another program, or `full`.
    """

    what: str
    at: float
    seconds: float

    def __str__(self) -> str:
        return f"no {self.what} at {self.at:.1f} for {self.seconds:g} s"


@dataclass(frozen=True, slots=True)
class Script:
    """What a call of the model brings: so many words, in pieces with so many seconds between.

    `end` is a finish reason, or how it fails: `broken` and `silent` after its words, all others
    before any. `reports`: whether it says what it has counted.
    """

    words: int = 20
    piece: int = 4
    gap: float = 0.1
    end: str = "stop"
    seconds: float = 0.0
    reports: bool = True
    thinks: bool = False
    code: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """Something that somebody does: asks, or does something with the question of a number.

    `late` are the seconds until the bot is told; with `twice` it is told again after them.
    """

    at: float
    kind: str
    who: str
    place: str = ""
    question: int = -1
    late: float = 0.0
    twice: float = 0.0

    def __str__(self) -> str:
        about = f" question {self.question}" if self.question >= 0 else ""
        where = f" in {self.place}" if self.place else ""
        return f"{self.at:.2f} {self.who} {self.kind}{about}{where}"


@dataclass(frozen=True, slots=True)
class End:
    """How a process ends: killed at a step of its own or at a time, or told to drain.

    Another one takes its place after so many seconds; it is that one's turn to be killed at the
    step of the next end.
    """

    process: int
    at: float = 0.0
    step: int = 0
    drains: bool = False
    again: float = 1.0

    def __str__(self) -> str:
        when = f"step {self.step}" if self.step else f"{self.at:.2f}"
        return f"process {self.process} {'drained' if self.drains else 'killed'} at {when}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """One town and its faults."""

    seed: int
    flavour: str
    acts: tuple[Act, ...]
    faults: tuple[Fault, ...] = ()
    outages: tuple[Outage, ...] = ()
    scripts: dict[int, Script] = field(default_factory=dict)
    ends: tuple[End, ...] = ()
    processes: int = 1
    delete_with_question: bool = False
    tight: bool = False

    @property
    def parts(self) -> Sequence[tuple[str, object]]:
        """All that can be left out of it."""
        return [
            *(("outages", one) for one in self.outages),
            *(("ends", one) for one in self.ends),
            *(("faults", one) for one in self.faults),
            *(("scripts", number) for number in self.scripts),
            *(("acts", one) for one in reversed(self.acts)),
        ]


FAULTS = {
    "post": ("limited", "failed", "reset", "done_failed", "done_reset", "slow", "refused"),
    "edit": (
        *("limited", "failed", "reset", "done_failed", "done_reset", "slow"),
        *("refused", "vanished", "frozen"),
    ),
    "remove": ("limited", "failed", "done_reset", "slow"),
    "read": ("limited", "failed", "slow"),
    "sign": ("limited", "failed", "reset", "slow", "refused"),
    "whisper": ("limited", "failed", "done_reset", "slow", "refused"),
}

MODEL_ENDS = (
    *("stop", "stop", "stop", "length", "content_filter", "tool_calls", "eos"),
    *("broken", "silent", "refused_key", "spent", "limited", "limited_long", "failed", "unreached"),
    *("slow", "too_large", "bad", "gone", "empty", "blank"),
)


def drawn(seed: int, kind: str = "faults") -> Schedule:
    """The schedule of a seed. `kind`: `faults`, `company` of two processes, `crashes`, `drains`."""
    rng = random.Random(f"parley {kind} {seed}")
    acts = tuple(sorted(_acts(rng), key=lambda act: act.at))
    some_end = kind in ("crashes", "drains")
    processes = 2 if kind == "company" or (some_end and rng.random() < 0.4) else 1
    return Schedule(
        seed,
        rng.choice(("slack", "discord")),
        acts,
        tuple(_faults(rng)),
        tuple(_outages(rng)),
        dict(_scripts(rng)),
        tuple(_ends(rng, kind, processes)),
        processes=processes,
        delete_with_question=rng.random() < 0.3,
        tight=rng.random() < 0.2,
    )


def _acts(rng: random.Random) -> list[Act]:
    places = rng.sample(("C1/T1", "C1/T2", "C2/T3", "D1/"), rng.randint(1, 3))
    acts: list[Act] = []
    at = 0.0
    for number in range(rng.randint(1, 6)):
        at += rng.choice((0.0, 0.05, 0.5, 2.0, 8.0, 30.0)) * rng.random()
        place = rng.choice(places)
        who = "U1" if place.startswith("D") else rng.choice(PEOPLE[: rng.randint(1, 3)])
        kind = rng.choices(("asks", "says nothing", "says stop"), (20, 1, 2))[0]
        twice = rng.random() * 5 if rng.random() < 0.25 else 0.0
        acts.append(Act(at, kind, who, place, number, _late(rng), twice))
        if kind != "asks":
            continue
        for _ in range(rng.choices((0, 1, 2, 3), (5, 3, 2, 1))[0]):
            does = rng.choice(
                ("edits", "edits", "deletes", "stops", "retries", "continues", "restores")
            )
            by = who if rng.random() < 0.85 else rng.choice(PEOPLE)
            when = at + rng.choice((0.05, 0.5, 3.0, 10.0, 60.0)) * rng.random() + 0.01
            acts.append(Act(when, does, by, "", number, _late(rng), twice))
    return acts


def _late(rng: random.Random) -> float:
    return rng.choice((0.0, 0.0, 0.0, 0.3, 3.0)) * rng.random()


def _faults(rng: random.Random) -> list[Fault]:
    dense = rng.choice((0, 2, 5, 12))
    found = {}
    for _ in range(rng.randint(0, dense)):
        call = rng.choices(CALLS, (5, 8, 1, 2, 2, 2))[0]
        number = int(rng.expovariate(1 / 5)) + 1
        kind = rng.choice(FAULTS[call])
        seconds = {"limited": rng.choice((0.5, 2.0, 30.0)), "slow": rng.choice((2.0, 10.0, 40.0))}
        # Not more often than once in a while is a message refused or deleted.
        if kind in ("refused", "vanished", "frozen") and rng.random() < 0.6:
            kind = "failed"
        found[call, number] = Fault(call, number, kind, seconds.get(kind, 0.0))
    return list(found.values())


def _outages(rng: random.Random) -> list[Outage]:
    if rng.random() < 0.7:
        return []
    what = rng.choice(("platform", "endpoint", "locked", "full"))
    seconds = rng.choice((1.0, 4.0, 12.0) if what in ("locked", "full") else (2.0, 20.0, 200.0))
    return [Outage(what, rng.random() * 20, seconds)]


def _scripts(rng: random.Random) -> list[tuple[int, Script]]:
    odds = rng.choice((0.1, 0.5, 0.9))
    scripts = []
    for number in range(12):
        end = rng.choice(MODEL_ENDS) if rng.random() < odds else "stop"
        words = rng.choice((1, 5, 30, 80, 250))
        script = Script(
            words,
            piece=rng.choice((1, 5, 40)),
            gap=rng.choice((0.0, 0.02, 0.2, 1.0)),
            end=end,
            seconds=rng.choice((0.5, 5.0)),
            reports=rng.random() < 0.8,
            thinks=rng.random() < 0.2,
            code=rng.random() < 0.3,
        )
        scripts.append((number + 1, script))
    return scripts


def _ends(rng: random.Random, kind: str, processes: int) -> list[End]:
    if kind == "drains":
        at, again = rng.random() * 20, rng.choice((0.5, 3.0))
        ends = [End(0, at=at, drains=True, again=again)]
        if rng.random() < 0.2:
            ends.append(End(0, at=at + 9 * rng.random(), again=again))
        return ends
    if kind != "crashes":
        return []
    ends = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        step = int(10 ** (1 + 2.7 * rng.random())) if rng.random() < 0.6 else 0
        at = 0.0 if step else rng.random() * rng.choice((20, 60))
        ends.append(End(rng.randrange(processes), at, step, again=rng.choice((0.3, 5.0, 60.0))))
    return ends
