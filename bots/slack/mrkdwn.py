"""Slack's own text, as events carry it, in Markdown and back."""

import re
from collections.abc import Callable

Name = Callable[[str], str]
"""What people call a person or a channel, by its id; empty when it is not known."""

_REFERENCE = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")


def escape(text: str) -> str:
    """Text in which Slack finds no control sequence (docs.slack.dev, "Escaping text")."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """Text as its writer typed it."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def markdown(text: str, person: Name, channel: Name) -> str:
    """What somebody wrote, with links in Markdown and mentions by name."""

    def written(found: re.Match[str]) -> str:
        sigil, target, label = found[1], found[2], found[3] or ""
        if sigil == "@":
            return mention(person(target) or label or target)
        if sigil == "#":
            return f"#{channel(target) or label or target}"
        if sigil == "!":
            return _special(target, label)
        return link(target, label)

    return unescape(_REFERENCE.sub(written, text))


def mention(name: str) -> str:
    """A person's name as it stands in a text."""
    return f"@{name.removeprefix('@')}"


def link(url: str, label: str) -> str:
    """A link in Markdown; one that shows its own address stays bare."""
    shown = label.strip()
    if not shown or shown == url or url in (f"http://{shown}", f"mailto:{shown}"):
        return shown if url.startswith("mailto:") and shown else url
    return f"[{shown}]({url})"


def strip_mention(text: str, user: str) -> str:
    """The text without the mentions of somebody at its ends, such as the bot's own."""
    return strip_call(text, rf"<@{re.escape(user)}(?:\|[^<>]*)?>")


def strip_call(text: str, own: str) -> str:
    """The text without what calls somebody, a pattern, at its ends."""
    text = re.sub(rf"\A(?:\s*{own}[\s,:]*)+", "", text)
    return re.sub(rf"(?:\s*{own}\s*)+\Z", "", text).strip()


def mentioned(text: str) -> frozenset[str]:
    """The people whom a text mentions; groups and whole channels count as one of their own."""
    found = _REFERENCE.finditer(text)
    return frozenset(
        target if sigil == "@" else sigil + target
        for sigil, target in ((one[1], one[2]) for one in found)
        if sigil == "@" or (sigil == "!" and _is_group(target))
    )


def _is_group(target: str) -> bool:
    return target in ("channel", "here", "everyone") or target.startswith("subteam^")


def _special(target: str, label: str) -> str:
    """`<!here>`, `<!subteam^S1|@ops>`, `<!date^…|yesterday>`: what people saw of it."""
    if _is_group(target):
        return mention(label or target.partition("^")[0])
    return label or target.partition("^")[0]
