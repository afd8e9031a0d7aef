"""Files that people and the app have put into the workspace."""

import itertools
import mimetypes
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from sandbox.slack.errors import Refused

KEPT = 200
"""Files that are held; the oldest gives way, as if somebody had deleted it."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody puts into a message."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class File:
    """A file as Slack holds it; `data` is None until it was uploaded.

    `alt` says what a picture shows.
    """

    id: str
    name: str
    media_type: str
    owner: str
    data: bytes | None
    size: int
    title: str = ""
    secret: str = ""
    alt: str = ""


class Files:
    """The workspace's files by id, and the uploads that are under way."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, File] = OrderedDict()
        self._numbers = itertools.count(1)

    def add(self, upload: Upload, owner: str) -> File:
        """Take in a whole file."""
        name, media_type, data = upload.name, upload.media_type, upload.data
        return self.put(File(self._new_id(), name, media_type, owner, data, len(data)))

    def expect(self, name: str, size: int, owner: str, alt: str = "") -> File:
        """Announce an upload; `secret` is the last part of its address."""
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        secret = secrets.token_urlsafe(16)
        id_ = self._new_id()
        return self.put(File(id_, name, media_type, owner, None, size, secret=secret, alt=alt))

    def put(self, file: File) -> File:
        """Hold a file, in place of an older state of it."""
        self._held[file.id] = file
        if len(self._held) > KEPT:
            self._held.popitem(last=False)
        return file

    def get(self, id: str) -> File:
        """A file whose content is there, or `file_not_found`."""
        file = self._held.get(id)
        if file is None or file.data is None:
            raise Refused("file_not_found")
        return file

    def drop(self, id: str) -> None:
        """Hold a file no longer."""
        del self._held[id]

    def awaited(self, secret: str) -> File | None:
        """The announced file that is uploaded under this address."""
        for file in self._held.values():
            if secret and file.secret == secret and file.data is None:
                return file
        return None

    def _new_id(self) -> str:
        return f"F0{next(self._numbers):06d}"


def describe(file: File, address: str, team: str) -> dict[str, Any]:
    """The file object of messages and of `files.info`."""
    url = f"{address}/files-pri/{team}-{file.id}/{file.name}"
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": file.media_type,
        "filetype": file.name.rpartition(".")[2].lower(),
        "user": file.owner,
        "size": file.size,
        "mode": "hosted",
        "is_external": False,
        "is_public": False,
        **({"alt_txt": file.alt} if file.alt else {}),
        "url_private": url,
        "url_private_download": f"{url}?download=1",
    }
