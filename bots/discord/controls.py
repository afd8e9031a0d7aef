"""The controls below an answer, as Discord's buttons."""

from typing import Any

import discord

from core.controls import Control, Controls, mark

MOST_IN_A_ROW = 5


class Buttons(discord.ui.View):
    """Buttons that live in Discord alone: a press of one is an event like any other.

    discord.py would keep a view for each message for ever, and forget them at its end.
    """

    def __init__(self, controls: Controls) -> None:
        super().__init__(timeout=None)
        for number, (control, label) in enumerate(controls):
            self.add_item(_button(control, label, controls.reply, number // MOST_IN_A_ROW))

    def is_dispatchable(self) -> bool:
        """Never: see above."""
        return False


def _button(control: Control, label: str, reply: str, row: int) -> "discord.ui.Button[Any]":
    stops = control is Control.STOP
    return discord.ui.Button(
        label=label,
        style=discord.ButtonStyle.danger if stops else discord.ButtonStyle.secondary,
        custom_id=mark(control, reply),
        row=row,
    )
