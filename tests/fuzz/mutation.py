"""Recorded payloads with something in them changed, and how long a test goes on with them."""

import copy
import os
import random
import time
from collections.abc import Iterator
from typing import Any

SECONDS = float(os.environ.get("FUZZ_SECONDS", "12"))
"""How long each test tries; `make fuzz` gives them more."""

SEED = int(os.environ.get("FUZZ_SEED", "1"))

BATCH = 100
"""Bad inputs between two good ones."""


def nested(depth: int) -> Any:
    """A list in a list in a list."""
    found: Any = []
    for _ in range(depth):
        found = [found]
    return found


STRANGE: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 3, 2**31, 2**53, 2**63 - 1, 2**63, 2**64, 10**30, 1.5, 1e308),
    *("", " ", "0", "-1", "1.5", "nan", "1e999", "9" * 25, "9" * 5000, "x" * 20_000),
    *("\ud800", "\udfff\ud800", "\x00", "\u202e", "\ufeff", "\u2028", "\u0660", "e\u0301" * 50),
    *("👩\u200d👩\u200d👧", "İ", "²", "1700000000.000100", "1700000000", "slack", "a/b:c#d"),
    *("<@U0PARLEY>", "<@", "<!channel>", "<@1009>", "<#", "```", "](", "@everyone", "parley:stop:"),
    *("parley:retry:x", "../../etc/passwd", "file:///etc/passwd", "http://127.0.0.1:1/", "%00"),
    *([], {}, [None], [[]], [0], {"": None}, {"type": None}, [{"type": "rich_text"}], {"id": []}),
    *(nested(200), [[{}] * 50] * 20),
)


def rounds(share: float = 1.0) -> Iterator[random.Random]:
    """One source of chance for each batch, as long as there is time; the first comes always."""
    end = time.monotonic() + SECONDS * share
    for number in range(10**9):
        yield random.Random(f"{SEED}/{number}")
        if time.monotonic() > end:
            return


def mutated(chance: random.Random, payload: Any) -> Any:
    """A payload with one to four things in it changed."""
    changed = {"": copy.deepcopy(payload)}
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        places = list(_places(changed))
        holder, key = chance.choice(places)
        _change(chance, holder, key, places)
    return changed.get("")


def _places(value: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    """Every member of a payload, as what holds it and its name there."""
    if depth > 30:
        return
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in list(members):
        yield value, key
        if isinstance(one, dict | list):
            yield from _places(one, depth + 1)


def _change(chance: random.Random, holder: Any, key: Any, places: list[tuple[Any, Any]]) -> None:
    value = holder[key]
    match chance.randrange(7):
        case 0 if key != "":
            del holder[key]
        case 1:
            other, name = chance.choice(places)
            # What stands in itself has no end.
            holder[key] = copy.deepcopy(other[name]) if _has(other, name) else None
        case 2 if isinstance(value, str):
            at = chance.randint(0, len(value))
            piece = chance.choice([one for one in STRANGE if isinstance(one, str)])
            holder[key] = value[:at] + piece + value[chance.randint(at, len(value)) :]
        case 3 if isinstance(value, list):
            holder[key] = value * chance.choice((2, 60))
        case 4:
            holder[key] = chance.choice(([value], {"value": value}, str(value)))
        case 5 if isinstance(holder, dict) and key != "":
            holder[chance.choice(("", "type", "id", "text", key + "x"))] = holder.pop(key)
        case _:
            holder[key] = copy.deepcopy(chance.choice(STRANGE))


def _has(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else key < len(holder)
