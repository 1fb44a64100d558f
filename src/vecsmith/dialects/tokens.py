"""What is asked of a model's own tokenizer, and what it says, in no service's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Tokens", "TokensOfTexts", "WordsOfTokens"]


@dataclass(frozen=True, slots=True)
class TokensOfTexts:
    """A question for the tokens of texts, or for how many they are."""

    texts: Sequence[str] = field(repr=False)
    model: str | None = None
    special: bool = False
    """Whether the tokens that the model wants around every text are wanted, too."""
    prompt_name: str | None = None
    """The model's prompt that is read before each text."""
    style: Any = None
    """What the dialect itself must know to write the answer."""
    ignored: Sequence[str] = ()
    """Members of the request that mean nothing here."""


@dataclass(frozen=True, slots=True)
class WordsOfTokens:
    """A question for the texts of tokens."""

    rows: Sequence[Sequence[int]] = field(repr=False)
    model: str | None = None
    special: bool = False
    """Whether special tokens are written, too."""
    style: Any = None
    """What the dialect itself must know to write the answer."""
    ignored: Sequence[str] = ()
    """Members of the request that mean nothing here."""


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """The tokens of one text."""

    text: str = field(repr=False)
    """As it was read: with its prompt, and without what no tokenizer can read."""
    ids: NDArray[np.int32]
    spans: NDArray[np.int64]
    """(tokens, 2): where each starts and ends in the text, in code points."""
    before: Sequence[tuple[int, str]] = ()
    """The ids and names of the special tokens before it."""
    after: Sequence[tuple[int, str]] = ()
    """Those after it."""

    @property
    def pieces(self) -> list[str]:
        """The part of the text that each token stands for."""
        return [self.text[start:end] for start, end in self.spans.tolist()]
