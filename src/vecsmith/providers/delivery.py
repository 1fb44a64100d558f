"""One call's texts to a provider and their vectors back: each once, in order, whatever happens on the way."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from mmap import mmap
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from vecsmith.dialects import fault
from vecsmith.errors import BadResponse, InputError, ProviderError, RateLimited, Unavailable
from vecsmith.packing import Parcel, pack
from vecsmith.providers.failures import Refused
from vecsmith.providers.paid import Given, Paid, given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenacity import RetryCallState

    from vecsmith.dialects import Answer, Asked, ClientSide, Fault
    from vecsmith.pacing import Pacer
    from vecsmith.providers.counting import Weights
    from vecsmith.providers.failures import Failures
    from vecsmith.types import Floats
    from vecsmith.wire import HttpResponse, Limits, Service, Transport

__all__ = ["Delivery", "Line", "Received"]

ATTEMPTS = 10
"""Times that a request is sent, where the service fails on it."""

LONGEST_ASKED = 60.0
"""Seconds of the longest pause that a service that is down may ask for, as one does that loads a model."""

UNKNOWN = 4
"""Times for a service that has never answered: an address that is wrong stays so."""

RESTART = 60.0
"""Seconds for which a service that has answered may be gone, as one is that is started anew."""

FIRST_WAIT, LONGEST_WAIT = 0.2, 10.0
"""Seconds before a failed request is sent again: the first time, and at most."""

PATIENCE = 600.0
"""Seconds of nothing but refusals after which a call gives up; a longer pause is not waited for."""

PROBE = "a"
"""A text that every model takes: where it is refused too, it is not a text that is wrong."""

LARGE = 2**20
"""Bytes of an array that is worth pages of its own."""


def pause(state: RetryCallState) -> float:
    """Return the seconds until a failed request is sent again: what the service asks for, or ever more."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, ProviderError) and error.retry_after is not None:
        return min(error.retry_after, LONGEST_ASKED)
    return wait_random_exponential(multiplier=2 * FIRST_WAIT, max=LONGEST_WAIT)(state)


UNREADABLE = (msgspec.MsgspecError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading an answer raises that is not of the shape that a dialect expects."""


@dataclass(frozen=True, slots=True)
class Line:
    """The way to one model of a service."""

    service: Service
    dialect: ClientSide
    transport: Transport
    pacer: Pacer
    limits: Limits
    timeout: float
    """Seconds for one request."""
    width: int | None
    """What every vector's must be, where that is known."""
    failures: Failures

    async def ask(self, asked: Asked, tokens: int) -> Answer:
        """Return the answer to one request, tried again while there is reason to."""
        waited = 0.0
        while True:
            try:
                return await self.tried(asked, tokens)
            except RateLimited as error:
                if not error.retryable or (error.retry_after or 0) > PATIENCE:
                    raise  # without a pause, which would hold up every later call
                waited += self.pacer.refused(error.retry_after)
                if waited > PATIENCE:
                    raise

    async def tried(self, asked: Asked, tokens: int) -> Answer:
        """Send a request until it is answered, refused, or has failed too often."""
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type((Unavailable, BadResponse)),
            stop=self.often_enough,
            wait=pause,
            reraise=True,
        ):
            with attempt:
                async with self.pacer.slot(tokens, self.limits.in_flight) as slot:
                    request = self.dialect.build_request(self.service, asked)
                    response = await self.transport.send(request, timeout=self.timeout)
                    slot.learn(response.headers)
                    answer = self.read(response, asked)
                    slot.used(answer.tokens)
                    return answer
        raise AssertionError  # the last attempt returns or raises

    def often_enough(self, state: RetryCallState) -> bool:
        """Whether a request was sent as often as there is reason to."""
        if not self.pacer.reached:
            return state.attempt_number >= UNKNOWN
        error = state.outcome.exception() if state.outcome else None
        gone = isinstance(error, Unavailable) and error.status is None
        return state.attempt_number >= ATTEMPTS and not (gone and (state.seconds_since_start or 0) < RESTART)

    def read(self, response: HttpResponse, asked: Asked) -> Answer:
        """Return what a response says, checked; raise what it is instead."""
        if response.status != 200:  # noqa: PLR2004 (no service here answers otherwise)
            raise self.failures.of(self.fault(response), response.status, asked.model)
        try:
            answer = self.dialect.read_response(response, asked)
        except UNREADABLE as error:
            raise self.failures.bad(f"an answer that cannot be read ({type(error).__name__})") from None
        shape = answer.vectors.shape
        if len(shape) != 2 or shape[0] != len(asked.texts):  # noqa: PLR2004 (rows and columns)
            raise self.failures.bad(f"{len(answer.vectors)} vectors for {len(asked.texts)} texts")
        if self.width is not None and shape[1] != self.width:
            raise self.failures.bad(f"vectors of {shape[1]} dimensions, not {self.width}")
        squares = np.einsum("nd,nd->n", answer.vectors, answer.vectors)
        if not (np.isfinite(squares) & (squares > 0)).all():
            raise self.failures.bad("a vector with NaN, infinity or length zero")
        return answer

    def fault(self, response: HttpResponse) -> Fault:
        """Return what a refusal means: by its status alone, where its body is none that the dialect can read."""
        try:
            return self.dialect.read_error(response)
        except UNREADABLE:
            return fault(response, "")


@dataclass(slots=True)
class Received:
    """What came back for a call."""

    vectors: Floats
    tokens: list[int | None]
    """For each text, its share of what its request cost; None where the service does not say."""
    there: list[bool]
    """Whether a text's vector came."""
    requests: int = 0
    model: str | None = None
    items: int | None = None
    """The most texts of a request, where that was learnt from requests that were refused for having more."""

    @classmethod
    def empty(cls, texts: int, width: int) -> Received:
        """Return the place for so many vectors."""
        return cls(room_for(texts, width), [None] * texts, [False] * texts)


@dataclass(slots=True)
class Delivery:
    """Takes the texts of one call through a line."""

    line: Line
    asked: Asked
    """With all texts of the call."""
    weights: Weights
    """Of each text."""
    read: Sequence[int]
    """Tokens that the service reads of each text, or what is in proportion to them."""
    paid: Paid = field(default_factory=Paid)
    received: Received | None = None
    bad: list[InputError] = field(default_factory=list)
    proven: bool = False
    """Whether a request like these was taken, so that a refusal is for the texts in it."""
    proving: asyncio.Lock = field(default_factory=asyncio.Lock)
    most_taken: int = 0
    """Texts of the largest request that was answered."""
    fewest_refused: int | None = None
    """Texts of the smallest request of several that was refused."""

    @property
    def costs(self) -> Sequence[int]:
        """Tokens of each text, at most."""
        return self.weights.tokens

    async def run(self) -> Received:
        """Send everything; raise `InputError` for the texts that are refused, or what else there is no way around.

        What came for a call that fails or is cancelled is kept.
        """
        try:
            received = await self.sent()
        except BaseException:
            self.save()
            raise
        if (note := given.get()) is not None:
            note(Given(self.paid, self.asked, received.tokens, received.vectors))
        return received

    async def sent(self) -> Received:
        """Send what is not paid for already."""
        known = self.paid.take(self.asked)
        for place, (vector, tokens) in known.items():
            self.put([place], vector[None], [tokens])
        left = [place for place in range(len(self.costs)) if place not in known]
        costs, sizes = ([each[place] for place in left] for each in (self.costs, self.weights.bytes))
        try:
            async with asyncio.TaskGroup() as group:
                for parcel in pack(costs, sizes, self.line.limits):
                    places = [left[place] for place in parcel.places]
                    group.create_task(self.deliver(Parcel(places, parcel.tokens), group))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        if self.bad:
            first, *others = sorted(self.bad, key=lambda error: error.index or 0)
            raise InputError(first.reason, index=first.index, others=others)
        received = self.received or Received.empty(0, self.line.width or 0)
        if self.fewest_refused is not None and self.most_taken < self.fewest_refused:
            received.items = self.most_taken  # no text was bad, so there were too many
        return received

    def save(self) -> None:
        """Keep what came for a call that fails."""
        if self.received is not None:
            for place in np.flatnonzero(self.received.there).tolist():
                self.paid.put(self.asked, place, self.received.vectors[place], self.received.tokens[place])

    async def deliver(self, parcel: Parcel, group: asyncio.TaskGroup) -> None:
        """Send one parcel, or its halves where it is too large or holds a text that is refused."""
        asked = replace(self.asked, texts=[self.asked.texts[place] for place in parcel.places])
        try:
            answer = await self.answered(asked, parcel.tokens)
        except Refused as refused:
            if refused.fault.kind == "refused" or not await self.is_for_texts(refused):
                raise self.line.failures.doubted(refused, self.asked.model) from None
            count = len(parcel.places)
            if count > 1:
                if refused.fault.kind == "input":  # the other kind is for bytes or tokens, which tell nothing of texts
                    self.fewest_refused = min(count, self.fewest_refused or count)
                for half in parcel.halves(self.costs):
                    group.create_task(self.deliver(half, group))
            else:
                self.bad.append(InputError(str(refused), index=parcel.places[0]))
            return
        self.proven, self.most_taken = True, max(self.most_taken, len(parcel.places))
        costs = [self.read[place] for place in parcel.places]
        tokens = [None] * len(costs) if answer.tokens is None else shares(answer.tokens, costs)
        received = self.put(parcel.places, answer.vectors, tokens)
        received.requests += 1
        received.model = received.model or answer.model

    async def answered(self, asked: Asked, tokens: int) -> Answer:
        """Return an answer whose vectors are as wide as those that came before."""
        for _ in range(ATTEMPTS):
            answer = await self.line.ask(asked, tokens)
            before = None if self.received is None else self.received.vectors.shape[1]
            width = answer.vectors.shape[1]
            if before in {None, width}:
                return answer
        raise self.line.failures.bad(f"vectors of {before} and of {width} dimensions")

    async def is_for_texts(self, refused: Refused) -> bool:
        """Whether a refusal is for the texts, and not for all requests like these."""
        if refused.fault.kind == "too_much":
            return True
        async with self.proving:
            if not self.proven:
                try:
                    await self.line.ask(replace(self.asked, texts=[PROBE]), 1)
                except Refused:
                    return False
                self.proven = True
        return True

    def put(self, places: Sequence[int], vectors: Floats, tokens: Sequence[int | None]) -> Received:
        """Put vectors where they belong; return all there are by now."""
        if self.received is None:
            self.received = Received.empty(len(self.costs), vectors.shape[1])
        received = self.received
        received.vectors[places] = vectors
        for place, count in zip(places, tokens, strict=True):
            received.there[place], received.tokens[place] = True, count
        return received


def room_for(rows: int, width: int) -> Floats:
    """Return an array (rows, width) whose memory goes back to the system with it; the allocator would keep it."""
    size = rows * width * 4
    if size < LARGE:
        return np.empty((rows, width), np.float32)
    return np.frombuffer(mmap(-1, size), np.float32).reshape(rows, width)


def shares(total: int, costs: Sequence[int]) -> list[int]:
    """Divide a sum in proportion to `costs`, in whole numbers that add up to it."""
    bounds = np.rint(np.cumsum([0, *costs], dtype=np.float64) * (total / max(1, sum(costs)))).astype(int)
    parts: list[int] = np.diff(bounds).tolist()
    return parts
