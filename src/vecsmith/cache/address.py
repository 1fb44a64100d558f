"""Where a cache is, as people write it: ``memory``, a path, ``sqlite:///path?size=1GB&ttl=30d``."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from vecsmith.config import data_folder
from vecsmith.errors import ConfigError

__all__ = ["DEFAULT", "Address", "default_path", "parse_address", "parse_duration", "parse_size"]

DEFAULT = "default"

SIZES = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
DURATIONS = {"S": 1, "M": 60, "H": 3600, "D": 86_400, "W": 604_800}
QUANTITY = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")
SCHEME = re.compile(r"([a-z][a-z0-9+.]+)://")
DRIVE = re.compile(r"/[A-Za-z]:[/\\]")


@dataclass(frozen=True, slots=True)
class Address:
    """A cache's place and its bounds."""

    path: Path | None
    """The file; None for memory."""
    size: int | None = None
    """Bytes; None for the default of its kind."""
    ttl: float | None = None
    """Seconds; None for ever."""


MOST = 1e15
"""Bytes or seconds: beyond, a number would not fit where SQLite keeps it."""


def default_path() -> Path:
    """Return the file in the user's data folder, or in ``VECSMITH_HOME``."""
    return data_folder() / "cache.sqlite"


def parse_address(where: str | Path) -> Address:
    """Read an address; raise `ConfigError` where it is none."""
    if isinstance(where, Path):
        return Address(where.expanduser())
    if where in ("memory", "memory:", DEFAULT):
        return Address(default_path() if where == DEFAULT else None)
    scheme = SCHEME.match(where)
    if scheme:
        return parse_url(where, scheme[1])
    if not where or "\0" in where:
        raise ConfigError(f"{where!r} is not the path of a cache: name a file, 'memory' or {DEFAULT!r}")
    return Address(Path(where).expanduser())


def parse_url(where: str, scheme: str) -> Address:
    """Read an address of the form ``scheme://place?size=…&ttl=…``."""
    parts = urlsplit(where)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(set(options) - {"size", "ttl"})
    if unknown:
        raise ConfigError(f"a cache's address takes size and ttl, not {unknown[0]}")
    size = parse_size(options["size"]) if "size" in options else None
    ttl = parse_duration(options["ttl"]) if "ttl" in options else None
    place = unquote(parts.path)
    if scheme == "memory" and not parts.netloc and place in ("", "/"):
        return Address(None, size, ttl)
    if scheme == "sqlite" and not parts.netloc and place.strip("/"):
        return Address(Path(place[1:] if DRIVE.match(place) else place), size, ttl)
    raise ConfigError(f"{scheme}:// names no cache here: write memory://?size=100MB or sqlite:///path?size=1GB&ttl=30d")


def parse_size(text: str) -> int:
    """Return the bytes that ``500MB`` or ``2GiB`` means; a bare number is bytes."""
    return round(quantity(text, SIZES, "a size, such as 500MB or 2GB"))


def parse_duration(text: str) -> float:
    """Return the seconds that ``30d``, ``12h``, ``90m`` or ``45s`` means."""
    return quantity(text, DURATIONS, "a time, such as 30d, 12h or 90m")


def quantity(text: str, units: dict[str, int], meant: str) -> float:
    """Return a number times its unit."""
    found = QUANTITY.fullmatch(text.strip())
    if not found or found[2].upper() not in units or not float(found[1]):
        raise ConfigError(f"{text!r} is not {meant}")
    return min(float(found[1]) * units[found[2].upper()], MOST)
