"""What servers of one model do, and edge functions: embed with the model's own prompts and tokens, compare, unpool."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith import __version__
from vecsmith.dialects.serving import Problem
from vecsmith.dialects.tei_server import Cosines, NativeRequest, SimilarityRequest, TokenVectors
from vecsmith.local import LocalGenerator
from vecsmith.postprocess import check, normalize
from vecsmith.prepare import prepare
from vecsmith.providers.contract import GenerationOptions
from vecsmith.server.menu import beneath
from vecsmith.server.works.deadline import answering
from vecsmith.server.works.embed import embed
from vecsmith.server.works.prompting import named_prompt
from vecsmith.server.works.tokens import texts_of_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.dialects.functions import FunctionRequest
    from vecsmith.dialects.serving import EmbedAnswer, EmbedRequest
    from vecsmith.options import Options
    from vecsmith.server.service import Service
    from vecsmith.server.visit import Visit
    from vecsmith.types import Floats

__all__ = ["compare", "embed_here", "embed_or_compare", "function", "info", "unpooled"]

MOST_TOKENS = 16_384
"""Tokens of a request whose vectors are all sent: each takes some kilobytes of JSON."""


async def embed_here(service: Service, request: EmbedRequest, visit: Visit) -> EmbedAnswer:
    """Embed texts, or the model's own token ids, with the prompt that is named."""
    return await embed(service, await resolved(service, request, visit), visit)


async def compare(service: Service, request: SimilarityRequest, visit: Visit) -> Cosines:
    """Return the cosine of the first text with each of the others."""
    unit = replace(request, options={**request.options, "normalize": True})
    answer = await embed_here(service, unit, visit)
    vectors = answer.vectors["float32"]
    return Cosines(vectors[1:] @ vectors[0], answer)


async def embed_or_compare(service: Service, request: NativeRequest, visit: Visit) -> EmbedAnswer | Cosines:
    """Do whichever is asked."""
    if isinstance(request, SimilarityRequest):
        return await compare(service, request, visit)
    return await embed_here(service, request, visit)


async def unpooled(service: Service, request: NativeRequest, visit: Visit) -> TokenVectors:
    """Return the vector of every token of each text."""
    asked = await resolved(service, request, visit)
    return await token_vectors(service, asked, visit)


async def function(service: Service, request: FunctionRequest, visit: Visit) -> Floats:
    """Embed as the edge functions' sessions do: (texts, numbers)."""
    served = service.menu.find(request.model, visit.caller)
    check_count(service, len(request.texts))
    local: LocalGenerator | None = beneath(served.embedder.generator, LocalGenerator)
    pools = local is None or local.folder.pooling == "mean"
    if request.mean_pool is None or (request.mean_pool and pools):
        vectors: Floats = (await embed(service, request, visit)).vectors["float32"]
        return vectors
    if "dimensions" in request.options:
        raise Problem("input", f"mean_pool is not how {served.name} pools: leave it, or dimensions, out")
    rows = (await token_vectors(service, request, visit)).rows
    flat = [row.mean(axis=0) if request.mean_pool else row.reshape(-1) for row in rows]
    unit = request.options.get("normalize", True)
    return np.stack([normalize(row) if unit else row for row in flat])


async def info(service: Service, request: str | None, visit: Visit) -> dict[str, Any]:
    """Say what a model is, and how much is taken at once."""
    served = service.menu.find(request, visit.caller)
    visit.model = served.name
    card, settings = service.menu.cards[served.name], service.settings
    return {
        "model_id": card.title or card.name,
        "model_sha": card.digest or None,
        "model_dtype": "float32",
        "served_model_name": card.name,
        "model_type": {"embedding": {"pooling": card.pooling}},
        "max_concurrent_requests": settings.max_requests,
        "max_input_length": card.max_tokens,
        "max_batch_tokens": MOST_TOKENS,
        "max_batch_requests": None,
        "max_client_batch_size": settings.max_batch,
        "auto_truncate": settings.on_long != "error",
        "tokenization_workers": 1,
        "version": __version__,
        "sha": None,
        "docker_label": None,
    }


async def resolved(service: Service, request: EmbedRequest, visit: Visit) -> EmbedRequest:
    """Return the same question in texts, with the prompt that it names."""
    served = service.menu.find(request.model, visit.caller)
    check_count(service, len(request.texts if request.ids is None else request.ids))
    if isinstance(request, NativeRequest):
        prompt = named_prompt(served, request.prompt_name)
        if prompt is not None:
            request = replace(request, options={"prompt": prompt, **request.options})
    if request.ids is not None:
        texts = await texts_of_ids(served, request.ids)
        request = replace(request, texts=texts, ids=None)
    return request


def check_count(service: Service, texts: int) -> None:
    """Refuse more texts than the operator allows in one request."""
    most = service.settings.max_batch
    if texts > most:
        raise Problem("too_many", f"{texts} texts are more than the {most} of one request: send fewer at once")


async def token_vectors(service: Service, request: EmbedRequest, visit: Visit) -> TokenVectors:
    """Return the vector of every token of each text, special tokens included."""
    served = service.menu.find(request.model, visit.caller)
    local: LocalGenerator | None = beneath(served.embedder.generator, LocalGenerator)
    if local is None:
        raise Problem("unsupported", f"{served.name} gives no vectors of tokens: ask for a model of this machine")
    visit.model, visit.ignored, visit.texts = served.name, tuple(request.ignored), len(request.texts)
    async with answering(service, sum(map(len, request.texts))):
        options = reading(served.options(request, service.settings.on_long))
        encoded = await local.encode(prepare(request.texts).texts, options)
        tokens = sum(map(len, encoded.rows))
        if tokens > MOST_TOKENS:
            raise Problem("too_many", f"{tokens} tokens are more than the {MOST_TOKENS} of one request: send fewer")
        rows = await local.unpooled(encoded)
        checked(rows)
    visit.tokens, visit.dropped, visit.space = tokens, sum(encoded.dropped), str(local.space(options))
    return TokenVectors(rows, tokens, visit.seconds)


def reading(options: Options) -> GenerationOptions:
    """Return how texts are read; raise `Problem` for what cuts them into several."""
    if options.on_long in {"chunk", "mean", "late"}:
        raise Problem("input", f"on_long={options.on_long!r} is not for vectors of tokens: use 'truncate' or 'error'")
    return GenerationOptions(
        None, normalize=False, on_long=options.on_long, prompt=options.prompt, task=options.task, title=options.title
    )


def checked(rows: Sequence[Floats]) -> None:
    """Refuse numbers that are none."""
    for row in rows:
        check(row)
