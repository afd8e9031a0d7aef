"""People, bots, user groups and the workspace itself."""

from typing import Any

from sandbox.slack import paging
from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import Refused
from sandbox.slack.method import Answer, Method
from sandbox.slack.workspace import Workspace
from sandbox.world import Person


def users_info(slack: Workspace, arguments: Arguments) -> Answer:
    """One person."""
    person = slack.person(arguments.need("user"))
    return {"user": describe(slack, person, locale=arguments.flag("include_locale"))}


def users_list(slack: Workspace, arguments: Arguments) -> Answer:
    """Everybody, page by page."""
    people = list(slack.space.people.values())
    limit = arguments.limit(1000, 1000)
    found, following = paging.page(people, "users", limit, arguments.text("cursor"))
    locale = arguments.flag("include_locale")
    members = [describe(slack, person, locale=locale) for person in found]
    return {"members": members, **paging.metadata(following)}


def describe(slack: Workspace, person: Person, *, locale: bool = False) -> dict[str, Any]:
    """The user object; with the `locale` only for whoever asks for it."""
    return {
        "id": person.id,
        "team_id": person.home or slack.app.team,
        "name": person.handle,
        "real_name": person.name,
        "deleted": False,
        "color": person.colour.removeprefix("#"),
        "tz": "Europe/London",
        "tz_offset": 0,
        **({"locale": person.locale} if locale else {}),
        "profile": {
            "real_name": person.name,
            "display_name": person.name,
            "real_name_normalized": person.name,
            "display_name_normalized": person.name,
            "team": person.home or slack.app.team,
        },
        "is_bot": person.is_bot,
        "is_admin": person.manages,
        "is_owner": False,
        "is_restricted": person.guest,
        "is_ultra_restricted": False,
        "is_stranger": False,
    }


def bots_info(slack: Workspace, arguments: Arguments) -> Answer:
    """One bot."""
    app = slack.app
    if arguments.need("bot") != app.bot:
        raise Refused("bot_not_found")
    name = slack.space.people[app.user].name
    bot = {"id": app.bot, "app_id": app.id, "user_id": app.user, "name": name, "deleted": False}
    return {"bot": bot}


def usergroups_list(slack: Workspace, _arguments: Arguments) -> Answer:
    """The user groups."""
    team = {"team_id": slack.app.team, "is_usergroup": True, "date_delete": 0}
    groups = [
        {"id": id_, "name": handle.title(), "handle": handle, "user_count": len(people), **team}
        for id_, (handle, people) in slack.groups.items()
    ]
    return {"usergroups": groups}


def usergroups_users_list(slack: Workspace, arguments: Arguments) -> Answer:
    """The people in a group."""
    id_ = arguments.need("usergroup")
    if id_ not in slack.groups:
        raise Refused("no_such_subteam")
    return {"users": sorted(slack.groups[id_][1])}


def team_info(slack: Workspace, _arguments: Arguments) -> Answer:
    """The workspace."""
    app = slack.app
    return {"team": {"id": app.team, "name": app.team_name, "domain": app.team_domain}}


METHODS = {
    "users.info": Method(users_info, ("users:read",), writes=False),
    "users.list": Method(users_list, ("users:read",), writes=False),
    "bots.info": Method(bots_info, ("users:read",), writes=False),
    "usergroups.list": Method(usergroups_list, ("usergroups:read",), writes=False),
    "usergroups.users.list": Method(usergroups_users_list, ("usergroups:read",), writes=False),
    "team.info": Method(team_info, ("team:read",), writes=False),
}
