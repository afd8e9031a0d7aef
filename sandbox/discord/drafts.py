"""A message body, checked as Discord checks it, before it becomes a message."""

import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sandbox.discord import components, embeds
from sandbox.discord.files import LARGEST, Upload
from sandbox.discord.mentions import Allowed, Mentions, allowed, mentions
from sandbox.discord.objects.messages import COMPONENTS_V2
from sandbox.discord.realm import Json, Realm
from sandbox.discord.refusals import Code, InvalidForm, Refused

LONGEST = 2000
"""UTF-16 units of content (resources/message, "Create Message")."""

LONGEST_DESCRIPTION = 1024
"""Characters that say what a picture shows (resources/message, "Attachment Object")."""

SETTABLE = 1 << 2 | 1 << 12 | COMPONENTS_V2
"""Flags that a bot may set: no link previews, silent, components V2."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The parts of a body that were given; None for one that was left out."""

    content: str | None = None
    embeds: list[Json] | None = None
    components: list[Json] | None = None
    kept: list[str] | None = None
    uploads: tuple[Upload, ...] = ()
    flags: int = 0
    allowed: Allowed | None = None

    @property
    def is_v2(self) -> bool:
        """Whether it is made of components alone."""
        return bool(self.flags & COMPONENTS_V2)

    def is_empty(self) -> bool:
        """Whether nothing in it can be seen; buttons alone do not count."""
        shown = self.components if self.is_v2 else None
        return not (self.content or self.embeds or self.uploads or self.kept or shown)


def draft(
    body: Json,
    uploads: Sequence[Upload],
    default: Allowed,
    *,
    flags: int = SETTABLE,
    v2: bool = False,
) -> Draft:
    """Check a body; `flags` are those that may be set, `v2` says that it already is one.

    Raises `InvalidForm` (50035) for what is too long or of the wrong kind.
    """
    set_flags = int(body.get("flags") or 0) & flags
    is_v2 = v2 or bool(set_flags & COMPONENTS_V2)
    _check_uploads(uploads)
    if is_v2 and (body.get("content") or body.get("embeds")):
        raise InvalidForm(
            "flags",
            "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
            "The content and embeds fields cannot be used with components V2.",
        )
    return Draft(
        content=_content(body["content"]) if "content" in body else None,
        embeds=embeds.checked(body["embeds"] or []) if "embeds" in body else None,
        components=_components(body, v2=is_v2),
        kept=_kept(body),
        uploads=_described(body, uploads),
        flags=set_flags | (COMPONENTS_V2 if is_v2 else 0),
        allowed=allowed(body.get("allowed_mentions"), default),
    )


def attach(realm: Realm, draft: Draft) -> list[Json]:
    """Hold the uploads of a draft; what the message keeps of them."""
    attached = []
    for upload in draft.uploads:
        file = realm.space.new_id()
        realm.files.add(file, upload)
        attached.append(
            {
                "id": file,
                "filename": upload.name,
                "size": len(upload.data),
                "content_type": media_type(upload),
                **({"description": upload.description} if upload.description else {}),
            }
        )
    return attached


def media_type(upload: Upload) -> str:
    """What kind of file it is; Discord goes by the name."""
    guessed = mimetypes.guess_type(upload.name)[0]
    return guessed or upload.media_type or "application/octet-stream"


def mentioned(realm: Realm, draft: Draft, *, replied: str = "") -> Mentions:
    """Whom a draft mentions, as far as it is allowed to; embeds never do."""
    text = components.texts(draft.components or []) if draft.is_v2 else draft.content or ""
    found = mentions(text)
    return (draft.allowed or Allowed()).among(found, realm.space.people, replied)


def _content(given: Any) -> str:
    if given is None:
        return ""
    if not isinstance(given, str):
        raise InvalidForm("content", "BASE_TYPE_STRING", "Could not interpret this as a string.")
    if embeds.units(given) > LONGEST:
        raise InvalidForm(
            "content", "BASE_TYPE_MAX_LENGTH", f"Must be {LONGEST} or fewer in length."
        )
    return given.strip()


def _components(body: Json, *, v2: bool) -> list[Json] | None:
    if "components" not in body:
        return None
    return components.checked(body["components"] or [], v2=v2)


def _kept(body: Json) -> list[str] | None:
    """Ids of attachments that stay; new ones are numbered from 0 and come as uploads."""
    if "attachments" not in body:
        return None
    ids = [str(file.get("id", "")) for file in body["attachments"] or ()]
    return [one for one in ids if len(one) > 2]


def _described(body: Json, uploads: Sequence[Upload]) -> tuple[Upload, ...]:
    """The uploads with what the body says of them, by their numbers."""
    said = {
        str(file.get("id", "")): file.get("description") for file in body.get("attachments") or ()
    }
    described = [
        replace(upload, description=str(said.get(str(number)) or ""))
        for number, upload in enumerate(uploads)
    ]
    if any(len(upload.description) > LONGEST_DESCRIPTION for upload in described):
        raise InvalidForm(
            "attachments.description",
            "BASE_TYPE_MAX_LENGTH",
            f"Must be {LONGEST_DESCRIPTION} or fewer in length.",
        )
    return tuple(described)


def _check_uploads(uploads: Sequence[Upload]) -> None:
    if len(uploads) > 10:
        raise InvalidForm("attachments", "BASE_TYPE_BAD_LENGTH", "Must be 10 or fewer in length.")
    if any(len(upload.data) > LARGEST for upload in uploads):
        raise Refused(Code.TOO_LARGE)
