"""A file of personas is read whole, or everything that is wrong in it is said at once."""

import pytest

from core.errors import SettingsError
from core.personas import load, read

GOOD = """
[[persona]]
name = "pirate"
description = "Speaks like a pirate"
prompt = "Arr!"
model = "gpt-4o"

[persona.parameters]
temperature = 1.2
stop = ["ahoy"]

[[persona]]
name = "lawyer"
prompt = "Be precise."
"""


def complaints(text):
    with pytest.raises(SettingsError) as caught:
        read(text, "personas.toml", 8000)
    return str(caught.value).splitlines()


def test_a_persona_has_a_prompt_and_perhaps_a_model_and_parameters():
    personas = read(GOOD, "personas.toml", 8000)

    assert {name: one.values for name, one in personas.items()} == {
        "pirate": {
            "system_prompt": "Arr!",
            "model": "gpt-4o",
            "temperature": 1.2,
            "stop": ("ahoy",),
        },
        "lawyer": {"system_prompt": "Be precise."},
    }
    assert personas["pirate"].description == "Speaks like a pirate"


def test_an_empty_file_has_none():
    assert read("", "personas.toml", 8000) == {}


def test_what_is_no_toml_is_said_with_its_line():
    (line,) = complaints("[[persona]]\nname = pirate\n")

    assert "personas.toml is not TOML" in line
    assert "line 2" in line


def test_everything_that_is_wrong_is_said_at_once_with_its_line_and_name():
    lines = complaints(
        '[[persona]]\nname = "pirate"\n'
        '[[persona]]\nname = "hot"\nprompt = "x"\nparameters = {temperature = 3.0, top_q = 1}\n'
        '[[persona]]\nname = "both"\nprompt = "x"\nparameters = {temperature = 1.0, top_p = 1.0}\n'
        '[[persona]]\nname = "twice"\nprompt = "x"\n[[persona]]\nname = "twice"\nprompt = "x"\n'
        '[[persona]]\nname = "Mr X"\nprompt = 5\n'
        '[[persona]]\nname = "much"\nprompt = "x"\nparameters = {answer_tokens = 8000}\n'
    )

    assert [
        line.partition(": ")[0].removeprefix("PERSONAS_FILE, personas.toml, ") for line in lines
    ] == [
        "line 1, persona “pirate”",
        "line 3, persona “hot”",
        "line 3, persona “hot”",
        "line 7, persona “both”",
        "line 14, persona “twice”",
        "line 17, persona “Mr X”",
        "line 17, persona “Mr X”",
        "line 20, persona “much”",
    ]
    assert "not both" in lines[3]


def test_other_tables_are_not_known():
    assert complaints('[pirate]\nprompt = "x"\n') == [
        "PERSONAS_FILE, personas.toml: “pirate” is not known; write [[persona]]."
    ]
    assert complaints('[persona]\nname = "pirate"\nprompt = "x"\n') == [
        "PERSONAS_FILE, personas.toml: write [[persona]], with two brackets on each side."
    ]


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"PERSONAS_FILE: .*nowhere\.toml cannot be read"):
        load(tmp_path / "nowhere.toml", 8000)


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "p.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(SettingsError, match="it is not UTF-8"):
        load(tmp_path / "p.toml", 8000)
