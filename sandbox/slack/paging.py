"""Pages of long answers: a cursor names its method and the place to go on from."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, TypeVar

from sandbox.slack.errors import Refused

T = TypeVar("T")


def page(items: Sequence[T], key: str, limit: int, cursor: str) -> tuple[list[T], str]:
    """One page of a list that seldom changes, and the cursor of the next (empty: none)."""
    place = read_cursor(key, cursor) if cursor else "0"
    if not place.isdecimal():
        raise Refused("invalid_cursor")
    after = int(place) + limit
    return list(items[int(place) : after]), make_cursor(key, after) if after < len(items) else ""


def make_cursor(key: str, place: object) -> str:
    """The cursor of a place; `key` keeps other methods from taking it."""
    return base64.b64encode(f"{key}:{place}".encode()).decode()


def read_cursor(key: str, cursor: str) -> str:
    """The place that a cursor names, or `invalid_cursor`."""
    try:
        name, _, place = base64.b64decode(cursor, validate=True).decode().rpartition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refused("invalid_cursor") from error
    if name != key:
        raise Refused("invalid_cursor")
    return place


def metadata(cursor: str) -> dict[str, Any]:
    """The part of an answer that leads to the next page."""
    return {"response_metadata": {"next_cursor": cursor}}
