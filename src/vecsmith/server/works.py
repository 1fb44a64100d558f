"""What can be asked of the server, whatever the wire format: a question in, an answer out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vecsmith.dialects.serving import EmbedAnswer, Problem
from vecsmith.encodings import encode
from vecsmith.errors import EmbedError, InputError
from vecsmith.server.problems import problem_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vecsmith.dialects.serving import EmbedRequest, ModelCard
    from vecsmith.server.menu import Served
    from vecsmith.server.service import Service
    from vecsmith.server.visit import Visit
    from vecsmith.types import EmbedResult, Encoding, Lane

__all__ = ["embed", "model", "models", "nothing"]

OURS = (
    " (a text that is too long is refused here unless the request says on_long, or the operator sets it under [server])"
)


async def embed(service: Service, request: EmbedRequest, visit: Visit) -> EmbedAnswer:
    """Embed texts."""
    served = service.menu.find(request.model)
    visit.caller.check_model(served.name)
    visit.model, visit.ignored = served.name, tuple(request.ignored)
    texts = texts_of(service, request)
    visit.texts = len(texts)
    with service.gate.place(sum(map(len, texts))):
        result = await embedded(service, served, request, texts, visit.lane)
    visit.space, visit.tokens = str(result.space), sum(result.items.tokens)
    visit.dropped, visit.cached = sum(result.items.dropped), sum(map(bool, result.items.cached))
    return EmbedAnswer(
        encoded(result, request.encodings),
        result.items,
        visit.tokens,
        request.model or served.name,
        visit.space,
        result.dimensions,
        visit.id,
        visit.seconds,
    )


async def embedded(
    service: Service, served: Served, request: EmbedRequest, texts: Sequence[str], lane: Lane | None
) -> EmbedResult:
    """Do so within the deadline; raise `Problem` for what cannot be."""
    on_long = service.settings.on_long
    try:
        async with asyncio.timeout(service.settings.timeout):
            options = replace(served.options(request, on_long), lane=lane)
            return await served.embed(texts, options, together=request.together)
    except TimeoutError:
        raise Problem("timeout", f"no answer within {service.settings.timeout:g} seconds: send fewer texts") from None
    except EmbedError as error:
        found = problem_of(error)
        ours = on_long or request.on_long
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
    """List the models that are served."""
    return list(service.menu.cards.values())


async def model(service: Service, request: str, visit: Visit) -> ModelCard:  # noqa: ARG001 (a work)
    """Describe one of them, under the name that was asked for."""
    return service.menu.cards[service.menu.find(request).name]


async def nothing(service: Service, request: object, visit: Visit) -> None:
    """Do nothing, for what is answered without any work."""
