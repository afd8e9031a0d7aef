"""Slash commands that ask: what they say, and what Slack is told at once."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import structlog
from slack_bolt.context.async_context import AsyncBoltContext

from bots.slack import mrkdwn
from bots.slack.blocks import content
from bots.slack.calls import CallFailed
from bots.slack.dispatch import ANSWERED
from bots.slack.gate import Gate
from bots.slack.messages import PLATFORM
from bots.slack.payload import string
from bots.slack.public import PublicSurface
from bots.slack.response import ResponseSurface, ResponseUrl
from bots.slack.workspace import Workspace
from core.chat import Chat
from core.errors import NotAdmitted, ParleyError, ShuttingDown, StoreFailed
from core.messages import Author, Conversation, Question
from core.pace import Urgency
from core.surface import Page, Surface, refuse
from core.words import Notice, told

log = structlog.get_logger()

ASK, PARLEY = "/ask", "/parley"

THINKING = Notice("i_am_thinking")
HOW_TO_ASK = Notice("how_to_ask")
HOW_TO_ASK_AS = Notice("how_to_ask_as")

QUICKLY = 1.5
"""Seconds that may pass before a command is acknowledged; Slack waits for three."""

MEMBERSHIP = 1.0
"""Of these, the most that go into finding out whether the bot is in the channel."""

CLAIM_TIMEOUT = 60.0
"""Seconds for a claim that goes on after the acknowledgement."""

Ack = Callable[..., Awaitable[Any]]

_OPTION = re.compile(r"(?:public|as:[ ]?(?P<persona>\S+))(?:\s+|\Z)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Command:
    """One use of `/ask`; `question` is as Slack carries it, `place` what people call it."""

    question: str
    is_public: bool
    persona: str
    channel: str
    place: str
    user: str
    handle: str
    trigger: str
    url: str

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "Command":
        """Read Slack's payload."""
        question, is_public, persona = _options(string(body, "text").strip())
        return cls(
            question=question,
            is_public=is_public,
            persona=persona,
            channel=string(body, "channel_id"),
            place=place_of(string(body, "channel_name")),
            user=string(body, "user_id"),
            handle=string(body, "user_name"),
            trigger=string(body, "trigger_id"),
            url=string(body, "response_url"),
        )


def _options(text: str) -> tuple[str, bool, str]:
    """What is asked, whether for everybody to see, and as which persona."""
    is_public, persona = False, ""
    while found := _OPTION.match(text):
        if found["persona"] and not persona:
            persona = mrkdwn.unescape(found["persona"]).lower()
        elif not (found["persona"] or is_public):
            is_public = True
        else:
            break  # said twice, it is the question's own
        text = text[found.end() :]
    return text, is_public, persona


def address(url: str, *, public: bool) -> str:
    """What it takes to answer a command after a crash."""
    return json.dumps({"url": url, "public": public})


def place_of(name: str) -> str:
    """What people call a channel of this name."""
    rooms = {
        "": Notice("a_channel"),
        "directmessage": Notice("a_direct_message"),
        "mpdm": Notice("a_group_message"),
        "privategroup": Notice("a_private_channel"),
    }
    return rooms.get(name) or f"#{name}"


class Commands:
    """Answers commands; as Bolt's listeners."""

    def __init__(
        self, workspace: Workspace, chat: Chat, gate: Gate, clock: Callable[[], float]
    ) -> None:
        self._gate = gate
        self._workspace = workspace
        self._chat = chat
        self._clock = clock

    async def ask(self, body: dict[str, Any], ack: Ack, context: AsyncBoltContext) -> None:
        """`/ask` and `/ask public`: claimed first if that is quick, then acknowledged."""
        now = asyncio.get_running_loop().time
        due = now() + QUICKLY
        command = Command.read(body)
        if refusal := await self._gate.refuses_command(body):
            await ack(response_type="ephemeral", **content(Page("", refusal)))
            return
        if command.question.lower() in ("", "as:"):
            how = HOW_TO_ASK_AS if command.persona or command.question else HOW_TO_ASK
            await ack(response_type="ephemeral", text=self._told(how, command.user))
            return
        question = self._question(command)
        surface, acknowledgement = await self._surface(command, question, context[ANSWERED])
        claim = self._workspace.tasks.start(self.claim(question, surface), "claim")
        await asyncio.wait({claim}, timeout=max(0.0, due - now()))
        if not claim.done():
            self._workspace.tasks.start(tell(claim, surface), "late refusal")
        elif isinstance(taken := claim.result(), ParleyError):
            acknowledgement = {
                "response_type": "ephemeral",
                **content(Page("", self._told(taken.sentence, command.user))),
            }
        elif not taken:
            acknowledgement = {}
        await ack(**acknowledgement)

    async def ask_afresh(self, command: Command) -> None:
        """Ask once more what was asked, in the place of the answer if only its asker sees that."""
        acknowledged = asyncio.Event()
        acknowledged.set()
        question = replace(self._question(command), afresh=True)
        surface, _ = await self._surface(command, question, acknowledged)
        claim = self._workspace.tasks.start(self.claim(question, surface), "claim")
        await tell(claim, surface)

    async def revive(self, question: Question) -> Surface:
        """Where a command is answered that an earlier process has heard."""
        acknowledged = asyncio.Event()
        acknowledged.set()
        address = json.loads(question.address)
        command = Command(
            question=question.text,
            is_public=not question.direct and address["public"],
            persona=question.persona,
            channel=question.conversation.channel,
            place=question.place,
            user=question.asker.id,
            handle=question.asker.name,
            trigger=question.cause.removeprefix("command:"),
            url=address["url"],
        )
        surface, _ = await self._surface(command, question, acknowledged)
        return surface

    async def claim(self, question: Question, surface: Surface) -> bool | ParleyError:
        """Whether the question is taken and was not before, or why it cannot be."""
        try:
            async with asyncio.timeout(CLAIM_TIMEOUT):
                return await self._chat.accept(question, surface)
        except TimeoutError:
            failed: ParleyError = StoreFailed("a claim has taken too long")
        except ShuttingDown as error:
            log.info("command not taken: stopping")
            return error
        except NotAdmitted as error:
            log.info("command not admitted", why=error.sentence)
            return error
        except StoreFailed as error:
            failed = error
        log.error("command not taken", reason=str(failed))
        return failed

    def _question(self, command: Command) -> Question:
        workspace = self._workspace
        name = workspace.people.known(command.user) or command.handle or command.user
        text = mrkdwn.markdown(command.question, workspace.people.known, workspace.channels.known)
        return Question(
            conversation=Conversation(
                PLATFORM, workspace.us.team, command.channel, f"command:{command.trigger}"
            ),
            message="",
            asker=Author(command.user, name),
            text=text,
            asked_at=datetime.now(UTC),
            place=command.place,
            direct=not command.is_public,
            cause=f"command:{command.trigger}",
            persona=command.persona,
            stands_alone=True,
            address=address(command.url, public=command.is_public),
        )

    async def _surface(
        self, command: Command, question: Question, acknowledged: asyncio.Event
    ) -> tuple[Surface, dict[str, Any]]:
        """Where it is answered, and how the command is acknowledged meanwhile."""
        budgets = self._workspace.budgets.response(command.trigger)
        age = (datetime.now(UTC) - question.asked_at).total_seconds()
        if not command.is_public:
            url = ResponseUrl(
                self._workspace, command.url, self._clock, budgets, after=acknowledged, age=age
            )
            headline = self._told(Notice("you_asked", question=question.text), command.user)
            thinking = content(Page("", self._told(THINKING, command.user)), headline)
            acknowledgement = {"response_type": "ephemeral", **thinking}
            return ResponseSurface(self._workspace, question, url, headline), acknowledgement
        asked = Notice("asked", name=question.asker.name, question=question.text)
        headline = told(
            asked, self._workspace.readers(question.conversation, command.user).everybody
        )
        if await self._is_member(command.channel):
            return PublicSurface(self._workspace, question, headline), {}
        url = ResponseUrl(
            self._workspace,
            command.url,
            self._clock,
            budgets,
            after=acknowledged,
            public=True,
            age=age,
        )
        surface = ResponseSurface(self._workspace, question, url, headline)
        thinking = content(Page("", told(THINKING, surface.readers.everybody)), headline)
        return surface, {"response_type": "in_channel", **thinking}

    def _told(self, sentence: str, user: str) -> str:
        """A sentence for somebody alone, in their language."""
        return told(sentence, self._workspace.language(user))

    async def _is_member(self, channel: str) -> bool:
        """Whether the bot is in the channel; what cannot be told in time counts as no."""
        calls = self._workspace.calls
        try:
            async with asyncio.timeout(MEMBERSHIP):
                answer = await calls.in_turn(
                    calls.web.conversations_info,
                    self._workspace.budgets.channel,
                    Urgency.FIRST,
                    channel=channel,
                )
        except (CallFailed, TimeoutError):
            return False
        found = answer.get("channel")
        return isinstance(found, dict) and bool(found.get("is_member") or found.get("is_im"))


async def tell(claim: "asyncio.Task[bool | ParleyError]", surface: Surface) -> None:
    """Say that a question was not taken, after it was acknowledged as if it were."""
    taken = await claim
    if isinstance(taken, ParleyError):
        await refuse(surface, taken.sentence)
