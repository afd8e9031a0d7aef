"""What a Web API method is to the door that all calls come through."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.slack.arguments import Arguments
from sandbox.slack.workspace import Workspace

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Method:
    """One method: `run` gives the answer without its `ok`, or raises `Refused`.

    One of `scopes` is needed (none: any token will do). `writes`: it takes a JSON
    body, as all methods do that change something. `app_level`: it wants the
    app-level token instead of the bot's, `config_level` that of whoever manages apps.
    """

    run: Callable[[Workspace, Arguments], Answer]
    scopes: tuple[str, ...] = ()
    writes: bool = True
    app_level: bool = False
    config_level: bool = False
