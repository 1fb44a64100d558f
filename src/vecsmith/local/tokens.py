"""A model's own tokenizer: count, encode, cut, for texts of any length in bounded memory."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.errors import ConfigError, InputError
from vecsmith.local.forks import native

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Encoding, Tokenizer

    from vecsmith.types import OnLong

    Ids = NDArray[np.int32]
    Offsets = NDArray[np.int64]

__all__ = ["Encoded", "TextTokenizer"]

PIECE = 50_000
"""Characters of a long text tokenised at once: 10 MB at once would take 1.2 GB of memory."""

LARGEST = 2**32
"""Ids are smaller."""

SLICE_TEXTS = 256
SLICE_CHARACTERS = 100_000

# A seam is a place where a text may be cut so that its parts give the tokens of the whole: before a single space that
# stands between a letter, digit or mark of punctuation and a letter or digit, when the space goes with what follows.
SPACE = r"(?<=\S) (?=[^\W_])"
LINE = r"(?<=\S)\n(?=[^\W_])"  # where every white space splits
IDEOGRAPHS = r"(?<=[\u4e00-\u9fff])(?=[\u4e00-\u9fff])"  # where each of them is a word
AT_SPACES = frozenset({"ByteLevel", "Metaspace"})
AT_WHITE_SPACE = frozenset({"BertPreTokenizer", "Whitespace", "WhitespaceSplit"})

# Normalizers that look at a character and its neighbours only, not at the ends of the text.
LOCAL = frozenset({"BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Precompiled", "StripAccents"})
LOCAL_STEPS = ({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},)


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the model will read of each text, in order."""

    rows: list[Ids]
    """Token ids with the model's special tokens, each cut to the model's limit."""
    dropped: list[int]
    """Tokens cut off each text."""


class TextTokenizer:
    """The tokenizer of one model, with truncation and padding cleared: limits come from the model's files."""

    def __init__(self, tokenizer: Tokenizer, max_tokens: int) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self.tokenizer = tokenizer
        self.max_tokens = max_tokens
        self.prefix, self.suffix = special_tokens(tokenizer)
        self.room = max_tokens - len(self.prefix) - len(self.suffix)
        self.seam = seam_of(tokenizer)
        if self.room < 1:
            raise ConfigError(f"a limit of {max_tokens} tokens leaves no room for text beside the special tokens")

    @classmethod
    def load(cls, path: Path, max_tokens: int, *, lower: bool = False) -> TextTokenizer:
        """Read ``tokenizer.json``; `lower`, it puts texts into lower case first. `ConfigError` if it cannot be read."""
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(path))
            return cls(lowering(tokenizer) if lower else tokenizer, max_tokens)
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 (the library raises nothing narrower)
            raise ConfigError(f"{path} is not a tokenizer file that can be read ({error})") from None

    @property
    def size(self) -> int:
        """One more than the largest token id, whether of a word or of what the template puts around a text."""
        return (
            max(chain(self.tokenizer.get_vocab().values(), self.prefix.tolist(), self.suffix.tolist()), default=-1) + 1
        )

    def encode(self, texts: Sequence[str], *, on_long: OnLong = "truncate") -> Encoded:
        """Return the ids the model reads of each text.

        Raises `InputError` where ``on_long`` is ``error`` and a text is too long, or where a text has no token at all.
        """
        rows: list[Ids] = []
        dropped: list[int] = []
        bad: list[InputError] = []
        for index, body in enumerate(self.bodies(texts)):
            over = max(0, len(body) - self.room)
            if reason := self.refusal(body, over, on_long):
                bad.append(InputError(reason, index=index))
            kept = body[over:] if on_long == "truncate_start" else body[: len(body) - over]
            rows.append(np.concatenate([self.prefix, kept, self.suffix]))
            dropped.append(over)
        if bad:
            raise InputError(bad[0].reason, index=bad[0].index, others=bad[1:])
        return Encoded(rows, dropped)

    def refusal(self, body: Ids, over: int, on_long: OnLong) -> str | None:
        """Say why a text cannot be read, or return None."""
        if over and on_long == "error":
            total = len(body) + len(self.prefix) + len(self.suffix)
            return (
                f"{total} tokens are more than the {self.max_tokens} the model reads: shorten it or let on_long cut it"
            )
        if not len(body) + len(self.prefix) + len(self.suffix):
            return "an empty text has no token for this model to read: leave it out"
        return None

    def bodies(self, texts: Sequence[str]) -> Iterator[Ids]:
        """Yield every text's ids without special tokens, tokenising a bounded number of characters at once."""
        for group in slices(texts):
            if len(group) == 1 and len(group[0]) > PIECE and self.seam:
                yield np.concatenate([as_ids(e) for piece in pieces(group[0], self.seam) for e in self.raw([piece])])
            else:
                yield from map(as_ids, self.raw(group))

    def read(self, text: str) -> tuple[Ids, Offsets]:
        """Return a text's ids without special tokens, and where each token starts and ends in it, (tokens, 2).

        Offsets count code points. Tokens may share characters, as the bytes of one character do; a token that a model
        puts before every text has no width; what the tokenizer drops belongs to no token.
        """
        ids: list[Ids] = []
        offsets: list[Offsets] = []
        start = 0
        for piece in pieces(text, self.seam) if self.seam else [text]:
            with native:
                (encoding,) = self.tokenizer.encode_batch([piece], add_special_tokens=False)
            ids.append(as_ids(encoding))
            offsets.append(np.array(encoding.offsets, np.int64).reshape(-1, 2) + start)
            start += len(piece)
        return np.concatenate(ids), np.concatenate(offsets)

    def offsets(self, text: str) -> Offsets:
        """Return where each token of a text starts and ends, as `read` does."""
        return self.read(text)[1]

    def before(self, prompt: str) -> Ids:
        """Return the ids that stand before a text: special tokens and the prompt's."""
        return np.concatenate([self.prefix, *self.bodies([prompt])]) if prompt else self.prefix

    def whole(self, before: Ids, body: Ids) -> Ids:
        """Return what the model reads of a part of a text."""
        return np.concatenate([before, body, self.suffix])

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, without special tokens."""
        return [len(body) for body in self.bodies(texts)]

    def decode(self, rows: Sequence[Sequence[int]], *, special: bool = False) -> list[str]:
        """Return the text of each row of ids, with its special tokens or without."""
        with native:
            return list(self.tokenizer.decode_batch([list(row) for row in rows], skip_special_tokens=not special))

    def knows(self, token: int) -> bool:
        """Whether an id is one of the vocabulary's."""
        return 0 <= token < LARGEST and self.tokenizer.id_to_token(token) is not None

    def name(self, token: int) -> str:
        """Return how the vocabulary writes an id; the empty string for one that it does not have."""
        return (self.tokenizer.id_to_token(token) or "") if 0 <= token < LARGEST else ""

    def raw(self, texts: Sequence[str]) -> list[Encoding]:
        """Tokenise without special tokens; much faster than one text at a time."""
        with native:
            return self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)


def as_ids(encoding: Encoding) -> Ids:
    return np.array(encoding.ids, np.int32)


def slices(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut a list of texts into runs of bounded size; a long text is a run of its own."""
    start = characters = 0
    for i, text in enumerate(texts):
        if i > start and (i - start == SLICE_TEXTS or characters + len(text) > SLICE_CHARACTERS or len(text) > PIECE):
            yield texts[start:i]
            start, characters = i, 0
        characters += len(text) if len(text) <= PIECE else SLICE_CHARACTERS + 1
    if start < len(texts):
        yield texts[start:]


def pieces(text: str, seams: re.Pattern[str]) -> Iterator[str]:
    """Cut a long text at seams into pieces of about `PIECE` characters or the next seam."""
    start = 0
    while len(text) - start > PIECE:
        seam = seams.search(text, start + PIECE)
        if seam is None:
            break
        yield text[start : seam.start()]
        start = seam.start()
    yield text[start:]


def lowering(tokenizer: Tokenizer) -> Tokenizer:
    """Return a tokenizer that puts texts into lower case before all else."""
    from tokenizers import normalizers

    before = [tokenizer.normalizer] if tokenizer.normalizer else []
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *before])
    return tokenizer


def special_tokens(tokenizer: Tokenizer) -> tuple[Ids, Ids]:
    """Return the ids that the model's template puts before and after a text."""
    probe = known_text(tokenizer)
    bare = tokenizer.encode(probe, add_special_tokens=False).ids
    full = tokenizer.encode(probe).ids
    for start in range(len(full) - len(bare) + 1):
        if full[start : start + len(bare)] == bare:
            return np.array(full[:start], np.int32), np.array(full[start + len(bare) :], np.int32)
    raise ConfigError("this tokenizer's template changes the text it surrounds, which is not supported")


def known_text(tokenizer: Tokenizer) -> str:
    """Return a text that has at least one token."""
    candidates = chain(["a"], tokenizer.get_vocab())
    found = (text for text in candidates if tokenizer.encode(text, add_special_tokens=False).ids)
    return next(found, "")


def seam_of(tokenizer: Tokenizer) -> re.Pattern[str] | None:
    """Return what matches the seams of any text, or None for a tokenizer that must see a text whole."""
    state = json.loads(tokenizer.to_str())
    splitting, normalizing = (steps(state[part]) for part in ("pre_tokenizer", "normalizer"))
    if not all(step["type"] in LOCAL or step in LOCAL_STEPS for step in normalizing):
        return None
    kinds = {step["type"] for step in splitting if step.get("split", True) and step.get("use_regex", True)}
    words = any(step.get("handle_chinese_chars") for step in normalizing)
    places = [SPACE] * bool(kinds & (AT_SPACES | AT_WHITE_SPACE)) + [LINE] * bool(kinds & AT_WHITE_SPACE)
    seam = re.compile("|".join(places + [IDEOGRAPHS] * (words and bool(places))))
    whole = any(seam.search(token["content"]) for token in state["added_tokens"])
    return seam if places and not whole else None


def steps(part: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the steps of one part of a tokenizer."""
    if part is None:
        return []
    return next((part[key] for key in ("pretokenizers", "normalizers") if key in part), [part])
