"""The app as an assistant: statuses, titles, suggested prompts, sessions."""

from typing import Any

from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import InvalidArguments, Refused
from sandbox.slack.method import Answer, Method
from sandbox.slack.workspace import Workspace
from sandbox.world import Change, Channel

SESSION_STATUSES = ("active", "processing", "suspended", "closed")


def set_status(slack: Workspace, arguments: Arguments) -> Answer:
    """Say what the app is doing in a thread; an empty status takes the sign away."""
    channel, thread = _thread(slack, arguments)
    if not arguments.has("status"):
        raise InvalidArguments("missing required field: status")
    loading = arguments.items("loading_messages", "invalid_arguments") or []
    if len(loading) > 10:
        raise InvalidArguments("no more than 10 items allowed [json-pointer:/loading_messages]")
    slack.statuses.set(channel.id, thread, arguments.text("status"))
    return {}


def set_title(slack: Workspace, arguments: Arguments) -> Answer:
    """Name a thread in a direct message."""
    channel, thread = _thread(slack, arguments)
    _tell(slack, channel, thread=thread, title=arguments.need("title"))
    return {}


def set_suggested_prompts(slack: Workspace, arguments: Arguments) -> Answer:
    """Offer up to four things to ask.

    In a thread in the older sort; an agent that names one gets nothing, and no error: "Including
    it in a call for an agent app will cause the call to silently fail" (docs.slack.dev).
    """
    channel = slack.joined(arguments.need("channel_id"))
    prompts = arguments.items("prompts", "invalid_arguments")
    if not prompts or len(prompts) > 4:
        raise InvalidArguments("must have 1 to 4 items [json-pointer:/prompts]")
    for prompt in prompts:
        if not isinstance(prompt, dict) or not prompt.get("title") or not prompt.get("message"):
            raise InvalidArguments("must have title and message [json-pointer:/prompts]")
    if slack.app.view == "agent" and arguments.has("thread_ts"):
        return {}
    thread = _thread(slack, arguments)[1] if arguments.has("thread_ts") else ""
    _tell(slack, channel, thread=thread, prompts=prompts)
    return {}


def set_session_status(slack: Workspace, arguments: Arguments) -> Answer:
    """Say how an agent's work in a thread stands; `processing` shows a button to stop it."""
    channel, thread = _thread(slack, arguments)
    status = arguments.need("status")
    if status not in SESSION_STATUSES:
        raise InvalidArguments(f"must be one of: {' '.join(SESSION_STATUSES)}")
    _tell(slack, channel, thread=thread, session=status, title=arguments.text("title"))
    unheard = "missing_agent_session_stopped_event_subscription"
    warning = {} if slack.app.hears("agent_session_stopped") else {"warning": unheard}
    return {"status": status, "agent_status": status, **warning}


def _thread(slack: Workspace, arguments: Arguments) -> tuple[Channel, str]:
    channel = slack.joined(arguments.need("channel_id"))
    thread = arguments.need("thread_ts")
    root = slack.space.message(channel.id, thread)
    if root is None or root.only_for:
        raise Refused("invalid_thread_ts")
    return channel, root.thread or root.id


def _tell(slack: Workspace, channel: Channel, **note: Any) -> None:
    slack.space.tell(Change("assistant", slack.space.name, channel.id, note=note))


METHODS = {
    "assistant.threads.setStatus": Method(set_status, ("chat:write", "assistant:write")),
    "assistant.threads.setTitle": Method(set_title, ("assistant:write",)),
    "assistant.threads.setSuggestedPrompts": Method(set_suggested_prompts, ("assistant:write",)),
    "agents.sessions.setStatus": Method(set_session_status, ("chat:write",)),
}
