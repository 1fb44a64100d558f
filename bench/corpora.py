"""The texts that are measured on: public sets in the data folder, as lists."""

from __future__ import annotations

import csv
import json
import random
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from peers import ROOT, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

DATA = ROOT.parent / "shared" / "data"
SEED = 20

FOLDERS = ("ag_news", "banking77", "gutenberg", "multilingual", "naughty_strings", "scifact", "stsb")

STORY = re.compile(r"^(?:ADVENTURE )?[IVX]+\. (?:A|THE) [A-Z' -]+$", re.MULTILINE)
"""A heading in the book, where a story begins; its table of contents is in small letters."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sentences and how alike people found them, from 0 to 5."""

    first: str
    second: str
    score: float


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text and its class."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Documents, queries, and for each query the documents that answer it, by id."""

    documents: Mapping[str, str]
    queries: Mapping[str, str]
    relevant: Mapping[str, frozenset[str]]


def data_folder(path: Path) -> Path:
    """Return `path` if it holds the data; otherwise say so and end with exit code 2."""
    missing = [name for name in FOLDERS if not (path / name).is_dir()]
    if missing:
        raise refuse(f"no data in {path} ({', '.join(missing)} missing): name the data folder with --data")
    return path


def json_lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="\n") as lines:  # other line breaks occur inside texts
        return [json.loads(line) for line in lines]


def csv_rows(path: Path, *, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter=delimiter))


def scifact(data: Path) -> Retrieval:
    folder = data / "scifact"
    relevant: dict[str, set[str]] = {}
    for row in csv_rows(folder / "qrels" / "test.tsv", delimiter="\t"):
        relevant.setdefault(row["query-id"], set()).add(row["corpus-id"])
    queries = {row["_id"]: row["text"] for row in json_lines(folder / "queries.jsonl")}
    return Retrieval(
        documents={row["_id"]: f"{row['title']} {row['text']}".strip() for row in json_lines(folder / "corpus.jsonl")},
        queries={name: queries[name] for name in relevant},
        relevant={name: frozenset(found) for name, found in relevant.items()},
    )


def banking77(data: Path, split: str) -> list[Labelled]:
    return [Labelled(row["text"], row["category"]) for row in csv_rows(data / "banking77" / f"{split}.csv")]


def stsb(data: Path) -> list[Pair]:
    rows = csv_rows(data / "stsb" / "stsb-en-test.csv")
    return [Pair(row["sentence1"], row["sentence2"], float(row["score"])) for row in rows]


def ag_news(data: Path) -> list[str]:
    with (data / "ag_news" / "test.csv").open(encoding="utf-8", newline="") as lines:
        return [f"{title} {description}" for _, title, description in csv.reader(lines)]


def naughty_strings(data: Path) -> list[str]:
    folder = data / "naughty_strings"
    strings: list[str] = json.loads((folder / "blns.json").read_text(encoding="utf-8"))
    return strings + [row["text"] for row in json_lines(folder / "odd_unicode.jsonl")]


def languages(data: Path) -> dict[str, str]:
    """Return the Universal Declaration of Human Rights in each language, as one text of paragraphs."""
    paragraphs: dict[str, list[str]] = {}
    for row in json_lines(data / "multilingual" / "udhr.jsonl"):
        paragraphs.setdefault(row["lang"], []).append(row["text"])
    return {language: "\n\n".join(texts) for language, texts in paragraphs.items()}


def book(data: Path) -> str:
    return (data / "gutenberg" / "sherlock_holmes_1661.txt").read_text(encoding="utf-8")


def stories(data: Path) -> list[list[str]]:
    """Return the book's twelve stories as lists of paragraphs, each on one line; the first is the title."""
    text = book(data).partition("\nEnd of the Project Gutenberg")[0]
    starts = [heading.start() for heading in STORY.finditer(text)] + [len(text)]
    paragraphs = [re.split(r"\n\s*\n", text[start:end].strip()) for start, end in pairwise(starts)]
    return [[" ".join(paragraph.split()) for paragraph in story] for story in paragraphs]


def long_texts(data: Path) -> list[str]:
    return list(scifact(data).documents.values())


def short_texts(data: Path) -> list[str]:
    return [row.text for split in ("train", "test") for row in banking77(data, split)]


def mixed_texts(data: Path) -> list[str]:
    texts = long_texts(data) + ag_news(data) + short_texts(data)
    random.Random(SEED).shuffle(texts)
    return texts


CORPORA: Mapping[str, Callable[[Path], list[str]]] = {
    "long": long_texts,
    "middle": ag_news,
    "short": short_texts,
    "mix": mixed_texts,
}


def sample(texts: Sequence[str], count: int, *, seed: int) -> list[str]:
    """Draw `count` of `texts` (all, shuffled, where there are fewer); one seed always draws the same."""
    return random.Random(seed).sample(texts, min(count, len(texts)))


def readable(text: str) -> str:
    """Replace unpaired surrogates, which not every tokenizer can read, by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
