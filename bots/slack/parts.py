"""What every workspace's bot is built of, besides what is its own."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from core.access import Access
from core.catch_up import CatchUp
from core.chat import Chat
from core.forgetting import Forgetting
from core.languages import Languages
from core.pace import Governor
from core.panel import Panel
from core.presses import Presses
from core.recall import Recall
from core.reports import Reports


@dataclass(frozen=True, slots=True)
class Parts:
    """The product's parts and Slack's settings, which all workspaces share.

    `catch_up` makes one for a workspace; `api_url` ends in `/api/`.
    """

    api_url: str
    streaming: str
    bursts: Mapping[str, int]
    chat: Chat
    presses: Presses
    governor: Governor
    recall: Recall
    panel: Panel
    reports: Reports
    forgetting: Forgetting
    languages: Languages
    access: Access
    catch_up: Callable[[], CatchUp]
    managers: Collection[str] = ()
    clock: Callable[[], float] = field(default=time.monotonic)
