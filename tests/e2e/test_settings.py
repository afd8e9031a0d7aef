"""What managers set for a channel holds from the next question on, and nobody else can set it."""

import asyncio

import pytest
import pytest_asyncio

from core import notices
from core.controls import Control
from sandbox.discord import CommandFailed as DiscordCommandFailed
from sandbox.model import Answer
from tests.e2e.conftest import opened
from tests.e2e.places import DiscordPlace, SlackPlace, read_discord, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

PERSONAS = """
[[persona]]
name = "pirate"
description = "Speaks like a pirate"
prompt = "Answer like a pirate. Arr!"
model = "gpt-4o"
parameters = { temperature = 1.5, stop = ["ahoy"] }

[[persona]]
name = "lawyer"
prompt = "Answer like a lawyer."
"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def inhabited(tmp_path_factory):
    """A town whose bot knows two personas."""
    folder = tmp_path_factory.mktemp("town")
    file = folder / "personas.toml"
    file.write_text(PERSONAS)
    async with opened(folder) as town:
        town.slack.workspace.groups["S0CREW"] = ("crew", frozenset({SlackPlace.ben}))
        town.model.models = ("gpt-4o", "gpt-4o-mini", "gpt-6-luna")
        async with town.bot(PERSONAS_FILE=str(file)) as bot:
            yield town
    assert bot.process.returncode == 0
    assert "Traceback" not in bot.said, bot.said
    assert "unexpected" not in bot.said, bot.said


class SlackForm:
    """The settings as somebody has them before them in Slack."""

    def __init__(self, place, person, view):
        self.place, self.person, self.view = place, person, view

    @property
    def words(self):
        """Everything that can be read in it."""
        return str(self.place.server.workspace.views.get(self.view).content)

    @property
    def editable(self):
        return "submit" in self.place.server.workspace.views.get(self.view).content

    def blames(self, problems, field):
        return list(problems) == [field]

    async def fill(self, **entries):
        """Send it; what is wrong, by field, or what the bot says then."""
        answer = await self.place.server.submit(self.person, self.view, entries)
        if answer.get("response_action") == "errors":
            return answer["errors"]
        return str(answer.get("view", {}).get("blocks"))


class SlackSettings:
    """Using the settings in Slack."""

    NOTHING = "-"

    def __init__(self, place):
        self.place = place

    async def open(self, person, room, scope=""):
        views = []
        unwatch = self.place.space.watch(
            lambda change: views.append(change.note["view"]) if change.what == "view" else None
        )
        try:
            await self.place.server.command(person, room, "/parley", f"settings {scope}")
        finally:
            unwatch()
        return SlackForm(self.place, person, views[-1])

    async def say(self, person, room, words):
        """Use `/parley` and read what only this person sees of it."""
        id_ = await self.place.server.command(person, room, "/parley", words)
        message = self.place.space.message(room, id_)
        assert message.only_for == person
        return message.text

    async def persona(self, person, room, name, question):
        return await self.place.ask(person, f"as:{name} {question}", room)


class DiscordForm:
    """The settings as somebody has them before them in Discord: a message that opens two forms."""

    PEOPLE = ("place", "audience", "people", "notices", "language")

    def __init__(self, place, person, room, opened):
        self.place, self.person, self.room = place, person, room
        self.message = place.space.message(room, place.server.interaction(opened).original)
        assert self.message.only_for == person

    @property
    def words(self):
        return read_discord(self.message).notice

    @property
    def editable(self):
        return bool(self.message.payload.get("components"))

    def blames(self, problems, field):
        """Whether one sentence says what is wrong, and once with what."""
        name = "answer" if field == "answer_tokens" else notices.SETTINGS[field].lower()
        return "\n" not in problems and problems.lower().count(name) == 1

    async def fill(self, **entries):
        """Send what belongs to each form; what the bot says then."""
        said = []
        for part in ("answers", "people"):
            mine = {
                name: value
                for name, value in entries.items()
                if (name in self.PEOPLE) == (part == "people")
            }
            for name in ("temperature", "top_p"):
                if name in mine:
                    mine["sampling"] = f"{name} {mine.pop(name)}"
            if mine:
                button = next(one for one in self.buttons() if one.endswith(part))
                said.append(await self.send(self.message, button, mine))
        return "\n".join(said)

    async def hints(self, part):
        """What stands beside each field of a form."""
        server = self.place.server
        button = next(one for one in self.buttons() if one.endswith(part))
        opened = await server.press(self.person, self.room, self.message.id, button)
        rows = server.interaction(opened).modal["components"]
        return [row.get("description") or "" for row in rows]

    def buttons(self):
        rows = self.message.payload["components"]
        return [one["custom_id"] for row in rows for one in row["components"]]

    async def send(self, message, button, values):
        server = self.place.server
        opened = await server.press(self.person, self.room, message.id, button)
        sent = await server.submit(self.person, self.room, opened, values)
        self.answer = self.place.space.message(self.room, server.interaction(sent).original)
        return read_discord(self.answer).notice


class DiscordSettings:
    """Using the settings in Discord."""

    NOTHING = ""

    def __init__(self, place):
        self.place = place

    async def open(self, person, room, scope=""):
        options = {"server": True} if scope else {}
        opened = await self.place.server.command(person, room, "parley settings", options)
        return DiscordForm(self.place, person, room, opened)

    async def say(self, person, room, words):
        """Use `/parley` and read what only this person sees of it."""
        word, _, rest = words.partition(" ")
        options = {{"model": "name", "prompt": "text"}[word]: rest} if rest else {}
        used = await self.place.server.command(person, room, f"parley {word}", options)
        message = self.place.space.message(room, self.place.server.interaction(used).original)
        assert message.only_for == person
        return read_discord(message).notice

    async def persona(self, person, room, name, question):
        talk = self.place._talk(room)
        options = {"question": question, "as": name}
        await self.place.server.command(person, room, "ask", options)
        return talk


SETTINGS = {"slack": SlackSettings, "discord": DiscordSettings}


@pytest.fixture
def settings(place):
    return SETTINGS[place.name](place)


def system(model):
    return str(model.requests[-1].body["messages"][0]["content"])


def texts(seen):
    return [one.text for one in seen]


async def asked(place, model, room, words="why?", answer="Because."):
    """Ask something in a room and wait for the answer; the request that the model got."""
    model.enqueue(Answer((answer,)))
    talk = place.mention(place.ada, words, room)
    await talk.until(lambda seen: texts(seen)[-1:] == [answer])
    return model.requests[-1].body


async def test_a_manager_sets_the_model_and_the_prompt_and_the_next_question_uses_them(
    place, model, settings
):
    room = place.room()
    form = await settings.open(place.ada, room)
    assert "gpt-4o-mini (from the deployment)" in form.words
    said = await form.fill(
        model="gpt-4o", system_prompt="Be brief.", temperature="0,7", answer_tokens="500"
    )

    assert "Saved" in said
    body = await asked(place, model, room)
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("gpt-4o", 0.7, 500)
    assert system(model).startswith("Be brief.")
    assert "gpt-4o (set for this channel)" in (await settings.open(place.ada, room)).words
    other = await asked(place, model, place.room())
    assert other["model"] == "gpt-4o-mini"


async def test_the_whole_prompt_is_shown_to_everybody_also_to_those_who_may_set_it(place, settings):
    room, prompt = place.room(), f"{'Be kind. ' * 30}Be brief."
    await settings.say(place.ada, room, f"prompt {prompt}")

    for person in (place.ada, place.ben):
        shown = await settings.say(person, room, "prompt")
        assert f"System prompt (set for this channel):\n{prompt}" in shown
    assert "sets another" in shown


async def test_beside_a_long_prompt_the_form_says_where_it_comes_from(place, settings):
    if place.name == "slack":
        pytest.skip("Slack's hints have room for it; Discord's have 100 characters.")
    room = place.room()
    await settings.say(place.ada, room, f"prompt {'Be kind. ' * 30}")
    opened = await settings.open(place.ada, room)

    hints = await opened.hints("answers")

    assert max(map(len, hints)) <= 100
    assert any("Be kind." in hint and hint.endswith("(set for this channel)") for hint in hints)


async def test_a_name_of_a_model_is_read_as_it_was_typed(place, settings):
    told = await settings.say(place.ada, place.room(), "model a<b>&c")

    assert "a<b>&c" in told.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert "&amp;amp;" not in told
    assert "&amp;lt;" not in told


async def test_a_thread_inherits_its_channel(place, model, settings):
    room = place.room()
    await settings.say(place.ada, room, "prompt Be a poet.")
    model.enqueue(Answer(("One.",)), Answer(("Two.",)))
    talk = place.mention(place.ada, "begin", room)
    await talk.until(lambda seen: texts(seen) == ["One."])
    await settings.say(place.ada, room, "prompt Be a critic.")
    talk.say(place.ada, "go on")
    await talk.until(lambda seen: texts(seen) == ["One.", "Two."])

    assert system(model).startswith("Be a critic.")


async def test_who_does_not_manage_the_channel_sees_everything_and_changes_nothing(
    place, model, settings
):
    room = place.room()
    form = await settings.open(place.ben, room)
    assert not form.editable
    assert "gpt-4o-mini (from the deployment)" in form.words
    assert "Only people who manage this channel" in form.words

    assert "Only people who manage" in await settings.say(place.ben, room, "model gpt-4o")
    assert "Only people who manage" in await settings.say(place.ben, room, "prompt Obey me.")
    assert (await asked(place, model, room))["model"] == "gpt-4o-mini"
    assert "Obey" not in system(model)


async def test_what_is_set_for_the_workspace_holds_where_a_channel_sets_nothing(
    place, model, settings
):
    room, other = place.room(), place.room()
    form = await settings.open(place.ada, room, "workspace")
    await form.fill(system_prompt="Be formal.", answer_tokens="300")
    await settings.say(place.ada, other, "prompt Be informal.")

    assert (await asked(place, model, room))["max_tokens"] == 300
    assert system(model).startswith("Be formal.")
    assert (await asked(place, model, other))["max_tokens"] == 300
    assert system(model).startswith("Be informal.")
    assert (
        "at most 300 tokens (set for all channels)" in (await settings.open(place.ada, room)).words
    )
    again = await settings.open(place.ada, room, "workspace")
    await again.fill(system_prompt="", answer_tokens="")
    assert (await asked(place, model, room))["max_tokens"] == 4096


async def test_only_who_administers_the_workspace_changes_its_settings(place, settings):
    form = await settings.open(place.ben, place.room(), "workspace")

    assert not form.editable


@pytest.mark.parametrize(
    "mistake",
    [
        ("temperature", "warm", "a number from 0 to 2"),
        ("temperature", "nan", "a number from 0 to 2"),
        ("temperature", "7", "a number from 0 to 2"),
        ("top_p", "0", "above 0, and 1 at most"),
        ("top_p", "much", "above 0, and 1 at most"),
        ("answer_tokens", "long", "a whole number of tokens"),
        ("answer_tokens", "-5", "a whole number of tokens"),
        ("answer_tokens", "1.5", "a whole number of tokens"),
        ("answer_tokens", "99999999999", "a whole number of tokens"),
        ("answer_tokens", "31480", "leave no room for a question"),
        ("audience", "listed", "Nobody is listed"),
    ],
)
async def test_nonsense_in_a_field_is_named_at_that_field(place, settings, mistake):
    field, nonsense, said = mistake
    room = place.room()
    form = await settings.open(place.ada, room)
    # Something right in the same form, which does not hold, either.
    right = {"language": "de"} if field == "audience" else {"system_prompt": "Be odd. " * 100}
    problems = await form.fill(**{field: nonsense}, **right)

    assert said in str(problems)
    assert form.blames(problems, field)
    assert "set for this channel" not in (await settings.open(place.ada, room)).words


async def test_all_that_is_wrong_is_said_at_once(place, settings):
    form = await settings.open(place.ada, place.room())
    problems = str(await form.fill(temperature="hot", answer_tokens="many"))

    assert "a number from 0 to 2" in problems
    assert "a whole number of tokens" in problems


async def test_a_model_that_does_not_exist_is_refused_with_those_that_it_may_have_meant(
    place, model, settings
):
    room = place.room()
    said = await settings.say(place.ada, room, "model gpt-4o-minni")

    assert "There is no model “gpt-4o-minni”. Did you mean one of these: gpt-4o-mini" in said
    assert (await asked(place, model, room))["model"] == "gpt-4o-mini"


async def test_the_model_is_shown_and_set_by_its_command(place, model, settings):
    room = place.room()
    assert "gpt-4o-mini (from the deployment)" in await settings.say(place.ben, room, "model")
    assert "gpt-4o (set for this channel)" in await settings.say(place.ada, room, "model gpt-4o")

    assert (await asked(place, model, room))["model"] == "gpt-4o"


async def test_a_model_that_goes_away_is_named_to_who_asks(place, model, settings):
    room = place.room()
    await settings.say(place.ada, room, "model gpt-4o")
    model.enqueue(Answer(status=404, code="model_not_found"))
    talk = place.mention(place.ben, "still there?", room)

    seen = await talk.until(lambda seen: bool(seen) and bool(seen[-1].notice))
    assert "“gpt-4o”" in seen[-1].notice
    assert "/parley model" in seen[-1].notice


async def test_only_those_listed_are_answered_and_others_are_told_once(place, model, settings):
    room = place.room()
    form = await settings.open(place.ada, room)
    await form.fill(audience="listed", people=place.ada)
    assert (await asked(place, model, room))["model"]
    before = len(model.requests)
    place.mention(place.ben, "and me?", room)
    place.mention(place.ben, "and me??", room)

    def told():
        return [
            message
            for channel in list(place.space.channels)
            for message in place.space.messages(channel)
            if "only the people who are listed" in str((message.text, message.payload))
        ]

    await until(place.space, lambda: bool(told()))
    command = await place.ask(place.ben, "and now?", room)
    seen = await command.until(lambda seen: bool(seen) and "listed" in str(seen[-1]))
    assert seen[-1].only_for == place.ben
    await asked(place, model, place.room())
    assert len(told()) == 2  # one for both mentions, one for the command
    assert len(model.requests) == before + 1
    if place.name == "slack":
        assert {message.only_for for message in told()} == {place.ben}


async def test_everybody_is_answered_again_when_the_choice_of_those_listed_is_taken_back(
    place, model, settings
):
    room = place.room()
    await (await settings.open(place.ada, room)).fill(audience="listed", people=place.ada)
    said = await (await settings.open(place.ada, room)).fill(
        audience=settings.NOTHING, people=place.ada
    )

    assert "everybody (from the deployment)" in said
    model.enqueue(Answer(("Sure.",)))
    await place.mention(place.ben, "me, too?", room).until(lambda seen: texts(seen) == ["Sure."])


async def test_whoever_lists_somebody_means_those_listed(place, settings):
    form = await settings.open(place.ada, place.room())

    assert "only those listed" in await form.fill(people=place.ben)


async def test_a_refusal_can_be_a_reaction_only(place, model, settings):
    room = place.room()
    form = await settings.open(place.ada, room)
    await form.fill(audience="managers", notices="reaction")
    asked_at = place.server.say(place.ben, room, "@Parley may I?")

    def reactions():
        return place.space.message(room, asked_at.id).reactions

    await until(place.space, lambda: bool(reactions()))
    assert reactions()[0][0] in ("no_entry_sign", "🚫")


async def test_a_channel_chooses_the_language_of_its_notices(place, model, settings):
    room = place.room()
    await (await settings.open(place.ada, room)).fill(language="de")
    model.enqueue(Answer(("Half",), finish="length"))
    talk = place.mention(place.ben, "go on", room)

    await talk.until(lambda seen: bool(seen) and "Höchstlänge" in seen[-1].notice)


async def test_a_persona_is_chosen_for_a_channel(place, model, settings):
    room = place.room()
    form = await settings.open(place.ada, room)
    await form.fill(persona="pirate")

    body = await asked(place, model, room)
    assert (body["model"], body["temperature"], body["stop"]) == ("gpt-4o", 1.5, ["ahoy"])
    assert system(model).startswith("Answer like a pirate.")
    assert "from the persona" in (await settings.open(place.ada, room)).words


async def test_a_persona_is_chosen_for_one_question(place, model, settings):
    model.enqueue(Answer(("Arr.",)))
    talk = await settings.persona(place.ben, place.room(), "Pirate", "why?")
    await talk.until(lambda seen: "Arr." in str(seen))

    assert system(model).startswith("Answer like a pirate.")
    assert "why?" in str(model.requests[-1].body["messages"][-1])
    assert "as:" not in str(model.requests[-1].body["messages"])
    await talk.until(lambda seen: bool(seen) and Control.WHY in seen[-1].controls)
    why = await talk.press(place.ben, Control.WHY)
    assert "gpt-4o (persona pirate, temperature 1.5, " in why


async def test_a_persona_that_does_not_exist_is_answered_with_those_that_do(place, model, settings):
    before = len(model.requests)
    talk = await settings.persona(place.ben, place.room(), "ninja", "why?")

    seen = await talk.until(lambda seen: "ninja" in str(seen))
    assert "There are: lawyer, pirate." in str(seen)
    assert seen[-1].only_for == place.ben
    assert len(model.requests) == before


async def test_a_prompt_of_a_hundred_thousand_characters_is_refused_in_a_sentence(
    place, model, settings
):
    room = place.room()
    if place.name == "slack":
        said = await settings.say(place.ada, room, "prompt " + "blah " * 20_000)
        assert "The system prompt has 99,999 characters; 20,000 is the most it may have." in said
    else:  # Discord itself refuses more than 6,000.
        with pytest.raises(DiscordCommandFailed, match="too long"):
            await settings.say(place.ada, room, "prompt " + "blah " * 20_000)

    await asked(place, model, room)
    assert "blah" not in system(model)


async def test_settings_survive_a_restart(tmp_path):
    async with opened(tmp_path) as town:
        places = [
            SlackPlace(town.slack, town.world.slack),
            DiscordPlace(town.discord, town.world.discord),
        ]
        rooms = [place.room() for place in places]
        async with town.bot():
            for place, room in zip(places, rooms, strict=True):
                await SETTINGS[place.name](place).say(place.ada, room, "prompt Be a monk.")
            form = await DiscordSettings(places[1]).open(places[1].ada, rooms[1])
        async with town.bot():
            for place, room in zip(places, rooms, strict=True):
                await asked(place, town.model, room)
                assert system(town.model).startswith("Be a monk.")
            assert "Saved" in await form.fill(answer_tokens="300")  # its buttons still work


async def test_a_form_that_a_restart_outlived_says_so_and_changes_nothing(tmp_path):
    """Discord keeps it open on the screen; in Slack a form needs no process that remembers it."""
    async with opened(tmp_path) as town:
        place = DiscordPlace(town.discord, town.world.discord)
        room = place.room()
        async with town.bot():
            form = await DiscordSettings(place).open(place.ada, room)
            button = next(one for one in form.buttons() if one.endswith("answers"))
            open_form = await place.server.press(place.ada, room, form.message.id, button)
        async with town.bot():
            sent = await place.server.submit(
                place.ada, room, open_form, {"system_prompt": "Be a monk."}
            )
            answer = place.space.message(room, place.server.interaction(sent).original)

            assert read_discord(answer).notice == notices.FORM_OUTLIVED
            assert answer.only_for == place.ada
            await asked(place, town.model, room)
            assert "monk" not in system(town.model)


async def test_a_persona_file_with_mistakes_refuses_the_start_and_names_them_all(tmp_path):
    file = tmp_path / "personas.toml"
    file.write_text(
        '[[persona]]\nname = "Mr Pirate"\nprompt = "x"\n\n'
        f'[[persona]]\nname = "long"\nprompt = "{"x" * 100_000}"\ncolour = "red"\n'
    )
    async with opened(tmp_path) as town:
        bot = await town.start(PERSONAS_FILE=str(file))
        async with asyncio.timeout(30):
            code = await bot.ended()

    assert code == 2
    assert "line 1, persona “Mr Pirate”: name: small letters" in bot.said
    assert "line 5, persona “long”: prompt must have at most 20000 characters" in bot.said
    assert "line 5, persona “long”: colour is no name that is known here" in bot.said


@pytest.fixture
def discord_place(inhabited):
    return DiscordPlace(inhabited.discord, inhabited.world.discord)


async def test_discord_completes_the_names_of_models_and_personas(discord_place):
    server, room = discord_place.server, discord_place.room()
    models = await server.autocomplete(
        discord_place.ada, room, "parley model", {"name": "4o"}, "name"
    )
    personas = await server.autocomplete(
        discord_place.ben, room, "ask", {"question": "why?", "as": "pi"}, "as"
    )

    assert [one["value"] for one in models] == ["gpt-4o", "gpt-4o-mini"]
    assert [one["value"] for one in personas] == ["pirate"]


async def test_what_was_typed_wrong_in_discord_is_there_again_to_be_corrected(discord_place):
    settings, room = DiscordSettings(discord_place), discord_place.room()
    form = await settings.open(discord_place.ada, room)
    await form.fill(answer_tokens="many", system_prompt="Be a bear.")
    wrong = form.answer
    (button,) = (
        one["custom_id"] for row in wrong.payload["components"] for one in row["components"]
    )
    said = await form.send(wrong, button, {"answer_tokens": "200"})

    assert "Be a bear. (set for this channel)" in said
    assert "at most 200 tokens (set for this channel)" in said


async def test_in_discord_a_channel_chooses_where_its_questions_are_answered(discord_place, model):
    settings, room = DiscordSettings(discord_place), discord_place.room()
    await (await settings.open(discord_place.ada, room)).fill(place="channel")
    model.enqueue(Answer(("Right here.",)))
    discord_place.server.say(discord_place.ada, room, "@Parley where?")

    def answered():
        return [m for m in discord_place.space.messages(room) if m.text == "Right here."]

    await until(discord_place.space, lambda: bool(answered()))


async def test_in_discord_a_role_can_be_let_in(discord_place, model):
    settings, room = DiscordSettings(discord_place), discord_place.room()
    said = await (await settings.open(discord_place.ada, room)).fill(
        audience="listed", people="4002"
    )

    assert "only those listed: <@&4002>" in said
    assert (await asked(discord_place, model, room))["model"]


@pytest.fixture
def slack_place(inhabited):
    return SlackPlace(inhabited.slack, inhabited.world.slack)


async def test_in_slack_temperature_and_top_p_together_are_refused(slack_place):
    form = await SlackSettings(slack_place).open(slack_place.ada, slack_place.room())

    assert "not both" in (await form.fill(temperature="0.5", top_p="0.5"))["top_p"]


async def test_in_slack_a_user_group_can_be_let_in(slack_place, model):
    settings, room = SlackSettings(slack_place), slack_place.room()
    said = await (await settings.open(slack_place.ada, room)).fill(
        audience="listed", groups="S0CREW"
    )
    before = len(model.requests)
    slack_place.mention("U0CHO", "and me?", room)

    assert "Saved" in said
    assert "@crew" in (await settings.open(slack_place.ada, room)).words
    model.enqueue(Answer(("For the crew.",)))
    talk = slack_place.mention(slack_place.ben, "may I?", room)
    await talk.until(lambda seen: texts(seen) == ["For the crew."])
    assert len(model.requests) == before + 1


async def test_in_slack_who_made_a_channel_and_who_is_listed_manage_it(tmp_path):
    async with opened(tmp_path) as town, town.bot(DISCORD_TOKEN=None, SLACK_MANAGERS="U0CHO"):
        place = SlackPlace(town.slack, town.world.slack)
        settings, room = SlackSettings(place), place.room()
        place.space.channels[room].extra["creator"] = place.ben

        assert (await settings.open(place.ben, room)).editable
        assert (await settings.open("U0CHO", room)).editable
        assert not (await settings.open(place.ben, place.room())).editable
