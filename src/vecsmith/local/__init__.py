"""Local models: an `EmbeddingGenerator` that computes in this process."""

from __future__ import annotations

import asyncio
import json
import warnings
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar

from vecsmith.errors import Closed, ConfigError, EmbedWarning
from vecsmith.portal import answer, aside
from vecsmith.providers import GeneratedEmbeddings, GenerationOptions, Identity, Metadata
from vecsmith.space import Space
from vecsmith.types import Estimate, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.local.arithmetic import Arithmetic
    from vecsmith.local.engine import Engine
    from vecsmith.local.folder import ModelFolder
    from vecsmith.local.tokens import Encoded, Offsets, TextTokenizer
    from vecsmith.prompts import Prompts
    from vecsmith.types import Compute, Floats

__all__ = ["LocalGenerator"]

T = TypeVar("T")

SHARED = 4
"""Neighbouring windows of late chunking share one part in so many."""

WINDOWS = 32
"""Windows of a long text whose token vectors are held at once: all those of a book would take gigabytes."""

INLINE = 2_000
"""Characters that are tokenised at once, where handing them to another thread would take longer."""


@dataclass(slots=True)
class LocalGenerator:
    """One model on this machine: text in, the model's own vectors out."""

    folder: ModelFolder
    tokenizer: TextTokenizer
    engine: Engine
    arithmetic: Arithmetic
    tokenizer_sha256: str
    """And whether texts are put into lower case before."""
    prompts: Prompts
    sizes: tuple[int, ...]
    """The widths below its own that the model was trained to be cut to."""
    closed: bool = False
    answers_here: ClassVar[bool] = True

    @classmethod
    def open(
        cls,
        folder: ModelFolder,
        *,
        compute: Compute = "auto",
        threads: int | None = None,
        device: str | None = None,
        anywhere: bool = False,
    ) -> LocalGenerator:
        """Start a model's engine, or share the one that runs; takes some 0.2 s.

        `anywhere` allows ``int8`` also where it gains nothing.

        Raises `ConfigError` where a file is damaged or does not fit the others, or the settings are impossible here.
        """
        from vecsmith.local.architectures import check_fit
        from vecsmith.local.arithmetic import choose
        from vecsmith.local.tokens import TextTokenizer
        from vecsmith.local.weights import sha256

        cores = check_threads(threads)
        check_device(device)
        if folder.modules.guessed:
            say = f"{folder.folder} has no modules.json, so that no file says how it pools: it pools the mean"
            warnings.warn(say, EmbedWarning, stacklevel=2)
        tokenizer = TextTokenizer.load(folder.tokenizer, folder.max_tokens, lower=folder.lower)
        check_fit(folder, tokenizer.size)
        identity = sha256([folder.tokenizer]) + " lower" * folder.lower
        arithmetic = choose(compute, anywhere=anywhere)
        engine = start_engine(folder, arithmetic, cores)
        return cls(folder, tokenizer, engine, arithmetic, identity, folder.task_prompts, folder.trained_sizes)

    @property
    def metadata(self) -> Metadata:
        """What this model is."""
        return Metadata(
            "local", self.folder.name, self.folder.dimensions, self.folder.max_tokens, str(self.folder.folder)
        )

    async def generate(self, values: Sequence[str], options: GenerationOptions | None = None) -> GeneratedEmbeddings:
        """Return one vector for each text, in order.

        Raises `InputError` for a text over the limit where ``on_long`` is ``error``, and for impossible dimensions.
        """
        from vecsmith.postprocess import check_dimensions, finish

        options = options or GenerationOptions()
        check_dimensions(options.dimensions, self.folder.dimensions)
        encoded = await self.encode(values, options)
        skipped = self.skipped(encoded, options)
        vectors: Floats = await answer(self.engine.submit(encoded.rows, lane=options.lane, skipped=skipped))
        normalize = self.folder.normalize if options.normalize is None else options.normalize
        tokens = [len(row) for row in encoded.rows]
        return GeneratedEmbeddings(
            finish(vectors, dimensions=options.dimensions, normalize=normalize),
            Usage(sum(tokens), sum(tokens)),
            self.folder.name,
            self.space(options),
            tokens,
            encoded.dropped,
        )

    def skipped(self, encoded: Encoded, options: GenerationOptions) -> list[int] | None:
        """Return how many tokens at the beginning of each text are the prompt's, where the model does not pool them.

        As in sentence-transformers the special tokens before it are among them. None where nothing is left out.
        """
        prompt = self.prompt(options)
        if self.folder.modules.include_prompt or not prompt:
            return None
        before = len(self.tokenizer.before(prompt))
        if options.on_long != "truncate_start":
            return [before] * len(encoded.rows)
        return [max(len(self.tokenizer.prefix), before - dropped) for dropped in encoded.dropped]

    async def token_vectors(self, text: str) -> Floats:
        """Return the vector of every token of one text before pooling, (tokens, width), special tokens included."""
        (vectors,) = await self.unpooled(await self.encode([text], GenerationOptions()))
        return vectors

    async def unpooled(self, encoded: Encoded) -> list[Floats]:
        """Return the vector of every token of each text before pooling, (tokens, width) each."""
        vectors: list[Floats] = await answer(self.engine.submit(encoded.rows, "tokens"))
        return vectors

    def prompt(self, options: GenerationOptions) -> str:
        """Return what is put before every text."""
        asked = self.prompts.text(options.task, options.title)
        return asked if options.prompt is None else options.prompt

    def estimate(self, values: Sequence[str], options: GenerationOptions) -> Estimate:
        """Return the tokens that would be read of these texts, prompt and special tokens among them."""
        prompt, most = self.prompt(options), self.folder.max_tokens
        special = most - self.tokenizer.room
        cut = options.on_long in {"truncate", "truncate_start"}
        counts = [count + special for count in self.count([prompt + value for value in values])]
        return Estimate(sum(min(count, most) if cut else count for count in counts))

    def identity(self, options: GenerationOptions) -> Identity:
        """Return all that changes a vector, besides the text."""
        key, plain = self.engine.key, replace(options, dimensions=None, normalize=False)
        parts: dict[str, str | int] = {
            "weights": key.weights,
            "config": key.config,
            "tokenizer": self.tokenizer_sha256,
            "pooling": key.pooling,
            "max_tokens": key.max_tokens,
            "prompt": self.prompt(options),
            "cut": "start" if options.on_long == "truncate_start" else "end",
        }
        if key.int8 is not None:
            parts["arithmetic"] = self.coarse
        return Identity(self.space(plain), self.folder.normalize, parts, self.sizes)

    def room(self, options: GenerationOptions) -> int:
        """Return how many tokens of a text the model reads at once, besides special tokens and the prompt.

        Raises `ConfigError` where the prompt leaves none.
        """
        prompt = self.prompt(options)
        # one more, because the prompt's last token and the text's first may become two others
        room = self.tokenizer.room - (self.tokenizer.count([prompt])[0] + 1 if prompt else 0)
        if room < 1:
            raise ConfigError(f"the prompt leaves no room for text among {self.folder.max_tokens} tokens: shorten it")
        return room

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, without special tokens."""
        return self.tokenizer.count(texts)

    def offsets(self, text: str) -> Offsets:
        """Return where each token of a text starts and ends, (tokens, 2), in code points."""
        return self.tokenizer.offsets(text)

    async def pooled_late(
        self, text: str, spans: Sequence[Sequence[int]], options: GenerationOptions
    ) -> tuple[Floats, int]:
        """Return the mean of the token vectors of each span, (spans, width), and the tokens read for all of them.

        A text longer than the model reads is read in windows that share a quarter. Raises `ConfigError` for a model
        that does not pool by mean: the mean of its token vectors means nothing.
        """
        from vecsmith.late import LatePool

        if self.folder.pooling != "mean":
            raise ConfigError(f"on_long='late' needs a model that pools by mean alone, not by {self.folder.pooling}")
        before = self.tokenizer.before(self.prompt(options))
        ids, _ = await aside(partial(self.tokenizer.read, text), self.engine.tokenizing)
        ranges = self.windows(len(ids), len(before) + len(self.tokenizer.suffix))
        rows = [self.tokenizer.whole(before, ids[start:end]) for start, end in ranges]
        pool, first, last = LatePool(ranges, spans), len(before), len(self.tokenizer.suffix)
        for begin in range(0, len(rows), WINDOWS):
            read: list[Floats] = await answer(self.engine.submit(rows[begin : begin + WINDOWS], "tokens"))
            for row in read:
                pool.add(row[first : len(row) - last])
        return pool.means(), sum(map(len, rows))

    def windows(self, tokens: int, beside: int) -> list[tuple[int, int]]:
        """Return the windows through which a text of so many tokens is read, each with so many tokens beside it."""
        from vecsmith.late import windows

        room = self.tokenizer.max_tokens - beside
        return windows(tokens, room, room // SHARED)

    def read_for(self, tokens: int, options: GenerationOptions) -> int:
        """Return how many tokens `pooled_late` reads for a text of so many: special ones, and what windows share."""
        beside = len(self.tokenizer.before(self.prompt(options))) + len(self.tokenizer.suffix)
        return sum(end - start + beside for start, end in self.windows(tokens, beside))

    async def encode(self, values: Sequence[str], options: GenerationOptions) -> Encoded:
        """Tokenise beside the event loop, and beside the engine's work on what came before."""
        if self.closed:
            raise Closed("the embedder was closed: make a new one")
        prompt = self.prompt(options)
        if prompt:
            self.room(options)  # refuses a prompt that would be all the model reads
        texts = [prompt + value for value in values] if prompt else values
        if sum(map(len, texts)) <= INLINE:
            return self.tokenizer.encode(texts, on_long=options.on_long)
        encode = partial(self.tokenizer.encode, texts, on_long=options.on_long)
        return await aside(encode, self.engine.tokenizing)

    def space(self, options: GenerationOptions) -> Space:
        """Return the space of the vectors that these options give."""
        native = self.folder.dimensions
        dimensions = options.dimensions or native
        return Space(
            model=self.folder.name,
            revision=f"sha256:{self.engine.key.weights}",
            pooling=self.folder.pooling,
            prompts=self.prompts.kind,
            dimensions=dimensions,
            cut=dimensions != native,
            normalized=self.folder.normalize if options.normalize is None else options.normalize,
            arithmetic=self.coarse,
        )

    @property
    def coarse(self) -> str:
        """The arithmetic as a space names it: what moves vectors, with the calibration it is by."""
        int8 = self.engine.key.int8
        return "float" if int8 is None else f"int8 {int8.id}"

    def get_service(self, kind: type[T], key: str | None = None) -> T | None:
        """Return this generator, its engine, tokenizer, arithmetic or model folder, if it is a `kind`."""
        beneath = (self, self.engine, self.tokenizer, self.arithmetic, self.folder)
        return next((service for service in beneath if isinstance(service, kind)), None) if key is None else None

    async def aclose(self) -> None:
        """Give the engine back; the last embedder of a model to close frees it."""
        from vecsmith.local.engine import release

        if not self.closed:
            self.closed = True
            await asyncio.to_thread(release, self.engine)


def start_engine(folder: ModelFolder, arithmetic: Arithmetic, threads: int) -> Engine:
    from vecsmith.local.engine import EngineKey, acquire
    from vecsmith.local.quantization import find_or_refuse

    int8 = find_or_refuse(folder) if arithmetic.int8 else None
    config = json.dumps(folder.config, sort_keys=True)
    key = EngineKey(folder.sha256(), config, folder.max_tokens, folder.pooling, arithmetic.precision, threads, int8)
    return acquire(key, folder)


def check_threads(threads: int | None) -> int:
    from vecsmith.local.cores import usable_cores

    if threads is None:
        return usable_cores()
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise ConfigError(f"threads must be a whole number from 1 up, not {threads!r}")
    return threads


def check_device(device: str | None) -> None:
    if device is not None and (not isinstance(device, str) or device.lower() != "cpu"):
        raise ConfigError(f"device must be 'cpu', not {device!r}: local models run on the processor")
