"""A model's tokenizer, as far as programs ask a ``SentenceTransformer`` for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.compat.sentence_transformers.arrays import Scores, as_tensor, torch_or_none
from vecsmith.prepare import prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.compat.sentence_transformers.arrays import Numbers
    from vecsmith.local.tokens import TextTokenizer

__all__ = ["Tokenizer", "padded", "tensor_or_array"]


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """Texts to tokens and back, by the model's own rules."""

    own: TextTokenizer

    @property
    def model_max_length(self) -> int:
        """Tokens that the model reads of a text, special tokens included."""
        return self.own.max_tokens

    def __len__(self) -> int:
        return self.own.size

    def tokenize(self, text: str) -> list[str]:
        """Return a text's tokens as the vocabulary writes them, without special tokens, uncut."""
        return [self.own.name(token) for token in self.encode(text, add_special_tokens=False)]

    def encode(
        self,
        text: str,
        *,
        add_special_tokens: bool = True,
        truncation: bool | str = False,
        max_length: int | None = None,
    ) -> list[int]:
        """Return a text's token ids; with `truncation`, at most `max_length`, or as many as the model reads."""
        body = next(self.own.bodies(prepare([text]).texts))
        before, after = (self.own.prefix, self.own.suffix) if add_special_tokens else (body[:0], body[:0])
        if truncation and truncation != "do_not_truncate":
            room = (max_length or self.model_max_length) - len(before) - len(after)
            body = body[: max(0, room)]
        ids: list[int] = [*before.tolist(), *body.tolist(), *after.tolist()]
        return ids

    def decode(self, token_ids: Sequence[int], *, skip_special_tokens: bool = False) -> str:
        """Return the text of token ids."""
        return self.own.decode([[int(token) for token in token_ids]], special=not skip_special_tokens)[0]

    def __call__(self, text: str | Sequence[str], **options: Any) -> dict[str, Any]:
        """Return ``input_ids`` and ``attention_mask`` as lists, of one text or of each; the options are `encode`'s."""
        if isinstance(text, str):
            ids = self.encode(text, **options)
            return {"input_ids": ids, "attention_mask": [1] * len(ids)}
        each = [self.encode(one, **options) for one in text]
        return {"input_ids": each, "attention_mask": [[1] * len(ids) for ids in each]}


def tensor_or_array(array: Numbers) -> Any:
    """Return a tensor where PyTorch is installed, and else an array with some of a tensor's methods."""
    return array.view(Scores) if torch_or_none() is None else as_tensor(array)


def padded(ids: Sequence[Numbers], pad: int) -> dict[str, Any]:
    """Return rows of token ids, padded at the end to the longest, and which of them are tokens: two (rows, longest)."""
    shape = len(ids), max(map(len, ids), default=0)
    tokens, mask = np.full(shape, pad, np.int64), np.zeros(shape, np.int64)
    for row, each in enumerate(ids):
        tokens[row, : len(each)] = each
        mask[row, : len(each)] = 1
    return {"input_ids": tensor_or_array(tokens), "attention_mask": tensor_or_array(mask)}
