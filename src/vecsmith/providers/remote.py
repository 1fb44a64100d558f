"""A generator for any remote service: a dialect, an address and a model's row are all that differs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping  # noqa: TC003 (settings are of the types that they are annotated with)
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from vecsmith.errors import Closed, ConfigError, InputError
from vecsmith.pacing import pacer_for
from vecsmith.portal import aside, over
from vecsmith.providers.contract import GeneratedEmbeddings, GenerationOptions, Identity, Metadata
from vecsmith.providers.paid import Paid
from vecsmith.providers.settings import Settings, setting
from vecsmith.space import Space
from vecsmith.types import Estimate, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.dialects import Asked, ClientSide
    from vecsmith.providers.counting import Count, Weights
    from vecsmith.providers.delivery import Line
    from vecsmith.providers.descriptors import ModelDescriptor
    from vecsmith.types import OnLong
    from vecsmith.wire import Limits, Service, Transport

__all__ = ["RemoteGenerator", "RemoteSettings"]

T = TypeVar("T")

CLOSED = "the embedder was closed: make a new one"

WINDOW = 256
"""Texts that a call should bring at least, so that requests are full."""


class RemoteSettings(Settings):
    """What every remote provider may be told."""

    concurrency: int | None = setting("Requests at once, at most", default=None, positive=True)
    request_timeout: float = setting("Seconds for one request", default=60.0, positive=True)
    requests_per_minute: float | None = setting(
        "What the account allows, where the service does not say", default=None, positive=True
    )
    tokens_per_minute: float | None = setting(
        "What the account allows, where the service does not say", default=None, positive=True
    )
    rows: Mapping[str, Mapping[str, Any]] | None = setting("A person's own rows of the catalogue", default=None)

    def within(self, limits: Limits) -> Limits:
        """Return a model's limits with what is set here."""
        return replace(
            limits,
            in_flight=self.concurrency or limits.in_flight,
            requests_per_minute=self.requests_per_minute or limits.requests_per_minute,
            tokens_per_minute=self.tokens_per_minute or limits.tokens_per_minute,
        )


@dataclass(slots=True)
class RemoteGenerator:
    """One model of a remote service: packed into requests, paced, tried again, each text once and in order."""

    service: Service
    model: ModelDescriptor
    dialect: ClientSide
    settings: RemoteSettings = field(default_factory=RemoteSettings)
    transport: Transport | None = None
    """What carries the requests; None for HTTP."""
    names: Sequence[str] = ()
    """The service's models that are known, to name one where this one is not."""
    paid: Paid = field(default_factory=Paid, repr=False)
    count: Count | None = field(default=None, repr=False)
    """Counts with the model's own tokenizer; None where that is not here, or nothing was to be counted yet."""
    closed: bool = False
    running: set[asyncio.Task[GeneratedEmbeddings]] = field(init=False, default_factory=set, repr=False)
    """Calls under way, on the loop that has the connections."""

    @property
    def metadata(self) -> Metadata:
        """What this model is."""
        return Metadata(
            self.service.provider,
            self.model.ref.name,
            self.model.dimensions or 0,
            self.model.max_tokens or 0,
            self.service.base_url,
        )

    @property
    def limits(self) -> Limits:
        """What its requests may hold."""
        return self.settings.within(self.model.limits)

    @property
    def window(self) -> int:
        """How many texts fill a whole number of requests."""
        items = self.limits.items or WINDOW
        return items * -(-WINDOW // items)

    @property
    def ahead(self) -> int:
        """How many such windows keep all requests under way."""
        items = self.limits.items or WINDOW
        return 1 + -(-self.limits.in_flight * items // self.window)

    async def generate(self, values: Sequence[str], options: GenerationOptions | None = None) -> GeneratedEmbeddings:
        """Return one vector for each text, in order.

        Raises `InputError` for the texts that the service refuses, `ProviderError` where it does not answer, and
        `Closed` where the generator is closed meanwhile.
        """
        return await over(self.until_closed(values, options or GenerationOptions()))

    async def until_closed(self, values: Sequence[str], options: GenerationOptions) -> GeneratedEmbeddings:
        """Do so in a task that closing cancels, on the loop that has the connections."""
        if self.closed:
            raise Closed(CLOSED)
        task, own = asyncio.create_task(self.delivered(values, options)), asyncio.current_task()
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        try:
            return await task
        except asyncio.CancelledError:
            if own is not None and own.cancelling():
                raise
            raise Closed(CLOSED) from None

    async def delivered(self, values: Sequence[str], options: GenerationOptions) -> GeneratedEmbeddings:
        """Send the texts, and make of what comes back what was asked for."""
        from vecsmith.dialects import Asked
        from vecsmith.postprocess import unit
        from vecsmith.providers.delivery import Delivery

        identity = self.identity(options)
        self.check(values)
        prompt, sent = self.prompt(options), options.prompt if self.model.sends_prompt else None
        texts = [prompt + value for value in values] if prompt and sent is None else values
        task, title = self.task(options), self.title(options)
        asked = Asked(texts, self.model.ref.name, task, title, options.dimensions, options.on_long, sent)
        weights = await self.weights(asked)
        most = self.cuts_at(options.on_long)
        delivery = Delivery(self.line(options.dimensions), asked, weights, weights.read(most), self.paid)
        received = await delivery.run()
        if received.items:
            self.model = replace(self.model, limits=replace(self.model.limits, items=received.items))
        total = sum(count or 0 for count in received.tokens)
        price = self.model.price
        cost = None if price is None or None in received.tokens else total * price / 1e6
        vectors = unit(received.vectors) if self.normalizes(options) and len(values) else received.vectors
        width = vectors.shape[1]
        return GeneratedEmbeddings(
            vectors,
            Usage(total, total, received.requests, cost),
            received.model or self.model.ref.name,
            replace(identity.space, dimensions=width, cut=width != (self.model.dimensions or width)),
            [count or 0 for count in received.tokens],
            weights.dropped(most) if self.tells(weights, options.on_long) else None,
        )

    async def weights(self, asked: Asked) -> Weights:
        """Return what texts weigh, counted where that may save requests, or tells what is cut off."""
        from vecsmith.providers.counting import weighed

        before = self.put_before(asked)
        light, limit, most = weighed(asked.texts, before), self.limits.tokens, self.cuts_at(asked.on_long)
        many = limit is not None and sum(light.tokens) > limit
        long = most is not None and max(light.tokens, default=0) > most
        if not self.model.tokenizer or not (many or long):
            return light
        return await aside(partial(self.counted, asked.texts, before))

    def counted(self, texts: Sequence[str], before: str) -> Weights:
        """Return what texts weigh, as the model's own tokenizer counts them if it is here."""
        from vecsmith.providers.counting import counter, weighed

        if self.count is None and self.model.tokenizer:
            self.count = counter(self.model.tokenizer)
        return weighed(texts, before, self.count)

    def cuts_at(self, on_long: OnLong) -> int | None:
        """Return how many tokens the service reads before it cuts a text off; None where it cuts none."""
        return self.model.max_tokens if on_long in self.model.cuts_long else None

    def tells(self, weights: Weights, on_long: OnLong) -> bool:
        """Whether it is known what the service cuts off these texts: it does not say so itself."""
        if on_long not in self.model.cuts_long:
            return True
        most = self.model.max_tokens
        return most is not None and (weights.exact or max(weights.tokens, default=0) <= most)

    def put_before(self, asked: Asked) -> str:
        """Return what the service itself puts before every text."""
        return (asked.prompt or "") + self.model.own_prompts.get(asked.task or "", "")

    def estimate(self, values: Sequence[str], options: GenerationOptions) -> Estimate:
        """Return what these texts would consume: counted, or as English and Chinese have tokens on average."""
        from vecsmith.dialects import Asked
        from vecsmith.packing import pack

        self.identity(options)
        prompt, name = self.prompt(options), self.model.ref.name
        sent = [prompt + value for value in values]
        before = self.put_before(Asked((), name, self.task(options)))
        weights = self.counted(sent, before)
        most = self.cuts_at(options.on_long)
        tokens = sum(weights.read(most) if weights.exact else (about(before + text) for text in sent))
        limits, price = self.limits, self.model.price
        return Estimate(
            tokens,
            len(pack(weights.tokens, weights.bytes, limits)),
            None if price is None else tokens * price / 1e6,
            limits.requests_per_minute,
            limits.tokens_per_minute,
            exact=weights.exact,
        )

    def check(self, values: Sequence[str]) -> None:
        """Refuse texts that the service would refuse, with all others of their request."""
        if self.model.empty:
            return
        bad = [
            InputError(f"{self.service.provider} embeds no empty text: leave it out", index=index)
            for index, value in enumerate(values)
            if not value
        ]
        if bad:
            raise InputError(bad[0].reason, index=bad[0].index, others=bad[1:])

    def line(self, width: int | None) -> Line:
        """Return the way to the model, whose pace all share that use the same key."""
        from vecsmith.providers.delivery import Line
        from vecsmith.providers.failures import Failures

        key = (self.service.base_url, self.service.api_key, self.model.ref.name)
        return Line(
            self.service,
            self.dialect,
            self.carrier(),
            pacer_for(key, self.limits),
            self.limits,
            self.settings.request_timeout,
            width or self.model.dimensions,
            Failures(self.service, self.names),
        )

    def carrier(self) -> Transport:
        """Return what carries the requests."""
        from vecsmith.transport import HttpTransport

        if self.transport is None:
            self.transport = HttpTransport(self.service.provider)
        return self.transport

    def normalizes(self, options: GenerationOptions) -> bool:
        """Whether vectors are made of length one here."""
        return self.model.normalized if options.normalize is None else options.normalize

    def prompt(self, options: GenerationOptions) -> str:
        """Return what is put before every text."""
        from vecsmith.prompts import Prompts

        if options.prompt is not None:
            return options.prompt
        return (
            "" if self.model.prompts is None else Prompts.of(self.model.prompts, {}).text(options.task, options.title)
        )

    def prompt_kind(self) -> str:
        """Return the family of prompts, as a vector space names it."""
        from vecsmith.prompts import Prompts

        if self.model.prompts is not None:
            return Prompts.of(self.model.prompts, {}).kind
        return "wire" if self.model.tasks else "none"

    def task(self, options: GenerationOptions) -> str | None:
        """Return the task in the service's own spelling; None where the prompt says it, or nothing does."""
        if options.task is None or options.prompt is not None:
            return self.model.default_task
        return self.model.tasks.get(options.task, self.model.default_task)

    def title(self, options: GenerationOptions) -> str | None:
        """Return the title that goes beside the text, to a service that takes one."""
        if options.title is not None and options.task != "retrieval_document":
            raise ConfigError("a title belongs to task='retrieval_document': leave it out, or name that task")
        return options.title if self.model.titles and options.prompt is None else None

    def identity(self, options: GenerationOptions) -> Identity:
        """Return all that changes a vector, besides the text."""
        if options.on_long in {"chunk", "mean", "late"}:
            raise ConfigError("cutting texts needs the model's own tokenizer, which this generator does not have")
        self.model.check_dimensions(options.dimensions)
        self.model.check_long(options.on_long)
        ref, native, kind, group = self.model.ref, self.model.dimensions or 0, self.prompt_kind(), self.model.group
        revision = self.model.revision
        space = Space(str(ref), revision, "provider", kind, native, cut=False, normalized=False, group=group)
        parts: dict[str, str | int] = {
            "model": str(ref),
            "address": self.elsewhere(),
            "task": self.task(options) or "",
            "title": self.title(options) or "",
            "prompt": self.prompt(options),
            "sent": int(self.model.sends_prompt and options.prompt is not None),
            "dimensions": options.dimensions or 0,
            "cut": "start" if options.on_long == "truncate_start" else "end",
        }
        if revision is not None:
            parts["revision"] = revision
        return Identity(space, self.model.normalized, parts, cuts=True)

    def elsewhere(self) -> str:
        """Return the address, where another service than the provider's own may stand behind the model's name."""
        field = self.settings.fields.get("base_url")
        own = field is not None and getattr(self.settings, "base_url", None) == field.default
        return "" if own else self.service.base_url

    def get_service(self, kind: type[T], key: str | None = None) -> T | None:
        """Return this generator or its transport, if it is a `kind`."""
        if key is not None:
            return None
        return next((part for part in (self, self.transport) if isinstance(part, kind)), None)

    async def aclose(self) -> None:
        """Break off what is under way, and close the connections."""
        self.closed = True
        await over(self.stop())

    async def stop(self) -> None:
        """Do so, on the loop that has the connections."""
        loop = asyncio.get_running_loop()
        running = [task for task in self.running if task.get_loop() is loop]  # and not the parent process's
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self.transport is not None:
            await self.transport.aclose()


def about(text: str) -> int:
    """Return about how many tokens a text has: one for four ASCII characters, one for any other."""
    plain = len(text.encode("ascii", "ignore"))
    return max(1, -(-plain // 4) + len(text) - plain)
