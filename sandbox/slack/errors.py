"""How the sandbox's Slack says no, to the app and to people."""

from typing import Any


class Refused(Exception):
    """An `ok: false` answer; `code` is Slack's own word, `extra` what else the answer says."""

    def __init__(self, code: str, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        return {"ok": False, "error": self.code, **self.extra}


class InvalidArguments(Refused):
    """`invalid_arguments`, with Slack's line about what is wrong."""

    def __init__(self, complaint: str) -> None:
        super().__init__(
            "invalid_arguments", response_metadata={"messages": [f"[ERROR] {complaint}"]}
        )


class CommandFailed(Exception):
    """What the Slack client shows to a person whose command or click went wrong.

    `dispatch_failed`: the app is not connected; `operation_timeout`: it did not
    acknowledge in time; `invalid_command_response`: it acknowledged with something
    that Slack cannot show; `unknown_command`: no app has that command; `too_long`: the
    client lets nobody type so much.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
