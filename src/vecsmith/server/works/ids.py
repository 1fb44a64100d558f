"""Token ids in place of texts: decoded by the file of their vocabulary, where that is on this machine.

OpenAI's clients send ids of ``cl100k_base`` for every embedding model, LangChain's even for models that it does not
know (https://github.com/openai/tiktoken). Reading them needs the file alone, which is never fetched.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vecsmith.dialects.serving import Problem
from vecsmith.errors import ConfigError
from vecsmith.vocabularies import VOCABULARIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Ids", "vocabulary"]

SPECIAL: Mapping[int, bytes] = {
    100257: b"<|endoftext|>",
    100258: b"<|fim_prefix|>",
    100259: b"<|fim_middle|>",
    100260: b"<|fim_suffix|>",
    100276: b"<|endofprompt|>",
}


@dataclass(frozen=True, slots=True)
class Ids:
    """A vocabulary, by the numbers of its tokens."""

    tokens: Mapping[int, bytes]

    def texts(self, rows: Sequence[Sequence[int]]) -> list[str]:
        """Return the text of each row; a character that a row holds half of becomes U+FFFD.

        Raises `Problem` for a number that means nothing.
        """
        texts = []
        for index, row in enumerate(rows):
            try:
                texts.append(b"".join([self.tokens[number] for number in row]).decode("utf-8", "replace"))
            except KeyError as error:
                words = f"input {index}: cl100k_base, by which token ids are read here, has no {error.args[0]}"
                raise Problem("input", words, param="input", index=index) from None
        return texts


def vocabulary(path: str | None) -> Ids | None:
    """Read the vocabulary from a file, or from where tiktoken keeps it; None where it is not there.

    Raises `ConfigError` for a file that was named and is none.
    """
    if path is not None:
        return named(Path(path).expanduser())
    raw = VOCABULARIES["cl100k_base"].read()
    return None if raw is None else read(raw)


def named(path: Path) -> Ids:
    """Read a file that the operator named."""
    try:
        return read(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} is not the file of cl100k_base ({type(error).__name__}): name another") from None


def read(raw: bytes) -> Ids:
    """Read the lines of a vocabulary: a token in base64, and its number."""
    pairs = (line.split() for line in raw.splitlines() if line)
    tokens = {int(number): base64.b64decode(token, validate=True) for token, number in pairs}
    if not tokens:
        raise ValueError("no tokens")
    return Ids({**SPECIAL, **tokens})
