"""The Bolt app: which of our functions hears what."""

import logging
import re
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization.authorize_result import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.commands import ASK, PARLEY, Commands
from bots.slack.door import Door
from bots.slack.forget import NO, YES, Forget
from bots.slack.form import CALLBACK
from bots.slack.identity import Identity
from bots.slack.menus import ASK_ABOUT, SUMMARISE, Menus
from bots.slack.parley import Parley
from bots.slack.presses import PressListener
from bots.slack.settings import Settings
from core.controls import PREFIX


def build(
    us: Identity,
    web: AsyncWebClient,
    *,
    door: Door,
    commands: Commands,
    menus: Menus,
    parley: Parley,
    presses: PressListener,
    settings: Settings,
    forget: Forget,
) -> AsyncApp:
    """An app for one workspace, whatever the environment holds.

    With an `authorize` of our own Bolt neither calls auth.test again nor takes
    SLACK_CLIENT_ID and SLACK_CLIENT_SECRET for a wish to install the app by OAuth.
    """

    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None,
            team_id=us.team,
            bot_user_id=us.user,
            bot_id=us.bot,
            bot_token=web.token,
        )

    app = AsyncApp(
        name="parley",
        logger=_quiet(),
        client=web,
        authorize=authorize,
        before_authorize=door.sift,
        # The door tells our own messages apart, and needs to see what becomes of them.
        ignoring_self_events_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    app.use(door.take)
    app.command(ASK)(commands.ask)
    app.command(PARLEY)(parley)
    app.action(re.compile(f"^{PREFIX}_"))(presses)
    app.action(YES)(forget.confirmed)
    app.action(NO)(forget.declined)
    app.shortcut(ASK_ABOUT)(menus.ask_about)
    app.view(ASK_ABOUT)(menus.asked_about)
    app.shortcut(SUMMARISE)(menus.summarise)
    app.view(CALLBACK)(settings.submitted)
    return app


def _quiet() -> logging.Logger:
    """Bolt warns of each way to give it a token while it is also given `authorize`."""
    logger = logging.getLogger("slack_bolt.parley")
    logger.setLevel(logging.ERROR)
    return logger
