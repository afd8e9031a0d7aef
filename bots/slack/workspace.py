"""The workspace that the bot is in, with all that its conversations share."""

from dataclasses import dataclass

from bots.slack.assistant import Assistant
from bots.slack.budgets import Budgets
from bots.slack.calls import Calls
from bots.slack.files import Files
from bots.slack.groups import Groups
from bots.slack.identity import Identity
from bots.slack.managers import Managers
from bots.slack.memory import Memory
from bots.slack.messages import Scribe
from bots.slack.names import Names
from bots.slack.refusals import Refusals
from bots.slack.standings import Standings
from bots.slack.statuses import Statuses
from core.languages import Languages, Locales, Readers
from core.messages import Conversation
from core.programs import Programs
from core.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Workspace:
    """Everything that belongs to one workspace and is shared by its conversations."""

    us: Identity
    programs: Programs
    calls: Calls
    budgets: Budgets
    people: Names
    channels: Names
    groups: Groups
    standings: Standings
    scribe: Scribe
    memory: Memory
    files: Files
    managers: Managers
    statusless: Refusals
    unstreamed: Refusals
    tasks: Tasks
    statuses: Statuses
    assistant: Assistant
    streaming: str
    languages: Languages
    locales: Locales

    def readers(self, conversation: Conversation, person: str) -> Readers:
        """Who reads a conversation in which somebody asks; Slack's channels have no language."""
        return self.languages.readers(conversation, self.locales.of(person))

    def language(self, person: str) -> str:
        """The language of what somebody sees alone."""
        return self.languages.of(self.locales.of(person))
