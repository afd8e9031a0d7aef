"""The Web API methods that the sandbox knows, by family."""

from sandbox.slack.method import Method
from sandbox.slack.methods import (
    app,
    assistant,
    chat,
    conversations,
    files,
    people,
    reactions,
    streams,
    views,
)

METHODS: dict[str, Method] = {
    **app.METHODS,
    **assistant.METHODS,
    **chat.METHODS,
    **conversations.METHODS,
    **files.METHODS,
    **people.METHODS,
    **reactions.METHODS,
    **streams.METHODS,
    **views.METHODS,
}
