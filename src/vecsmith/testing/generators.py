"""What every generator must do, as tests."""

from __future__ import annotations

import asyncio
import inspect
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from vecsmith.providers import EmbeddingGenerator, GeneratedEmbeddings
    from vecsmith.types import Floats

__all__ = ["GeneratorSuite"]


class GeneratorSuite:
    """Tests of a generator: derive a class from it whose name begins with ``Test``, and give it a `generator`."""

    texts: Sequence[str] = ("a cat", "a dog", "the weather in Rome")
    """Different texts that it takes."""
    many: int = 300
    """Texts of a call that is larger than most requests may be."""
    tolerance: float = 1e-3
    """By how much two vectors of one text may differ in a number, because other texts go along."""

    def generator(self) -> EmbeddingGenerator | Awaitable[EmbeddingGenerator]:
        """Return a new generator for a test, which closes it; may be ``async``."""
        raise NotImplementedError

    # --- vectors

    def test_there_is_one_vector_for_each_text_in_order(self) -> None:
        """A call's vectors are those that each text gets by itself."""

        async def check(generator: EmbeddingGenerator) -> None:
            together = await generator.generate(self.texts)
            assert together.vectors.shape[0] == len(self.texts), "as many vectors as texts are wanted"
            for text, vector in zip(self.texts, together.vectors, strict=True):
                alone = await generator.generate([text])
                self.same(alone.vectors[0], vector, "a text's vector depends on its neighbours or on its place")

        self.hold(check)

    def test_equal_texts_get_equal_vectors_and_different_texts_different_ones(self) -> None:
        """Nothing but the text counts."""

        async def check(generator: EmbeddingGenerator) -> None:
            first, second, *_ = self.texts
            made = await generator.generate([first, second, first])
            self.same(made.vectors[0], made.vectors[2], "equal texts got different vectors")
            apart = np.abs(made.vectors[0] - made.vectors[1]).max()
            assert apart > self.tolerance, "different texts got the same vector"

        self.hold(check)

    def test_a_call_without_texts_gives_no_vectors(self) -> None:
        """It is no error."""

        async def check(generator: EmbeddingGenerator) -> None:
            made = await generator.generate([])
            assert made.vectors.ndim == 2  # noqa: PLR2004 (rows and columns)
            assert len(made.vectors) == 0
            assert made.usage.total_tokens == 0

        self.hold(check)

    def test_many_texts_come_back_in_order(self) -> None:
        """Whatever requests they travel in."""

        async def check(generator: EmbeddingGenerator) -> None:
            texts = self.numbered()
            made = await generator.generate(texts)
            assert len(made.vectors) == len(texts), "as many vectors as texts are wanted"
            places = range(0, len(texts), max(1, len(texts) // 7))
            alone = await generator.generate([texts[place] for place in reversed(places)])
            self.same(alone.vectors[::-1], made.vectors[list(places)], "the vectors are out of order")

        self.hold(check)

    def test_vectors_are_finite_float32_of_the_width_that_is_told(self) -> None:
        """A width of 0 in the metadata tells none."""

        async def check(generator: EmbeddingGenerator) -> None:
            made = await generator.generate(self.texts)
            assert isinstance(made.vectors, np.ndarray), "vectors are a numpy array"
            assert made.vectors.dtype == np.float32, f"vectors are float32, not {made.vectors.dtype}"
            assert np.isfinite(made.vectors).all(), "a vector holds NaN or infinity"
            assert np.abs(made.vectors).max(axis=1).all(), "a vector has length zero"
            assert generator.metadata.dimensions in {0, made.vectors.shape[1]}, "the metadata tells another width"

        self.hold(check)

    # --- what is told

    def test_an_answer_tells_what_it_took_and_when(self) -> None:
        """Usage is not negative, and times have a zone."""

        async def check(generator: EmbeddingGenerator) -> None:
            made = await generator.generate(self.texts)
            usage = made.usage
            assert min(usage.input_tokens, usage.total_tokens, usage.requests, usage.cost or 0) >= 0
            assert made.created_at.tzinfo is not None, "created_at has no time zone"
            assert made.model, "an answer names its model"
            for counts in (made.tokens, made.dropped):
                assert counts is None or (len(counts) == len(self.texts) and min(counts) >= 0)

        self.hold(check)

    def test_the_metadata_name_the_provider_and_the_model(self) -> None:
        """Without a call."""

        async def check(generator: EmbeddingGenerator) -> None:
            metadata = generator.metadata
            assert metadata.provider, "the metadata name no provider"
            assert metadata.model, "the metadata name no model"
            assert min(metadata.dimensions, metadata.max_tokens) >= 0

        self.hold(check)

    def test_it_gives_itself_as_a_service_and_none_for_what_is_not_there(self) -> None:
        """A key that nobody gave names nothing."""

        class Absent:
            pass

        async def check(generator: EmbeddingGenerator) -> None:
            kind: type[Any] = type(generator)
            assert generator.get_service(kind) is generator
            assert generator.get_service(Absent) is None
            assert generator.get_service(kind, "absent") is None

        self.hold(check)

    # --- side by side

    def test_calls_at_once_do_not_mix(self) -> None:
        """In one event loop."""

        async def check(generator: EmbeddingGenerator) -> None:
            calls = [[*self.texts[place:], *self.texts[:place]] for place in range(len(self.texts))]
            made = await asyncio.gather(*(generator.generate(call) for call in calls))
            self.unmixed(calls, made)

        self.hold(check)

    def test_calls_of_several_event_loops_do_not_mix(self) -> None:
        """In threads of their own."""

        async def check(generator: EmbeddingGenerator) -> None:
            def elsewhere(texts: Sequence[str]) -> GeneratedEmbeddings:
                return asyncio.run(self.within(generator.generate(texts)))

            calls = [self.texts, self.texts[::-1]]
            with ThreadPoolExecutor(2) as threads:
                loop = asyncio.get_running_loop()
                made = await asyncio.gather(*(loop.run_in_executor(threads, elsewhere, call) for call in calls))
            self.unmixed(calls, [*made, await generator.generate(self.texts)])

        self.hold(check)

    # --- ends

    def test_a_cancelled_call_leaves_it_usable(self) -> None:
        """The next call is answered."""

        async def check(generator: EmbeddingGenerator) -> None:
            call = asyncio.ensure_future(generator.generate(self.numbered()))
            await asyncio.sleep(0)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            made = await generator.generate(self.texts)
            assert len(made.vectors) == len(self.texts)

        self.hold(check)

    def test_it_closes_twice_and_then_takes_no_calls(self) -> None:
        """A call after the end raises."""

        async def check(generator: EmbeddingGenerator) -> None:
            await generator.aclose()
            await generator.aclose()
            try:
                await generator.generate(self.texts)
            except Exception:  # noqa: BLE001 (of whatever kind)
                return
            raise AssertionError("a closed generator answered a call")

        self.hold(check)

    # --- how the tests run

    def hold(self, check: Callable[[EmbeddingGenerator], Awaitable[None]]) -> None:
        """Run a check in an event loop of its own, with a generator that is closed behind it."""

        async def held() -> None:
            made = self.generator()
            generator: EmbeddingGenerator = await made if inspect.isawaitable(made) else made
            try:
                await check(generator)
            finally:
                await generator.aclose()

        asyncio.run(held())

    async def within(self, call: Awaitable[GeneratedEmbeddings]) -> GeneratedEmbeddings:
        """Await what is no coroutine, perhaps."""
        return await call

    def numbered(self) -> list[str]:
        """Return many different texts."""
        return [f"{self.texts[number % len(self.texts)]}, number {number}" for number in range(self.many)]

    def same(self, found: Floats, expected: Floats, wrong: str) -> None:
        """Compare vectors."""
        np.testing.assert_allclose(found, expected, rtol=0, atol=self.tolerance, err_msg=wrong)

    def unmixed(self, calls: Sequence[Sequence[str]], made: Sequence[GeneratedEmbeddings]) -> None:
        """Compare the vectors that each text got in several calls."""
        first = dict(zip(calls[0], made[0].vectors, strict=True))
        for texts, answer in zip(calls, made, strict=False):
            for text, vector in zip(texts, answer.vectors, strict=True):
                self.same(vector, first[text], "calls at once got each other's vectors")
