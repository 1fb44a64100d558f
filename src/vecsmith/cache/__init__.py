"""Vectors that were made before, by a key that names everything that changes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from vecsmith.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Cache", "Entry", "open_cache"]


class Entry(NamedTuple):
    """What is kept of one text."""

    vector: bytes
    """Little-endian float32 of the model's full width, before it is cut, normalised or quantised."""
    tokens: int
    """Tokens the model read, special tokens included."""
    dropped: int
    """Tokens that were cut off."""


class Cache(Protocol):
    """Keeps entries by keys of 32 bytes; every method blocks, and may be called from any thread."""

    def get(self, keys: Sequence[bytes]) -> list[Entry | None]:
        """Return what is kept for each key, in the order of the keys; None where there is nothing."""
        ...

    def put(self, keys: Sequence[bytes], entries: Sequence[Entry]) -> None:
        """Keep an entry for each key, in place of what was there."""
        ...

    def close(self) -> None:
        """Release what the cache holds; it then keeps and finds nothing."""
        ...


def open_cache(
    where: str | Path | Cache | bool | None,  # noqa: FBT001 (a value like the others)
    *,
    size: int | None = None,
    ttl: float | None = None,
) -> Cache | None:
    """Open the cache that a setting names.

    Args:
        where: None or False for no cache, True or ``"default"`` for the file in the user's data folder, ``"memory"``
            for this process alone, a path or ``"sqlite:///path"`` for a file, or an object with ``get``, ``put`` and
            ``close``, which is returned. Addresses carry options: ``"memory://?size=100MB"``, ``"sqlite:///path?size=1GB&ttl=30d"``.
        size: Bytes it may take; what an address says itself comes first.
        ttl: Seconds after which an entry is as good as gone; None for never.

    A file that is open in this process already is shared, and is closed when each of its openers has closed it.
    Raises `ConfigError` where the setting names no cache, or names another program's file.
    """
    from vecsmith.cache.address import DEFAULT, Address, default_path, parse_address

    if where is None or where is False:
        return None
    if isinstance(where, (str, Path)) or where is True:
        address = Address(default_path()) if where is True else parse_address(where)
        return open_address(Address(address.path, address.size or size, address.ttl or ttl))
    if callable(getattr(where, "get", None)) and callable(getattr(where, "put", None)):
        return where
    raise ConfigError(
        f"cache must be a path, 'memory', {DEFAULT!r}, or an object with get and put, not {type(where).__name__}"
    )


def open_address(address: Address) -> Cache:
    """Open what an address names."""
    if address.path is None:
        from vecsmith.cache.memory import MemoryCache

        return MemoryCache(size=address.size, ttl=address.ttl)
    from vecsmith.cache.sqlite import open_file

    return open_file(address.path, size=address.size, ttl=address.ttl)


if TYPE_CHECKING:
    from vecsmith.cache.address import Address
