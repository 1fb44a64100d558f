"""From a model's name, as people write it, to the provider that has it and what it is told."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecsmith.config import Config, ProviderTable, configuration, secret
from vecsmith.errors import ConfigError
from vecsmith.providers.registry import BUILT_IN, find_provider, load_plugins, nearest
from vecsmith.providers.services import services

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecsmith.providers import EmbeddingGenerator, Provider, Settings

__all__ = ["Named", "named", "provider_named"]

PATH = re.compile(r"[./~\\]|[A-Za-z]:[\\/]")
PREFIX = re.compile(r"([a-z][a-z0-9_-]+):(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Named:
    """A provider, the name it has for a model, and what the configuration says of both."""

    provider: type[Provider[Any]]
    model: str | Path | None
    table: ProviderTable | None = None
    rows: Mapping[str, Any] = field(default_factory=dict)
    """A person's own rows of the catalogue."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What a call asks for unless it says otherwise."""

    async def open(self, given: Mapping[str, Any], *, keyless: bool = False) -> EmbeddingGenerator:
        """Make the model's generator with the settings given; raise `ConfigError` for one that it does not have.

        With `keyless` no key is missed, and the generator is good for estimates alone.
        """
        settings = self.settings(given, keyless=keyless)
        capability = self.provider.embeddings()
        if self.table is not None:
            capability.provider = self.table.name  # type: ignore[attr-defined]  # a service of its own
        return await capability.acreate_generator(settings, self.model)  # type: ignore[arg-type]  # local ones take a Path

    @property
    def keyed(self) -> bool:
        """Whether the provider may be told a key."""
        return any(field.secret for field in self.provider.settings_type().fields.values())

    def settings(self, given: Mapping[str, Any], *, keyless: bool = False) -> Settings:
        """Take what is given, else the variables, else the configuration."""
        kind = self.provider.settings_type()
        wanted = {name: value for name, value in given.items() if value is not None}
        unknown = [name for name in wanted if name not in kind.fields]
        if unknown:
            raise ConfigError(f"{self.provider.title} takes no {unknown[0]}: leave it out")
        configured = dict(self.table.settings) if self.table else {}
        if self.rows and "rows" in kind.fields:
            configured["rows"] = self.rows
        return kind.resolve(wanted, configured, self.variables(wanted), keyless=keyless)

    def variables(self, given: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """Return the variables of settings, where they are not the provider's own.

        A key that is given leaves all others aside, and a service of a name of its own has nothing of the provider's
        whose format it speaks. A file in a working directory, which may be anybody's, cannot have a provider's own key
        sent elsewhere.
        """
        table, fields = self.table, self.provider.settings_type().fields
        nothing: tuple[str, ...] = ()
        secrets = {name: nothing for name, field in fields.items() if field.secret}
        if "api_key" in given:
            return secrets
        if table is None:
            return {}
        own = table.name == self.provider.name
        silent = {name: nothing for name, field in fields.items() if field.secret or not own}
        if table.api_key_env is not None:
            if table.api_key_env in keys_of_providers():
                self.check_address(table, given)
            return {**silent, "api_key": (table.api_key_env,)}
        if not own:
            return silent
        if any(secret(variable) for name in secrets for variable in fields[name].env):
            self.check_address(table, given)
        return {}

    def check_address(self, table: ProviderTable, given: Mapping[str, Any]) -> None:
        """Refuse to send a provider's own key to an address that anybody may have written down."""
        if "base_url" in table.settings and "base_url" not in given and not table.trusted:
            raise ConfigError(
                f"a configuration in the working directory may not send the key of {self.provider.title} to another "
                "address: move it to your own configuration folder, or name a key of its own with api_key_env"
            )


def keys_of_providers() -> set[str]:
    """Return the variables that hold the built-in providers' own keys."""
    fields = [f for name in BUILT_IN for f in builtin(name).settings_type().fields.values()]
    listed = {variable for row in services().values() for variable in row.get("key", ())}
    return {variable for f in fields if f.secret for variable in f.env} | listed


def named(model: str | Path, *, base_url: str | None = None, config: Config | None = None) -> Named:
    """Return who has a model: a profile, an alias, ``provider:model``, a folder, or a name of a local one.

    Raises `ConfigError` where there is no such provider.
    """
    if not isinstance(model, str | Path):
        raise ConfigError(f"a model is named by a string or a Path, not by {type(model).__name__}")
    config = configuration() if config is None else config
    defaults: dict[str, Any] = {}
    if isinstance(model, str) and model in config.profiles:
        defaults = dict(config.profiles[model])
        model = str(defaults.pop("model"))
    if isinstance(model, str):
        model = config.aliases.get(model, model)
    if isinstance(model, Path) or PATH.match(model):
        return Named(builtin("local"), model, defaults=defaults)
    if match := PREFIX.fullmatch(model):
        provider, table = provider_named(match[1], config)
        return Named(provider, match[2] or None, table, config.models, defaults)
    if base_url is not None:
        return Named(builtin("compatible"), model, None, config.models, defaults)
    organisation, slash, rest = model.partition("/")
    if slash and organisation in BUILT_IN:
        raise ConfigError(f"{model!r} is no model: did you mean {organisation}:{rest}?")
    return Named(builtin("local"), model, defaults=defaults)


def provider_named(name: str, config: Config) -> tuple[type[Provider[Any]], ProviderTable | None]:
    """Return a provider by the name that people write, and what the configuration says of it."""
    load_plugins(config.plugins)
    table = config.providers.get(name)
    found = find_provider(table.kind if table else name)
    if found is None:
        raise ConfigError(f"there is no provider {table.kind if table else name!r}: {nearest(name)}")
    return found, table


def builtin(name: str) -> type[Provider[Any]]:
    """Return a provider that is always there."""
    found = find_provider(name)
    assert found is not None
    return found
