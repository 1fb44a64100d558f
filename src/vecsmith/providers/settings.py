"""What a provider is told: described, typed, with a variable each, and what is secret marked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Literal,
    Self,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from vecsmith.config import secret
from vecsmith.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Setting", "Settings", "setting"]

MISSING: Any = object()

WORDS: Mapping[Any, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Mapping: "a table",
}
"""What a value of a type is called."""

BOUNDS = {int: " from 1 up", float: " above 0"}
"""What is said of those that must be positive."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, as its provider declares it."""

    description: str
    default: Any
    env: Sequence[str]
    """The variables it is taken from, the first that is set."""
    secret: bool
    positive: bool = False
    """Whether it must be above 0."""
    name: str = ""
    kind: Any = str

    @property
    def required(self) -> bool:
        """Whether there is nothing without it."""
        return self.default is MISSING

    @property
    def words(self) -> str:
        """What it must be."""
        kind = next((k for k in get_args(self.kind) if k is not type(None)), self.kind)
        if get_origin(self.kind) is Literal:
            return f"one of {', '.join(map(str, get_args(self.kind)))}"
        more = BOUNDS.get(kind, "") if self.positive else ""
        return WORDS.get(get_origin(kind) or kind, getattr(kind, "__name__", str(kind))) + more

    def taken(self, value: Any, variable: str | None = None) -> Any:
        """Return a value, or what the text of a variable stands for; raise `ConfigError` for what it cannot be."""
        import msgspec

        try:
            found = msgspec.convert(value, self.kind, strict=variable is None)
        except msgspec.ValidationError:
            found = MISSING
        if found is MISSING or (self.positive and found is not None and not found > 0):
            shown = "something else" if self.secret else repr(value)
            raise ConfigError(f"{variable or self.name} must be {self.words}, not {shown}")
        return self.sendable(found, variable) if self.secret and isinstance(found, str) else found

    def sendable(self, text: str, variable: str | None) -> str:
        """Return a secret without the line end of the file that it was read from; refuse what no header may hold."""
        secret = text.strip()
        if not secret.isprintable():
            raise ConfigError(f"{variable or self.name} holds a character that cannot be sent: copy it once more")
        return secret


def setting(
    description: str,
    *,
    default: Any = MISSING,
    env: str | Sequence[str] = (),
    secret: bool = False,
    positive: bool = False,
) -> Any:
    """Declare a setting of a provider.

    Args:
        description: What it is, for people.
        default: Its value where nothing gives one; without a default it is required.
        env: The variable it is taken from, or several, the first that is set.
        secret: Whether it must never be shown.
        positive: Whether it must be a number above 0.
    """
    return Setting(description, default, (env,) if isinstance(env, str) else tuple(env), secret, positive)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(setting,))
class Settings:
    """The base of a provider's settings: its attributes are made with `setting`.

    Each is of the type that it is annotated with, which must be known when the class is made: a variable's text is
    converted to it, and a value of another type is refused. An instance cannot be changed, and its ``repr`` does not
    show what is secret.
    """

    fields: ClassVar[Mapping[str, Setting]] = {}

    def __init_subclass__(cls) -> None:
        try:
            hints = get_type_hints(cls)
        except NameError as error:
            raise ConfigError(
                f"the types of {cls.__name__} are not known ({error}): import them for more than checkers"
            ) from None
        declared = {name: value for name, value in vars(cls).items() if isinstance(value, Setting)}
        named = {name: replace(s, name=name, kind=hints.get(name, kind_of(s.default))) for name, s in declared.items()}
        cls.fields = {**cls.fields, **named}
        for name in declared:
            delattr(cls, name)

    def __init__(self, **values: Any) -> None:
        unknown = [name for name in values if name not in self.fields]
        if unknown:
            raise ConfigError(f"there is no setting {unknown[0]!r}{meant(unknown[0], self.fields)}")
        for name, field in self.fields.items():
            value = field.taken(values[name]) if name in values else field.default
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
            found = next(((text, variable) for variable in names if (text := (look(variable) or "").strip())), None)
            if found is not None:
                values[name] = field.taken(*found)
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
