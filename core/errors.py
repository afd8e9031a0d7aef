"""Every way to fail, and the sentence that a person reads.

ParleyError
├── SettingsError               wrong settings; all problems in one message, at start
├── StartError                  something outside refuses the start (token, intent, port)
├── StoreFailed                 the database cannot be read or written
│   └── LeaseLost               another process has taken the question over
├── ShuttingDown                this process takes no more questions
├── NotAdmitted                 the asker may not ask this here
├── PlatformFailed              Slack or Discord does not let us do our work
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
    └── Interrupted             the stream ended early: no finish reason, or cut
        └── EmptyAnswer         it ended well and held nothing
"""

import math
import re
from typing import ClassVar


class ParleyError(Exception):
    """What can go wrong in Parley."""

    says: ClassVar[str] = "Something went wrong on my side. Please try again."

    @property
    def sentence(self) -> str:
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


class StoreFailed(ParleyError):
    """The database cannot be read or written."""

    says = "I cannot reach my database, so I cannot take questions. Please tell my operator."


class LeaseLost(StoreFailed):
    """Another process has taken this question over; nothing more may be written for it."""


class ShuttingDown(ParleyError):
    """This process takes no more questions; another one will, or this one in a moment."""

    says = "I am being stopped at the moment. Please ask again in a minute."


class NotAdmitted(ParleyError):
    """The asker may not ask this here; the sentence is made for them."""

    @property
    def sentence(self) -> str:
        """Why the question is not taken."""
        return str(self)


class PlatformFailed(ParleyError):
    """Slack or Discord does not let us do our work."""

    says = "I cannot read this conversation, so I cannot answer here. Please tell my operator."


class ModelFailed(ParleyError):
    """The model's endpoint failed.

    `code` is the endpoint's own word, `status` its HTTP status (0: none), `parameter` the
    field of the request that it names,
    `request_id` what its operators ask for, `retry_after` the seconds that it
    asked us to wait (None: it did not say).
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


class Rejected(ModelFailed):
    """The request will be refused however often it is sent."""


class KeyRejected(Rejected):
    """The key is wrong, or it may not do this."""

    says = "The model does not accept my key. Please tell my operator."


class QuotaSpent(Rejected):
    """The account behind the key has no money left."""

    says = "The account that pays for the model has no credit left. Please tell my operator."


class Misdirected(Rejected):
    """Something else than the API is at the address: a redirect, a web page."""

    says = "My settings do not lead to the model. Please tell my operator: see OPENAI_BASE_URL."


class ModelGone(Rejected):
    """No model of this name exists, or no longer."""

    says = "The model that I am set to use does not exist, or no longer. Please tell my operator."


class ChosenModelGone(ModelGone):
    """The same, of a model that somebody chose for a channel, a workspace or a persona."""

    def __init__(self, model: str, failed: ModelGone) -> None:
        super().__init__(
            failed.detail, code=failed.code, status=failed.status, request_id=failed.request_id
        )
        self.model = model

    @property
    def sentence(self) -> str:
        """Which model there is not, and how to choose another."""
        return (
            f"The model “{self.model}”, which is set here, does not exist, or no longer. "
            "Somebody who manages this channel can choose another with /parley model."
        )


class ContextExceeded(Rejected):
    """The request is larger than the model's context window."""

    says = "This is more text than the model can read at once. Please ask in a new thread."


class BadRequest(Rejected):
    """The endpoint does not understand the request."""

    says = "The model does not accept this question. Try asking in other words."

    @property
    def sentence(self) -> str:
        """What happened, and who can do something about it."""
        if self.parameter and not self.parameter.startswith("messages"):
            return "The model does not accept my settings. Please tell my operator."
        return self.says


class Busy(ModelFailed):
    """It may work in a moment."""

    @property
    def sentence(self) -> str:
        """What happened, and when to try again."""
        return f"{self.says} Please try again {_when(self.retry_after or 0)}."


class RateLimited(Busy):
    """Too many requests or tokens at once."""

    says = "The model has too many questions at the moment."


class ServerFailed(Busy):
    """The endpoint has a fault of its own."""

    says = "The model's server has a fault at the moment."


class NotReached(Busy):
    """No connection to the endpoint."""

    says = "I cannot reach the model's server at the moment."


class TooSlow(Busy):
    """The endpoint did not answer in time."""

    says = "The model took too long to answer."


class Interrupted(ModelFailed):
    """The stream ended before the model had finished."""

    says = "The answer was interrupted before its end. Please ask again."


class EmptyAnswer(Interrupted):
    """The model finished and had written nothing."""

    says = "The model gave an empty answer. Please ask again, perhaps in other words."


def _when(seconds: float) -> str:
    """How a person would say so many seconds."""
    if seconds <= 60:
        return "in a minute"
    minutes = math.ceil(seconds / 60)
    return f"in {minutes} minutes" if minutes <= 90 else f"in {math.ceil(minutes / 60)} hours"
