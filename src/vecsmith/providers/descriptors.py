"""What a model of a provider is and may be asked for, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence  # noqa: TC003 (rows are checked by the types that are written here)
from dataclasses import dataclass, field

from vecsmith.errors import ConfigError, InputError
from vecsmith.tasks import Task  # noqa: TC001 (as above)
from vecsmith.types import OnLong  # noqa: TC001 (as above)
from vecsmith.wire import Limits

__all__ = ["Limits", "ModelDescriptor", "ModelRef", "Sizes"]


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model's full name."""

    provider: str
    name: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.name}"


@dataclass(frozen=True, slots=True)
class Sizes:
    """The widths that vectors may be asked for."""

    least: int | None = None
    """With `most`: any width between the two."""
    most: int | None = None
    listed: tuple[int, ...] = ()
    """These, and no other."""

    def __contains__(self, width: object) -> bool:
        if not isinstance(width, int) or isinstance(width, bool):
            return False
        return width in self.listed or (self.least is not None and self.least <= width <= (self.most or width))

    def __str__(self) -> str:
        if self.least is not None:
            return f"{self.least} to {self.most}"
        return ", ".join(map(str, self.listed)) or "none"


@dataclass(frozen=True, slots=True)
class ModelDescriptor:
    """A model that a provider has; ``str(descriptor)`` is its title and width."""

    ref: ModelRef
    title: str
    dimensions: int | None = None
    """The native width; None where it is known only from an answer."""
    max_tokens: int | None = None
    """The longest text it reads."""
    sizes: Sizes | None = None
    """Other widths that it gives; None where that is not known."""
    tasks: Mapping[Task, str] = field(default_factory=dict)
    """What each task is called by the provider; one that is missing is not told apart."""
    default_task: str | None = None
    """What the provider is told where no task is named, if it must be told something."""
    titles: bool = False
    """Whether a document's title goes beside its text."""
    limits: Limits = field(default_factory=Limits)
    encodings: Sequence[str] = ("float",)
    """How the provider can send numbers."""
    empty: bool = True
    """Whether it takes empty texts."""
    sends_prompt: bool = False
    """Whether the provider itself puts a caller's own prompt before texts."""
    normalized: bool = True
    """Whether vectors of the native width have length one."""
    price: float | None = None
    """US dollars for a million input tokens; None where unknown or free."""
    retires: str | None = None
    """The date it goes, or went, as YYYY-MM-DD."""
    checked: str | None = None
    """The date this was last compared with the provider's own pages."""
    group: str | None = None
    """What several models that share a space are together."""
    prompts: str | None = None
    """The family whose prompts are put before texts here, because the provider does not."""
    cuts_long: Sequence[OnLong] = ()
    """What the provider itself can do with a text that is too long, besides refusing it; where it does not cut at all,
    ``truncate`` sends the text, and a refusal is reported for that text alone."""
    refuses_long: bool = True
    """Whether it can be told to refuse a text that is too long, or does so anyway."""
    tokenizer: str | None = None
    """What counts its tokens: ``cl100k_base``, a Hugging Face id, or the path of a ``tokenizer.json``; none
    where this is empty."""
    revision: str | None = None
    """Which of the model's versions it is, where the provider says so."""
    own_prompts: Mapping[str, str] = field(default_factory=dict)
    """What the provider itself puts before a text, by its own word for the task, where it says so."""

    def __str__(self) -> str:
        return f"{self.title} ({self.dimensions} dims)" if self.dimensions else self.title

    def check_dimensions(self, dimensions: int | None) -> None:
        """Refuse a width that this model does not give, before anything is sent."""
        if dimensions is None or dimensions == self.dimensions:
            return
        if isinstance(dimensions, bool) or not isinstance(dimensions, int) or dimensions < 1:
            raise InputError(f"dimensions must be a whole number from 1 up, not {dimensions!r}")
        if self.sizes is not None and dimensions not in self.sizes:
            own = self.dimensions or "its own"
            there = f"{own} and {self.sizes}" if self.sizes != Sizes() else f"{own} alone"
            raise InputError(f"{self.ref} does not give {dimensions} dimensions: it gives {there}")

    def check_long(self, on_long: OnLong) -> None:
        """Refuse what this model does not do with texts that are too long, before anything is sent."""
        there = dict.fromkeys(("truncate", *self.cuts_long, *(("error",) if self.refuses_long else ())))
        if on_long not in there:
            raise ConfigError(f"{self.ref} cannot do on_long={on_long!r}: use {' or '.join(map(repr, there))}")
