"""What is examined: the settings as they are, and what one area learns for another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.settings import Records, Settings


@dataclass(slots=True)
class Patient:
    """A deployment.

    `values` are all that is set, `env_file` is where the rest of it may stand, `clock` gives
    seconds since 1970. `settings` are None where they are wrong, and so are `records`.
    """

    values: Mapping[str, str]
    env_file: Path
    clock: Callable[[], float]
    settings: Settings | None = None
    records: Records | None = None
    offsets: dict[str, float | None] = field(default_factory=dict)
    """By how many seconds this machine is ahead of the services that have told their time."""

    @property
    def has_slack(self) -> bool:
        """Whether Slack is set up."""
        return bool(self.settings and self.settings.slack_bot_token)

    @property
    def over_http(self) -> bool:
        """Whether Slack sends its requests to us, instead of Socket Mode."""
        has_app_token = self.settings is not None and bool(self.settings.slack_app_token)
        signing = ("SLACK_SIGNING_SECRET", "SLACK_SIGNING_SECRET_FILE")
        return not has_app_token and any(self.values.get(name) for name in signing)
