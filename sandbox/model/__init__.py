"""An OpenAI-compatible API on loopback, with a stand-in where no model answers."""

from sandbox.model.allowance import Allowance
from sandbox.model.answer import (
    Answer,
    Comment,
    Cut,
    Fail,
    NoChoices,
    Pause,
    Piece,
    Raw,
    Reasoning,
    Refusal,
    Stall,
    pieces_of,
)
from sandbox.model.record import Recorded
from sandbox.model.server import ModelServer, Script

__all__ = [
    "Allowance",
    "Answer",
    "Comment",
    "Cut",
    "Fail",
    "ModelServer",
    "NoChoices",
    "Pause",
    "Piece",
    "Raw",
    "Reasoning",
    "Recorded",
    "Refusal",
    "Script",
    "Stall",
    "pieces_of",
]
