"""What every provider must be, as tests."""

from __future__ import annotations

import asyncio
import os
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from vecsmith.errors import ConfigError
from vecsmith.providers import ModelDescriptor, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vecsmith.providers import Provider

__all__ = ["ProviderSuite"]

SECRET = "not-to-be-shown"  # noqa: S105 (a value to look for)


class ProviderSuite:
    """Tests of a provider: derive a class from it whose name begins with ``Test``, and give it a `provider`."""

    provider: ClassVar[type[Provider[Any]]]
    """What is tested."""
    settings: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """What it must be told, by name."""
    model: ClassVar[str | None] = None
    """A model that it has; None for its default."""

    def test_it_has_a_name_and_a_title(self) -> None:
        """The decorator gave it both."""
        assert self.provider.name, "decorate the provider with @provider(name, title)"
        assert self.provider.title, "the provider has no title"

    def test_every_setting_is_described_and_has_a_type(self) -> None:
        """So that a person can be told what to set."""
        kind = self.kind()
        assert kind is not Settings, "name the settings in brackets: Provider[AcmeSettings]"
        for name, field in kind.fields.items():
            assert field.description.strip(), f"the setting {name} has no description"
            assert field.kind is not None, f"the setting {name} has no type"

    def test_secret_settings_are_not_shown(self) -> None:
        """Neither in ``repr`` nor in ``str``; a setting called a key, a token or a password is one."""
        kind = self.kind()
        secret = {name for name, field in kind.fields.items() if field.secret}
        for name in kind.fields:
            if name.endswith(("api_key", "token", "password", "secret")):
                assert name in secret, f"the setting {name} must be declared with secret=True"
        settings = kind(**{**self.settings, **dict.fromkeys(secret, SECRET)})
        assert SECRET not in repr(settings) + str(settings)

    def test_a_missing_setting_is_named_with_its_variable(self) -> None:
        """The error says what to set."""
        kind = self.kind()
        for name, field in kind.fields.items():
            if not field.required:
                continue
            given = {other: value for other, value in self.settings.items() if other != name}
            with without(field.env):
                said = refusal(kind, given)
            assert said is not None, f"{name} has no default, and was not missed"
            missing = [word for word in (name, *field.env[:1]) if word not in said]
            assert not missing, f"the error does not name {', '.join(missing)}: {said}"

    def test_its_models_are_described(self) -> None:
        """Each has a title, and a name that begins with the provider's."""
        models = asyncio.run(self.provider.embeddings().get_models(self.opened()))
        for model in models:
            assert isinstance(model, ModelDescriptor)
            assert str(model), f"{model.ref} has no title"
            assert model.ref.provider == self.provider.name, f"{model.ref} does not name its provider"
        names = [model.ref.name for model in models]
        assert len(set(names)) == len(names), "a model is listed twice"

    def test_it_makes_a_generator(self) -> None:
        """The generator tells whose it is, and sends nothing before it is asked to."""

        async def made() -> None:
            generator = await self.provider.embeddings().acreate_generator(self.opened(), self.model)
            try:
                assert generator.metadata.provider == self.provider.name
                assert self.model in {None, generator.metadata.model}
            finally:
                await generator.aclose()

        asyncio.run(made())

    def kind(self) -> type[Settings]:
        """Return the class of the settings."""
        return self.provider.settings_type()

    def opened(self) -> Settings:
        """Return settings to work with."""
        return self.kind().resolve(self.settings)


def refusal(kind: type[Settings], given: Mapping[str, Any]) -> str | None:
    """Return why settings are refused; None where they are not."""
    try:
        kind.resolve(given)
    except ConfigError as error:
        return str(error)
    return None


@contextmanager
def without(variables: Sequence[str]) -> Iterator[None]:
    """Take variables out of the environment meanwhile."""
    kept = {name: os.environ.pop(name) for name in variables if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)
