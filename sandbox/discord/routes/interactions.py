"""Answers to interactions; a token in the address stands in for the bot's own."""

from sandbox.discord.answers import Answers
from sandbox.discord.calls import Call, Route
from sandbox.discord.interaction import Answer, Interaction
from sandbox.discord.interactions import Interactions
from sandbox.discord.objects import messages
from sandbox.discord.objects.messages import EPHEMERAL, LOADING
from sandbox.discord.realm import Json, Realm
from sandbox.discord.refusals import Code, Refused

_HOOK = "/webhooks/{application}/{token}"
_ORIGINAL = _HOOK + "/messages/@original"
_ONE = _HOOK + "/messages/{message}"


class InteractionRoutes:
    """What the bot does about interactions."""

    def __init__(self, realm: Realm, interactions: Interactions, answers: Answers) -> None:
        self._realm = realm
        self._interactions = interactions
        self._answers = answers

    def table(self) -> list[Route]:
        """Its rows."""
        callback = "/interactions/{id}/{token}/callback"
        rows = (
            ("POST", callback, "POST callback", self._respond),
            ("POST", _HOOK, "POST followup", self._follow_up),
            ("GET", _ORIGINAL, "GET original", self._get),
            ("PATCH", _ORIGINAL, "PATCH original", self._edit),
            ("DELETE", _ORIGINAL, "DELETE original", self._delete),
            ("GET", _ONE, "GET followup", self._get),
            ("PATCH", _ONE, "PATCH followup", self._edit),
            ("DELETE", _ONE, "DELETE followup", self._delete),
        )
        return [Route(*row, secret=True) for row in rows]

    def _respond(self, call: Call) -> Json | None:
        interaction = self._interactions.respond(
            call.path["id"], call.path["token"], call.body, call.uploads
        )
        if call.query.get("with_response") not in ("1", "true"):
            return None
        return self._response(interaction)

    def _response(self, interaction: Interaction) -> Json:
        shown: Json = {"id": interaction.id, "type": int(interaction.kind)}
        resource: Json = {"type": int(interaction.answer or 0)}
        told = interaction.answer not in (Answer.CHOICES, Answer.MODAL, Answer.DEFERRED_UPDATE)
        if told:
            message = self._answers.message(interaction, "@original")
            flags = message.payload.get("flags", 0)
            shown |= {
                "response_message_id": message.id,
                "response_message_loading": bool(flags & LOADING),
                "response_message_ephemeral": bool(flags & EPHEMERAL),
            }
            resource["message"] = messages.message(self._realm, message)
        return {"interaction": shown, "resource": resource}

    def _follow_up(self, call: Call) -> Json:
        interaction = self._interaction(call)
        message = self._answers.follow_up(interaction, call.body, call.uploads)
        return messages.message(self._realm, message)

    def _get(self, call: Call) -> Json:
        message = self._answers.message(self._interaction(call), _which(call))
        return messages.message(self._realm, message)

    def _edit(self, call: Call) -> Json:
        message = self._answers.message(self._interaction(call), _which(call))
        changed = self._answers.edit(message, call.body, call.uploads)
        return messages.message(self._realm, changed)

    def _delete(self, call: Call) -> None:
        message = self._answers.message(self._interaction(call), _which(call))
        self._answers.delete(message)

    def _interaction(self, call: Call) -> Interaction:
        if call.path["application"] != self._realm.bot.id:
            raise Refused(Code.UNKNOWN_WEBHOOK)
        return self._interactions.answered(call.path["token"])


def _which(call: Call) -> str:
    return call.path.get("message", "@original")
