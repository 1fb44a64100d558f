"""A model opened by the arguments of the original's constructor: each is used, or refused in a sentence."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecsmith.compat.errors import ArgumentError, MissingModel
from vecsmith.compat.naming import ARITHMETIC, MODEL_KWARGS, NUMBERS, PROCESSOR_KWARGS, model_of, number_of
from vecsmith.compat.opened import check_devices, local_of, opened, tell
from vecsmith.compat.sentence_transformers.returned import number_named
from vecsmith.errors import ConfigError
from vecsmith.local.catalog import ALIASES, BUNDLED
from vecsmith.local.modules import read_json
from vecsmith.sync import Embedder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecsmith.local import LocalGenerator
    from vecsmith.types import Compute

__all__ = ["Loaded", "load", "loaded", "shortened"]

CONFIG = "config_sentence_transformers.json"

BACKENDS = ("torch", "onnx", "openvino")


@dataclass(frozen=True, slots=True)
class Loaded:
    """An open model, and what its own files say of how it is used."""

    model: str | Path
    revision: str | None
    compute: Compute
    embedder: Embedder
    local: LocalGenerator | None
    """What computes it; None where a service does."""
    config: Mapping[str, Any]
    """Its ``config_sentence_transformers.json``."""


def load(
    name: object,
    *,
    device: object,
    cache_folder: object,
    revision: str | None,
    local_files_only: bool,
    token: object,
    backend: str,
    model_kwargs: Mapping[str, Any] | None,
    processor_kwargs: Mapping[str, Any] | None,
) -> Loaded:
    """Open a model; raise `MissingModel` where there is none, and `ArgumentError` for what cannot be honoured."""
    if backend not in BACKENDS:
        raise ArgumentError(f"backend must be one of {', '.join(BACKENDS)}, not {backend!r}")
    model, compute = checked(name), compute_of(model_kwargs or {})
    most = length_of(processor_kwargs or {})
    check_devices(device)
    check_hub(model, token, cache_folder)
    return loaded(model, revision, compute, most, offline=local_files_only)


def loaded(
    model: str | Path, revision: str | None, compute: Compute, most: int | None, *, offline: bool = False
) -> Loaded:
    """Open a model, which reads `most` tokens of a text; None for what its files say."""
    embedder = opened(model, revision=revision, compute=compute, offline=offline)
    local = local_of(embedder)
    config = {} if local is None else read_json(local.folder.folder / CONFIG)
    found = Loaded(model, revision, compute, embedder, local, config)
    return found if most is None else shortened(found, most)


def checked(name: object) -> str | Path:
    """Return a model as vecsmith names it; raise `ArgumentError` or `MissingModel` for what names none."""
    if not isinstance(name, str | Path) or not str(name).strip():
        raise ArgumentError("name a model, such as 'all-MiniLM-L6-v2', or a folder: none can be made of modules here")
    if Path(name).is_file():
        raise MissingModel(f"{name} is a file: name the folder of the model")
    return model_of(name)


def compute_of(given: Mapping[str, Any]) -> Compute:
    """Return the arithmetic that ``model_kwargs`` asks for; raise `ArgumentError` for what cannot be honoured."""
    others = [name for name in given if name not in {*MODEL_KWARGS, *NUMBERS}]
    if others:
        raise ArgumentError(f"model_kwargs[{others[0]!r}] cannot be honoured here: leave it out")
    number_named(given, {})
    return ARITHMETIC[number_of(given)]


def length_of(given: Mapping[str, Any]) -> int | None:
    """Return the tokens that ``processor_kwargs`` lets a text have; None where it does not say."""
    others = [name for name in given if name not in {*PROCESSOR_KWARGS, "model_max_length"}]
    if others:
        raise ArgumentError(f"processor_kwargs[{others[0]!r}] cannot be honoured here: leave it out")
    most: int | None = given.get("model_max_length")
    return most


def check_hub(model: str | Path, token: object, cache_folder: object) -> None:
    """Refuse a token, and warn of a folder, that a download would be made without; others need neither."""
    if isinstance(model, Path) or ":" in model or ALIASES.get(model, model) in BUNDLED:
        return
    if token is not None and token is not True:
        raise ArgumentError("tokens are read from HF_TOKEN alone: set that variable, and leave token out")
    if cache_folder or os.environ.get("SENTENCE_TRANSFORMERS_HOME"):
        tell("cache_folder is not used: models are in the cache of Hugging Face, where HF_HUB_CACHE says")


def shortened(found: Loaded, most: object) -> Loaded:
    """Return the model reading texts of so many tokens, its special tokens included, and close it as it was."""
    from vecsmith.local import LocalGenerator

    local = found.local
    if local is None:
        raise ArgumentError("how much a service reads of a text cannot be set: cut the texts yourself")
    limit = positions(local)
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= limit:
        raise ArgumentError(f"max_seq_length must be a whole number from 1 to {limit}, not {most!r}")
    if most == local.folder.max_tokens:
        return found
    threads = local.engine.key.threads
    try:
        other = LocalGenerator.open(replace(local.folder, max_tokens=most), compute=found.compute, threads=threads)
    except ConfigError as error:
        raise ArgumentError(str(error)) from None
    found.embedder.close()
    return replace(found, embedder=Embedder.from_generator(other), local=other)


def positions(local: LocalGenerator) -> int:
    """Return how many tokens a model can read at most, whatever its own files allow."""
    from vecsmith.local.folder import read_max_tokens

    folder = local.folder
    try:
        return read_max_tokens(folder.folder, {"max_seq_length": LONGEST}, folder.config)
    except ConfigError:
        return LONGEST


LONGEST = 999_999
"""Tokens of a text, for models without a table of positions."""
