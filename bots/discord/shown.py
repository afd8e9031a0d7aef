"""What a message of the bot shows: the answer as plain content, a notice beside it.

A notice is an embed, so that history never takes it for the answer. Where the bot may not
embed, it is a line under the answer, in small print that is known again.
"""

from collections.abc import Mapping
from typing import Any

import discord

from bots.discord.controls import Buttons
from core.pages import utf16
from core.surface import Limit, Page

GREY = 0x8E9297

NO_MENTIONS = discord.AllowedMentions.none()

SMALL_PRINT = "-# ⓘ "


LIMIT = Limit(2000, utf16)

NOTICE = Limit(4000, utf16)
"""The room for a notice; an embed's description holds 4096 units."""

SHORTEST = 40
"""Units of small print; less says nothing."""


def content(page: Page) -> dict[str, Any]:
    """What a message that shows this page is made of; it pings nobody."""
    notice = _shown(page.notice)
    embeds = [discord.Embed(description=notice, colour=GREY)] if notice else []
    buttons = {"view": Buttons(page.controls)} if page.controls else {}
    return {"content": page.text, "embeds": embeds, "allowed_mentions": NO_MENTIONS, **buttons}


def without_links(notice: str) -> str:
    """A notice in which no link hides where it leads: names of files and people stand in it."""
    return notice.replace("](", "]\u2060(")


def _shown(notice: str) -> str:
    return NOTICE.cut(without_links(notice))


def change(page: Page) -> dict[str, Any]:
    """What a message that is to show this page is changed to: buttons that it had are gone."""
    return {"view": None, **content(page)}


def without_embed(page: Page) -> Page:
    """The page with its notice in small print, where there is room for it."""
    return Page(_with_small_print(page.text, page.notice), controls=page.controls)


def _with_small_print(text: str, notice: str) -> str:
    line = " ".join(without_links(notice).split())
    room = LIMIT.size - utf16(f"{text}\n{SMALL_PRINT}")
    if not line or (utf16(line) > room and room < SHORTEST):
        return text
    return f"{text}\n{SMALL_PRINT}{Limit(room, utf16).cut(line)}".strip()


def answer_in(text: str) -> str:
    """The answer in the content of a message of ours, without small print."""
    lines = text.rstrip().split("\n")
    if lines[-1].startswith(SMALL_PRINT):
        lines.pop()
    return "\n".join(lines).strip()


def is_blank(page: Page) -> bool:
    """Whether Discord would call a message of this page empty."""
    return not (page.text.strip() or page.notice)


def face(page: Page) -> tuple[str, str]:
    """What people see of a page; Discord trims white space."""
    return page.text.strip(), _shown(page.notice)


def face_in(fields: Mapping[str, Any]) -> tuple[str, str]:
    """What people see of one of our messages, as Discord's JSON has it."""
    embeds = fields.get("embeds") or ()
    notices = (one.get("description") for one in embeds if one.get("color") == GREY)
    return str(fields.get("content", "")).strip(), next(notices, None) or ""


def face_of(message: discord.Message) -> tuple[str, str]:
    """What people see of one of our messages, previews of links aside."""
    notices = (e.description for e in message.embeds if e.colour == discord.Colour(GREY))
    return message.content.strip(), next(notices, None) or ""
