"""Attachments: what people and the bot have uploaded, and the signed addresses they have."""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

KEPT = 100 * 1024 * 1024
"""Bytes that are held in all; the oldest file gives way, as if somebody had deleted it."""

LIFETIME = timedelta(hours=24)
"""How long an address works; a fresh one comes with every reading of the message."""

LARGEST = 10 * 1024 * 1024
"""Bytes in one file (reference, "Uploading Files")."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody puts into a message; `description` says what a picture shows."""

    name: str
    media_type: str
    data: bytes
    description: str = ""


class Files:
    """The uploads by id."""

    def __init__(self) -> None:
        self.address = ""
        self._held: OrderedDict[str, Upload] = OrderedDict()
        self._size = 0
        self._key = secrets.token_bytes(16)

    def add(self, id: str, upload: Upload) -> None:
        """Hold a file."""
        self._held[id] = upload
        self._size += len(upload.data)
        while self._size > KEPT:
            _id, oldest = self._held.popitem(last=False)
            self._size -= len(oldest.data)

    def get(self, id: str) -> Upload | None:
        """A file, if it is (still) held."""
        return self._held.get(id)

    def url(self, channel: str, id: str, name: str, now: datetime) -> str:
        """A fresh address: `ex` is when it ends, `is` when it was made, `hm` the signature."""
        path = f"/attachments/{channel}/{id}/{quote(name)}"
        ends, made = (f"{int(at.timestamp()):x}" for at in (now + LIFETIME, now))
        return f"{self.address}{path}?ex={ends}&is={made}&hm={self._sign(id, ends, made)}"

    def valid(self, id: str, ends: str, made: str, signature: str, now: datetime) -> bool:
        """Whether an address was made here and still works."""
        if not hmac.compare_digest(self._sign(id, ends, made), signature):
            return False
        return now.timestamp() < int(ends, 16)

    def _sign(self, id: str, ends: str, made: str) -> str:
        return hmac.new(self._key, f"{id}/{ends}/{made}".encode(), hashlib.sha256).hexdigest()
