"""From a model's name, as people write it, to the provider that has it and what it is told."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecsmith.config import UNTRUSTED, Config, ProviderTable, configuration
from vecsmith.errors import ConfigError
from vecsmith.providers.registry import BUILT_IN, find_provider, load_plugins, nearest
from vecsmith.providers.services import services

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vecsmith.providers import EmbeddingCapability, EmbeddingGenerator, ModelDescriptor, Provider, Settings
    from vecsmith.providers.settings import Setting

__all__ = ["Named", "named", "provider_named"]

PATH = re.compile(r"[./~\\]|[A-Za-z]:[\\/]")
PREFIX = re.compile(r"([a-z][a-z0-9_-]+):(.*)", re.DOTALL)
MEANT = re.compile(r"([A-Za-z][A-Za-z0-9_-]+)([:/])(.*)", re.DOTALL)


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
        return await self.capability().acreate_generator(settings, self.model)  # type: ignore[arg-type]  # local ones take a Path

    async def models(self, given: Mapping[str, Any]) -> Sequence[ModelDescriptor]:
        """Return the models that the provider has, the default one first."""
        return await self.capability().get_models(self.settings(given))

    def capability(self) -> EmbeddingCapability[Any]:
        """Return what makes embeddings, by the name that the configuration gives it."""
        capability = self.provider.embeddings()
        if self.table is not None:
            capability.provider = self.table.name  # type: ignore[attr-defined]  # a service of its own
        return capability

    @property
    def keyed(self) -> bool:
        """Whether the provider may be told a key."""
        return any(field.secret for field in self.provider.settings_type().fields.values())

    def settings(self, given: Mapping[str, Any], *, keyless: bool = False) -> Settings:
        """Take what is given, else the variables, else the configuration."""
        kind = self.provider.settings_type()
        wanted = {name: value for name, value in given.items() if value is not None and value != ""}
        unknown = [name for name in wanted if name not in kind.fields]
        if unknown:
            raise ConfigError(f"{self.provider.title} takes no {unknown[0]}: leave it out")
        configured = dict(self.table.settings) if self.table else {}
        if self.rows and "rows" in kind.fields:
            configured["rows"] = self.rows
        settings = kind.resolve(wanted, configured, self.variables(wanted), keyless=keyless)
        self.check_address(settings, wanted)
        return settings

    def variables(self, given: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """Return the variables of each setting.

        A key that is given leaves those of all secrets aside, and so does one that the configuration names. A service
        of a name of its own has nothing of the provider's whose format it speaks.
        """
        table = self.table
        own = table is None or table.name == self.provider.name
        key = None if table is None or "api_key" in given else table.api_key_env

        def of(field: Setting) -> tuple[str, ...]:
            if field.secret and ("api_key" in given or key):
                return (key,) if key and field.name == "api_key" else ()
            return tuple(field.env) if own else ()

        return {name: of(field) for name, field in self.provider.settings_type().fields.items()}

    def keys_of_providers(self) -> set[str]:
        """Return the variables that hold the keys of this provider and of all that come with vecsmith."""
        kinds = [self.provider.settings_type(), *(builtin(name).settings_type() for name in BUILT_IN)]
        listed = {variable for row in services().values() for variable in row.get("key", ())}
        return listed | {name for kind in kinds for field in kind.fields.values() if field.secret for name in field.env}

    def check_address(self, settings: Settings, given: Mapping[str, Any]) -> None:
        """Refuse to send a provider's own key to an address that a file names which may be anybody's.

        A service of a name of its own may have a key of its own there.
        """
        table = self.table
        if table is None or table.trusted or "base_url" not in table.settings or "base_url" in given:
            return
        if table.name != self.provider.name and table.api_key_env not in self.keys_of_providers():
            return
        if getattr(settings, "base_url", None) != table.settings["base_url"]:  # a variable counts before the file
            return
        if any(getattr(settings, name) for name, field in settings.fields.items() if field.secret):
            raise ConfigError(
                f"a vecsmith.toml in the working directory may not send the key of {table.name!r} to an address that "
                f"it names{UNTRUSTED}"
            )


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
    match = PREFIX.fullmatch(model)
    if match and (not base_url or known(match[1], config)):  # many a service has models such as name:tag
        provider, table = provider_named(match[1], config)
        return Named(provider, match[2] or None, table, config.models, defaults)
    if base_url:
        return Named(builtin("compatible"), model, None, config.models, defaults)
    if meant := misspelt(model, config):
        raise ConfigError(f"{model!r} is no model: did you mean {meant}?")
    return Named(builtin("local"), model, defaults=defaults)


def misspelt(model: str, config: Config) -> str | None:
    """Return a model of a provider that is meant by ``openai/…`` or ``OpenAI:…``; None where there is no such."""
    match = MEANT.fullmatch(model)
    if match is None:
        return None
    name, sign, rest = match.groups()
    there = known(name.casefold(), config) if sign == ":" else name in BUILT_IN
    return f"{name.casefold()}:{rest}" if there else None


def known(name: str, config: Config) -> bool:
    """Whether there is a provider of a name."""
    load_plugins(config.plugins)
    return name in config.providers or find_provider(name) is not None


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
