"""``vecsmith.toml``: profiles, providers, aliases, plugins and rows of the catalogue, as a person writes them.

The file that ``VECSMITH_CONFIG`` names counts, else the one in the working directory, else the one in the user's
configuration folder. Arguments and variables count before it. The one in the working directory may be anybody's: it
does not say where a provider's own key is sent, unless the user names it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from vecsmith.errors import ConfigError

__all__ = ["FILE", "UNTRUSTED", "Config", "ProviderTable", "check_names", "configuration", "data_folder", "secret"]

FILE = "vecsmith.toml"
SECRETS = "secrets.toml"

UNTRUSTED = (
    ": if you trust that file, name it in the variable VECSMITH_CONFIG, or move it to your own configuration folder"
)

TABLES = ("aliases", "cache", "models", "plugins", "profiles", "providers", "server")
ENTRIES: Mapping[str, type] = {
    "aliases": str,
    "models": Mapping,
    "profiles": Mapping,
    "providers": Mapping,
    "server": object,
}
"""Tables, and what each entry of them is."""

PROFILE = ("dimensions", "model", "on_long", "task")


@dataclass(frozen=True, slots=True)
class ProviderTable:
    """What a file says of one provider."""

    name: str
    kind: str
    """The provider whose wire format it speaks; its own name where the file names no other."""
    settings: Mapping[str, Any]
    api_key_env: str | None
    trusted: bool
    """Whether the user named the file or keeps it, and did not merely start a program beside it."""


@dataclass(frozen=True, slots=True)
class Config:
    """What a file says; empty where there is none."""

    path: Path | None = None
    trusted: bool = True
    profiles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    providers: Mapping[str, ProviderTable] = field(default_factory=dict)
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()
    server: Mapping[str, Any] = field(default_factory=dict)


def configuration() -> Config:
    """Return what the file that counts says; raise `ConfigError` that names what is wrong in it."""
    named = os.environ.get("VECSMITH_CONFIG")
    places = [(Path(named), True)] if named else [(Path(FILE), False), (own_folder() / FILE, True)]
    for path, trusted in places:
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError:
            if named:
                raise ConfigError(f"there is no {path}, which VECSMITH_CONFIG names: write it or unset that") from None
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} cannot be read ({type(error).__name__}): mend it or move it away") from None
        return parsed(text, path, trusted=trusted)
    return Config()


def own_folder() -> Path:
    """Return the user's configuration folder."""
    if home := os.environ.get("VECSMITH_HOME"):
        return Path(home)
    from platformdirs import user_config_path

    return user_config_path("vecsmith", appauthor=False)


def data_folder() -> Path:
    """Return where the user's data lies: caches, keys, accounts."""
    if home := os.environ.get("VECSMITH_HOME"):
        return Path(home).expanduser()
    from platformdirs import user_data_path

    return user_data_path("vecsmith", appauthor=False)


def parsed(text: str, path: Path, *, trusted: bool) -> Config:
    """Return what a file's text says."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML ({error}): mend that line") from None
    check_names(tables, TABLES, f"{path}")
    told = {name: entries(tables, name, kind, path) for name, kind in ENTRIES.items()}
    profiles = {name: profile(name, table, path) for name, table in told["profiles"].items()}
    providers = {name: provider(name, table, path, trusted=trusted) for name, table in told["providers"].items()}
    plugins = tables.get("plugins", [])
    if not isinstance(plugins, list) or not all(isinstance(name, str) for name in plugins):
        raise ConfigError(f"{path}: plugins must be a list of modules")
    return Config(path, trusted, profiles, told["aliases"], providers, told["models"], tuple(plugins), told["server"])


def entries(tables: Mapping[str, Any], name: str, kind: type, path: Path) -> dict[str, Any]:
    """Return what stands in a table of the file, of which each entry must be of a type."""
    table = tables.get(name, {})
    if not isinstance(table, Mapping):
        raise ConfigError(f"{path}: {name} must be a table")
    for entry, value in table.items():
        if not isinstance(value, kind):
            raise ConfigError(f"{path}: {entry!r} of {name} must be {'text' if kind is str else 'a table'}")
    return dict(table)


def profile(name: str, table: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """Return a profile, checked."""
    if not isinstance(table.get("model"), str):
        raise ConfigError(f"{path}: the profile {name!r} must name a model")
    check_names(table, PROFILE, f"{path}: the profile {name!r}")
    return table


def provider(name: str, table: Mapping[str, Any], path: Path, *, trusted: bool) -> ProviderTable:
    """Return what is said of a provider; its own settings are checked where it is known which it has."""
    if "api_key" in table:
        raise ConfigError(f"{path}: a key does not belong here: set its variable, and name that with api_key_env")
    settings = dict(table)
    kind, variable = (settings.pop(key, other) for key, other in (("kind", name), ("api_key_env", None)))
    if not isinstance(kind, str) or not isinstance(variable, str | None):
        raise ConfigError(f"{path}: kind and api_key_env of {name!r} must be text")
    return ProviderTable(name, kind, settings, variable, trusted)


def check_names(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    """Refuse a name that means nothing, and say which was meant."""
    for name in table:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            meant = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
            raise ConfigError(f"{where} has no {name!r}: {meant}")


def secret(variable: str) -> str | None:
    """Return a key by its variable: from the environment, else from ``secrets.toml`` in the user's own folder.

    Raises `ConfigError` where others can read that file.
    """
    if value := os.environ.get(variable):
        return value
    path = own_folder() / SECRETS
    try:
        mode = path.stat().st_mode
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read ({type(error).__name__}): mend it or move it away") from None
    if os.name == "posix" and mode & 0o077:
        raise ConfigError(f"{path} can be read by others: run `chmod 600 {path}`")
    value = values.get(variable)
    return value if isinstance(value, str) else None
