"""Modals on the page: both platforms' in the same form, and subcommands in one line."""

from sandbox.page import forms
from sandbox.page.commands import chosen, listed, menu

PARLEY = {
    "name": "parley",
    "type": 1,
    "description": "Help and settings",
    "options": [
        {"name": "help", "type": 1, "description": "What you can do"},
        {
            "name": "summary",
            "type": 1,
            "description": "In a few points",
            "options": [{"name": "messages", "type": 4}],
        },
    ],
}


def test_each_subcommand_is_listed_by_its_whole_name():
    assert [(one["name"], one["usage"]) for one in listed([PARLEY])] == [
        ("/parley help", ""),
        ("/parley summary", "[messages:…]"),
    ]


def test_the_first_word_of_a_line_chooses_the_subcommand():
    command, rest = chosen(PARLEY, " Summary messages:5")

    assert (command["name"], rest) == ("parley summary", "messages:5")
    assert chosen({"name": "ask"}, "summary of what?") == ({"name": "ask"}, "summary of what?")


def test_only_commands_on_messages_are_in_a_messages_menu():
    registered = [PARLEY, {"name": "Explain", "type": 3}, {"name": "Who is it", "type": 2}]

    assert menu(registered) == [{"id": "Explain", "name": "Explain"}]


def test_a_modal_of_slacks_shows_its_inputs():
    element = {"type": "plain_text_input", "action_id": "wish", "multiline": True, "max_length": 9}
    select = {
        "type": "static_select",
        "action_id": "model",
        "options": [{"value": "a", "text": {"type": "plain_text", "text": "Model A"}}],
    }
    view = {
        "title": {"text": "Ask"},
        "submit": {"text": "Go"},
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": "Of one message."}},
            {
                "type": "input",
                "block_id": "b",
                "label": {"text": "What?"},
                "hint": {"text": "Or nothing."},
                "optional": True,
                "element": element,
            },
            {"type": "input", "block_id": "m", "label": {"text": "Model"}, "element": select},
        ],
    }
    form = forms.of_slack("V1", view, "U0ADA", ())
    text, choice = form["fields"]

    assert (form["about"]["view"], form["title"], form["save"]) == ("V1", "Ask", "Go")
    assert form["words"] == ["Of one message."]
    assert (text["id"], text["label"], text["hint"]) == ("b", "What?", "Or nothing.")
    assert (text["kind"], choice["kind"]) == ("long", "choice")
    assert choice["options"] == [{"value": "a", "words": "Model A"}]


def test_a_modal_of_discords_shows_labelled_fields_and_those_in_rows():
    field = {"type": 4, "custom_id": "wish", "style": 2, "required": False, "value": "as it was"}
    modal = {
        "title": "Ask",
        "components": [
            {"type": 18, "label": "What?", "description": "Or nothing.", "component": field},
            {
                "type": 1,
                "components": [{"type": 4, "custom_id": "why", "style": 1, "label": "Why?"}],
            },
        ],
    }
    labelled, in_a_row = forms.of_discord(modal, "7", "1001", "2001", [])["fields"]

    assert (labelled["label"], labelled["hint"], labelled["value"]) == (
        "What?",
        "Or nothing.",
        "as it was",
    )
    assert labelled["kind"] == "long"
    assert (in_a_row["id"], in_a_row["label"], in_a_row["kind"]) == ("why", "Why?", "text")


def test_whoever_is_chosen_already_is_chosen_in_a_modal_of_discords():
    # The library writes ids as numbers, which Discord takes, too.
    field = {"type": 7, "custom_id": "people", "max_values": 25}
    field["default_values"] = [{"id": 1003, "type": "user"}, {"id": "4000", "type": "role"}]
    modal = {"title": "Who", "components": [{"type": 18, "label": "Who?", "component": field}]}

    (people,) = forms.of_discord(modal, "i1", "1001", "2001", [])["fields"]

    assert people["value"] == "1003,4000"


def test_discords_menus_are_in_the_language_of_whoever_opens_them():
    german = {"name_localizations": {"de": "Erklären"}}
    registered = [
        PARLEY
        | {"options": [PARLEY["options"][0] | {"description_localizations": {"de": "Hilfe"}}]},
        {"name": "Explain", "type": 3} | german,
    ]

    assert menu(registered, "de") == [{"id": "Explain", "name": "Erklären"}]
    assert menu(registered, "en-GB") == [{"id": "Explain", "name": "Explain"}]
    assert [one["gives"] for one in listed(registered, "de")] == ["Hilfe"]


def test_empty_fields_and_buttons_have_the_apps_own_words():
    element = {"type": "plain_text_input", "placeholder": {"text": "0.7"}}
    block = {"type": "input", "block_id": "b", "label": {"text": "How warm?"}, "element": element}
    view = {"title": {"text": "T"}, "blocks": [block], "close": {"text": "Schließen"}}
    form = forms.of_slack("V1", view, "U1", [])
    assert (form["close"], form["fields"][0]["placeholder"]) == ("Schließen", "0.7")
    assert forms.of_slack("V1", view | {"close": None}, "U1", [])["close"] == "Close"

    field = {"type": 4, "custom_id": "a", "style": 1, "placeholder": "0.7"}
    modal = {"title": "T", "components": [{"label": "How warm?", "component": field}]}
    german = forms.of_discord(modal, "1", "2", "3", [], locale="de")
    assert german["fields"][0]["placeholder"] == "0.7"
    assert (german["save"], german["close"]) == ("Absenden", "Abbrechen")
