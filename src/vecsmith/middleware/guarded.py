"""What must not be sent is refused before it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecsmith.errors import InputError
from vecsmith.middleware.layer import Layer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vecsmith.providers import GeneratedEmbeddings, Generates, GenerationOptions

__all__ = ["Guarded"]


class Guarded(Layer):
    """Raises `InputError` before anything is sent; it names each text that is refused.

    Args:
        inner: What is asked for the others.
        max_texts: Texts of a call, at most; an embedder brings some 2,000 at once, and more in several calls.
        max_characters: Characters of a text, at most.
        refuse: Returns why a text is refused, or None for one that may pass.
    """

    def __init__(
        self,
        inner: Generates,
        *,
        max_texts: int | None = None,
        max_characters: int | None = None,
        refuse: Callable[[str], str | None] | None = None,
    ) -> None:
        super().__init__(inner)
        self.max_texts, self.max_characters, self.refuse = max_texts, max_characters, refuse

    async def generate(self, values: Sequence[str], options: GenerationOptions | None = None) -> GeneratedEmbeddings:
        """Ask for texts that may all pass."""
        if self.max_texts is not None and len(values) > self.max_texts:
            raise InputError(f"a call may bring {self.max_texts} texts, and this one has {len(values)}: send fewer")
        reasons = ((index, self.reason(value)) for index, value in enumerate(values))
        bad = [InputError(reason, index=index) for index, reason in reasons if reason is not None]
        if bad:
            raise InputError(bad[0].reason, index=bad[0].index, others=bad[1:])
        return await super().generate(values, options)

    def reason(self, text: str) -> str | None:
        """Return why a text is refused; None where it is not."""
        if self.max_characters is not None and len(text) > self.max_characters:
            return f"it has {len(text)} characters, and {self.max_characters} are allowed: shorten it"
        return None if self.refuse is None else self.refuse(text)
