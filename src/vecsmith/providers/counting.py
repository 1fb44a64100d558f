"""Tokens as a provider's own tokenizer counts them, where that is on this machine: nothing is ever fetched."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError
from vecsmith.vocabularies import VOCABULARIES

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["HUB_ID", "Weights", "counter", "weighed"]

Count = Callable[[Sequence[str]], list[int]]

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
"""What a repository of Hugging Face is called."""

LONGEST = 1_000_000
"""Bytes of the longest text that is counted: longer than any model reads, and it would take much memory."""

SLICE = 256
"""Texts that are counted at once."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What texts take up of a request."""

    bytes: list[int]
    tokens: list[int]
    """Of each text, never fewer than the provider will count."""
    exact: bool
    """Whether the provider's own tokenizer counted; where not, a byte stands for a token."""

    def read(self, most: int | None) -> list[int]:
        """Return the tokens that are read of each text, where those behind so many are cut off."""
        return self.tokens if most is None or not self.exact else [min(count, most) for count in self.tokens]

    def dropped(self, most: int | None) -> list[int]:
        """Return the tokens that are cut off each text."""
        return [count - read for count, read in zip(self.tokens, self.read(most), strict=True)]


def weighed(texts: Sequence[str], before: str = "", count: Count | None = None) -> Weights:
    """Return what texts weigh, each behind what the provider itself puts before it."""
    more = size_of(before)
    sizes = [size_of(text) for text in texts]
    if count is None:
        return Weights(sizes, [size + more for size in sizes], exact=False)
    short = [place for place, size in enumerate(sizes) if size <= LONGEST]
    tokens = [size + more for size in sizes]
    for start in range(0, len(short), SLICE):
        places = short[start : start + SLICE]
        for place, counted in zip(places, count([before + texts[place] for place in places]), strict=True):
            tokens[place] = counted
    return Weights(sizes, tokens, exact=len(short) == len(texts))


def size_of(text: str) -> int:
    """Return the bytes of a text."""
    return len(text.encode("utf-8", "replace"))


def counter(tokenizer: str) -> Count | None:
    """Return what counts tokens; None where the tokenizer is not on this machine.

    Args:
        tokenizer: An encoding of tiktoken's, a Hugging Face id, or the path of a ``tokenizer.json``.

    Raises `ConfigError` for what is none of these.
    """
    if tokenizer in VOCABULARIES:
        return by_tiktoken(tokenizer)
    if tokenizer.endswith(".json"):
        return by_file(Path(tokenizer).expanduser())
    if HUB_ID.fullmatch(tokenizer):
        found = in_hub_cache(tokenizer)
        return None if found is None else by_file(found)
    names = ", ".join(VOCABULARIES)
    raise ConfigError(f"there is no tokenizer {tokenizer!r}: name {names}, a Hugging Face id or a tokenizer.json")


def by_tiktoken(name: str) -> Count | None:
    """Return what counts with an encoding of tiktoken's, if that is installed and has its file."""
    if VOCABULARIES[name].read() is None:
        return None
    try:
        import tiktoken
    except ImportError:
        return None
    encoding = tiktoken.get_encoding(name)
    return lambda texts: [len(ids) for ids in encoding.encode_ordinary_batch(list(texts))]


def in_hub_cache(repository: str) -> Path | None:
    """Return a repository's ``tokenizer.json`` in the Hugging Face cache."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(repository, "tokenizer.json")
    except HFValidationError:
        return None
    return Path(found) if isinstance(found, str) else None


def by_file(path: Path) -> Count:
    """Return what counts with a ``tokenizer.json``, special tokens included."""
    tokenizer = opened(path)
    return lambda texts: [len(each.ids) for each in tokenizer.encode_batch_fast(list(texts))]


@cache
def opened(path: Path) -> Tokenizer:
    """Read a ``tokenizer.json``, and clear the limits that stand in it."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # noqa: BLE001 (the library raises nothing narrower)
        raise ConfigError(f"{path} is not a tokenizer file that can be read ({error})") from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
