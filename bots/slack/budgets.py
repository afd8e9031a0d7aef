"""What Slack counts, as budgets.

Rates are Slack's documented ones (docs.slack.dev/apis/web-api/rate-limits). It
publishes no bursts: those are assumptions, settings (`SLACK_BURSTS`), and cut at the
first refusal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.budget import Budget

WORKSPACE = {
    "chat.postMessage": (300, 100),
    "assistant.threads.setStatus": (600, 100),
    "assistant.threads.setSuggestedPrompts": (50, 10),
    "assistant.threads.setTitle": (50, 10),
    "agents.sessions.setStatus": (50, 10),
    "chat.update": (50, 10),
    "chat.startStream": (20, 10),
    "chat.appendStream": (100, 20),
    "chat.stopStream": (20, 10),
    "chat.delete": (50, 10),
    "chat.postEphemeral": (100, 60),
    "conversations.replies": (50, 10),
    "conversations.history": (50, 10),
    "conversations.info": (50, 10),
    "conversations.open": (50, 10),
    "reactions.add": (50, 10),
    "reactions.remove": (20, 10),
    "files.info": (100, 60),
    "files.download": (100, 60),
    "files.getUploadURLExternal": (100, 60),
    "files.completeUploadExternal": (100, 60),
    "files.delete": (50, 10),
    "users.info": (100, 60),
    "users.list": (20, 10),
    "usergroups.list": (20, 10),
    "users.conversations": (50, 10),
    "views.open": (100, 60),
    "apps.connections.open": (1, 10),
}
"""Requests a minute and in a row, by method, of all conversations of a workspace together."""

USES = 5
"""How often Slack lets a response URL be used, within thirty minutes."""

KEPT_USES = 3
"""Of these, what interim edits leave alone: for the last edit, and for what has to be repeated."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """The budgets of one workspace; `bursts` are sizes other than ours, by method."""

    team: str
    bursts: Mapping[str, int] = field(default_factory=dict)

    def post(self, channel: str) -> tuple[Budget, ...]:
        """chat.postMessage: about one a second in a channel, several hundred a minute in all."""
        return (
            self._each("chat.postMessage", channel, 60, 4),
            self._all("chat.postMessage"),
        )

    def status(self, channel: str, thread: str) -> tuple[Budget, ...]:
        """assistant.threads.setStatus, which is limited like posting."""
        return (
            self._each("assistant.threads.setStatus", f"{channel}/{thread}", 60, 4),
            self._all("assistant.threads.setStatus"),
        )

    @property
    def prompts(self) -> tuple[Budget, ...]:
        """assistant.threads.setSuggestedPrompts."""
        return (self._all("assistant.threads.setSuggestedPrompts"),)

    @property
    def title(self) -> tuple[Budget, ...]:
        """assistant.threads.setTitle."""
        return (self._all("assistant.threads.setTitle"),)

    @property
    def session(self) -> tuple[Budget, ...]:
        """agents.sessions.setStatus."""
        return (self._all("agents.sessions.setStatus"),)

    @property
    def edit(self) -> tuple[Budget, ...]:
        """chat.update: one budget for all conversations of the workspace."""
        return (self._all("chat.update"),)

    @property
    def start(self) -> tuple[Budget, ...]:
        """chat.startStream."""
        return (self._all("chat.startStream"),)

    @property
    def append(self) -> tuple[Budget, ...]:
        """chat.appendStream: one budget for all streams of the workspace."""
        return (self._all("chat.appendStream"),)

    @property
    def seal(self) -> tuple[Budget, ...]:
        """chat.stopStream."""
        return (self._all("chat.stopStream"),)

    @property
    def delete(self) -> tuple[Budget, ...]:
        """chat.delete."""
        return (self._all("chat.delete"),)

    @property
    def whisper(self) -> tuple[Budget, ...]:
        """chat.postEphemeral."""
        return (self._all("chat.postEphemeral"),)

    @property
    def replies(self) -> tuple[Budget, ...]:
        """conversations.replies."""
        return (self._all("conversations.replies"),)

    @property
    def history(self) -> tuple[Budget, ...]:
        """conversations.history."""
        return (self._all("conversations.history"),)

    @property
    def channel(self) -> tuple[Budget, ...]:
        """conversations.info."""
        return (self._all("conversations.info"),)

    @property
    def direct(self) -> tuple[Budget, ...]:
        """conversations.open."""
        return (self._all("conversations.open"),)

    @property
    def file(self) -> tuple[Budget, ...]:
        """files.info."""
        return (self._all("files.info"),)

    @property
    def download(self) -> tuple[Budget, ...]:
        """Files themselves, for which Slack documents no limit: as many as files.info."""
        return (self._all("files.download"),)

    @property
    def react(self) -> tuple[Budget, ...]:
        """reactions.add."""
        return (self._all("reactions.add"),)

    @property
    def unreact(self) -> tuple[Budget, ...]:
        """reactions.remove."""
        return (self._all("reactions.remove"),)

    @property
    def upload(self) -> tuple[Budget, ...]:
        """files.getUploadURLExternal, with the upload that follows it."""
        return (self._all("files.getUploadURLExternal"),)

    @property
    def share(self) -> tuple[Budget, ...]:
        """files.completeUploadExternal."""
        return (self._all("files.completeUploadExternal"),)

    @property
    def unshare(self) -> tuple[Budget, ...]:
        """files.delete."""
        return (self._all("files.delete"),)

    @property
    def modal(self) -> tuple[Budget, ...]:
        """views.open."""
        return (self._all("views.open"),)

    @property
    def person(self) -> tuple[Budget, ...]:
        """users.info."""
        return (self._all("users.info"),)

    @property
    def groups(self) -> tuple[Budget, ...]:
        """usergroups.list and usergroups.users.list, counted as one."""
        return (self._all("usergroups.list"),)

    @property
    def people(self) -> tuple[Budget, ...]:
        """users.list."""
        return (self._all("users.list"),)

    @property
    def channels(self) -> tuple[Budget, ...]:
        """users.conversations."""
        return (self._all("users.conversations"),)

    @property
    def connect(self) -> tuple[Budget, ...]:
        """apps.connections.open."""
        return (self._all("apps.connections.open"),)

    def response(self, trigger: str) -> tuple[Budget, ...]:
        """One command's response URL: the first text, one edit, the last one, and two to spare."""
        # It never refills while the URL lives, but does so some day, so that it is forgotten.
        return (self._each("response_url", trigger, 1 / 60, USES, reserve=KEPT_USES),)

    def _all(self, method: str) -> Budget:
        per_minute, burst = WORKSPACE[method]
        key = f"slack/{self.team}/{method}"
        burst = self.bursts.get(method, burst)
        return Budget(key, per_minute / 60, 60.0, burst, kind=f"slack/{method}")

    def _each(
        self, method: str, part: str, per_minute: float, burst: int, reserve: int = 0
    ) -> Budget:
        key = f"slack/{self.team}/{method}/{part}"
        return Budget(key, per_minute / 60, 60.0, burst, reserve, kind=f"slack/{method}")


def unknown(bursts: Mapping[str, int]) -> str:
    """What is wrong with the names in `SLACK_BURSTS`; empty when nothing is."""
    names = [name for name in bursts if name not in WORKSPACE]
    if not names:
        return ""
    return (
        f"SLACK_BURSTS: Parley calls no method {', '.join(names)}. There are: "
        f"{', '.join(sorted(WORKSPACE))}."
    )
