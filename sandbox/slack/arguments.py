"""What a call to the Web API brings: its token and its arguments."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sandbox.slack.errors import InvalidArguments, Refused

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class Arguments:
    """A call's arguments, read as Slack reads them: from JSON, a form or the query."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = dict(values)

    def has(self, name: str) -> bool:
        """Whether it was given at all, empty or not."""
        return self.values.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        """A string; numbers count as what they look like."""
        value = self.values.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise InvalidArguments(f"must be a string [json-pointer:/{name}]")
        return str(value)

    def need(self, name: str) -> str:
        """A string that must be there and not empty."""
        value = self.text(name)
        if not value:
            raise InvalidArguments(f"missing required field: {name}")
        return value

    def flag(self, name: str) -> bool:
        """A truth value in any of the spellings that Slack takes."""
        return str(self.values.get(name, "")).lower() in ("1", "true")

    def limit(self, default: int, most: int) -> int:
        """The `limit` of a paginated method, 1 to `most`."""
        value = self.text("limit") or str(default)
        if not value.isdecimal() or not 1 <= int(value) <= most:
            raise Refused("invalid_limit")
        return int(value)

    def items(self, name: str, wrong: str) -> list[Any] | None:
        """An array, given as such or as a string of JSON; `wrong` is the code if it is none."""
        value = self._decoded(name, wrong)
        if value is not None and not isinstance(value, list):
            raise Refused(wrong)
        return value

    def mapping(self, name: str, wrong: str) -> dict[str, Any] | None:
        """An object, given as such or as a string of JSON; `wrong` is the code if it is none."""
        value = self._decoded(name, wrong)
        if value is not None and not isinstance(value, dict):
            raise Refused(wrong)
        return value

    def _decoded(self, name: str, wrong: str) -> Any:
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError as error:
            raise Refused(wrong) from error


async def read(request: web.Request, *, takes_json: bool) -> tuple[str, Arguments]:
    """The token and the arguments of a call.

    Methods that only read do not look at a JSON body (docs.slack.dev, "Web API
    basics"): with one, their arguments are simply missing.
    """
    values: dict[str, Any] = dict(request.query)
    if request.method == "POST" and request.can_read_body:
        values |= await _body(request, takes_json=takes_json)
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    posted = str(values.pop("token", "") or "")
    token = bearer.strip() if scheme.lower() == "bearer" else ""
    return token or posted, Arguments(values)


async def _body(request: web.Request, *, takes_json: bool) -> dict[str, Any]:
    if request.content_type in FORMS:
        return await _form(request)
    if request.content_type != "application/json":
        raise Refused("invalid_post_type")
    values = await _json(request)
    return values if takes_json else {}


async def _form(request: web.Request) -> dict[str, Any]:
    try:
        return dict(await request.post())
    except ValueError as error:
        raise Refused("invalid_form_data") from error


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        values = await request.json()
    except ValueError as error:
        raise Refused("invalid_json") from error
    if not isinstance(values, dict):
        raise Refused("json_not_object")
    return values
