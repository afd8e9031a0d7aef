"""The workspace that the bot is in, with all that its conversations share."""

from dataclasses import dataclass

from bots.slack.budgets import Budgets
from bots.slack.calls import Calls
from bots.slack.groups import Groups
from bots.slack.identity import Identity
from bots.slack.managers import Managers
from bots.slack.memory import Memory
from bots.slack.messages import Scribe
from bots.slack.names import Names
from bots.slack.refusals import Refusals
from bots.slack.statuses import Statuses
from core.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Workspace:
    """Everything that belongs to one workspace and is shared by its conversations."""

    us: Identity
    calls: Calls
    budgets: Budgets
    people: Names
    channels: Names
    managers: Managers
    groups: Groups
    scribe: Scribe
    memory: Memory
    statusless: Refusals
    unstreamed: Refusals
    tasks: Tasks
    statuses: Statuses
    streaming: str
