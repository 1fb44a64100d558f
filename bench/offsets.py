"""Check how long texts are cut into chunks, on 63 languages, a book and the naughty strings.

    python bench/offsets.py

For three kinds of tokenizer and each way of cutting, with several sizes: the chunks join to the text, no chunk is
longer than asked (but what cannot be divided), none has more tokens on its own than the model reads, overlaps are
bounded, and tokenising in pieces gives the offsets of the whole text. Then the time that 1 MB takes. Needs vecsmith,
not the peers' environment. Ends with exit code 1 where a text fails.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import corpora
import options
from table import render

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from vecsmith.chunking import By, Span
    from vecsmith.local.tokens import Offsets, TextTokenizer

BYS: tuple[By, ...] = ("token", "sentence", "structure")
SIZES = ((None, 0), (None, 40), (64, 16), (12, 0), (3, 1), (1, 0))
"""Tokens of a chunk, and of its overlap."""
ROOM = 254
PIECE = 500
MEGABYTE = 1_000_000
MINILM = "WordPiece (minilm)"


@dataclass(frozen=True, slots=True)
class Case:
    """A text, its tokenizer and what that says of it."""

    text: str
    tokenizer: TextTokenizer
    offsets: Offsets
    cuts: Sequence[int]
    """The tokens before which the text can be cut."""


def texts_of(data: Path) -> dict[str, str]:
    from vecsmith.prepare import readable

    odd = {f"naughty {i}": text for i, text in enumerate(corpora.naughty_strings(data))}
    joined = {"all naughty strings": "\n".join(odd.values()), "a book": corpora.book(data)[:200_000]}
    return {name: readable(text)[0] for name, text in (corpora.languages(data) | odd | joined).items()}


def tokenizers_of(texts: Sequence[str]) -> dict[str, TextTokenizer]:
    """Return the bundled tokenizer and two that are trained here, of the kinds that other models have."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    from vecsmith.local.catalog import BUNDLED
    from vecsmith.local.tokens import TextTokenizer

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=3000, initial_alphabet=alphabet, show_progress=False))
    unigram = Tokenizer(models.Unigram())
    unigram.normalizer = normalizers.NFKC()
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    pieces = trainers.UnigramTrainer(
        vocab_size=6000, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False, max_piece_length=8
    )
    unigram.train_from_iterator(texts, pieces)
    bundled = Tokenizer.from_file(str(BUNDLED["minilm"] / "tokenizer.json"))
    made = {MINILM: bundled, "byte-level BPE": bpe, "Unigram, Metaspace, NFKC": unigram}
    return {name: TextTokenizer(tokenizer, ROOM + 2) for name, tokenizer in made.items()}


def same_in_pieces(case: Case) -> bool:
    """Whether reading the text piece by piece gives the offsets of the whole."""
    from vecsmith.local import tokens

    whole, tokens.PIECE = tokens.PIECE, PIECE
    try:
        return case.tokenizer.offsets(case.text).tolist() == case.offsets.tolist()
    finally:
        tokens.PIECE = whole


def faults(case: Case, by: By, size: int | None, overlap: int) -> Iterator[str]:
    """Say what is wrong with the chunks of a text."""
    from vecsmith.chunking import Chunking, fitted, split

    chunking = Chunking(by, size, overlap)
    for spans in (
        split(case.text, case.offsets, chunking, ROOM),
        fitted(case.text, case.offsets, chunking, ROOM, case.tokenizer.count),
    ):
        yield from gaps(case.text, spans, overlap)
        for span in spans:
            if span.token_end - span.token_start > (size or ROOM) and divisible(case, span):
                yield f"{span} is longer than {size or ROOM}"
    counts = case.tokenizer.count([case.text[span.start : span.end] for span in spans])
    for span, count in zip(spans, counts, strict=True):
        if count > ROOM and divisible(case, span):
            yield f"{span} has {count} tokens on its own"


def gaps(text: str, spans: Sequence[Span], overlap: int) -> Iterator[str]:
    if (spans[0].start, spans[-1].end) != (0, len(text)):
        yield "the ends are missing"
    seen = [0, *(span.end for span in spans[:-1])]
    if "".join(text[max(span.start, end) : span.end] for end, span in zip(seen, spans, strict=True)) != text:
        yield "the chunks do not join to the text"
    for left, right in pairwise(spans):
        if not left.start < right.start <= left.end < right.end:
            yield f"{left} and {right} are out of order"
        if not 0 <= left.token_end - right.token_start <= overlap:
            yield f"{left} and {right} overlap too much"


def divisible(case: Case, span: Span) -> bool:
    return any(span.token_start < cut < span.token_end for cut in case.cuts)


def speed(text: str, tokenizer: TextTokenizer) -> Iterator[tuple[str, float]]:
    """Yield each step and the seconds that it takes on a long text."""
    from vecsmith.chunking import Chunking, fitted, split

    start = time.perf_counter()
    offsets = tokenizer.offsets(text)
    yield "offsets", time.perf_counter() - start
    for by in BYS:
        start = time.perf_counter()
        split(text, offsets, Chunking(by), ROOM)
        yield f"split by {by}", time.perf_counter() - start
        start = time.perf_counter()
        fitted(text, offsets, Chunking(by), ROOM, tokenizer.count)
        yield f"fitted by {by}", time.perf_counter() - start


def check(texts: Mapping[str, str], name: str, tokenizer: TextTokenizer) -> Counter[tuple[str, str]]:
    """Count the faults of all texts by kind of check, and print the first of each text."""
    from vecsmith.chunking import between_tokens

    found: Counter[tuple[str, str]] = Counter()
    for title, text in texts.items():
        offsets = tokenizer.offsets(text)
        case = Case(text, tokenizer, offsets, between_tokens(offsets, len(text)).tolist())
        found[name, "offsets in pieces"] += not same_in_pieces(case)
        for by in BYS:
            wrong = [
                f"{size}, {overlap}: {fault}" for size, overlap in SIZES for fault in faults(case, by, size, overlap)
            ]
            found[name, by] += len(wrong)
            if wrong:
                print(f"{name}, {title}, by {by}: {wrong[0]}", file=sys.stderr, flush=True)
    return found


def main() -> None:
    arguments = options.parser(__doc__).parse_args()
    data = corpora.data_folder(arguments.data)
    texts = texts_of(data)
    readers = tokenizers_of(list(texts.values()))
    found: dict[tuple[str, str], int] = {}
    for name, tokenizer in readers.items():
        found |= check(texts, name, tokenizer)
    rows = [(*key, str(len(texts)), str(count)) for key, count in found.items()]
    print(render(("tokenizer", "check", "texts", "faults"), rows), end="\n\n")
    seconds = dict(speed((corpora.book(data) * 2)[:MEGABYTE], readers[MINILM]))
    print(render(("a text of 1 MB", "", "seconds"), [(step, "", f"{took:.2f}") for step, took in seconds.items()]))
    options.save(arguments.json, {"faults": {" ".join(key): n for key, n in found.items()}, "seconds": seconds})
    if any(found.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
