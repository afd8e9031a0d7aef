"""The bot itself, its application, and where its gateway is."""

from sandbox.discord.calls import Call, Route
from sandbox.discord.intents import application_flags
from sandbox.discord.objects import members
from sandbox.discord.realm import Json, Realm
from sandbox.discord.sessions import Starts


class ApplicationRoutes:
    """What a client asks for before it connects."""

    def __init__(self, realm: Realm, starts: Starts) -> None:
        self._realm = realm
        self._starts = starts
        self.gateway_url = ""

    def table(self) -> list[Route]:
        """Its rows."""
        return [
            Route("GET", "/gateway", "GET gateway", self._gateway),
            Route("GET", "/gateway/bot", "GET gateway", self._gateway_of_bot),
            Route("GET", "/users/@me", "GET me", self._me),
            Route("GET", "/oauth2/applications/@me", "GET application", self._application),
            Route("GET", "/applications/@me", "GET application", self._application),
        ]

    def _gateway(self, _call: Call) -> Json:
        return {"url": self.gateway_url}

    def _gateway_of_bot(self, _call: Call) -> Json:
        limit = self._starts.standing(self._realm.seconds())
        return {"url": self.gateway_url, "shards": 1, "session_start_limit": limit}

    def _me(self, _call: Call) -> Json:
        return members.oneself(self._realm.bot)

    def _application(self, _call: Call) -> Json:
        bot = self._realm.bot
        owner = next(person for person in self._realm.space.people.values() if not person.is_bot)
        return {
            "id": bot.id,
            "name": bot.name,
            "icon": None,
            "description": "",
            "bot_public": False,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": application_flags(self._realm.privileged),
            "owner": members.user(owner),
            "bot": members.user(bot),
            "team": None,
            "summary": "",
            "approximate_guild_count": 1,
            "approximate_user_install_count": 0,
            "integration_types_config": {"0": {}},
            **self._realm.portal,
        }
