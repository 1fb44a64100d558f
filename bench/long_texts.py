"""Measure what becomes of long texts: whether a quotation finds the text that it was taken from.

    python bench/long_texts.py

The texts are those of the book in the data folder, twice: its 12 stories as they are (some 9,000 words, of which ten
found are nearly all), and its parts, runs of whole paragraphs of some 1,000 words within a story, each a text of its
own. The queries are sentences of 8 to 40 words that occur once in the book, 25 of each story, drawn from anywhere in it
by a fixed seed; the same for both. Each way to treat long texts (`on_long`) ranks all texts by cosine; one with several
vectors counts by its best. Truncate reads the first 254 tokens; chunk and late cut texts into chunks of 128 tokens
(`--tokens`); mean is at its defaults. Needs vecsmith, not the peers' environment. Ends with exit code 1 where mean or
late does not beat truncate: more right answers in the first place and a higher reciprocal rank, and no fewer in the
first ten.
"""

from __future__ import annotations

import random
import re
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import corpora
import options
from table import render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from vecsmith import Embedder
    from vecsmith.types import Floats, OnLong

DEPTH = 10
WORDS = range(8, 41)
PART_WORDS = 1000
WAYS: tuple[OnLong, ...] = ("truncate", "mean", "chunk", "late")
BEATS = ("mean", "late")
END = re.compile(r"(?<!\bMr\.)(?<!\bDr\.)(?<!\bSt\.)(?<!\bMrs\.)(?<=[.?!])[\"']*\s+")


@dataclass(frozen=True, slots=True)
class Quotes:
    """Texts, and quotations from them."""

    texts: Sequence[str]
    quotes: Sequence[str]
    sources: Sequence[int]
    """The text that each quotation is from."""


@dataclass(frozen=True, slots=True)
class Found:
    """How well quotations found their texts."""

    vectors: int
    seconds: float
    first: float
    """The share whose text is in the first place."""
    ten: float
    """The share whose text is among the first `DEPTH`."""
    reciprocal: float
    """The mean of 1 ÷ place, 0 beyond `DEPTH`."""


def parts_of(story: Sequence[str]) -> list[list[str]]:
    """Divide a story's paragraphs into runs of at least `PART_WORDS` words, but for the last."""
    parts: list[list[str]] = [[]]
    for paragraph in story:
        if sum(len(one.split()) for one in parts[-1]) >= PART_WORDS:
            parts.append([])
        parts[-1].append(paragraph)
    return parts


def sentences_of(part: Sequence[str]) -> list[str]:
    return [one for paragraph in part for one in END.split(paragraph) if len(one.split()) in WORDS]


def drawn(stories: Sequence[Sequence[str]], count: int) -> dict[str, Quotes]:
    """Draw `count` quotations of each story, and say where they are from among the stories and among the parts."""
    parts = [(story, part) for story, paragraphs in enumerate(stories) for part in parts_of(paragraphs)]
    whole = " ".join(" ".join(paragraphs) for paragraphs in stories)
    pick = random.Random(corpora.SEED)
    quotes: list[tuple[str, int, int]] = []
    for story in range(len(stories)):
        known = [(one, i) for i, (of, part) in enumerate(parts) if of == story for one in sentences_of(part)]
        once = [(one, i) for one, i in known if whole.count(one) == 1]
        quotes += [(one, story, i) for one, i in pick.sample(once, count)]
    said = [quote for quote, _, _ in quotes]
    return {
        "stories": Quotes(["\n\n".join(story) for story in stories], said, [story for _, story, _ in quotes]),
        "parts": Quotes(["\n\n".join(part) for _, part in parts], said, [part for _, _, part in quotes]),
    }


def places(scores: Floats, sources: Sequence[int]) -> NDArray[np.int64]:
    """Return the place, from 1, of each query's source in the ranking by its scores (queries, texts)."""
    import numpy as np

    order = np.argsort(-scores, axis=1, kind="stable")
    found: NDArray[np.int64] = np.argmax(order == np.asarray(sources)[:, None], axis=1) + 1
    return found


def measured(embedder: Embedder, known: Quotes, asked: Floats, way: OnLong, tokens: int) -> Found:
    """Rank the texts, read in one way, for every quotation."""
    import numpy as np

    from vecsmith import Chunking, similarity

    chunking = Chunking(tokens=tokens) if way in {"chunk", "late"} else None
    start = time.perf_counter()
    result = embedder.embed_documents(known.texts, on_long=way, chunking=chunking)
    seconds = time.perf_counter() - start
    owners = np.array([chunk.item for chunk in result.chunks] or range(len(known.texts)))
    first = np.flatnonzero(np.diff(owners, prepend=-1))
    best = np.maximum.reduceat(similarity(asked, result.vectors), first, axis=1)  # (queries, texts)
    found = places(best, known.sources)
    within = found <= DEPTH
    return Found(len(result), seconds, float((found == 1).mean()), float(within.mean()), float((within / found).mean()))


def read_by_truncate(embedder: Embedder, known: Quotes) -> int:
    """Count the quotations that lie within the beginning of their text that truncate reads."""
    from vecsmith.providers import GenerationOptions, Reads

    reader = embedder.generator
    assert isinstance(reader, Reads)
    room = reader.room(GenerationOptions())
    ends = [offsets[min(room, len(offsets)) - 1, 1] for offsets in map(reader.offsets, known.texts)]
    pairs = zip(known.quotes, known.sources, strict=True)
    return sum(known.texts[source].index(quote) + len(quote) <= ends[source] for quote, source in pairs)


def row(kind: str, way: str, one: Found) -> list[str]:
    shares = [f"{share:.3f}" for share in (one.first, one.ten, one.reciprocal)]
    return [kind, way, f"{one.vectors:,}", *shares, f"{one.seconds:.1f}", "> truncate" if way in BEATS else ""]


def missed(found: Mapping[str, Mapping[str, Found]]) -> list[str]:
    """Name the ways that do not beat truncate."""
    wrong = []
    for kind, ways in found.items():
        base = ways["truncate"]
        for way in BEATS:
            one = ways[way]
            if not (one.first > base.first and one.reciprocal > base.reciprocal and one.ten >= base.ten):
                wrong.append(f"{way} does not beat truncate on {kind}")
    return wrong


def main() -> None:
    command = options.parser(__doc__)
    command.add_argument("--quotes", type=int, default=25, help="quotations of each story (default: %(default)s)")
    command.add_argument("--tokens", type=int, default=128, help="of a chunk (default: %(default)s)")
    arguments = command.parse_args()
    known = drawn(corpora.stories(corpora.data_folder(arguments.data)), arguments.quotes)
    from vecsmith import Embedder

    found: dict[str, dict[str, Found]] = {}
    with Embedder() as embedder:
        for kind, each in known.items():
            asked = embedder.embed_query(each.quotes).vectors
            found[kind] = {}
            for way in WAYS:
                found[kind][way] = one = measured(embedder, each, asked, way, arguments.tokens)
                print(f"{kind}, {way}: {one.first:.3f} first, {one.seconds:.1f} s", file=sys.stderr, flush=True)
            words = sum(len(text.split()) for text in each.texts) // len(each.texts)
            inside = read_by_truncate(embedder, each)
            print(f"{kind}: {len(each.texts)} texts of {words:,} words on average; {len(each.quotes)} quotations, "
                  f"{inside} of them within what truncate reads")  # fmt: skip
    rows = [row(kind, way, one) for kind, ways in found.items() for way, one in ways.items()]
    header = ["texts", "on_long", "vectors", "recall@1", f"recall@{DEPTH}", f"MRR@{DEPTH}", "seconds", "wanted"]
    print(render(header, rows))
    saved = {kind: {way: asdict(one) for way, one in ways.items()} for kind, ways in found.items()}
    options.save(arguments.json, {"found": saved, "quotes": arguments.quotes, "tokens": arguments.tokens})
    options.judge(missed(found))


if __name__ == "__main__":
    main()
