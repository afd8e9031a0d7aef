"""What people are to the workspace: learned from what comes along, and seldom asked for."""

import asyncio
from dataclasses import replace

import pytest

from bots.slack.caller import SlackCaller
from bots.slack.calls import CallFailed
from bots.slack.standings import Standings
from core.access import Access, Kind
from core.errors import PlatformFailed
from core.notices import OTHER_WORKSPACE
from core.surface import Unknown
from sandbox.slack import events
from sandbox.world import Person
from tests.bots.slack.conftest import Notes, working

TEAM, OTHER = "T1", "T2"


class Slack:
    """Answers for people, and counts how often it is asked."""

    def __init__(self):
        self.people = {}
        self.asked = []
        self.now = 0.0
        self.standings = Standings(TEAM, self.look_up, lambda: self.now)

    async def look_up(self, user):
        self.asked.append(user)
        await asyncio.sleep(0)
        if user not in self.people:
            raise CallFailed(Unknown("timeout"))
        self.standings.learn({"id": user, "team_id": TEAM} | self.people[user])


@pytest.mark.parametrize(
    ("says", "kind"),
    [
        ({}, Kind.MEMBER),
        ({"is_restricted": True}, Kind.GUEST),
        ({"is_restricted": True, "is_ultra_restricted": True}, Kind.GUEST),
        ({"team_id": OTHER}, Kind.CONNECT),
        ({"team_id": OTHER, "is_restricted": True}, Kind.CONNECT),
        ({"is_stranger": True}, Kind.CONNECT),
        ({"team_id": OTHER, "enterprise_user": {"teams": [OTHER, TEAM]}}, Kind.MEMBER),
        ({"team_id": OTHER, "enterprise_user": {"teams": [OTHER]}}, Kind.CONNECT),
    ],
)
async def test_a_user_object_tells_what_somebody_is(says, kind):
    slack = Slack()
    slack.people["U1"] = says

    assert await slack.standings.of("U1") is kind


async def test_slack_is_asked_once_by_all_who_need_it_and_then_no_more():
    slack = Slack()
    slack.people["U1"] = {}

    kinds = await asyncio.gather(*(slack.standings.of("U1") for _ in range(5)))
    kinds.append(await slack.standings.of("U1"))

    assert set(kinds) == {Kind.MEMBER}
    assert slack.asked == ["U1"]


async def test_an_event_of_somebody_of_another_workspace_tells_without_a_call():
    slack = Slack()
    slack.standings.seen("U1", OTHER)
    slack.standings.seen("U2", "", guest=True)

    assert await slack.standings.of("U1") is Kind.CONNECT
    assert await slack.standings.of("U2") is Kind.GUEST
    assert slack.asked == []


async def test_an_event_cannot_make_a_member_of_anybody():
    slack = Slack()
    slack.people["U1"] = {"is_restricted": True}
    slack.standings.seen("U1", TEAM)

    assert await slack.standings.of("U1") is Kind.GUEST


async def test_an_event_from_elsewhere_in_the_organization_leaves_a_member_one():
    slack = Slack()
    slack.people["U1"] = {"team_id": OTHER, "enterprise_user": {"teams": [OTHER, TEAM]}}
    await slack.standings.of("U1")

    slack.standings.seen("U1", OTHER)

    assert await slack.standings.of("U1") is Kind.MEMBER


async def test_a_guest_who_becomes_a_member_is_one_soon():
    slack = Slack()
    slack.people["U1"] = {"is_restricted": True}
    assert await slack.standings.of("U1") is Kind.GUEST
    slack.people["U1"] = {}
    slack.now += 301

    assert await slack.standings.of("U1") is Kind.MEMBER


async def test_where_slack_does_not_tell_what_was_known_before_counts():
    slack = Slack()
    slack.people["U1"] = {}
    await slack.standings.of("U1")
    slack.people.clear()
    slack.now += 100_000

    assert await slack.standings.of("U1") is Kind.MEMBER
    with pytest.raises(PlatformFailed):
        await slack.standings.of("U2")


async def test_those_whom_the_start_has_listed_cost_no_call(office):
    await office.until_named()
    office.slack.say("U0ADA", "C0GENERAL", "@Parley why?")
    question, surface = await office.notes.question()
    before = office.methods().count("users.info")

    assert await surface.caller(question.asker).kind() is Kind.MEMBER
    assert office.methods().count("users.info") == before


async def test_somebody_new_costs_one_call_which_brings_the_name_along(office):
    await office.until_named()
    office.hire("U0NEW", "Newt")
    office.slack.say("U0NEW", "C0GENERAL", "@Parley why?")
    question, surface = await office.notes.question()

    assert await surface.caller(question.asker).kind() is Kind.MEMBER
    assert (await surface.introduce(question)).asker.name == "Newt"
    assert office.methods().count("users.info") == 1


async def test_somebody_of_another_workspace_is_known_by_the_message(office):
    await office.until_named()
    office.space.add_person(Person("U0CAT", "Cat", "cat", home="T0OTHER"))
    office.space.channels["C0GENERAL"].members.add("U0CAT")
    office.slack.say("U0CAT", "C0GENERAL", "@Parley why?")
    question, surface = await office.notes.question()

    assert await surface.caller(question.asker).kind() is Kind.CONNECT
    assert "users.info" not in office.methods()


async def test_what_happens_in_another_workspace_with_the_same_app_is_not_heard(office):
    workspace = office.slack.workspace
    message = office.space.post("C0QUIET", "U0ADA", "<@U0PARLEY> why?")
    event = {"type": "app_mention", "user": "U0ADA", "channel": "C0GENERAL", "text": message.text}
    elsewhere = events.callback(workspace, event | {"ts": message.id, "team": "T0OTHER"})
    elsewhere["authorizations"][0]["team_id"] = elsewhere["team_id"] = "T0OTHER"
    office.slack.deliveries.add(elsewhere)
    office.slack.say("U0BEN", "C0GENERAL", "@Parley and here?")

    question, _ = await office.notes.question()
    assert question.asker.id == "U0BEN"
    assert len(office.notes.taken) == 1


async def test_a_command_in_another_workspace_with_the_same_app_is_refused(slack):
    notes, everybody = Notes(), Access(guests=True, connect=True)
    notes.refusal_of = everybody.refusal
    async with working(slack, notes):
        app = slack.workspace.app
        slack.workspace.app = replace(app, team="T0OTHER")
        told = [
            await slack.command("U0ADA", "C0GENERAL", *command)
            for command in (("/ask", "why?"), ("/parley", "help"))
        ]
        slack.workspace.app = app

    for shown in told:
        message = slack.workspace.space.message("C0GENERAL", shown)
        assert str(OTHER_WORKSPACE) in str((message.text, message.payload))
    assert notes.taken == []


async def test_who_is_in_a_group_is_asked_for_the_group_and_not_for_each_person(office):
    office.slack.workspace.groups["S0CREW"] = ("crew", frozenset({"U0BEN"}))
    office.slack.say("U0ADA", "C0GENERAL", "@Parley why?")
    _, surface = await office.notes.question()
    groups = ["slack/T0SANDBOX/groups/S0CREW", "slack/T0OTHER/groups/S0ELSE"]

    found = [
        await SlackCaller(surface._workspace, user, "C0GENERAL").among(groups)
        for user in ("U0ADA", "U0BEN", "U0CHO")
    ]

    assert found == [False, True, False]
    assert office.methods().count("usergroups.users.list") == 1
