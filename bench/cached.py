"""Measure what the cache gives, what it takes, and what everything around the engine takes of a bulk run.

    python bench/cached.py
    python bench/cached.py --only hits

hits: 100,000 distinct texts are put into a SQLite file in a folder of its own, by an embedder whose generator bears the
bundled model's identity and gives random vectors of 384 dimensions, since only reading is measured. Then the model's
own embedder gives them back in calls of 1,000, in the order in which they came. The first round checks every vector and
is not counted; the file stays in the page cache. Each counted round embeds a sample of the same texts with the model as
well, in the same calls and without a cache; the ratio is taken within each round. Once with short texts (Banking77's
questions, numbered), once with the shuffled mix (numbered).

way: texts of the shuffled mix in one call, once with the model, then with a generator that bears its identity and
returns arrays that lie ready: what remains is checking, keys, windows, cache, normalising, the result. Its time is
given as a share of the model's run without a cache, by the clock and by processor time (the model uses all cores, the
way one). Tokenising is the generator's, and so no part of it: its share stands in a row of its own.

Needs vecsmith, not the peers' environment. Ends with exit code 1 where a wanted figure is missed.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import corpora
import options
from speed import machine
from table import Spread, paired, render, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vecsmith import Embedder
    from vecsmith.providers import GeneratedEmbeddings, GenerationOptions, Identifies, Identity
    from vecsmith.types import Floats

AT_ONCE = 1000
HIT_RATE = 150_000
HIT_RATIO = 25
WAY = 0.05
SAMPLES = {"short": 2000, "mix": 600}
"""Texts that the model embeds in a round, beside the cache's."""
TOKENS = 64
"""What the ready generator says that it read of each text."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of a run."""

    clock: float
    processor: float


@dataclass(frozen=True, slots=True)
class Row:
    """A measure, and whether it is what is wanted."""

    measure: str
    of: str
    value: Spread
    style: str
    wanted: str = ""
    met: bool = True

    def cells(self) -> list[str]:
        return [self.measure, self.of, f"{self.value:{self.style}}", self.wanted]


class Ready:
    """A generator that bears another's identity and has its vectors before it is asked."""

    def __init__(self, model: Identifies, texts: Sequence[str], width: int) -> None:
        import numpy as np

        self.model = model
        self.rows = {text: row for row, text in enumerate(texts)}
        self.vectors: Floats = np.random.default_rng(corpora.SEED).standard_normal((len(texts), width), np.float32)

    def identity(self, asked: GenerationOptions) -> Identity:
        return self.model.identity(asked)

    async def generate(self, values: Sequence[str], options: GenerationOptions | None = None) -> GeneratedEmbeddings:
        from vecsmith.providers import GeneratedEmbeddings, GenerationOptions
        from vecsmith.types import Usage

        count, space = len(values), self.identity(options or GenerationOptions()).space
        vectors = self.vectors[[self.rows[value] for value in values]]
        usage = Usage(TOKENS * count, TOKENS * count)
        return GeneratedEmbeddings(vectors, usage, space.model, space, [TOKENS] * count, [0] * count)


def ready_beside(embedder: Embedder, texts: Sequence[str]) -> Ready:
    from vecsmith.providers import Identifies

    assert isinstance(embedder.generator, Identifies)
    return Ready(embedder.generator, texts, embedder.metadata.dimensions)


def progress(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def timed(work: Callable[[], object]) -> Taken:
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return Taken(time.perf_counter() - clock, time.process_time() - processor)


def numbered(texts: Sequence[str], count: int) -> list[str]:
    """Make `count` different texts, again and again of the same ones where they do not suffice."""
    return [f"{texts[i % len(texts)]} ({i})" for i in range(count)]


def calls(texts: Sequence[str]) -> Iterator[list[str]]:
    return (list(texts[start : start + AT_ONCE]) for start in range(0, len(texts), AT_ONCE))


def embed_all(embedder: Embedder, texts: Sequence[str]) -> None:
    for call in calls(texts):
        embedder.embed(call, on_long="truncate")


def check(embedder: Embedder, ready: Ready, texts: Sequence[str]) -> None:
    """Make sure that every vector comes from the cache, and is the text's own."""
    import numpy as np

    from vecsmith import normalize

    for call in calls(texts):
        result = embedder.embed(call, on_long="truncate")
        own = normalize(ready.vectors[[ready.rows[text] for text in call]])
        assert all(result.items.cached), "not everything was in the cache"
        assert np.allclose(result.vectors, own, atol=1e-6), "the cache gave another text's vector"


def hits(plain: Embedder, kind: str, texts: Sequence[str], rounds: int) -> list[Row]:
    """Compare vectors per second out of the cache's file with the model's."""
    from vecsmith import Embedder

    ready = ready_beside(plain, texts)
    some = corpora.sample(texts, SAMPLES[kind], seed=corpora.SEED)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "cache.sqlite")
        with Embedder.from_generator(ready, cache=path) as filling:
            took = timed(lambda: embed_all(filling, texts))
        progress(
            f"{kind}: {len(texts):,} ready vectors put into {path.stat().st_size / 1e6:.0f} MB in {took.clock:.0f} s"
        )
        found, by_processor, made = [], [], []
        with Embedder(cache=path) as keeping:
            check(keeping, ready, texts)
            embed_all(plain, some[: len(some) // 4])
            for turn in range(1, rounds + 1):
                read = timed(lambda: embed_all(keeping, texts))
                found.append(len(texts) / read.clock)
                by_processor.append(len(texts) / read.processor)
                made.append(len(some) / timed(lambda: embed_all(plain, some)).clock)
                progress(
                    f"{kind}: round {turn}: {found[-1]:,.0f} vectors/s from the cache, {made[-1]:,.0f} by the model"
                )
    characters = sum(map(len, texts)) / len(texts)
    of = f"{kind} texts of {characters:,.0f} characters"
    rate, ratio = median(found), paired(found, made)
    return [
        Row("cache hits, vectors/s", of, spread(found), ",.0f", f"≥ {HIT_RATE:,}", rate >= HIT_RATE),
        Row("the same of a second of processor time", of, spread(by_processor), ",.0f"),
        Row("the model, vectors/s", of, spread(made), ",.0f"),
        Row("cache hits ÷ the model", of, ratio, ".0f", f"≥ {HIT_RATIO}", ratio.middle >= HIT_RATIO),
    ]


def way(plain: Embedder, texts: list[str], rounds: int) -> list[Row]:
    """Compare the time of everything around the engine with that of a cold run."""
    from vecsmith import Embedder

    ready = ready_beside(plain, texts)
    taken: dict[str, list[Taken]] = {}

    def run(name: str, embedder: Embedder) -> None:
        taken.setdefault(name, []).append(timed(lambda: embedder.embed(texts, on_long="truncate")))

    with tempfile.TemporaryDirectory() as folder:
        for turn in range(rounds + 1):
            run("model", plain)
            with Embedder(cache=Path(folder, f"model{turn}.sqlite")) as keeping:
                run("model, sqlite", keeping)
            for name, cache in (("none", None), ("memory", "memory"), ("sqlite", Path(folder, f"{turn}.sqlite"))):
                with Embedder.from_generator(ready, cache=cache) as around:
                    run(name, around)
            taken.setdefault("tokens", []).append(timed(lambda: tokenise(plain, texts)))
            progress(
                f"way: round {turn} of {rounds}: " + ", ".join(f"{n} {t[-1].clock:.3f} s" for n, t in taken.items())
            )
    counted = {name: each[1:] for name, each in taken.items()}
    rows = [Row("a cold run with the model, s", "the mix", spread([one.clock for one in counted["model"]]), ".2f")]
    for name, label in (("none", "no cache"), ("memory", "cache='memory'"), ("sqlite", "a SQLite file")):
        share = shares(counted[name], counted["model"])
        wanted, met = ("", True) if name == "sqlite" else (f"≤ {WAY:.0%}", share.middle <= WAY)
        rows += [
            Row("the way around the engine ÷ a cold run, by the clock", label, share, ".3%", wanted, met),
            Row("the same by processor time", label, shares(counted[name], counted["model"], "processor"), ".3%"),
        ]
    beyond = [
        Taken(kept.clock - bare.clock, kept.processor - bare.processor)
        for kept, bare in zip(counted["sqlite"], counted["none"], strict=True)
    ]
    rows += [
        Row("the SQLite file's own part of a cold run", "from the rows above", shares(beyond, counted["model"]), ".3%"),
        Row(
            "a cold run with it ÷ without", "the model, both", shares(counted["model, sqlite"], counted["model"]), ".3f"
        ),
        Row("tokenising alone ÷ a cold run", "beside the engine", shares(counted["tokens"], counted["model"]), ".2%"),
    ]
    return rows


def shares(ours: Sequence[Taken], whole: Sequence[Taken], by: str = "clock") -> Spread:
    return paired([getattr(one, by) for one in ours], [getattr(one, by) for one in whole])


def tokenise(embedder: Embedder, texts: Sequence[str]) -> None:
    from vecsmith.local import LocalGenerator

    assert isinstance(embedder.generator, LocalGenerator)
    embedder.generator.tokenizer.encode(texts, on_long="truncate")


def main() -> None:
    command = options.parser(__doc__)
    command.add_argument("--only", nargs="+", choices=("hits", "way"), default=("hits", "way"), help="what to measure")
    command.add_argument("--rows", type=int, default=100_000, help="texts in the cache (default: %(default)s)")
    command.add_argument("--texts", type=int, default=1000, help="texts of a cold run (default: %(default)s)")
    command.add_argument("--rounds", type=int, default=5, help="rounds that count (default: %(default)s)")
    arguments = command.parse_args()
    data = corpora.data_folder(arguments.data)
    from vecsmith import Embedder

    host = machine()
    print(", ".join(f"{name} {value}" for name, value in host.items()))
    rows: list[Row] = []
    with Embedder() as plain:
        if "hits" in arguments.only:
            for kind in SAMPLES:
                rows += hits(plain, kind, numbered(corpora.CORPORA[kind](data), arguments.rows), arguments.rounds)
        if "way" in arguments.only:
            rows += way(
                plain, corpora.sample(corpora.mixed_texts(data), arguments.texts, seed=corpora.SEED), arguments.rounds
            )
    print(render(["measure", "of", "median (least-most)", "wanted"], [row.cells() for row in rows]))
    print(f"load of the machine: {host['load']} before, {os.getloadavg()[0]:.2f} after")
    saved = [{"measure": row.measure, "of": row.of, "median": row.value.middle, "least": row.value.least,
              "most": row.value.most} for row in rows]  # fmt: skip
    options.save(arguments.json, {"machine": host, "rows": saved})
    options.judge(
        [f"{row.measure} ({row.of}) {row.value:{row.style}}, wanted {row.wanted}" for row in rows if not row.met]
    )


if __name__ == "__main__":
    main()
