"""Secrets that have to be kept: encrypted with keys that are not kept beside them."""

import base64
import binascii

from core.errors import Sealed

KEY_BYTES = 32


class Vault:
    """Encrypts with the first of its keys, and decrypts with any of them.

    `keys` are 32 random bytes each, in either alphabet of Base64, separated by commas; `ValueError`
    says which one is none.
    """

    def __init__(self, keys: str) -> None:
        # Here and not above, since few need it and it takes time to import.
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415

        ciphers = [Fernet(key) for key in check(keys)]
        self._newest = ciphers[0]
        self._all = MultiFernet(ciphers)

    def seal(self, secret: str) -> str:
        """The secret as it may be kept."""
        return self._newest.encrypt(secret.encode()).decode()

    def open(self, sealed: str, within: int | None = None) -> str:
        """The secret again. Raises `Sealed` without its key, or `within` seconds after its time."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415

        try:
            return self._all.decrypt(sealed, ttl=within).decode()
        except (InvalidToken, ValueError) as error:
            raise Sealed("no key opens it") from error

    def renewed(self, sealed: str) -> str:
        """The same, encrypted with the first key; as it was where it is that already."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415

        try:
            self._newest.decrypt(sealed)
        except InvalidToken:
            return self.seal(self.open(sealed))
        return sealed


def split(keys: str) -> list[str]:
    """The keys that stand in a setting."""
    return [one for part in keys.split(",") if (one := part.strip())]


def check(keys: str) -> list[bytes]:
    """The keys that stand in a setting, as Fernet wants them; `ValueError` as for a `Vault`."""
    found = [_key(one, number) for number, one in enumerate(split(keys), start=1)]
    if not found:
        raise ValueError("must hold a key")
    return found


def _key(text: str, number: int) -> bytes:
    try:
        key = base64.b64decode(text.translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(
            f"must hold keys of {KEY_BYTES} random bytes in Base64, separated by commas; number "
            f"{number} is none. Make one with: openssl rand -base64 {KEY_BYTES}"
        )
    return base64.urlsafe_b64encode(key)
