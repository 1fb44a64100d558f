"""What a provider is told: described, typed, with a variable each, and what is secret marked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform, get_args, get_type_hints

from vecsmith.config import secret
from vecsmith.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Setting", "Settings", "setting"]

MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, as its provider declares it."""

    description: str
    default: Any
    env: Sequence[str]
    """The variables it is taken from, the first that is set."""
    secret: bool
    name: str = ""
    kind: Any = str

    @property
    def required(self) -> bool:
        """Whether there is nothing without it."""
        return self.default is MISSING

    def read(self, text: str) -> Any:
        """Return the value that a variable's text stands for."""
        kind = next((k for k in get_args(self.kind) if k is not type(None)), self.kind)
        if kind is bool:
            return text.strip().casefold() in {"1", "true", "yes", "on"}
        try:
            return kind(text) if kind in {int, float} else text
        except ValueError:
            raise ConfigError(f"{self.name} must be a number: set {self.env[0]} to one") from None


def setting(description: str, *, default: Any = MISSING, env: str | Sequence[str] = (), secret: bool = False) -> Any:
    """Declare a setting of a provider.

    Args:
        description: What it is, for people.
        default: Its value where nothing gives one; without a default it is required.
        env: The variable it is taken from, or several, the first that is set.
        secret: Whether it must never be shown.
    """
    return Setting(description, default, (env,) if isinstance(env, str) else tuple(env), secret)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(setting,))
class Settings:
    """The base of a provider's settings: its attributes are made with `setting`.

    An instance cannot be changed, and its ``repr`` does not show what is secret.
    """

    fields: ClassVar[Mapping[str, Setting]] = {}

    def __init_subclass__(cls) -> None:
        try:
            hints = get_type_hints(cls)
        except NameError:  # a type that is imported for checkers alone
            hints = {}
        declared = {name: value for name, value in vars(cls).items() if isinstance(value, Setting)}
        named = {
            name: Setting(s.description, s.default, s.env, s.secret, name, hints.get(name, kind_of(s.default)))
            for name, s in declared.items()
        }
        cls.fields = {**cls.fields, **named}
        for name in declared:
            delattr(cls, name)

    def __init__(self, **values: Any) -> None:
        unknown = [name for name in values if name not in self.fields]
        if unknown:
            raise ConfigError(f"there is no setting {unknown[0]!r}{meant(unknown[0], self.fields)}")
        for name, field in self.fields.items():
            value = values.get(name, field.default)
            if value is MISSING:
                raise ConfigError(f"{name} is missing ({field.description}){how(field)}")
            object.__setattr__(self, name, value)

    @classmethod
    def resolve(
        cls,
        given: Mapping[str, Any],
        configured: Mapping[str, Any] | None = None,
        variables: Mapping[str, Sequence[str]] | None = None,
        *,
        keyless: bool = False,
    ) -> Self:
        """Take each setting from what is given, else its variable, else the configuration, else its default.

        `variables` names other variables than a setting's own, or none. With `keyless`, secrets that are nowhere are
        empty: nothing will be sent.
        """
        values = dict(configured or {})
        for name, field in cls.fields.items():
            names = (variables or {}).get(name, field.env)
            look = secret if field.secret else os.environ.get
            found = next((text for variable in names if (text := look(variable))), None)
            if found is not None:
                values[name] = field.read(found)
            elif keyless and field.secret:
                values.setdefault(name, "")
        values |= {name: value for name, value in given.items() if value is not None}
        return cls(**values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"settings cannot be changed: make new ones to set {name}")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), tuple(map(str, vars(self).values()))))

    def __repr__(self) -> str:
        shown = {
            name: "…" if field.secret and getattr(self, name) else getattr(self, name)
            for name, field in self.fields.items()
        }
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


def kind_of(default: Any) -> Any:
    """Return the type of a setting that only its default tells."""
    return str if default is MISSING or default is None else type(default)


def how(field: Setting) -> str:
    """Say how to give a setting."""
    if field.env:
        return f": set {' or '.join(field.env)}"
    return f": give {field.name}=…"


def meant(name: str, names: Mapping[str, object]) -> str:
    """Say which name a misspelt one may have been, or what names there are."""
    close = get_close_matches(name, names, n=1)
    return f": did you mean {close[0]!r}?" if close else f": {', '.join(names) or 'none'} are there"
