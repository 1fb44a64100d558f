"""The models that are known here, as the original lists them."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING

from vecsmith.compat.generativeai.asked import PREFIX, member, model_name, options_of
from vecsmith.compat.generativeai.configured import blocking
from vecsmith.compat.generativeai.foreign import bad, method, resource_name
from vecsmith.compat.generativeai.types import Model
from vecsmith.names import builtin
from vecsmith.portal import run
from vecsmith.providers import ModelDescriptor, ModelRef
from vecsmith.providers.catalogue import models_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["get_base_model", "get_model", "list_models"]

METHODS = ("embedContent", "batchEmbedContents", "embedText", "batchEmbedText")
"""What every model here can do; the original's programs look for ``embedContent`` or ``embedText`` among them."""

LISTED = "supported_generation_methods"

VERSIONED = re.compile(r"(?P<base>.+)-(?P<version>\d{3})")


def get_model(name: object, *, client: object = None, request_options: object = None) -> Model:
    """Return what is known of a model: ``models/NAME``, NAME, or an object with ``name``.

    Args:
        name: Any that `generate_embeddings` takes; one that is in no list is opened to see.
        client: None, or an object with ``get_model(name=…)`` that is asked instead.
        request_options: Passed to the client.

    Raises `ValueError` for a model that there is none of.
    """
    wanted, options = model_name(name), options_of(request_options)
    if client is not None:
        return copied(method(client, "get_model")(name=resource_name(wanted), **options), client)
    full = wanted if isinstance(wanted, str) and ":" in wanted else f"local:{wanted}"
    known = next((row for row in rows_of(full.partition(":")[0]) if str(row.ref) == full), None)
    return described(known or seen(wanted))


def get_base_model(name: object, *, client: object = None, request_options: object = None) -> Model:
    """Do what `get_model` does; there are no tuned models here."""
    return get_model(name, client=client, request_options=request_options)


def list_models(
    *, page_size: int | None = 50, client: object = None, request_options: object = None
) -> Iterator[Model]:
    """Yield the models known by name: those inside the package, then Google's.

    Args:
        page_size: How many a foreign client fetches at a time.
        client: None, or an object with ``list_models(page_size=…)`` that is asked instead.
        request_options: Passed to the client.
    """
    options = options_of(request_options)
    if client is not None:
        for model in method(client, "list_models")(page_size=page_size, **options):
            yield copied(model, client)
        return
    for provider in ("local", "gemini"):
        yield from map(described, rows_of(provider))


def rows_of(provider: str) -> Sequence[ModelDescriptor]:
    """Return the models of a provider that are known without asking it."""
    if provider == "local":
        local = builtin("local")
        return run(local.embeddings().get_models(local.settings_type()()))
    return models_of(provider, {})


def seen(model: str | Path) -> ModelDescriptor:
    """Return what a model says of itself when it is opened."""
    metadata = blocking(model).metadata
    ref = ModelRef(metadata.provider, str(model).removeprefix(f"{metadata.provider}:"))
    return ModelDescriptor(ref, metadata.model, metadata.dimensions or None, metadata.max_tokens or None)


def described(row: ModelDescriptor) -> Model:
    """Return a model in the original's shape."""
    bare = row.ref.name if row.ref.provider in {"local", "gemini"} else str(row.ref)
    parts = VERSIONED.fullmatch(bare)
    width = f"{row.dimensions} dimensions" if row.dimensions else "embeddings"
    return Model(
        name=PREFIX + bare,
        base_model_id=parts["base"] if parts else bare,
        version=parts["version"] if parts else "",
        display_name=row.title,
        description=f"{width}, by the provider {row.ref.provider}",
        input_token_limit=row.max_tokens or 0,
        output_token_limit=1,
        supported_generation_methods=list(METHODS),
    )


def copied(model: object, client: object) -> Model:
    """Return a foreign client's model in our own shape; what it does not say is empty."""
    said = {field.name: member(model, field.name) for field in fields(Model)}
    if not isinstance(said["name"], str):
        raise bad(client, "a model without a name")
    numbers = {name: said[name] or 0 for name in ("input_token_limit", "output_token_limit")}
    texts = {name: said[name] or "" for name in ("base_model_id", "version", "display_name", "description")}
    return Model(**said | numbers | texts | {LISTED: list(said[LISTED] or ())})
