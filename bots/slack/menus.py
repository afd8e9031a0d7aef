"""A message's menu, and `/parley summary`: answers about messages, to the asker alone.

Sources: docs.slack.dev/interactivity/implementing-shortcuts, docs.slack.dev/surfaces/modals
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import structlog

from bots.slack import messages
from bots.slack.blocks import content
from bots.slack.calls import CallFailed
from bots.slack.commands import QUICKLY, THINKING, Commands, address, place_of, tell
from bots.slack.gate import Gate, met
from bots.slack.history import History
from bots.slack.messages import PLATFORM, Message
from bots.slack.parley import Use
from bots.slack.payload import string
from bots.slack.prepared import PreparedSurface
from bots.slack.response import ResponseUrl
from bots.slack.workspace import Workspace
from core import notices
from core.errors import MessageGone, NothingThere
from core.messages import Author, Conversation, Question, Turn
from core.notices import EXPLAINED, HOW_MANY, NO_FORM, THREAD_SUMMARY, channel_summary
from core.pace import Urgency
from core.prepared import IN_POINTS, Preparation, Prepared, about, how_many
from core.surface import Page
from core.words import Notice, told

log = structlog.get_logger()

ASK_ABOUT, SUMMARISE = "ask_about_message", "summarise_thread"

WISH = "wish"
"""The id of the form's one field, and of its block."""

WISH_LENGTH = 3_000
"""Characters of a wish; the most that Slack takes."""

FORM_TIMEOUT = 2.0
"""Seconds in which a form opens, if it does; the trigger lives for three."""

Ack = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who points at something where, and how they are answered. `place` is what people call it."""

    channel: str
    place: str
    user: str
    handle: str
    trigger: str
    url: str

    @classmethod
    def of_command(cls, body: Mapping[str, Any]) -> "Origin":
        """Where a command was given."""
        return cls(
            string(body, "channel_id"),
            place_of(string(body, "channel_name")),
            string(body, "user_id"),
            string(body, "user_name"),
            string(body, "trigger_id"),
            string(body, "response_url"),
        )

    @classmethod
    def of_shortcut(cls, body: Mapping[str, Any]) -> "Origin":
        """Where a message stands whose menu was used."""
        channel, user = body.get("channel"), body.get("user")
        return cls(
            string(channel, "id"),
            place_of(string(channel, "name")),
            string(user, "id"),
            string(user, "name"),
            string(body, "trigger_id"),
            string(body, "response_url"),
        )


class Menus:
    """What can be wanted to know of messages; methods are Bolt's listeners."""

    def __init__(
        self, workspace: Workspace, commands: Commands, gate: Gate, clock: Callable[[], float]
    ) -> None:
        self._workspace = workspace
        self._gate = gate
        self._commands = commands
        self._clock = clock
        self._history = History(workspace)

    async def summary(self, use: Use) -> None:
        """`/parley summary [N]`: the newest messages of the channel in a few points."""
        count = how_many(use.words)
        if count is None:
            await use.tell(HOW_MANY)
            return
        origin = Origin.of_command(use.body)
        label = channel_summary(count)

        async def prepare(question: Question) -> Prepared:
            return _of(question, await self._history.newest(origin.channel, count))

        surface, question = self._surface(origin, label, prepare, after=use.acknowledged)
        await self._take(
            question,
            surface,
            lambda: use.ack(
                response_type="ephemeral",
                **content(Page("", use.told(THINKING)), use.told(_headline(label))),
            ),
        )

    async def summarise(self, body: dict[str, Any], ack: Ack) -> None:
        """*Summarise this thread*, in a message's menu."""
        origin = Origin.of_shortcut(body)
        message = messages.read(body.get("message"), origin.channel, direct=False)
        met(self._workspace, body)

        async def prepare(question: Question) -> Prepared:
            if message is None:
                raise MessageGone("the shortcut brings no message")
            thread = message.thread or message.ts
            where = replace(question.conversation, thread=thread)
            return _of(question, await self._history.read(where, direct=False))

        surface, question = self._surface(origin, THREAD_SUMMARY, prepare, sign=THINKING)
        await self._take(question, surface, ack)

    async def ask_about(self, body: dict[str, Any], ack: Ack) -> None:
        """*Ask Parley about this*, in a message's menu: opens the form."""
        await ack()
        self._workspace.tasks.start(self._open(body), "opening a form")

    async def asked_about(self, body: dict[str, Any], ack: Ack) -> None:
        """The form was sent."""
        view = body.get("view")
        kept = _metadata(view)
        user = body.get("user")
        origin = Origin(
            kept.get("channel", ""),
            kept.get("place", ""),
            string(user, "id"),
            string(user, "name"),
            string(body, "trigger_id"),
            kept.get("url", ""),
        )
        met(self._workspace, body)
        ts, thread, wish = kept.get("ts", ""), kept.get("thread", ""), _wish(view)

        async def prepare(question: Question) -> Prepared:
            found = await self._message(origin, ts, thread)
            await self._gate.check(surface, self._workspace.scribe.author(found))
            return await self._about(question, found, wish)

        label = wish or EXPLAINED
        surface, question = self._surface(origin, label, prepare, sign=THINKING)
        await self._take(question, surface, ack)

    async def _open(self, body: dict[str, Any]) -> None:
        origin = Origin.of_shortcut(body)
        if refusal := await self._gate.refuses_press(body, origin.channel):
            await self._say(origin, refusal)
            return
        message = messages.read(body.get("message"), origin.channel, direct=False)
        if message is None or not self._says_something(message):
            await self._say(origin, MessageGone.says)
            return
        self._workspace.memory.forms.keep(origin.user, message)
        calls = self._workspace.calls
        try:
            async with asyncio.timeout(FORM_TIMEOUT):
                await calls.in_turn(
                    calls.web.views_open,
                    self._workspace.budgets.modal,
                    Urgency.FIRST,
                    trigger_id=origin.trigger,
                    view=_form(origin, message, self._workspace.language(origin.user)),
                )
        except (CallFailed, TimeoutError) as failed:
            log.info("form not opened", error=str(failed))
            await self._say(origin, NO_FORM)

    async def _say(self, origin: Origin, sentence: str) -> None:
        budgets = self._workspace.budgets.response(origin.trigger)
        url = ResponseUrl(self._workspace, origin.url, self._clock, budgets)
        try:
            await url.add(Page("", told(sentence, self._workspace.language(origin.user))))
        except CallFailed as failed:
            log.info("shortcut not answered", error=str(failed))

    async def _message(self, origin: Origin, ts: str, thread: str) -> Message:
        """The message as it stands now; as it stood when it was chosen, where we cannot look."""
        kept = self._workspace.memory.forms.take(origin.user, origin.channel, ts)
        found = await self._history.one(origin.channel, ts, thread)
        message = kept if found is None else found
        if message is None or not self._says_something(message):
            raise MessageGone(f"no message {ts} to be read")
        return message

    async def _about(self, question: Question, message: Message, wish: str) -> Prepared:
        scribe = self._workspace.scribe
        await self._workspace.people.resolve(scribe.people_in(message))
        name, text = scribe.author(message).name, self._text(message) or "(no text)"
        return Prepared(replace(question, text=about(name, text, wish), attachments=message.files))

    def _says_something(self, message: Message) -> bool:
        return bool(self._text(message) or message.files)

    def _text(self, message: Message) -> str:
        scribe = self._workspace.scribe
        if scribe.is_ours(message):
            return "\n\n".join(turn.text for turn in scribe.turns(message))
        return scribe.question(message) if message.subtype in messages.SPOKEN else ""

    def _surface(
        self,
        origin: Origin,
        label: str,
        prepare: Preparation,
        *,
        sign: str = "",
        after: asyncio.Event | None = None,
    ) -> tuple[PreparedSurface, Question]:
        workspace, cause = self._workspace, f"command:{origin.trigger}"
        name = workspace.people.known(origin.user) or origin.handle or origin.user
        question = Question(
            conversation=Conversation(PLATFORM, workspace.us.team, origin.channel, cause),
            message="",
            asker=Author(origin.user, name),
            text=label,
            asked_at=datetime.now(UTC),
            place=origin.place,
            cause=cause,
            address=address(origin.url, public=False),
        )
        budgets = workspace.budgets.response(origin.trigger)
        url = ResponseUrl(workspace, origin.url, self._clock, budgets, after=after)
        # The answer is for the asker alone; what it is about was said by several people.
        alone = replace(question, direct=True)
        headline = told(_headline(label), workspace.language(origin.user))
        return PreparedSurface(workspace, alone, url, headline, prepare, sign=sign), question

    async def _take(self, question: Question, surface: PreparedSurface, ack: Ack) -> None:
        """Claim it, if that is quick before it is acknowledged."""
        tasks = self._workspace.tasks
        claim = tasks.start(self._commands.claim(question, surface), "claim")
        await asyncio.wait({claim}, timeout=QUICKLY)
        tasks.start(tell(claim, surface), "late refusal")
        await ack()


def _of(question: Question, turns: tuple[Turn, ...]) -> Prepared:
    """A summary of these messages."""
    if not turns:
        raise NothingThere("no messages")
    return Prepared(replace(question, text=IN_POINTS), turns)


def _headline(label: str) -> Notice:
    return Notice("you_asked", question=label)


def _form(origin: Origin, message: Message, language: str) -> dict[str, Any]:
    """The form with its one field; what it is about travels with it."""
    about_ = {
        "channel": origin.channel,
        "place": origin.place,
        "ts": message.ts,
        "thread": message.thread,
        "url": origin.url,
    }
    return {
        "type": "modal",
        "callback_id": ASK_ABOUT,
        "private_metadata": json.dumps(about_),
        "title": _plain(told(notices.ASK_ABOUT, language)),
        "submit": _plain(told(notices.ASK, language)),
        "close": _plain(told(notices.CANCEL, language)),
        "blocks": [
            {
                "type": "input",
                "block_id": WISH,
                "optional": True,
                "label": _plain(told(notices.WISH, language)),
                "hint": _plain(told(notices.WISH_HINT, language)),
                "element": {
                    "type": "plain_text_input",
                    "action_id": WISH,
                    "multiline": True,
                    "max_length": WISH_LENGTH,
                },
            }
        ],
    }


def _plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def _metadata(view: Any) -> dict[str, str]:
    try:
        told = json.loads(string(view, "private_metadata"))
    except ValueError:
        return {}
    return {name: string(told, name) for name in told} if isinstance(told, dict) else {}


def _wish(view: Any) -> str:
    state = view.get("state") if isinstance(view, dict) else None
    values = state.get("values") if isinstance(state, dict) else None
    block = values.get(WISH) if isinstance(values, dict) else None
    return string(block.get(WISH) if isinstance(block, dict) else None, "value").strip()
