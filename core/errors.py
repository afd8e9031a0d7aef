"""Every way to fail, and the sentence that a person reads.

ParleyError
├── SettingsError               wrong settings; all problems in one message, at start
├── StartError                  something outside refuses the start (address, port, database)
│   └── TokenRejected           a platform does not accept its token, or not any more
├── StoreFailed                 the database cannot be read or written
│   ├── StoreBusy               another program writes to it, for longer than we wait
│   ├── StoreUnwritable         its disk is full, or its file may not be written or is damaged
│   └── LeaseLost               another process has taken the question over
├── ShuttingDown                this process takes no more questions
├── NotAdmitted                 the asker may not ask this here
├── BudgetSpent                 too little is left of what may be spent
├── PlatformFailed              Slack or Discord does not let us do our work
├── Sealed                      none of our keys opens a secret that is kept encrypted
├── FileUnread                  a file cannot be read; `why` says which way
│   └── NotInvited              the bot may not read the channel
├── NothingThere                no messages of which there could be a summary
├── MessageGone                 the message that somebody asks about is gone or empty
├── LeftOut                     it is by somebody who may not use the bot, and is not to be read
└── ModelFailed                 the model's endpoint; carries code, status, request id
    ├── Rejected                not worth a retry
    │   ├── KeyRejected         401, 403: the key is wrong or may not do this
    │   ├── QuotaSpent          429 with type insufficient_quota
    │   ├── Misdirected         3xx, a web page, or a 404 that does not speak of a model
    │   ├── ModelGone           model_not_found, or a 404 that does speak of it
    │   │   └── ChosenModelGone the same of a model that was set for a channel
    │   ├── ContextExceeded     the request is larger than the model's context
    │   └── BadRequest          400, 422 and every other 4xx
    ├── Busy                    worth a retry after a pause
    │   ├── RateLimited         429
    │   ├── ServerFailed        5xx, and error events of that kind
    │   ├── NotReached          no connection, or it broke before any answer
    │   └── TooSlow             connect, first-token, idle or whole-reply time-out
    ├── Resting                 it has failed lately, and is not asked for a while
    └── Interrupted             the stream ended early: no finish reason, or cut
        └── EmptyAnswer         it ended well and held nothing
"""

import math
import re
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from core.words import Notice

if TYPE_CHECKING:
    from core.wire import Usage


class ParleyError(Exception):
    """What can go wrong in Parley."""

    says: ClassVar[Notice] = Notice("failed")

    @property
    def sentence(self) -> Notice:
        """What happened and what can be done, fit for the person who reads it."""
        return self.says

    @property
    def word(self) -> str:
        """Its name as records have it: `quota_spent`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


class SettingsError(ParleyError):
    """Settings that are missing, unknown or contradict each other."""


class StartError(ParleyError):
    """A platform, an endpoint or the machine refuses the start; one clear line."""


class TokenRejected(StartError):
    """A platform lets nobody in with this token; to start again changes nothing."""


class StoreFailed(ParleyError):
    """The database cannot be read or written."""

    says = Notice("store_failed")


class StoreBusy(StoreFailed):
    """Another program writes to the database, for longer than we wait; it may end in a moment."""

    says = Notice("store_busy")


class StoreUnwritable(StoreFailed):
    """Nothing can be written until somebody acts: a full disk, a missing right, a damaged file."""

    says = Notice("store_unwritable")


class LeaseLost(StoreFailed):
    """Another process has taken this question over; nothing more may be written for it."""


class ShuttingDown(ParleyError):
    """This process takes no more questions; another one will, or this one in a moment."""

    says = Notice("shutting_down")


class NotAdmitted(ParleyError):
    """The asker may not ask this here; `why` is made for them."""

    def __init__(self, why: Notice) -> None:
        super().__init__(why)
        self.why = why

    @property
    def sentence(self) -> Notice:
        """Why the question is not taken."""
        return self.why


class BudgetSpent(ParleyError):
    """A limit of what may be spent leaves no room for an answer.

    `left` says that something is left of it, only too little for this one. `whose` is the kind
    of the limit, `period` day or month; it ends in so many seconds. Times are those of `zone`;
    `contact` is whom to ask for more, empty for the operator.
    """

    def __init__(
        self,
        whose: str,
        period: str,
        seconds: float,
        zone: str,
        contact: str = "",
        *,
        left: bool = False,
    ) -> None:
        super().__init__(f"{whose}, {period}")
        self.whose = whose
        self.period = period
        self.seconds = seconds
        self.zone = zone
        self.contact = contact
        self.left = left

    @property
    def sentence(self) -> Notice:
        """Which limit, when it ends, and whom to ask."""
        whose, when = WHOSE[self.whose], _until(self.seconds)
        ask = self.contact or Notice("my_operator")
        match (self.period, self.left):
            case ("month", False):
                return Notice("spent_month", whose=whose, when=when, zone=self.zone, contact=ask)
            case ("month", True):
                return Notice(
                    "too_little_month", whose=whose, when=when, zone=self.zone, contact=ask
                )
            case (_, False):
                return Notice("spent_day", whose=whose, when=when, zone=self.zone, contact=ask)
        return Notice("too_little_day", whose=whose, when=when, zone=self.zone, contact=ask)


WHOSE = {
    "person": Notice("budget_of_person"),
    "channel": Notice("budget_of_channel"),
    "workspace": Notice("budget_of_workspace"),
    "deployment": Notice("budget_of_deployment"),
    "role": Notice("budget_of_role"),
    "group": Notice("budget_of_group"),
}
"""How a person is told whose budget it is."""


class PlatformFailed(ParleyError):
    """Slack or Discord does not let us do our work."""

    says = Notice("platform_failed")


class Sealed(ParleyError):
    """None of our keys opens a secret that is kept encrypted, or it is too old to be believed."""


class Why(StrEnum):
    """Why the model does not see a file."""

    TOO_LARGE = "too_large"
    ELSEWHERE = "elsewhere"
    LOCKED = "locked"
    GONE = "gone"
    NOT_REACHED = "not_reached"
    NOT_READABLE = "not_readable"
    DAMAGED = "damaged"
    PROTECTED = "protected"
    WITHOUT_TEXT = "without_text"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SLOW = "too_slow"
    TOO_MANY = "too_many"
    NO_ROOM = "no_room"
    UNSEEN = "unseen"

    @property
    def lasts(self) -> bool:
        """Whether it lies in the file itself, so that nobody need try again."""
        return self in _LASTING


_LASTING = frozenset(
    {
        Why.TOO_LARGE,
        Why.NOT_READABLE,
        Why.DAMAGED,
        Why.PROTECTED,
        Why.WITHOUT_TEXT,
        Why.TOO_MANY_PIXELS,
    }
)


class FileUnread(ParleyError):
    """A file cannot be read; the answer goes on without it, and its asker is told `why`."""

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(detail or why)
        self.why = why


class NotInvited(PlatformFailed):
    """The bot may not read the channel."""

    says = Notice("not_invited")


class NothingThere(ParleyError):
    """There are no messages of which there could be a summary."""

    says = Notice("nothing_there")


class MessageGone(ParleyError):
    """The message that somebody asks about is gone, or there is nothing in it."""

    says = Notice("message_gone")


class LeftOut(ParleyError):
    """The message that somebody asks about is by somebody who may not use the bot."""

    says = Notice("left_out_outsider")


class ModelFailed(ParleyError):
    """The model's endpoint failed.

    `code` is the endpoint's own word, `status` its HTTP status (0: none), `parameter` the
    field of the request that it names,
    `request_id` what its operators ask for, `retry_after` the seconds that it
    asked us to wait (None: it did not say). `waited` are the seconds that the request stood in
    line before it was sent, `usage` is what the endpoint has counted for it (None: it did not say).
    """

    def __init__(
        self,
        detail: str = "",
        *,
        code: str = "",
        status: int = 0,
        parameter: str = "",
        request_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code
        self.status = status
        self.parameter = parameter
        self.request_id = request_id
        self.retry_after = retry_after
        self.waited = 0.0
        self.usage: Usage | None = None


class Rejected(ModelFailed):
    """The request will be refused however often it is sent."""


class KeyRejected(Rejected):
    """The key is wrong, or it may not do this."""

    says = Notice("key_rejected")


class QuotaSpent(Rejected):
    """The account behind the key has no money left."""

    says = Notice("quota_spent")


class Misdirected(Rejected):
    """Something else than the API is at the address: a redirect, a web page."""

    says = Notice("misdirected")


class ModelGone(Rejected):
    """No model of this name exists, or no longer."""

    says = Notice("model_gone")


class ChosenModelGone(ModelGone):
    """The same, of a model that somebody chose for a channel, a workspace or a persona."""

    def __init__(self, model: str, failed: ModelGone) -> None:
        super().__init__(
            failed.detail, code=failed.code, status=failed.status, request_id=failed.request_id
        )
        self.model = model

    @property
    def sentence(self) -> Notice:
        """Which model there is not, and how to choose another."""
        return Notice("chosen_model_gone", model=self.model)


class ContextExceeded(Rejected):
    """The request is larger than the model's context window."""

    says = Notice("context_exceeded")


class BadRequest(Rejected):
    """The endpoint does not understand the request."""

    says = Notice("bad_request")

    @property
    def sentence(self) -> Notice:
        """What happened, and who can do something about it."""
        if self.parameter and not self.parameter.startswith("messages"):
            return Notice("settings_refused")
        return self.says


class Busy(ModelFailed):
    """It may work in a moment."""

    @property
    def sentence(self) -> Notice:
        """What happened, and when to try again."""
        return Notice("busy", what=self.says, when=_when(self.retry_after or 0))


class RateLimited(Busy):
    """Too many requests or tokens at once.

    `held`: whoever asks again stands in line until the endpoint takes requests again.
    """

    says = Notice("rate_limited")
    held = False


class ServerFailed(Busy):
    """The endpoint has a fault of its own."""

    says = Notice("server_failed")


class NotReached(Busy):
    """No connection to the endpoint."""

    says = Notice("not_reached")


class TooSlow(Busy):
    """The endpoint did not answer in time."""

    says = Notice("too_slow")


class Resting(ModelFailed):
    """The model has failed lately and is not asked for a while."""


class Interrupted(ModelFailed):
    """The stream ended before the model had finished."""

    says = Notice("interrupted")


class EmptyAnswer(Interrupted):
    """The model finished and had written nothing."""

    says = Notice("empty_answer")


def _when(seconds: float) -> Notice:
    """How a person would say so many seconds."""
    if seconds <= 60:
        return Notice("in_a_minute")
    minutes = math.ceil(seconds / 60)
    if minutes <= 90:
        return Notice("in_minutes", count=minutes)
    return Notice("in_hours", count=math.ceil(minutes / 60))


def _until(seconds: float) -> Notice:
    """How a person would say in how many days, hours or minutes."""
    if seconds < 48 * 3600:
        return _when(seconds)
    return Notice("in_days", count=math.ceil(seconds / 86_400))


def forget_trace(error: BaseException) -> None:
    """Let an error, and what caused it, hold nothing of what was at work when it was raised.

    What was at work often holds the error: a circle, in which the texts of an answer would stay
    until garbage is collected.
    """
    one: BaseException | None = error
    seen: set[int] = set()
    while one is not None and id(one) not in seen:  # two that were raised in turn name each other
        seen.add(id(one))
        one.__traceback__ = None
        one = one.__cause__ or one.__context__
