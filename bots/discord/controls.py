"""The controls below an answer, as Discord's buttons."""

from dataclasses import dataclass
from typing import Any

import discord

from core.controls import Control, Controls, mark, read

MOST_IN_A_ROW = 5


@dataclass(frozen=True, slots=True)
class Buttons:
    """Buttons as discord.py takes them wherever it takes a view.

    A view of its own waits for presses, is kept for each message for ever, and costs a
    hundred times as much; a press of ours is an event like any other (`bots.discord.presses`).
    """

    controls: Controls

    __discord_ui_view__ = True
    timeout = None

    def to_components(self) -> list[dict[str, Any]]:
        """The rows of buttons, as Discord's API knows them."""
        buttons = [_button(control, label, self.controls.reply) for control, label in self.controls]
        rows = [buttons[n : n + MOST_IN_A_ROW] for n in range(0, len(buttons), MOST_IN_A_ROW)]
        return [{"type": discord.ComponentType.action_row.value, "components": row} for row in rows]

    def has_components_v2(self) -> bool:
        """They stand below content and embeds."""
        return False

    def is_dispatchable(self) -> bool:
        """discord.py has nothing to do with presses."""
        return False

    def is_finished(self) -> bool:
        """Nor has it to wait for them."""
        return True


def controlled_by(message: discord.Message) -> str:
    """The reply whose controls stand below a message; empty: none do."""
    for row in message.components:
        for one in row.children if isinstance(row, discord.ActionRow) else ():
            if (custom_id := getattr(one, "custom_id", None)) and (found := read(custom_id)):
                return found[1]
    return ""


def _button(control: Control, label: str, reply: str) -> dict[str, Any]:
    stops = control is Control.STOP
    style = discord.ButtonStyle.danger if stops else discord.ButtonStyle.secondary
    return {
        "type": discord.ComponentType.button.value,
        "style": style.value,
        "label": label,
        "custom_id": mark(control, reply),
    }
