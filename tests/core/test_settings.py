"""Every setting is checked at once, and every problem is a line that names it."""

from pathlib import Path

import pytest

from core.errors import SettingsError
from core.settings import Settings

ENOUGH = {"OPENAI_API_KEY": "sk-1", "DISCORD_TOKEN": "d-1"}


def problems(environ, env_file=None):
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ, env_file)
    return str(caught.value).splitlines()


@pytest.fixture
def env_file(tmp_path):
    def write(content):
        path = tmp_path / ".env"
        path.write_text(content)
        return path

    return write


def test_a_key_and_a_platform_are_enough():
    settings = Settings.load(ENOUGH)

    assert settings.openai_base_url == "https://api.openai.com/v1"
    assert (settings.answer_tokens, settings.context_tokens) == (4096, 32_000)
    assert (settings.connect_timeout, settings.first_token_timeout) == (5, 120)
    assert (settings.idle_timeout, settings.reply_timeout) == (60, 900)
    assert settings.database_url == "sqlite+aiosqlite:///data/parley.db"


def test_with_nothing_set_it_says_what_to_set_and_how_to_try_it():
    (line,) = problems({})

    for name in ("SLACK_BOT_TOKEN", "DISCORD_TOKEN", "OPENAI_API_KEY", "parley sandbox"):
        assert name in line


def test_a_platform_without_a_model_says_which_setting_is_missing():
    (line,) = problems({"DISCORD_TOKEN": "d"})

    assert "OPENAI_API_KEY is missing" in line


def test_the_environment_wins_over_the_file(env_file):
    path = env_file("OPENAI_MODEL=from-file\nTEMPERATURE=0.2\n")

    settings = Settings.load(ENOUGH | {"OPENAI_MODEL": "from-environment"}, path)

    assert (settings.openai_model, settings.temperature) == ("from-environment", 0.2)


def test_a_file_that_does_not_exist_is_no_problem(tmp_path):
    assert Settings.load(ENOUGH, tmp_path / ".env").openai_model == ""


def test_a_value_with_a_dollar_or_quotes_is_taken_as_it_stands(env_file):
    path = env_file("SYSTEM_PROMPT='Say \"$HOME\"'\n")

    assert Settings.load(ENOUGH, path).system_prompt == 'Say "$HOME"'


def test_an_empty_value_counts_as_not_set():
    assert Settings.load(ENOUGH | {"TEMPERATURE": "", "LOG_LEVEL": " "}).temperature is None


def test_a_malformed_line_of_the_file_is_named_by_its_number(env_file):
    lines = problems(ENOUGH, env_file("OPENAI_MODEL=m\nthis is wrong\nBARE\n"))

    assert [line.split(":")[0].split(", ")[1] for line in lines] == ["line 2", "line 3"]


def test_blank_lines_and_comments_count_when_a_line_is_named(env_file):
    (line,) = problems(ENOUGH, env_file("\n# the model\n\n\nBARE\n"))

    assert ", line 5:" in line


def test_a_name_that_is_set_twice_in_the_file_is_named_with_its_lines(env_file):
    (line,) = problems(ENOUGH, env_file("OPENAI_MODEL=a\n\nTOP_P=1\n\nOPENAI_MODEL=b\n"))

    assert line.startswith("OPENAI_MODEL is set twice")
    assert "in lines 1 and 5" in line


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("OPENAI_MODELL", "OPENAI_MODEL"),
        ("OPENAI_BASEURL", "OPENAI_BASE_URL"),
        ("DISCORD_BOT_TOKEN", "DISCORD_TOKEN"),
        ("slack_api_url", "SLACK_API_URL"),
    ],
)
def test_a_name_in_the_environment_that_is_nearly_a_settings_is_told_and_stops_nothing(name, meant):
    (note,) = Settings.load(ENOUGH | {name: "x"}).notes

    assert note.startswith(f"{name} in the environment is no setting")
    assert note.endswith(f"Did you mean {meant}?")


def test_a_mistyped_name_is_told_beside_what_is_missing_for_it():
    (missing, note) = problems({"OPENAI_API_KEY": "sk-1", "DISCORD_BOT_TOKEN": "d"})

    assert "No platform is set up" in missing
    assert "Did you mean DISCORD_TOKEN?" in note


@pytest.mark.parametrize(
    "name",
    ["OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "SLACK_TEAM_ID", "HTTP_PROXY", "LOG_LEVELS", "PATH"],
)
def test_the_names_of_other_programs_are_none_of_our_business(name):
    assert Settings.load(ENOUGH | {name: "x"}).notes == ()


def test_with_an_app_token_beside_the_signing_secret_it_is_said_that_socket_mode_is_used(env_file):
    slack = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
    path = env_file("SLACK_SIGNING_SECRET=shh\n")

    (note,) = Settings.load(ENOUGH | slack, path).notes
    assert "Socket Mode" in note
    assert Settings.load(ENOUGH, path).notes == ()


def test_an_unknown_name_in_the_file_is_said_with_the_one_that_was_meant(env_file):
    (line,) = problems(ENOUGH, env_file("OPENAI_MODLE=m\n"))

    assert "OPENAI_MODLE" in line
    assert "Did you mean OPENAI_MODEL?" in line


def test_names_of_later_versions_in_the_file_are_accepted(env_file):
    Settings.load(ENOUGH, env_file("RESUME_WITHIN=15\n"))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"TEMPERATURE": "hot"}, "TEMPERATURE"),
        ({"TEMPERATURE": "2.5"}, "TEMPERATURE"),
        ({"TEMPERATURE": "nan"}, "TEMPERATURE"),
        ({"TEMPERATURE": "1", "TOP_P": "0.5"}, "TEMPERATURE and TOP_P"),
        ({"ANSWER_TOKENS": "1.5"}, "ANSWER_TOKENS"),
        ({"ANSWER_TOKENS": "32000"}, "ANSWER_TOKENS"),
        ({"CONTEXT_TOKENS": "4096"}, "ANSWER_TOKENS (4096)"),
        ({"STOP": '["a","b","c","d","e"]'}, "STOP"),
        ({"STOP": "[broken"}, "STOP"),
        ({"REASONING_EFFORT": "huge"}, "REASONING_EFFORT"),
        ({"OPENAI_EXTRA_BODY": "{broken"}, "OPENAI_EXTRA_BODY"),
        ({"OPENAI_EXTRA_BODY": '{"n": 2}'}, "OPENAI_EXTRA_BODY must not hold n "),
        ({"OPENAI_EXTRA_BODY": '{"n": null}'}, "OPENAI_EXTRA_BODY must not hold n "),
        ({"OPENAI_EXTRA_BODY": '{"messages": []}'}, "OPENAI_EXTRA_BODY must not hold messages"),
        ({"OPENAI_EXTRA_BODY": '{"stream": false}'}, "OPENAI_EXTRA_BODY must not hold stream"),
        ({"OPENAI_EXTRA_BODY": '{"model": "m"}'}, "set OPENAI_MODEL"),
        ({"OPENAI_EXTRA_BODY": '{"stream_options": null}'}, '"include_usage": true'),
        (
            {"OPENAI_EXTRA_BODY": '{"stream_options": {"include_usage": false}}'},
            '"include_usage": true',
        ),
        ({"OPENAI_EXTRA_BODY": '{"temperature": 1, "top_p": 1}'}, "temperature or top_p"),
        ({"OPENAI_EXTRA_BODY": '{"temperature": 1}', "TOP_P": "1"}, "temperature or top_p"),
        ({"OPENAI_EXTRA_BODY": '{"top_p": 1}', "TEMPERATURE": "1"}, "temperature or top_p"),
        ({"OPENAI_EXTRA_HEADERS": "[1]"}, "OPENAI_EXTRA_HEADERS"),
        ({"OPENAI_FALLBACK_MODELS": "@https://host/v1"}, "OPENAI_FALLBACK_MODELS must be names"),
        ({"OPENAI_FALLBACK_KEYS": "[]"}, "OPENAI_FALLBACK_KEYS must be a JSON object"),
        ({"OPENAI_FALLBACK_KEYS": '{"https://h/v1": "k"}'}, "no model of OPENAI_FALLBACK_MODELS"),
        ({"BUDGET_USD_PER_DAY": "-1"}, "BUDGET_USD_PER_DAY"),
        ({"BUDGET_USD_PER_DAY": "five"}, "BUDGET_USD_PER_DAY must be a number, not 'five'"),
        ({"BUDGET_USD_PER_PERSON_PER_DAY": "none"}, "BUDGET_USD_PER_PERSON_PER_DAY"),
        ({"TIME_ZONE": "Mars/Olympus"}, "TIME_ZONE must be a time zone"),
        ({"ALERT_CHANNEL": "#general"}, "ALERT_CHANNEL must be the platform"),
        ({"ANSWER_CACHE": "-5"}, "ANSWER_CACHE"),
        ({"OPENAI_EXTRA_HEADERS": '{"X": 1}'}, "OPENAI_EXTRA_HEADERS"),
        ({"OPENAI_EXTRA_HEADERS": '{"X Team": "7"}'}, "OPENAI_EXTRA_HEADERS must have names"),
        ({"OPENAI_EXTRA_HEADERS": '{"": "7"}'}, "OPENAI_EXTRA_HEADERS must have names"),
        ({"OPENAI_EXTRA_HEADERS": '{"X": "a\\nY: b"}'}, "that of X"),
        ({"OPENAI_EXTRA_HEADERS": '{"X": "blåbär"}'}, "that of X"),
        ({"OPENAI_API_KEY": "sk-“1”"}, "OPENAI_API_KEY must be printable ASCII"),
        ({"OPENAI_API_KEY": "sk-1 sk-2"}, "OPENAI_API_KEY must be printable ASCII"),
        ({"OPENAI_API_KEY": "sk-1\x002"}, "OPENAI_API_KEY must be printable ASCII"),
        ({"DISCORD_TOKEN": "d\nd"}, "DISCORD_TOKEN must be printable ASCII"),
        ({"SLACK_BOT_TOKEN": "xoxb-\u200b", "SLACK_APP_TOKEN": "xapp-1"}, "SLACK_BOT_TOKEN must"),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-…"}, "SLACK_APP_TOKEN must"),
        ({"OPENAI_BASE_URL": "localhost:8000"}, "OPENAI_BASE_URL"),
        ({"DATABASE_URL": "postgres://db"}, "DATABASE_URL"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL"),
        ({"DATABASE_URL": "sqlite+aiosqlite://"}, "DATABASE_URL"),
        ({"DATABASE_URL": "sqlite+aiosqlite:///:memory:"}, "DATABASE_URL"),
        ({"DATABASE_URL": "sqlite+aiosqlite:///file:a.db"}, "DATABASE_URL"),
        ({"DATABASE_URL": "sqlite+aiosqlite:///file:a?mode=memory&uri=true"}, "DATABASE_URL"),
        ({"DATABASE_URL": "sqlite+aiosqlite:///a.db?timeout=1"}, "DATABASE_URL"),
        ({"DATABASE_URL": "sqlite+aiosqlite://data/a.db"}, "DATABASE_URL"),
        ({"IDLE_TIMEOUT": "0"}, "IDLE_TIMEOUT"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL"),
        ({"LOG_TEXT": "perhaps"}, "LOG_TEXT"),
        ({"CODE_FILES": "perhaps"}, "CODE_FILES"),
        ({"ADMIN_PORT": "99999"}, "ADMIN_PORT"),
        (
            {"ADMIN_PORT": "1", "ADMIN_TOKEN": "easily-guessed"},
            "ADMIN_TOKEN must have 16 characters or more",
        ),
        ({"ADMIN_PORT": "1", "ADMIN_TOKEN": "has white space in it"}, "ADMIN_TOKEN"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_APP_TOKEN is missing"),
        ({"SLACK_APP_TOKEN": "xapp-1"}, "SLACK_BOT_TOKEN is missing"),
        ({"SLACK_BOT_TOKEN": "xapp-1", "SLACK_APP_TOKEN": "xoxb-1"}, "swapped"),
        ({"DISCORD_REPLY": "nowhere"}, "DISCORD_REPLY"),
    ],
)
def test_a_wrong_value_is_said_in_one_line_that_names_the_setting(given, named):
    (line,) = problems(ENOUGH | given)

    assert named in line


def test_the_context_must_leave_room_for_a_question():
    """A context that is full before anybody asks would fail every question instead."""
    given = ENOUGH | {"ANSWER_TOKENS": "1000", "SYSTEM_PROMPT": "x" * 3000}

    (line,) = problems(given | {"CONTEXT_TOKENS": "2511"})
    assert line.startswith("CONTEXT_TOKENS must be 2512 or more to hold ANSWER_TOKENS (1000)")
    assert Settings.load(given | {"CONTEXT_TOKENS": "2512"})


def test_a_password_for_a_page_that_nobody_serves_is_remarked_upon():
    given = ENOUGH | {"ADMIN_TOKEN": "a" * 16}

    (note,) = Settings.load(given).notes
    assert note.startswith("ADMIN_TOKEN is not used")
    assert Settings.load(given | {"ADMIN_PORT": "8080"}).notes == ()


def test_the_password_of_the_operators_page_is_a_secret():
    settings = Settings.load(ENOUGH | {"ADMIN_TOKEN": "a-secret-password", "ADMIN_PORT": "8080"})

    assert "a-secret-password" in settings.secrets()
    assert "a-secret-password" not in repr(settings)


def test_all_problems_are_told_at_once(env_file):
    lines = problems({"TEMPERATURE": "9", "LOG_LEVEL": "x"}, env_file("nonsense here\n"))

    assert len(lines) == 4  # that no platform is set up is the fourth


def test_a_server_of_ones_own_needs_no_key():
    settings = Settings.load({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1/", "DISCORD_TOKEN": "d"})

    assert settings.openai_base_url == "http://127.0.0.1:1/v1"


def test_secrets_never_show_in_the_settings_or_in_what_is_said_of_them():
    given = {
        "OPENAI_API_KEY": "sk-1",
        "DISCORD_TOKEN": "dd-1",
        "SLACK_BOT_TOKEN": "xoxb-9",
        "OPENAI_EXTRA_HEADERS": '{"X-Key": "k-7"}',
    }

    assert "xoxb-9" not in str(problems(given))
    settings = Settings.load(given | {"SLACK_APP_TOKEN": "xapp-9"})
    assert not any(secret in repr(settings) for secret in settings.secrets())
    assert set(settings.secrets()) == {"sk-1", "xoxb-9", "xapp-9", "dd-1", "k-7"}


def test_what_an_address_tells_only_to_its_host_is_secret():
    settings = Settings.load(
        {
            "DISCORD_TOKEN": "d-1",
            "OPENAI_BASE_URL": "https://ada:p%40ss@h:8/v1?api-version=2026-01-01&api_key=k%2F9#f",
            "HTTPS_PROXY": "http://token@proxy:3128",
        }
    )

    assert settings.endpoint == "https://h:8/v1"
    assert set(settings.secrets()) == {
        "d-1",
        *("ada", "p%40ss", "p@ss", "k/9", "k%2F9"),
        "token",
    }


def test_a_key_beside_a_password_in_the_address_is_refused_since_only_one_can_be_sent():
    (line,) = problems(ENOUGH | {"OPENAI_BASE_URL": "https://ada:p@h:8/v1"})

    assert line.startswith("OPENAI_BASE_URL holds a name or a password")
    assert "ada" not in line


@pytest.mark.parametrize("value", ["proxy.example.org:3128", "socks5://proxy:1080", "http://"])
def test_a_proxy_that_cannot_be_used_says_how_one_is_written(value):
    (line,) = problems(ENOUGH | {"HTTPS_PROXY": value})

    assert line.startswith("HTTPS_PROXY must be")
    assert "http://name:password@proxy.example.org:3128" in line


def test_names_in_small_letters_count_for_the_proxy():
    settings = Settings.load(ENOUGH | {"https_proxy": "http://u:secret@proxy:1", "no_proxy": "x"})

    assert "secret" in settings.secrets()
    assert settings.no_proxy == "x"


def test_certificates_that_are_not_there_are_named(tmp_path):
    empty, missing = tmp_path / "empty.pem", tmp_path / "missing.pem"
    empty.write_text("no certificate")

    for file, what in ((empty, "holds none"), (missing, "No such file")):
        (line,) = problems(ENOUGH | {"SSL_CERT_FILE": str(file)})
        assert "SSL_CERT_FILE" in line
        assert str(file) in line
        assert what in line


def test_the_example_names_every_setting():
    example = (Path(__file__).parents[2] / ".env.example").read_text()

    missing = {name.upper() for name in Settings.model_fields if f"{name.upper()}=" not in example}
    assert missing == set()


@pytest.mark.parametrize(
    "body",
    [
        '{"n": 1, "stream_options": {"include_usage": true, "x": 1}}',
        '{"temperature": 1}',
        '{"temperature": null, "top_p": 1}',
        '{"provider": {"only": ["a"]}, "top_k": 5}',
    ],
)
def test_the_extra_body_may_hold_what_contradicts_nothing(body):
    settings = Settings.load(ENOUGH | {"OPENAI_EXTRA_BODY": body, "TEMPERATURE": "0.5"})

    assert settings.openai_extra_body


@pytest.mark.parametrize("path", ["a.db", "/var/lib/parley/a.db", "a%20b.db"])
def test_a_file_is_a_database_wherever_it_lies(path):
    url = f"sqlite+aiosqlite:///{path}"

    assert Settings.load(ENOUGH | {"DATABASE_URL": url}).database_url == url


def test_white_space_around_a_value_is_not_part_of_it():
    """A key that was copied with its line break would be refused in every request."""
    settings = Settings.load(ENOUGH | {"OPENAI_API_KEY": " sk-test\n", "STOP": "\n"})

    assert settings.openai_api_key.get_secret_value() == "sk-test"
    assert settings.stop == ("\n",)


def test_settings_that_are_wrong_do_not_hide_those_that_contradict_each_other():
    wrong = {"LOG_LEVEL": "loud", "DISCORD_TOKEN": "two words", "TEMPERATURE": "1", "TOP_P": "1"}
    lines = problems(ENOUGH | wrong)

    assert [line.split(" ")[0].rstrip(":") for line in sorted(lines)] == [
        "DISCORD_TOKEN",
        "LOG_LEVEL",
        "TEMPERATURE",
    ]


def test_bursts_are_sizes_by_method():
    settings = Settings.load(ENOUGH | {"SLACK_BURSTS": "chat.update=12, chat.appendStream = 30"})

    assert settings.slack_bursts == {"chat.update": 12, "chat.appendStream": 30}


@pytest.mark.parametrize("value", ["chat.update", "=3", "chat.update=0", "chat.update=many"])
def test_bursts_that_are_none_say_what_one_looks_like(value):
    (line,) = problems(ENOUGH | {"SLACK_BURSTS": value})

    assert "SLACK_BURSTS" in line
    assert "chat.update=10" in line


@pytest.mark.parametrize(
    ("value", "said"),
    [("off", ""), ("No", ""), ("on", "at api.openai.com."), ("Ask Ada.", "Ask Ada.")],
)
def test_what_is_said_at_first_contact_is_ours_theirs_or_nothing(value, said):
    introduction = Settings.load(ENOUGH | {"FIRST_CONTACT": value}).introduction
    assert said in introduction
    assert bool(said) is bool(introduction)


def test_managers_are_ids_of_people():
    found = Settings.load(ENOUGH | {"SLACK_MANAGERS": "U0ADA, W0BEN"}).slack_managers
    assert found == ("U0ADA", "W0BEN")
    (wrong,) = problems(ENOUGH | {"SLACK_MANAGERS": "@ada"})
    assert wrong.startswith("SLACK_MANAGERS must be ids of people")


@pytest.mark.parametrize(
    ("value", "language"),
    [("", "auto"), ("Auto", "auto"), ("de", "de"), ("EN", "en"), ("de-AT", "de")],
)
def test_a_language_is_one_that_there_is(value, language):
    assert Settings.load(ENOUGH | {"LANGUAGE": value}).language == language


def test_a_language_that_there_is_not_says_which_there_are():
    (line,) = problems(ENOUGH | {"LANGUAGE": "klingon"})

    assert line == "LANGUAGE must be auto or one of de, en, not 'klingon'."


@pytest.mark.parametrize("value", ["en_US:en", "de_DE.UTF-8", "fr_FR:en"])
def test_the_systems_own_language_variable_is_not_ours(tmp_path, value):
    """Many systems set LANGUAGE for gettext; it must neither stop the start nor win over `.env`."""
    file = tmp_path / ".env"
    file.write_text("LANGUAGE=de\n")

    assert Settings.load(ENOUGH | {"LANGUAGE": value}).language == "auto"
    assert Settings.load(ENOUGH | {"LANGUAGE": value}, file).language == "de"


HTTP = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "shh", "HTTP_PORT": "8080"}
OAUTH = {
    "SLACK_CLIENT_ID": "12.34",
    "SLACK_CLIENT_SECRET": "hush",
    "SLACK_SIGNING_SECRET": "shh",
    "HTTP_PORT": "8080",
    "TOKEN_KEY": "A" * 43 + "=",
}
KEY = {"OPENAI_API_KEY": "sk-1"}


@pytest.mark.parametrize("way", [HTTP, OAUTH])
def test_slack_over_http_needs_no_app_token(way):
    assert Settings.load(KEY | way).notes == ()


@pytest.mark.parametrize(
    ("way", "left_out", "said"),
    [
        (HTTP, "SLACK_BOT_TOKEN", "SLACK_BOT_TOKEN is missing; Slack over HTTP needs it"),
        (HTTP, "SLACK_SIGNING_SECRET", "SLACK_SIGNING_SECRET and HTTP_PORT instead"),
        (HTTP, "HTTP_PORT", "HTTP_PORT is missing;"),
        (OAUTH, "SLACK_CLIENT_ID", "SLACK_CLIENT_ID is missing;"),
        (OAUTH, "SLACK_CLIENT_SECRET", "SLACK_CLIENT_SECRET is missing;"),
        (OAUTH, "SLACK_SIGNING_SECRET", "SLACK_SIGNING_SECRET is missing;"),
        (OAUTH, "HTTP_PORT", "HTTP_PORT is missing;"),
        (OAUTH, "TOKEN_KEY", "Make one with: openssl rand -base64 32"),
    ],
)
def test_what_is_missing_of_slack_over_http_is_named(way, left_out, said):
    given = {name: value for name, value in way.items() if name != left_out}
    lines = problems(KEY | {"DISCORD_TOKEN": "d-1"} | given)

    assert len(lines) == 1
    assert said in lines[0]


@pytest.mark.parametrize("key", ["short", "A" * 44, "ä" * 44, ",", "A" * 43 + "=,short"])
def test_a_token_key_that_is_none_is_said_with_how_to_make_one(key):
    (line,) = problems(KEY | OAUTH | {"TOKEN_KEY": key})

    assert line.startswith("TOKEN_KEY")
    assert key not in line.replace(",", "") or key == ","


def test_every_token_key_is_a_secret():
    one, two = "A" * 43 + "=", "B" * 42 + "A="
    secrets = Settings.load(KEY | OAUTH | {"TOKEN_KEY": f"{one}, {two}"}).secrets()

    assert {one, two, "shh", "hush"} <= set(secrets)


def test_slack_and_the_operators_tools_need_two_ports():
    (line,) = problems(KEY | HTTP | {"ADMIN_PORT": "8080"})

    assert "HTTP_PORT and ADMIN_PORT" in line


def test_one_workspace_and_several_exclude_each_other_and_it_is_said_which_holds():
    (note,) = Settings.load(KEY | OAUTH | HTTP).notes
    assert "SLACK_CLIENT_ID is not used" in note

    app = {"SLACK_APP_TOKEN": "xapp-1"}
    assert "leave one of them out" in problems(KEY | OAUTH | app)[0]
