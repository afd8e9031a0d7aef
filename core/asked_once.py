"""What was asked by a command, kept for a while, so that it can be answered anew.

A command stands in no message, from which its question could be read again.
"""

import json
from dataclasses import dataclass

import structlog

from core.erasing import place_of
from core.errors import StoreFailed
from core.messages import Conversation, Question
from core.store.texts import ANYTHING, Texts

log = structlog.get_logger()

KIND = "asked"
"""What these are called among texts at rest."""


@dataclass(frozen=True, slots=True)
class AskedOnce:
    """The words of a question, and the persona that was asked."""

    text: str
    persona: str


async def keep(texts: Texts, question: Question, reply: str, message: str) -> None:
    """Keep what the reply of this name answers, as long as its first message is there."""
    body = json.dumps({"text": question.text, "persona": question.persona})
    sources = [(reply, ""), *([(message, ANYTHING)] if message else [])]
    try:
        await texts.keep(KIND, place_of(question.conversation), body, sources)
    except StoreFailed as error:
        log.error("question of a command not kept", reply=reply, error=str(error))


async def find(texts: Texts, conversation: Conversation, reply: str) -> AskedOnce | None:
    """What the reply of this name answers; None where that is not kept (any more)."""
    kept = await texts.made_from(KIND, place_of(conversation), (reply,))
    return AskedOnce(**json.loads(kept[0].body)) if kept else None
