"""No more calls at once, and no more in a minute, than are allowed."""

from __future__ import annotations

import asyncio
import weakref
from concurrent.futures import Future
from typing import TYPE_CHECKING, ClassVar

from vecsmith.errors import RateLimited
from vecsmith.middleware.layer import Layer, checked
from vecsmith.pacing import Pacer
from vecsmith.portal import start
from vecsmith.wire import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.providers import GeneratedEmbeddings, Generates, GenerationOptions

__all__ = ["Limited"]


class Limited(Layer):
    """Lets calls go as soon as each may, in the order in which they came; from any number of event loops.

    Args:
        inner: What is asked.
        in_flight: Calls at once, at most.
        requests_per_minute: Calls in a minute; None for any number.
        tokens_per_minute: Tokens in a minute; None for any number. A call is taken for as many as its texts have bytes,
            until answers tell how many it takes.

    A `RateLimited` of the inner generator slows all calls down, and is raised. Raises `ConfigError` for limits that
    would let nothing go.
    """

    waits: ClassVar[bool] = True

    def __init__(
        self,
        inner: Generates,
        *,
        in_flight: int = 16,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
    ) -> None:
        super().__init__(inner)
        checked("in_flight", in_flight)
        checked("requests_per_minute", requests_per_minute)
        checked("tokens_per_minute", tokens_per_minute)
        self.limits = Limits(
            in_flight=in_flight, requests_per_minute=requests_per_minute, tokens_per_minute=tokens_per_minute
        )
        self.pacers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Pacer] = weakref.WeakKeyDictionary()
        """One, of the portal's loop, where all turns are given; a forked child has its own."""

    async def generate(self, values: Sequence[str], options: GenerationOptions | None = None) -> GeneratedEmbeddings:
        """Wait for this call's turn, and make it."""
        turn: Future[None] = Future()
        spent: Future[int | None] = Future()
        holding = start(self.hold(sum(len(value.encode("utf-8", "replace")) for value in values), turn, spent))
        try:
            await asyncio.wrap_future(turn)
            made = await super().generate(values, options)
        except RateLimited as error:
            spent.set_exception(error)
            raise
        except BaseException:
            holding.cancel()
            raise
        spent.set_result(made.usage.total_tokens)
        return made

    async def hold(self, tokens: int, turn: Future[None], spent: Future[int | None]) -> None:
        """Say when it is a call's turn, and hold its place until it tells what it has spent."""
        pacer = self.pacers.setdefault(asyncio.get_running_loop(), Pacer(self.limits))
        async with pacer.slot(tokens) as slot:
            if turn.set_running_or_notify_cancel():
                turn.set_result(None)
                try:
                    slot.used(await asyncio.wrap_future(spent))
                except RateLimited as error:
                    pacer.refused(error.retry_after)
