"""What Slack says of the two tokens, as one line for whoever set them."""

from bots.slack.calls import Failure
from core.errors import StartError, TokenRejected
from core.surface import RefusedForGood, RefusedForNow, Unknown

REFUSED = frozenset(
    {
        "access_denied",
        "account_inactive",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "socket_mode_not_enabled",
        "token_expired",
        "token_revoked",
    }
)
"""Codes by which Slack refuses a token, whatever it is used for."""

_BOT = (
    "Set SLACK_BOT_TOKEN to the Bot User OAuth Token of your app's OAuth & Permissions page; "
    "it begins with xoxb-."
)
_APP = (
    "Set SLACK_APP_TOKEN to an app-level token with the scope connections:write from your app's "
    "Basic Information page; it begins with xapp-. Socket Mode must be on."
)


def is_a_bots(token: str, bot: str) -> bool:
    """Whether a token speaks for a bot: Slack tells its id, or the token itself tells as much."""
    return bool(bot) or token.startswith("xoxb-")


def bot_token(outcome: Failure, url: str) -> StartError:
    """Why the bot token could not be used."""
    if isinstance(outcome, RefusedForGood) and not _is_a_mere_status(outcome):
        return TokenRejected(f"Slack does not accept SLACK_BOT_TOKEN ({outcome.code}). {_BOT}")
    return _unanswered(outcome, url)


def no_bot() -> StartError:
    """The token is good, but speaks for a person."""
    return TokenRejected(f"SLACK_BOT_TOKEN does not belong to a bot. {_BOT}")


def app_token(outcome: Failure, url: str) -> StartError:
    """Why the app-level token could not be used."""
    if isinstance(outcome, RefusedForGood) and not _is_a_mere_status(outcome):
        return TokenRejected(f"Slack does not accept SLACK_APP_TOKEN ({outcome.code}). {_APP}")
    return _unanswered(outcome, url)


def no_longer(code: str) -> StartError:
    """The app-level token was good, and is no more."""
    return TokenRejected(f"Slack no longer accepts SLACK_APP_TOKEN ({code}). {_APP}")


class Revoked(TokenRejected):
    """The bot token was good until the app was removed, or somebody made the token void.

    `code` is the event or the error by which Slack says so.
    """

    def __init__(self, code: str) -> None:
        super().__init__(
            f"Slack has revoked SLACK_BOT_TOKEN ({code}). Install the app in the workspace again. "
            f"{_BOT}"
        )
        self.code = code


def no_socket(why: Exception) -> StartError:
    """Slack gave an address, and nobody answers there."""
    return StartError(
        f"Slack's Socket Mode cannot be reached ({why}). Check the network and HTTPS_PROXY."
    )


def too_slow(url: str) -> StartError:
    """Slack took longer than anybody wants to wait."""
    return StartError(
        f"Slack does not answer in time at {url}. Check the network, HTTPS_PROXY and SLACK_API_URL."
    )


def _is_a_mere_status(outcome: RefusedForGood) -> bool:
    """A word of Slack's is about the token; a status is of whatever stands at the address."""
    return outcome.code.startswith("http_")


def _unanswered(outcome: Failure, url: str) -> StartError:
    if isinstance(outcome, RefusedForNow):
        return StartError(f"Slack asks to wait {outcome.retry_after:.0f} s before the next start.")
    why = isinstance(outcome, Unknown) and outcome.why
    return StartError(
        f"Slack cannot be reached at {url} ({why or outcome.code}). "
        "Check the network, HTTPS_PROXY and SLACK_API_URL."
    )
