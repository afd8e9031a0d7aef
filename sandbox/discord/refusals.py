"""How the sandbox's Discord says no, to the bot and to people."""

from enum import IntEnum
from typing import Any


class Code(IntEnum):
    """Discord's own error codes (opcodes-and-status-codes, "JSON Error Codes")."""

    GENERAL = 0
    UNKNOWN_CHANNEL = 10003
    UNKNOWN_GUILD = 10004
    UNKNOWN_MEMBER = 10007
    UNKNOWN_MESSAGE = 10008
    UNKNOWN_USER = 10013
    UNKNOWN_EMOJI = 10014
    UNKNOWN_WEBHOOK = 10015
    UNKNOWN_INTERACTION = 10062
    UNKNOWN_COMMAND = 10063
    TOO_MANY_COMMANDS_TODAY = 30034
    OLD_MESSAGE_EDITED_TOO_OFTEN = 30046
    TOO_LARGE = 40005
    ALREADY_ACKNOWLEDGED = 40060
    MISSING_ACCESS = 50001
    NOT_IN_A_DIRECT_MESSAGE = 50003
    NOT_THE_AUTHOR = 50005
    EMPTY_MESSAGE = 50006
    CANNOT_MESSAGE_USER = 50007
    NOT_A_TEXT_CHANNEL = 50008
    MISSING_PERMISSIONS = 50013
    SYSTEM_MESSAGE = 50021
    WRONG_CHANNEL_TYPE = 50024
    INVALID_WEBHOOK_TOKEN = 50027
    TOO_OLD_FOR_BULK = 50034
    INVALID_FORM = 50035
    THREAD_ARCHIVED = 50083
    INVALID_JSON = 50109
    NO_REPLY_WITHOUT_HISTORY = 160002
    THREAD_EXISTS = 160004
    THREAD_LOCKED = 160005


_SAID = {
    Code.GENERAL: (404, "404: Not Found"),
    Code.UNKNOWN_CHANNEL: (404, "Unknown Channel"),
    Code.UNKNOWN_GUILD: (404, "Unknown Guild"),
    Code.UNKNOWN_MEMBER: (404, "Unknown Member"),
    Code.UNKNOWN_MESSAGE: (404, "Unknown Message"),
    Code.UNKNOWN_USER: (404, "Unknown User"),
    Code.UNKNOWN_EMOJI: (400, "Unknown Emoji"),
    Code.UNKNOWN_WEBHOOK: (404, "Unknown Webhook"),
    Code.UNKNOWN_INTERACTION: (404, "Unknown interaction"),
    Code.UNKNOWN_COMMAND: (404, "Unknown application command"),
    Code.TOO_MANY_COMMANDS_TODAY: (
        400,
        "Max number of daily application command creates has been reached (200)",
    ),
    Code.OLD_MESSAGE_EDITED_TOO_OFTEN: (
        429,
        "Maximum number of edits to messages older than 1 hour reached. Try again later",
    ),
    Code.TOO_LARGE: (413, "Request entity too large"),
    Code.ALREADY_ACKNOWLEDGED: (400, "Interaction has already been acknowledged."),
    Code.MISSING_ACCESS: (403, "Missing Access"),
    Code.NOT_IN_A_DIRECT_MESSAGE: (400, "Cannot execute action on a DM channel"),
    Code.NOT_THE_AUTHOR: (403, "Cannot edit a message authored by another user"),
    Code.EMPTY_MESSAGE: (400, "Cannot send an empty message"),
    Code.CANNOT_MESSAGE_USER: (403, "Cannot send messages to this user"),
    Code.NOT_A_TEXT_CHANNEL: (400, "Cannot send messages in a non-text channel"),
    Code.MISSING_PERMISSIONS: (403, "Missing Permissions"),
    Code.SYSTEM_MESSAGE: (403, "Cannot execute action on a system message"),
    Code.WRONG_CHANNEL_TYPE: (400, "Cannot execute action on this channel type"),
    Code.INVALID_WEBHOOK_TOKEN: (401, "Invalid Webhook Token"),
    Code.TOO_OLD_FOR_BULK: (400, "You can only bulk delete messages that are under 14 days old."),
    Code.INVALID_FORM: (400, "Invalid Form Body"),
    Code.THREAD_ARCHIVED: (400, "Thread is archived"),
    Code.INVALID_JSON: (400, "The request body contains invalid JSON."),
    Code.NO_REPLY_WITHOUT_HISTORY: (
        400,
        "Cannot reply without permission to read message history",
    ),
    Code.THREAD_EXISTS: (400, "A thread has already been created for this message"),
    Code.THREAD_LOCKED: (400, "Thread is locked"),
}


class Refused(Exception):
    """An error answer: the HTTP `status`, Discord's `code`, and what the body says."""

    def __init__(self, code: Code, **extra: Any) -> None:
        self.status, self.message = _SAID[code]
        self.code = code
        self.extra = extra
        super().__init__(f"{int(code)}: {self.message}")

    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        return {"message": self.message, "code": int(self.code), **self.extra}


class Unauthorized(Refused):
    """The token is missing or wrong; Discord says so without a code of its own."""

    def __init__(self) -> None:
        super().__init__(Code.GENERAL)
        self.status, self.message = 401, "401: Unauthorized"


class InvalidForm(Refused):
    """Code 50035, with the complaint about one field ("embeds.0.title")."""

    def __init__(self, field: str, kind: str, complaint: str) -> None:
        errors: dict[str, Any] = {"_errors": [{"code": kind, "message": complaint}]}
        for name in reversed(field.split(".") if field else []):
            errors = {name: errors}
        super().__init__(Code.INVALID_FORM, errors=errors)


class Limited(Refused):
    """A 429: the caller has to wait `seconds`; `everywhere` when it is the bot's global limit."""

    def __init__(
        self, seconds: float, *, everywhere: bool = False, code: Code = Code.GENERAL
    ) -> None:
        super().__init__(code)
        self.status = 429
        self.seconds = seconds
        self.everywhere = everywhere
        if code is Code.GENERAL:
            self.message = "You are being rate limited."

    def body(self) -> dict[str, Any]:
        """The answer's JSON; `code` is there only when it says something."""
        body = {
            "message": self.message,
            "retry_after": self.seconds,
            "global": self.everywhere,
        }
        return body if self.code is Code.GENERAL else {**body, "code": int(self.code)}


class CommandFailed(Exception):
    """What the Discord client shows to a person whose command or click went wrong."""

    def __init__(self, sentence: str = "The application did not respond") -> None:
        super().__init__(sentence)
        self.sentence = sentence
