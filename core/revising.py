"""In whose place a question is answered anew, after a press or an edit."""

from typing import Any

from core.controls import Control
from core.erasing import place_of
from core.queue import Revision
from core.store import Known
from core.store.texts import Texts
from core.surface import Surface

FORMER = "former"
"""The kind of text that stands where a newer answer has taken its place."""

REVISES = (Control.RETRY, Control.CONTINUE, Control.RESTORE)
"""The controls by which a question is answered anew."""


async def former_of(texts: Texts, known: Known) -> str | None:
    """What stood in the place of a reply before; None when it is not kept (any more)."""
    kept = await texts.made_from(FORMER, place_of(known.conversation), (known.name,))
    return kept[0].body if kept else None


def pressed(control: Control, known: Known, surface: Surface, former: str | None) -> Revision:
    """What a press below a reply is to bring about; `former` is what stood there before."""
    text = former if control is Control.RESTORE else None
    return revision_of(
        known,
        surface,
        text=text,
        goes_on=control is Control.CONTINUE,
        within_code=bool(known.about.get("within_code")),
        trailing=str(known.about.get("trailing", "")),
        is_cut_off=text is not None and bool(known.about.get("former_was_cut_off")),
    )


def revision_of(known: Known, surface: Surface, **how: Any) -> Revision:
    """What takes the place of a reply: in its messages, or below them where they are too old."""
    shown = "messages" if surface.editable(known.messages) else "points"
    how[shown] = known.messages
    return Revision(known.name, was_cut_off=known.is_cut_off, **how)
