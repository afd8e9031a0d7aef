"""Settings: what the environment and `.env` say, checked once, all problems at once.

The fields are the public contract: a field's name in capitals is the variable's.
"""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from core import secret_files, wrong_values
from core.certificates import check
from core.env_file import mistyped, read, unknown
from core.errors import SettingsError
from core.languages import AUTO
from core.notices import first_contact
from core.setting_values import (
    Budget,
    Days,
    Fallbacks,
    Ids,
    JsonObject,
    Keys,
    Seconds,
    Servers,
    Sizes,
    Span,
    Words,
    Zone,
)
from core.vault import check as check_keys
from core.vault import split
from core.words import language_of, languages

OPENAI_URL = "https://api.openai.com/v1"
OPENAI_DEFAULT_MODEL = "gpt-6-luna"

PROXIES = ("HTTPS_PROXY", "NO_PROXY")
"""Names that are also read in small letters, as most programs do."""

CONFIDENTIAL = frozenset({"HTTPS_PROXY", "OPENAI_EXTRA_HEADERS", "OPENAI_FALLBACK_KEYS"})
"""Settings that hold secrets among other things; what is a `SecretStr` is one as a whole."""

RENAMED: Mapping[str, str] = {}
"""Former names of settings, with those of today; they work, and the log says so."""

TOKEN = re.compile(r"[!-~]*")
"""What a token may hold: printable ASCII without white space, since it goes into a header."""

LEAST_ADMIN_TOKEN = 16
"""Characters of the password of the operator's page, at least."""

HEADER_NAME = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
"""The letters of a header's name (RFC 9110, 5.6.2)."""

HEADER_VALUE = re.compile(r"[\t -~]*")
"""What every server reads in a header's value (RFC 9110, 5.5)."""

ROOM = 512
"""Tokens that a question needs besides the system prompt and the answer."""

LETTERS = 3
"""Letters of the system prompt to a token: a cautious guess, for the real count takes a second."""

FIXED = {
    "messages": "they are the conversation",
    "model": "set OPENAI_MODEL",
    "stream": "answers are always streamed",
}
"""What OPENAI_EXTRA_BODY cannot change, and why."""

CREDENTIAL = re.compile(r"key|token|secret|passw|auth|credential|sig", re.IGNORECASE)
"""Found in the names of what is secret in the query of an address."""

SYSTEM_PROMPT = (
    "You are Parley, an assistant who takes part in the chat of a team. Answer helpfully and to "
    "the point, in the language of the question. Write Markdown. If you do not know something, "
    "say so."
)


class Records(BaseModel):
    """What an operator's tools need to know of the records."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True
    )

    database_url: str = "sqlite+aiosqlite:///data/parley.db"
    time_zone: Zone = ZoneInfo("UTC")

    @classmethod
    def find(cls, environ: Mapping[str, str], env_file: Path | None = None) -> Self:
        """Read these settings alone, as `Settings.load` does. Raises `SettingsError`."""
        from_file, problems = read(env_file)
        given = {**from_file, **environ}
        values = {name: given.get(name.upper(), "").strip() for name in cls.model_fields}
        try:
            found = cls.model_validate({name: value for name, value in values.items() if value})
        except ValidationError as error:
            problems += [_sentence(problem) for problem in error.errors()]
        if problems:
            raise SettingsError("\n".join(problems))
        return found

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if value.startswith("postgres"):
            raise ValueError(
                "must be sqlite+aiosqlite:/// and the path of a file; PostgreSQL has pg_dump and "
                "pg_restore for backups"
            )
        if not _names_a_file(value):
            raise ValueError(
                "must be sqlite+aiosqlite:/// and the path of a file, "
                "neither :memory: nor file:, and with no ? after it"
            )
        return value


class Watching(Records):
    """Where the bot can be asked how it is."""

    admin_host: str = "127.0.0.1"
    admin_port: Annotated[int, Field(ge=1, le=65_535)] | None = None


class Settings(Watching):
    """Everything that an operator can set."""

    openai_api_key: SecretStr = SecretStr("")
    openai_base_url: str = OPENAI_URL
    openai_model: str = ""
    openai_fallback_models: Fallbacks = ()
    openai_fallback_keys: Keys = {}
    answer_cache: Annotated[float, Field(ge=0, le=10_080)] = 0
    openai_extra_headers: Annotated[JsonObject, Field(repr=False)] = {}
    openai_extra_body: JsonObject = {}
    openai_requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    openai_tokens_per_minute: Annotated[int, Field(ge=1)] | None = None

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    answer_tokens: Annotated[int, Field(ge=16)] = 4096
    context_tokens: Annotated[int, Field(ge=1024)] = 32_000
    stop: Annotated[Words, Field(max_length=4)] = ()
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = (
        None
    )
    system_prompt: str = SYSTEM_PROMPT
    first_contact: Annotated[str, Field(max_length=1000)] = "on"
    personas_file: str = ""

    budget_usd_per_day: Budget = 5
    budget_usd_per_person_per_day: Budget = 1
    limits_file: str = ""
    prices_file: str = ""
    alert_channel: str = ""

    language: str = AUTO
    summaries: bool = True
    summary_model: str = ""

    connect_timeout: Seconds = 5
    first_token_timeout: Seconds = 120
    idle_timeout: Seconds = 60
    reply_timeout: Seconds = 900
    code_files: bool = True

    slack_bot_token: SecretStr = SecretStr("")
    slack_app_token: SecretStr = SecretStr("")
    slack_config_token: SecretStr = SecretStr("")
    slack_signing_secret: SecretStr = SecretStr("")
    slack_client_id: str = ""
    slack_client_secret: SecretStr = SecretStr("")
    token_key: SecretStr = SecretStr("")
    slack_api_url: str = "https://slack.com/api/"
    slack_streaming: Literal["auto", "edit", "native"] = "auto"
    slack_bursts: Sizes = {}
    slack_managers: Ids = ()
    slack_guests: bool = False
    slack_connect: bool = False
    direct_messages: bool = True
    outsiders: Literal["quoted", "left_out"] = "quoted"
    discord_token: SecretStr = SecretStr("")
    discord_api_url: str = "https://discord.com/api/v10"
    discord_reply: Literal["thread", "channel"] = "thread"
    discord_guilds: Servers = ()

    http_host: str = "127.0.0.1"
    http_port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    admin_token: SecretStr = SecretStr("")
    drain_seconds: Annotated[float, Field(ge=0, le=3600)] = 8
    resume_within: Span = 15 * 60
    catch_up_minutes: Annotated[float, Field(ge=0, le=1440)] = 30
    text_hours: Annotated[float, Field(gt=0, le=8760)] = 24
    retention_days: Days = 90
    delete_with_question: bool = False
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_text: bool = False

    https_proxy: str = ""
    no_proxy: str = ""
    ssl_cert_file: str = ""

    _notes: tuple[str, ...] = PrivateAttr(default=())

    @classmethod
    def load(
        cls,
        environ: Mapping[str, str],
        env_file: Path | None = None,
        renamed: Mapping[str, str] = RENAMED,
    ) -> Self:
        """Read the settings; variables of the environment win over those of the file.

        An empty value counts as not set. Raises `SettingsError` with every problem, a
        line each.
        """
        from_file, problems = read(env_file)
        fields = {name.upper() for name in cls.model_fields}
        known = fields | secret_files.names(cls.secret_names())
        problems += unknown(from_file, known, env_file, renamed)
        given = from_file | {
            name: value for name, value in environ.items() if not _is_gettexts(name, value)
        }
        # What libraries prefer to the names in capitals.
        given |= {name: environ[name.lower()] for name in PROXIES if environ.get(name.lower())}
        given, notes = _by_todays_names(given, renamed)
        if folder := environ.get("CREDENTIALS_DIRECTORY", ""):
            given = secret_files.credentials(folder, cls.secret_names()) | given
        secret = secret_files.read(given, cls.secret_names())
        problems += secret.problems.values()
        given |= secret.values
        values = {name.lower(): _trimmed(name, given.get(name, "")) for name in fields}
        settings, wrong = cls._checked({name: value for name, value in values.items() if value})
        # That a secret is missing whose file cannot be read has been said.
        problems += [line for line in wrong if not any(name in line for name in secret.problems)]
        notes += [*secret.notes, *mistyped(environ, known | set(renamed)), *_unused(given)]
        if problems or settings is None:  # what is missing may be there under a mistyped name
            raise SettingsError("\n".join([*problems, *notes]))
        settings._notes = tuple(notes)  # noqa: SLF001 - our own
        return settings

    @classmethod
    def secret_names(cls) -> frozenset[str]:
        """The settings whose values may stand in files of their own, as `NAME_FILE`."""
        secret = {
            name.upper()
            for name, field in cls.model_fields.items()
            if field.annotation is SecretStr
        }
        return CONFIDENTIAL | secret

    @classmethod
    def _checked(cls, values: dict[str, str]) -> tuple[Self | None, list[str]]:
        """The settings, or what is wrong with them.

        How they agree is looked at without those that are wrong each by itself, so that
        nobody learns of one problem after the other.
        """
        try:
            return cls.model_validate(values), []
        except ValidationError as error:
            found = error.errors()
        problems = [line for problem in found for line in _sentence(problem).splitlines()]
        wrong = {str(problem["loc"][0]) for problem in found if problem["loc"]}
        if wrong:
            _, more = cls._checked({name: values[name] for name in values.keys() - wrong})
            names = {name.upper() for name in wrong}
            problems += [line for line in more if not any(name in line for name in names)]
        return None, problems

    @property
    def notes(self) -> tuple[str, ...]:
        """What is probably not meant as it was set, a line each; it stops nothing."""
        return self._notes

    @field_validator(
        "log_level",
        "log_format",
        "discord_reply",
        "outsiders",
        "slack_streaming",
        "reasoning_effort",
        mode="before",
    )
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("language")
    @classmethod
    def _language(cls, value: str) -> str:
        if value.lower() == AUTO:
            return AUTO
        if not (known := language_of(value)):
            raise ValueError(f"must be auto or one of {', '.join(languages())}, not {value!r}")
        return known

    @field_validator("temperature", "top_p", "frequency_penalty", "presence_penalty")
    @classmethod
    def _finite(cls, value: float | None) -> float | None:
        if value is not None and not math.isfinite(value):
            raise ValueError("must be a number")
        return value

    @field_validator("https_proxy")
    @classmethod
    def _proxy(cls, value: str) -> str:
        proxy = urlsplit(value)
        if proxy.scheme not in ("http", "https") or not proxy.hostname:
            raise ValueError(
                "must be the address of an HTTP proxy, such as http://proxy.example.org:3128 or "
                "http://name:password@proxy.example.org:3128; others, such as SOCKS, do not work"
            )
        return value

    @field_validator("ssl_cert_file")
    @classmethod
    def _certificates(cls, value: str) -> str:
        if value:
            check(value)
        return value

    @field_validator("openai_base_url", "slack_api_url", "discord_api_url")
    @classmethod
    def _address(cls, value: str) -> str:
        address = urlsplit(value)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError("must be an address such as https://host/path")
        return value.rstrip("/")

    @field_validator(
        "openai_api_key",
        "slack_bot_token",
        "slack_app_token",
        "slack_config_token",
        "slack_signing_secret",
        "slack_client_secret",
        "discord_token",
    )
    @classmethod
    def _token(cls, value: SecretStr) -> SecretStr:
        if not TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError(
                "must be printable ASCII without white space; copy it again from where it was made"
            )
        return value

    @field_validator("admin_token")
    @classmethod
    def _admin_token(cls, value: SecretStr) -> SecretStr:
        cls._token(value)
        if value and len(value.get_secret_value()) < LEAST_ADMIN_TOKEN:
            raise ValueError(
                f"must have {LEAST_ADMIN_TOKEN} characters or more, so that nobody guesses it; "
                "`openssl rand -hex 24` makes one"
            )
        return value

    @field_validator("token_key")
    @classmethod
    def _keys(cls, value: SecretStr) -> SecretStr:
        check_keys(value.get_secret_value())
        return value

    @field_validator("slack_client_id")
    @classmethod
    def _client_id(cls, value: str) -> str:
        if not re.fullmatch(r"[0-9]+\.[0-9]+", value):
            raise ValueError(
                "must be the Client ID of your app's Basic Information page, such as "
                "1234567890.1234567890"
            )
        return value

    @field_validator("openai_fallback_keys")
    @classmethod
    def _fallback_keys(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for key in value.values():
            cls._token(key)
        return {address.rstrip("/"): key for address, key in value.items()}

    @field_validator("openai_extra_headers")
    @classmethod
    def _headers(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name, header in value.items():
            if not isinstance(header, str):
                raise ValueError(  # noqa: TRY004 - pydantic's contract
                    'must have texts for values, such as {"X-Team": "7"}'
                )
            if not HEADER_NAME.fullmatch(name):
                raise ValueError(f"must have names that a header may have, {name!a} is none")
            if not HEADER_VALUE.fullmatch(header):
                raise ValueError(
                    f"must have printable ASCII for values; that of {name} holds something else"
                )
        return value

    @field_validator("alert_channel")
    @classmethod
    def _channel(cls, value: str) -> str:
        if value and not re.fullmatch(r"slack/[CDG][A-Z0-9]{2,}|discord/\d{5,20}", value):
            raise ValueError(
                "must be the platform and the id of a channel, such as slack/C0123ABCD or "
                "discord/123456789012345678"
            )
        return value

    @model_validator(mode="after")
    def _agree(self) -> Self:
        problems = [
            *self._model_problems(),
            *self._platform_problems(),
            *self._slack_problems(),
            *self._port_problems(),
        ]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @field_validator("openai_extra_body")
    @classmethod
    def _body(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name, instead in FIXED.items():
            if name in value:
                raise ValueError(f"must not hold {name}: {instead}")
        if value.get("n", 1) != 1:
            raise ValueError("must not hold n other than 1: a question has one answer")
        if "stream_options" in value and not _tells_usage(value["stream_options"]):
            raise ValueError(
                'must have "include_usage": true in its stream_options, or leave them out: '
                "what answers cost is counted from it"
            )
        return value

    def _model_problems(self) -> Iterator[str]:
        body = self.openai_extra_body
        sampling = (body.get("temperature", self.temperature), body.get("top_p", self.top_p))
        if self.temperature is not None and self.top_p is not None:
            yield "TEMPERATURE and TOP_P: set one of them, not both."
        elif None not in sampling:
            yield (
                "OPENAI_EXTRA_BODY: set temperature or top_p, not both; TEMPERATURE and TOP_P "
                "count, too."
            )
        addresses = {one.base_url for one in self.openai_fallback_models if one.base_url}
        for address in self.openai_fallback_keys.keys() - addresses:
            yield f"OPENAI_FALLBACK_KEYS: no model of OPENAI_FALLBACK_MODELS is at {address}."
        needed = self.answer_tokens + math.ceil(len(self.system_prompt) / LETTERS) + ROOM
        if self.context_tokens < needed:
            yield (
                f"CONTEXT_TOKENS must be {needed} or more to hold ANSWER_TOKENS "
                f"({self.answer_tokens}), SYSTEM_PROMPT and a question; raise it, or lower "
                "ANSWER_TOKENS."
            )

    def _platform_problems(self) -> Iterator[str]:
        bot, app = self.slack_bot_token, self.slack_app_token
        if not (bot or app or self.slack_client_id or self.discord_token):
            yield (
                "No platform is set up. Set SLACK_BOT_TOKEN and SLACK_APP_TOKEN, or DISCORD_TOKEN, "
                "and OPENAI_API_KEY or OPENAI_BASE_URL. To try Parley with no account: "
                "parley sandbox"
            )
        elif not self.openai_api_key and self.openai_base_url == OPENAI_URL:
            yield "OPENAI_API_KEY is missing. Set it, or OPENAI_BASE_URL to a server of your own."
        if self.openai_api_key and "@" in urlsplit(self.openai_base_url).netloc:
            yield (
                "OPENAI_BASE_URL holds a name or a password for its host, and OPENAI_API_KEY is "
                "set; a request carries only one of them. Leave one out."
            )
        if self._swapped:
            yield (
                "SLACK_BOT_TOKEN and SLACK_APP_TOKEN are swapped: the bot token begins with "
                "xoxb-, the app-level token with xapp-."
            )

    @property
    def _swapped(self) -> bool:
        bot, app = self.slack_bot_token, self.slack_app_token
        return bot.get_secret_value().startswith("xapp-") or app.get_secret_value().startswith(
            "xoxb-"
        )

    def _slack_problems(self) -> Iterator[str]:
        """What is missing of one of the ways to Slack: Socket Mode, HTTP, HTTP and OAuth."""
        bot, app, signed = self.slack_bot_token, self.slack_app_token, self.slack_signing_secret
        if self._swapped or (bot and app):
            return
        if self.slack_client_id:
            yield from self._oauth_problems()
        elif self.slack_client_secret:
            yield "SLACK_CLIENT_ID is missing; SLACK_CLIENT_SECRET is nothing without it."
        elif app:
            yield "SLACK_BOT_TOKEN is missing; Slack needs it with SLACK_APP_TOKEN."
        elif bot and not signed:
            yield (
                "SLACK_APP_TOKEN is missing; Slack needs it with SLACK_BOT_TOKEN. Over HTTP it is "
                "SLACK_SIGNING_SECRET and HTTP_PORT instead."
            )
        elif signed and self.http_port and not bot:
            yield (
                "SLACK_BOT_TOKEN is missing; Slack over HTTP needs it with SLACK_SIGNING_SECRET. "
                "For several workspaces it is SLACK_CLIENT_ID, SLACK_CLIENT_SECRET and TOKEN_KEY "
                "instead."
            )
        if (self.slack_client_id or (bot and signed)) and not self.http_port:
            yield (
                "HTTP_PORT is missing; without SLACK_APP_TOKEN, Slack is heard over HTTP. Set it "
                "to a free port, such as 8080, and have your reverse proxy pass /slack/ on to it."
            )

    def _oauth_problems(self) -> Iterator[str]:
        """What is missing for several workspaces."""
        if self.slack_app_token:
            yield (
                "SLACK_APP_TOKEN is for Socket Mode in one workspace, SLACK_CLIENT_ID for several "
                "over HTTP; leave one of them out, and set SLACK_BOT_TOKEN with the first."
            )
        if self.slack_bot_token:
            return
        for name, where in (
            ("slack_client_secret", "it stands below the Client ID"),
            ("slack_signing_secret", "it stands on the same page as the Client ID"),
        ):
            if not getattr(self, name):
                yield f"{name.upper()} is missing; SLACK_CLIENT_ID needs it: {where}."
        if not self.token_key:
            yield (
                "TOKEN_KEY is missing; with SLACK_CLIENT_ID, the tokens of workspaces are kept, "
                "encrypted with it. Make one with: openssl rand -base64 32"
            )

    def _port_problems(self) -> Iterator[str]:
        if self.http_port and self.http_port == self.admin_port:
            yield (
                "HTTP_PORT and ADMIN_PORT must be two ports, one for Slack and one for you: set "
                "another port for one of them."
            )

    def secrets(self) -> tuple[str, ...]:
        """Every value that must never be printed."""
        fields = (getattr(self, name) for name in type(self).model_fields)
        secrets = [field.get_secret_value() for field in fields if isinstance(field, SecretStr)]
        secrets += [str(value) for value in self.openai_extra_headers.values()]
        secrets += [key.get_secret_value() for key in self.openai_fallback_keys.values()]
        secrets += split(self.token_key.get_secret_value())
        for url in (
            self.openai_base_url,
            self.slack_api_url,
            self.discord_api_url,
            self.https_proxy,
            *(one.base_url for one in self.openai_fallback_models),
        ):
            secrets += _credentials(url)
        return tuple(secret for secret in secrets if secret)

    @property
    def introduction(self) -> str:
        """What the bot says below its first answer in a channel; empty: nothing."""
        word = self.first_contact.lower()
        if word in ("off", "no", "false", "0"):
            return ""
        if word in ("on", "yes", "true", "1"):
            return first_contact(urlsplit(self.openai_base_url).hostname or "")
        return self.first_contact

    @property
    def endpoint(self) -> str:
        """The model's address as anybody may read it, without what stands in it as credentials."""
        url = urlsplit(self.openai_base_url)
        return urlunsplit((url.scheme, url.netloc.rpartition("@")[2], url.path, "", ""))


def given(environ: Mapping[str, str], env_file: Path | None = None) -> dict[str, str]:
    """What is set, right or wrong, trimmed, where it can be read at all."""
    from_file, _ = read(env_file)
    return {name: value.strip() for name, value in {**from_file, **environ}.items()}


def names() -> frozenset[str]:
    """The names of all settings, those of files for secrets included."""
    fields = {name.upper() for name in Settings.model_fields}
    return frozenset(fields | secret_files.names(Settings.secret_names()))


def _credentials(address: str) -> Iterator[str]:
    """What an address tells only to its host, as it stands there and as it is meant."""
    url = urlsplit(address)
    for part in (url.username or "", url.password or ""):
        yield from {part, unquote(part)}
    for pair in url.query.split("&"):
        for name, value in parse_qsl(pair):
            if CREDENTIAL.search(name):
                yield from {value, pair.partition("=")[2]}


def _is_gettexts(name: str, value: str) -> bool:
    """Whether a variable is the system's LANGUAGE, such as `en_US:en`, and not our setting."""
    return name == "LANGUAGE" and any(mark in value for mark in "_:.")


def _by_todays_names(
    given: Mapping[str, str], renamed: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """The settings with none under a former name, and a line for each that was."""
    values, notes = dict(given), []
    for former, name in renamed.items():
        value = values.pop(former, "").strip()
        if value and values.get(name, "").strip():
            notes.append(f"{former} is not used: it is called {name} now, which is set, too.")
        elif value:
            values[name] = value
            notes.append(f"{former} is called {name} now. It still works; rename it.")
    return values, notes


def _trimmed(name: str, value: str) -> str:
    """A value without the white space around it, which is part of a stop text, and of no other."""
    return value if name == "STOP" else value.strip()


def _tells_usage(stream_options: object) -> bool:
    return isinstance(stream_options, dict) and stream_options.get("include_usage") is True


def _names_a_file(database_url: str) -> bool:
    """Whether it is a database on disk: one in memory would lose every claim with the process.

    A query could make it that, too, or read-only, behind the back of the lock beside it.
    """
    try:
        url = make_url(database_url)
    except ArgumentError:
        return False
    path = url.database or ""
    # With two slashes instead of three, the first folder of the path is taken for a host.
    on_disk = bool(path) and not path.startswith((":memory:", "file:")) and not url.host
    return url.drivername == "sqlite+aiosqlite" and on_disk and not url.query


def _unused(given: Mapping[str, str]) -> Iterator[str]:
    """What is set for a way to Slack that is not taken."""
    if given.get("SLACK_BOT_TOKEN") and given.get("SLACK_CLIENT_ID"):
        yield (
            "SLACK_CLIENT_ID is not used: with SLACK_BOT_TOKEN, Parley is in one workspace and "
            "nobody installs it from a browser."
        )
    if given.get("SLACK_BOT_TOKEN") and given.get("SLACK_APP_TOKEN"):
        for name in ("SLACK_SIGNING_SECRET", "HTTP_PORT"):
            if given.get(name):
                yield (
                    f"{name} is not used: with SLACK_APP_TOKEN, Slack is reached through Socket "
                    "Mode."
                )
    elif given.get("HTTP_PORT") and not any(
        value for name, value in given.items() if name.startswith("SLACK_")
    ):
        yield "HTTP_PORT is not used: it is for Slack over HTTP."
    if given.get("ADMIN_TOKEN") and not given.get("ADMIN_PORT"):
        yield "ADMIN_TOKEN is not used: the operator's page is there with ADMIN_PORT only."


def _sentence(problem: Mapping[str, Any]) -> str:
    """What pydantic found, as a line that names the setting."""
    if not problem["loc"]:
        return wrong_values.reason(problem)
    return wrong_values.line(str(problem["loc"][0]).upper(), problem)
