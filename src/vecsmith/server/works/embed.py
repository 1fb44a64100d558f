"""What can be asked of the server, whatever the wire format: a question in, an answer out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vecsmith.dialects.serving import EmbedAnswer, Problem, Several
from vecsmith.encodings import encode
from vecsmith.errors import EmbedError, InputError
from vecsmith.server.gate import busy
from vecsmith.server.works.problems import problem_of
from vecsmith.server.works.shortened import also_dropped, shortened

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from numpy.typing import NDArray

    from vecsmith.dialects.serving import EmbedRequest, ModelCard
    from vecsmith.server.menu import Served
    from vecsmith.server.service import Service
    from vecsmith.server.visit import Visit
    from vecsmith.types import EmbedResult, Encoding, Lane

__all__ = ["embed", "embed_several", "model", "models", "nothing"]

STAGES = ("prepare", "cache", "model", "finish")
"""Those of a result's seconds."""

MOST_NUMBERS = 2**24
"""Of all vectors of an answer: each takes some twenty bytes of JSON."""

UNKNOWN_WIDTH = 1024
"""Numbers of a vector where a provider does not say."""

OURS = (
    " (a text that is too long is refused here unless the request says on_long, or the operator sets it under [server])"
)


async def embed(service: Service, request: EmbedRequest, visit: Visit) -> EmbedAnswer:
    """Embed texts."""
    return (await answers(service, [request], [range(len(request.ids or request.texts))], visit))[0]


async def embed_several(
    service: Service, request: EmbedRequest | Several, visit: Visit
) -> EmbedAnswer | Sequence[EmbedAnswer]:
    """Do so where texts may each want something else."""
    if isinstance(request, Several):
        return await answers(service, request.requests, request.places, visit)
    return await embed(service, request, visit)


async def answers(
    service: Service, requests: Sequence[EmbedRequest], places: Sequence[Sequence[int]], visit: Visit
) -> list[EmbedAnswer]:
    """Answer questions for one model at once, which takes one place in the queue."""
    first = requests[0]
    served = service.menu.find(first.model, visit.caller)
    visit.model, visit.ignored = served.name, tuple(first.ignored)
    visit.provider = service.menu.cards[served.name].owner
    texts = [texts_of(service, request) for request in requests]
    visit.texts = sum(map(len, texts))
    check_count(visit.texts, served)
    size = sum(len(text) for each in texts for text in each)
    if (seconds := served.backlog(size, visit.lane)) > service.settings.timeout / 2:
        raise busy(seconds / 2)  # at once, and not when its time is up and all work for it was for nothing
    with service.gate.place(size):
        parts = zip(requests, texts, places, strict=True)
        lane = visit.lane or served.lane(size)
        works = [embedded(service, served, *part, lane=lane) for part in parts]
        results = [await works[0]] if len(works) == 1 else await side_by_side(works)
    visit.space = ", ".join(dict.fromkeys(str(result.space) for result in results))
    visit.tokens = sum(sum(result.items.tokens) for result in results)
    visit.dropped = sum(sum(result.items.dropped) for result in results)
    visit.cached = sum(sum(map(bool, result.items.cached)) for result in results)
    visit.dimensions = results[0].dimensions
    for stage in STAGES:
        visit.stages[stage] = sum(getattr(result.seconds, stage) for result in results)
    return [answer(each, result, served, visit) for each, result in zip(requests, results, strict=True)]


def check_count(texts: int, served: Served) -> None:
    """Refuse more vectors than one answer can hold; most wire formats have their own, narrower bound."""
    most = MOST_NUMBERS // (served.embedder.metadata.dimensions or UNKNOWN_WIDTH)
    if texts > most:
        raise Problem("too_many", f"{texts:,} texts are more than the {most:,} of one answer: send fewer at once")


async def side_by_side(works: Sequence[Coroutine[Any, Any, EmbedResult]]) -> list[EmbedResult]:
    """Do works at once, so that they share batches; the first that fails ends all."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def answer(request: EmbedRequest, result: EmbedResult, served: Served, visit: Visit) -> EmbedAnswer:
    """Return what is told of a result."""
    return EmbedAnswer(
        encoded(result, request.encodings),
        result.items,
        sum(result.items.tokens),
        request.model or served.name,
        str(result.space),
        result.dimensions,
        visit.id,
        visit.seconds,
    )


async def embedded(
    service: Service,
    served: Served,
    request: EmbedRequest,
    texts: Sequence[str],
    places: Sequence[int],
    *,
    lane: Lane | None,
) -> EmbedResult:
    """Embed texts within the deadline; raise `Problem` for what cannot be, with its place among all texts."""
    try:
        async with asyncio.timeout(service.settings.timeout):
            options = served.options(request, service.settings.on_long)
            if lane is not None:
                options = replace(options, lane=lane)
            if request.max_tokens is None:
                return await served.embed(texts, options, together=request.together)
            shorter, dropped = await shortened(served, texts, request.max_tokens, options.on_long)
            return also_dropped(await served.embed(shorter, options, together=request.together), dropped)
    except TimeoutError:
        raise Problem("timeout", f"no answer within {service.settings.timeout:g} seconds: send fewer texts") from None
    except EmbedError as error:
        found = problem_of(error.at(places) if isinstance(error, InputError) else error)
        ours = service.settings.on_long or request.on_long
        if (
            isinstance(error, InputError)
            and error.index is not None
            and "on_long" not in request.options
            and ours == "error"
        ):
            found.message += OURS
        raise found from None


def encoded(result: EmbedResult, encodings: Sequence[Encoding]) -> dict[Encoding, NDArray[Any]]:
    """Return the vectors in each encoding; raise `Problem` for a width that one cannot hold."""
    try:
        return {encoding: encode(result.vectors, encoding) for encoding in encodings}
    except InputError as error:
        raise problem_of(error) from None


def texts_of(service: Service, request: EmbedRequest) -> Sequence[str]:
    """Return the texts of a request that may have brought token ids."""
    if request.ids is None:
        return request.texts
    if request.vocabulary == "cl100k_base" and service.ids is not None:
        return service.ids.texts(request.ids)
    raise Problem(
        "input",
        "token ids are not read here: send texts (in LangChain's OpenAIEmbeddings, check_embedding_ctx_length=False)",
        param="input",
    )


async def models(service: Service, request: object, visit: Visit) -> Sequence[ModelCard]:  # noqa: ARG001 (a work)
    """List the models that are served to who asks."""
    return service.menu.seen_by(visit.caller)


async def model(service: Service, request: str, visit: Visit) -> ModelCard:
    """Describe one of them, under the name that was asked for."""
    return service.menu.cards[service.menu.find(request, visit.caller).name]


async def nothing(service: Service, request: object, visit: Visit) -> None:
    """Do nothing, for what is answered without any work."""
