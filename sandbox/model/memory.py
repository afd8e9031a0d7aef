"""What the stand-in can remember: it looks up what it was told in the same talk."""

import re
from collections.abc import Iterable, Iterator

from sandbox.model.talk import Said, Talk

_FACT = re.compile(r"\b(my|our|the) ([\w' -]{1,40}?) (?:is|are) ([^.!?\n]+)", re.IGNORECASE)
_ASKED = re.compile(
    r"\b(?:what|who|where|when|which)(?:['\u2019]s| is| are| was) (?:my|our|the) ([\w' -]+)",
    re.IGNORECASE,
)
_NAMED = re.compile(r"\b(?:call me|i am called|i'm called) ([\w' -]{1,40})", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:[.,]\d+)*")
_WHO = re.compile(r"\bwho am i\b", re.IGNORECASE)
_NUMBERS = re.compile(r"\b(?:what|which)\b.*\bnumbers?\b", re.IGNORECASE | re.DOTALL)
_TOLD = re.compile(
    r"\b(?:what|which|repeat|list)\b.*\b(?:tell|told|say|said|ask|asked|remember|mention|mentioned)\b",
    re.IGNORECASE | re.DOTALL,
)
_REMEMBER = re.compile(r"\bremember\b[:,]?\s*(?:that\s+)?(.+)", re.IGNORECASE | re.DOTALL)

SHOWN = 200
"""Characters of a message that are repeated."""


def recall(talk: Talk) -> str:
    """An answer from memory; empty when nothing of the kind was asked or told."""
    return _recalled(talk) or _noted(talk.question)


def shortened(text: str) -> str:
    """A message as it is repeated: on one line, not too long."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN].rstrip()} …"


def _recalled(talk: Talk) -> str:
    question = talk.question
    if _WHO.search(question):
        return _fact(talk, "name")
    if asked := _ASKED.search(question):
        return _fact(talk, asked[1])
    if _NUMBERS.search(question):
        return _numbers(talk)
    if _TOLD.search(question):
        return _told(talk)
    return ""


def _fact(talk: Talk, thing: str) -> str:
    """What the asker told; what others said of themselves is not the asker's."""
    thing = thing.strip().lower()
    known = dict(_facts(talk.earlier, talk.asker))
    if thing in known:
        return f"You told me: your {thing} is **{known[thing]}**."
    others = {told for said in talk.earlier for told, _ in _facts([said], said.by)}
    if thing in others or (talk.earlier and thing == "name"):
        return f"You have not told me your {thing} in this conversation."
    return ""


def _facts(told: Iterable[Said], by: str) -> Iterator[tuple[str, str]]:
    """What was told by somebody; what is not of themselves, by anybody."""
    for said in told:
        own = said.by == by
        for whose, thing, value in _FACT.findall(said.text):
            if own or whose.lower() != "my":
                yield thing.strip().lower(), value.strip()
        for name in _NAMED.findall(said.text) if own else ():
            yield "name", name.strip()


def _numbers(talk: Talk) -> str:
    found = [number for said in talk.earlier for number in _NUMBER.findall(said.text)]
    if not found:
        return "I have not seen a number in this conversation yet."
    named = ", ".join(f"**{number}**" for number in found)
    return f"I was told {'this number' if len(found) == 1 else 'these numbers'}: {named}."


def _told(talk: Talk) -> str:
    if not talk.earlier:
        return "This is the first thing that you have told me in this conversation."
    lines = "\n".join(f"{n}. “{shortened(said.text)}”" for n, said in enumerate(talk.earlier, 1))
    return f"So far in this conversation I was told:\n\n{lines}"


def _noted(text: str) -> str:
    """Something that was told to be remembered."""
    if text.rstrip().endswith("?"):
        return ""
    if fact := next(_facts([Said(text)], ""), None):
        thing, value = fact
        return f"I shall remember that your {thing} is **{value}**. Ask me for it later."
    if told := _REMEMBER.search(text):
        return f"I shall remember “{shortened(told[1])}”. Ask me later what you told me."
    return ""
