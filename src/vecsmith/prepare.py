"""Text in: one shape for all inputs, and the clean-up that safety needs."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from vecsmith.errors import InputError

__all__ = ["MAX_BYTES", "Prepared", "as_texts", "prepare"]

MAX_BYTES = 10_000_000
"""The longest single text, in bytes of UTF-8."""

UNREADABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL, which tokenizers lose in silence, and unpaired surrogates, on which they fail."""

WIDEST_CHARACTER = 4  # bytes of UTF-8


@dataclass(frozen=True, slots=True)
class Prepared:
    """Texts that every tokenizer can read, in the order of the inputs."""

    texts: list[str]
    replaced: list[int]
    """Characters of each text replaced by U+FFFD."""
    cleaned: dict[int, str]
    """The texts that clean-up steps changed, by their position."""


def as_texts(inputs: str | Iterable[str]) -> Iterable[str]:
    """Return the inputs as an iterable: one string is one text, not many letters."""
    if isinstance(inputs, str):
        return [inputs]
    given: object = inputs
    if isinstance(given, bytes) or not isinstance(given, Iterable) or getattr(given, "ndim", 1) == 0:
        raise InputError(f"embed takes a string or an iterable of strings, not {type(inputs).__name__}")
    return inputs


def prepare(inputs: Sequence[str], clean: Callable[[str], str] | None = None) -> Prepared:
    """Check every input, replace what no tokenizer can read, then clean up as asked.

    Raises `InputError` for the first input that is not a string or is over `MAX_BYTES`, with the further ones in
    its ``others``.
    """
    bad = [InputError(reason, index=i) for i, text in enumerate(inputs) if (reason := refusal(text))]
    if bad:
        raise InputError(bad[0].reason, index=bad[0].index, others=bad[1:])
    read = [readable(text) for text in inputs]
    texts, replaced = [text for text, _ in read], [count for _, count in read]
    cleaned: dict[int, str] = {}
    if clean is not None:
        tidy = [clean(text) for text in texts]
        cleaned = {i: new for i, (new, old) in enumerate(zip(tidy, texts, strict=True)) if new != old}
        texts = tidy
    return Prepared(texts, replaced, cleaned)


def refusal(text: object) -> str | None:
    """Say why an input cannot be embedded, or return None."""
    if not isinstance(text, str):
        return f"expected a string, found {type(text).__name__}"
    if len(text) * WIDEST_CHARACTER > MAX_BYTES and len(text.encode("utf-8", "replace")) > MAX_BYTES:
        return f"a text of over {MAX_BYTES // 1_000_000} MB cannot be embedded whole: split it into parts"
    return None


def readable(text: str) -> tuple[str, int]:
    """Return the text with unreadable characters replaced by U+FFFD, and how many they were."""
    if text.isascii() and "\x00" not in text:
        return text, 0
    return UNREADABLE.subn("\ufffd", text)
