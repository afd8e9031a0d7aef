"""A secret may stand in a file of its own, and what is wrong with that file is said in a line."""

import os
from pathlib import Path

import pytest

from core.errors import SettingsError
from core.log import Redact
from core.settings import Settings

ENOUGH = {"OPENAI_API_KEY": "sk-1", "DISCORD_TOKEN": "d-1"}


@pytest.fixture
def secret(tmp_path):
    """Writes a file with a secret, readable for its owner alone."""

    def write(content, name="key", mode=0o400):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        return str(path)

    return write


def problems(environ, env_file=None):
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ, env_file)
    return str(caught.value).splitlines()


def test_each_secret_can_stand_in_a_file():
    assert Settings.secret_names() >= {
        *("OPENAI_API_KEY", "OPENAI_FALLBACK_KEYS", "OPENAI_EXTRA_HEADERS", "HTTPS_PROXY"),
        *("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DISCORD_TOKEN"),
    }


def test_a_secret_is_read_from_its_file_without_the_end_of_its_line(secret):
    settings = Settings.load(ENOUGH | {"OPENAI_API_KEY": "", "OPENAI_API_KEY_FILE": secret("sk\n")})

    assert settings.openai_api_key.get_secret_value() == "sk"


def test_an_editors_byte_order_mark_is_no_part_of_a_secret(secret):
    path = secret(b"\xef\xbb\xbfsk-2\r\n")

    settings = Settings.load({"DISCORD_TOKEN": "d", "OPENAI_API_KEY_FILE": path})

    assert settings.openai_api_key.get_secret_value() == "sk-2"


def test_what_holds_several_secrets_can_stand_in_a_file_too(secret):
    path = secret('{"X-Gateway-Key": "hidden"}\n')

    settings = Settings.load(ENOUGH | {"OPENAI_EXTRA_HEADERS_FILE": path})

    assert settings.openai_extra_headers == {"X-Gateway-Key": "hidden"}


def test_the_file_may_be_named_in_the_settings_file(secret, tmp_path):
    env_file = tmp_path / ".env"
    env_file.write_text(
        f"OPENAI_API_KEY=sk-1\nDISCORD_TOKEN=\nDISCORD_TOKEN_FILE={secret('d-2')}\n"
    )

    assert Settings.load({}, env_file).discord_token.get_secret_value() == "d-2"


def test_a_secret_from_a_file_is_never_in_the_log(secret):
    settings = Settings.load({"DISCORD_TOKEN": "d", "OPENAI_API_KEY_FILE": secret("sk-hidden\n")})

    assert Redact(settings.secrets())(None, "", "the key is sk-hidden") == "the key is [secret]"


def test_a_secret_and_its_file_are_one_too_many(secret):
    path = secret("d-2")

    assert problems(ENOUGH | {"DISCORD_TOKEN_FILE": path}) == [
        f"DISCORD_TOKEN is set, and DISCORD_TOKEN_FILE ({path}), too. Leave one out."
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        (b"\xff\xfe", "is no text in UTF-8"),
        ("x" * 70_000, "is longer than"),
    ],
)
def test_a_file_that_holds_no_secret_is_named_with_what_to_do(secret, content, why):
    path = secret(content)

    (line,) = problems({"DISCORD_TOKEN": "d", "OPENAI_API_KEY_FILE": path})

    assert line.startswith(f"OPENAI_API_KEY_FILE: {path} {why}")
    assert line.endswith("Write the secret into it, and nothing else.")


def test_a_file_that_is_missing_is_the_only_problem_that_is_told():
    (line,) = problems({"OPENAI_API_KEY": "sk", "DISCORD_TOKEN_FILE": "/nowhere/token"})

    assert line == (
        "DISCORD_TOKEN_FILE: /nowhere/token cannot be read (No such file or directory). "
        "Name the file of the secret."
    )


def test_a_pipe_or_a_folder_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        (line,) = problems({"DISCORD_TOKEN": "d", "OPENAI_API_KEY_FILE": str(path)})

        assert "is no file" in line


@pytest.mark.skipif(os.geteuid() != 0, reason="it takes root to become somebody else")
def test_a_file_of_somebody_else_names_the_user_who_cannot_read_it(secret):
    path = secret("sk")
    Path(path).parent.chmod(0o755)
    os.seteuid(12345)
    try:
        (line,) = problems({"DISCORD_TOKEN": "d", "OPENAI_API_KEY_FILE": path})
    finally:
        os.seteuid(0)

    assert "cannot be read by the user who runs Parley" in line


def test_a_file_that_everybody_can_read_works_and_is_remarked_upon(secret):
    path = secret("sk", mode=0o444)

    settings = Settings.load({"DISCORD_TOKEN": "d", "OPENAI_API_KEY_FILE": path})

    (note,) = settings.notes
    assert note == (
        f"OPENAI_API_KEY_FILE: every user of this machine can read {path}; "
        "take that right away (chmod o-r)."
    )


def test_what_systemd_lays_into_its_folder_needs_no_setting(secret, tmp_path):
    secret("sk-2\n", "parley_openai_api_key")
    secret("d-2\n", "parley_discord_token")
    secret("of another program", "slack_bot_token")

    settings = Settings.load({"CREDENTIALS_DIRECTORY": str(tmp_path)})

    assert settings.openai_api_key.get_secret_value() == "sk-2"
    assert settings.discord_token.get_secret_value() == "d-2"
    assert not settings.slack_bot_token


def test_a_file_that_a_setting_names_wins_over_systemds(secret, tmp_path):
    secret("sk-2", "parley_openai_api_key")
    named = {"CREDENTIALS_DIRECTORY": str(tmp_path), "OPENAI_API_KEY_FILE": secret("sk-3")}

    settings = Settings.load({"DISCORD_TOKEN": "d"} | named)

    assert settings.openai_api_key.get_secret_value() == "sk-3"


def test_what_is_no_secret_has_no_file_of_its_own(tmp_path):
    env_file = tmp_path / ".env"
    env_file.write_text("OPENAI_MODEL_FILE=/run/model\n")

    (line,) = problems(ENOUGH, env_file)

    assert line.startswith(f"OPENAI_MODEL_FILE in {env_file} is no setting of Parley's.")


FORMER = {"MODEL_NAME": "OPENAI_MODEL"}


def test_a_setting_under_its_former_name_works_and_the_log_says_what_it_is_called_now(tmp_path):
    env_file = tmp_path / ".env"
    env_file.write_text("MODEL_NAME=m-1\n")

    settings = Settings.load(ENOUGH, env_file, FORMER)

    assert settings.openai_model == "m-1"
    assert settings.notes == ("MODEL_NAME is called OPENAI_MODEL now. It still works; rename it.",)


def test_a_setting_under_both_names_is_that_of_today():
    settings = Settings.load(ENOUGH | {"MODEL_NAME": "old", "OPENAI_MODEL": "new"}, None, FORMER)

    assert settings.openai_model == "new"
    assert settings.notes == (
        "MODEL_NAME is not used: it is called OPENAI_MODEL now, which is set, too.",
    )


def test_a_setting_with_a_new_name_exists_under_that_name():
    from core.settings import RENAMED

    assert set(RENAMED.values()) <= {name.upper() for name in Settings.model_fields}
    assert not set(RENAMED) & {name.upper() for name in Settings.model_fields}
