"""Keys: what one is, how it is made, and how it is known again.

A secret key is ``vs_ID_SECRET``; a publishable one, which is no secret, is ``vs_pub_ID``.

Of the secret only ``sha256(salt + secret)`` is kept. A slow hash would be wasted on it: that makes guessing expensive
where people choose from few passwords, and here there are 2**256.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from vecsmith.types import Lane

__all__ = ["Key", "Kind", "Limits", "make_key", "parse_key"]

PREFIX = "vs_"
PUBLISHABLE = "pub_"
LONGEST = 200
"""Characters; what is longer is no key, and is not hashed."""

Kind = Literal["secret", "publishable"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a key may do; None is no limit."""

    models: tuple[str, ...] = ()
    """The models that it is good for, by any of their names; empty for all."""
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tokens_per_day: int | None = None
    """Days begin at midnight in UTC."""
    concurrency: int | None = None
    """Requests at once."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key."""

    id: str
    name: str
    kind: Kind
    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    limits: Limits
    lane: Lane | None
    created: int
    """Seconds since 1970, as `revoked` is."""
    revoked: int | None = None

    @property
    def shown(self) -> str | None:
        """The key itself, where it is no secret."""
        return f"{PREFIX}{self.id}" if self.kind == "publishable" else None

    def opened_by(self, secret: str) -> bool:
        """Whether a secret is the key's; takes as long whatever of it is right."""
        return compare_digest(hashed(self.salt, secret), self.digest)


NOBODY = Key("", "", "secret", bytes(16), bytes(32), Limits(), None, 0)
"""Compared with where there is no such id, so that the answer takes as long."""


def hashed(salt: bytes, secret: str) -> bytes:
    """Return what is kept of a secret."""
    return sha256(salt + secret.encode("utf-8", "surrogatepass")).digest()


def make_key(name: str, kind: Kind, limits: Limits, lane: Lane | None, now: float) -> tuple[Key, str]:
    """Return what is kept of a new key, and the key itself, which is not."""
    if kind == "publishable":
        made = Key(PUBLISHABLE + secrets.token_hex(16), name, kind, b"", b"", limits, lane, int(now))
        return made, f"{PREFIX}{made.id}"
    secret, salt = secrets.token_hex(32), secrets.token_bytes(16)
    made = Key(secrets.token_hex(6), name, kind, salt, hashed(salt, secret), limits, lane, int(now))
    return made, f"{PREFIX}{made.id}_{secret}"


def parse_key(text: str) -> tuple[str, str] | None:
    """Return the id and the secret that a key consists of, the latter empty where it has none; None for no key."""
    if len(text) > LONGEST or not text.startswith(PREFIX):
        return None
    rest = text.removeprefix(PREFIX)
    if rest.startswith(PUBLISHABLE):
        return rest, ""
    number, _, secret = rest.partition("_")
    return number, secret
