"""What all layers are: a generator that asks another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from vecsmith.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vecsmith.providers import GeneratedEmbeddings, Generates, GenerationOptions, Identity, Metadata
    from vecsmith.types import Estimate

__all__ = ["Layer", "compose"]

T = TypeVar("T")


SAID = {"identity": "identified", "estimate": "estimated"}
"""What a layer has only where the inner generator has it, unless its own class does; and which method is that."""


class Layer:
    """A generator that asks `inner`, and is to be overridden where it adds to that.

    It says what it is, and what a call would take, where the inner one does: vecsmith then cuts, normalises and caches
    its vectors, too.
    """

    waits: ClassVar[bool] = False
    """Whether `generate` waits for anything but the inner generator and `vecsmith.portal`."""

    def __init__(self, inner: Generates) -> None:
        self.inner: Any = inner
        """What is asked; all but its ``generate`` may be missing."""
        for name, passed_on in SAID.items():
            if hasattr(inner, name) and not hasattr(type(self), name):
                setattr(self, name, getattr(self, passed_on))

    @property
    def metadata(self) -> Metadata:
        """What the inner generator is."""
        metadata: Metadata = self.inner.metadata
        return metadata

    @property
    def answers_here(self) -> bool:
        """Whether a blocking caller's own thread may run `generate`."""
        return not self.waits and getattr(self.inner, "answers_here", False)

    @property
    def window(self) -> int | None:
        """How many texts the inner generator wants at once, if it says so."""
        return getattr(self.inner, "window", None)

    @property
    def ahead(self) -> int | None:
        """How many such windows it wants under way, if it says so."""
        return getattr(self.inner, "ahead", None)

    def identified(self, options: GenerationOptions) -> Identity:
        """Return what the inner generator says that the vectors of a call are."""
        identity: Identity = self.inner.identity(options)
        return identity

    def estimated(self, values: Sequence[str], options: GenerationOptions) -> Estimate:
        """Return what the inner generator says that a call would consume."""
        estimate: Estimate = self.inner.estimate(values, options)
        return estimate

    async def generate(self, values: Sequence[str], options: GenerationOptions | None = None) -> GeneratedEmbeddings:
        """Return what the inner generator does."""
        made: GeneratedEmbeddings = await self.inner.generate(values, options)
        return made

    def get_service(self, kind: type[T], key: str | None = None) -> T | None:
        """Return this layer if it is a `kind` and no key is given, else what lies beneath."""
        if key is None and isinstance(self, kind):
            return self
        if ask := getattr(self.inner, "get_service", None):
            found: T | None = ask(kind, key)
            return found
        return self.inner if key is None and isinstance(self.inner, kind) else None

    async def aclose(self) -> None:
        """Close the inner generator."""
        if close := getattr(self.inner, "aclose", None):
            await close()


def compose(generator: Generates, *layers: Callable[[Any], Layer]) -> Any:
    """Put layers around a generator: the first named is the outermost, which every call meets first.

    Args:
        generator: What is wrapped.
        layers: What makes a layer of a generator: a class, or ``functools.partial`` of one with its settings.
    """
    for layer in reversed(layers):
        generator = layer(generator)
    return generator


def checked(name: str, limit: float | None) -> None:
    """Refuse a limit that would let nothing through."""
    if limit is not None and not limit > 0:
        raise ConfigError(f"{name} must be above 0, not {limit!r}")
