"""How what is written for a setting becomes its value, and what is said of it where it cannot."""

import json
import re
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr


class Fallback(BaseModel):
    """A model that can stand in; without an address at that of OPENAI_BASE_URL."""

    model_config = ConfigDict(frozen=True)

    name: str
    base_url: str = ""


def _json_object(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value)
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError("must be a JSON object, such as {}")  # noqa: TRY004 - pydantic's contract
    return found


def _words(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value.startswith("["):
        return json.loads(value)
    return (value,)


def _sizes(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    sizes: dict[str, int] = {}
    for part in value.split(","):
        name, _, size = (word.strip() for word in part.partition("="))
        if not (name and size.isdecimal() and int(size)):
            raise ValueError(f"must be like chat.update=10, chat.appendStream=20, not {part!r}")
        sizes[name] = int(size)
    return sizes


def _ids(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    ids = tuple(filter(None, (part.strip() for part in value.split(","))))
    for one in ids:
        if not re.fullmatch(r"[UW][A-Z0-9]{2,}", one):
            raise ValueError(f"must be ids of people, such as U0123ABCD, U0456EFGH, not {one!r}")
    return ids


def _span(value: Any) -> Any:
    """A span of time in seconds: `15` or `15 min`, `90 s`, `2 h`."""
    units = {"s": 1, "min": 60, "h": 3600}
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", str(value).lower())
    if match is None or (match[2] or "min") not in units:
        raise ValueError("write it in minutes, such as 15, or with a unit: 90 s, 15 min, 2 h")
    return float(match[1]) * units[match[2] or "min"]


def _off(value: Any) -> Any:
    return None if isinstance(value, str) and value.lower() == "off" else value


def _zone(value: Any) -> Any:
    try:
        return ZoneInfo(value) if isinstance(value, str) else value
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise ValueError(f"must be a time zone such as Europe/Berlin, not {value!r}") from error


def _fallbacks(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return tuple(_fallback(part.strip()) for part in value.split(",") if part.strip())


def _fallback(text: str) -> Fallback:
    name, _, address = text.rpartition("@")
    if not address.startswith(("http://", "https://")):
        return Fallback(name=text)
    if not name or not urlsplit(address).hostname:
        raise ValueError(f"must be names of models, or name@https://host/v1, not {text!r}")
    return Fallback(name=name, base_url=address.rstrip("/"))


def _servers(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    ids = tuple(part.strip() for part in value.split(","))
    for one in ids:
        if not re.fullmatch(r"\d{1,20}", one):
            raise ValueError(f"must be ids of servers, such as 1234, 5678, not {one!r}")
    return ids


Fallbacks = Annotated[tuple[Fallback, ...], BeforeValidator(_fallbacks), Field(max_length=10)]
Keys = Annotated[dict[str, SecretStr], BeforeValidator(_json_object), Field(repr=False)]
Dollars = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Budget = Annotated[Dollars | None, BeforeValidator(_off)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
Span = Annotated[float, BeforeValidator(_span), Field(le=7 * 86_400)]
Days = Annotated[Annotated[float, Field(ge=1, le=36_500)] | None, BeforeValidator(_off)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
JsonObject = Annotated[dict[str, Any], BeforeValidator(_json_object)]
Sizes = Annotated[dict[str, int], BeforeValidator(_sizes)]
Ids = Annotated[tuple[str, ...], BeforeValidator(_ids)]
Servers = Annotated[tuple[str, ...], BeforeValidator(_servers)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
