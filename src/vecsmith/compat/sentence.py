"""The arguments of sentence-transformers, which drop-ins for frameworks pass on, in vecsmith's words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from vecsmith.compat.naming import ARITHMETIC, MODEL_KWARGS, NUMBERS, PROCESSOR_KWARGS, number_of
from vecsmith.errors import ConfigError
from vecsmith.local import LocalGenerator

if TYPE_CHECKING:
    from vecsmith.options import CallOptions
    from vecsmith.providers import Generates
    from vecsmith.types import Compute

__all__ = ["Loading", "encoding", "loading"]

Check = Callable[[Any], str | None]
"""Says what is wrong with a value; None where nothing is."""


def only(*values: Any) -> Check:
    """Return a check that allows these values."""
    names = " or ".join(map(repr, values))
    return lambda value: None if value in values else f"can only be {names} here: leave it out"


def anything(value: Any) -> None:
    """Allow all."""


def nothing(value: Any) -> str | None:
    """Allow what says nothing."""
    return "cannot be used here: leave it out" if value else None


def key(value: Any) -> str | None:
    """Allow what is no key itself."""
    return "cannot be used here: set the variable HF_TOKEN" if isinstance(value, str) else None


WITHOUT_EFFECT = frozenset(
    {"backend", "batch_size", "chunk_size", "convert_to_numpy", "convert_to_tensor", "device", "model_card_data"}
    | {"show_progress_bar", "similarity_fn_name", "trust_remote_code"}
)
"""Arguments that change nothing about the vectors, which are lists by one engine, in batches that it plans."""

LOADED: Mapping[str, Check] = {
    "cache_folder": anything,
    "config_kwargs": nothing,
    "default_prompt_name": anything,
    "local_files_only": anything,
    "model_kwargs": anything,
    "modules": nothing,
    "processor_kwargs": anything,
    "prompts": anything,
    "revision": anything,
    "token": key,
    "tokenizer_kwargs": anything,
    "truncate_dim": anything,
    "use_auth_token": key,
}
"""What else a model may be loaded with, and what is wrong with a value."""

ENCODED: Mapping[str, Check] = {
    "normalize_embeddings": anything,
    "output_value": only("sentence_embedding", None),
    "pool": nothing,
    "precision": only("float32"),
    "prompt": anything,
    "prompt_name": anything,
    "truncate_dim": anything,
}
"""What else texts may be encoded with."""

ALWAYS = {"query": "", "document": ""}
"""The names of prompts that every model has, until its files say otherwise."""


@dataclass(frozen=True, slots=True)
class Loading:
    """What a model is loaded with."""

    revision: str | None = None
    cache_folder: str | None = None
    local_files_only: bool = False
    dimensions: int | None = None
    compute: Compute = "auto"
    max_tokens: int | None = None
    prompts: Mapping[str, str] = field(default_factory=dict)
    default_prompt_name: str | None = None

    def text(self, name: str, generator: Generates) -> str:
        """Return the prompt of a name, the caller's before the model's own; `ConfigError` where there is none."""
        local = local_of(generator)
        prompts = {**ALWAYS, **(local.prompts.own if local else {}), **self.prompts}
        if name not in prompts:
            raise ConfigError(f"the model has no prompt {name!r}: name one of {', '.join(sorted(prompts))}")
        return prompts[name]

    def default(self, generator: Generates) -> str | None:
        """Return the name of the prompt that is put before texts where a call names none."""
        local = local_of(generator)
        if self.default_prompt_name is not None or local is None or not local.prompts.default:
            return self.default_prompt_name
        prompts = local.prompts
        return next((name for name, text in prompts.own.items() if text == prompts.default), None)


def local_of(generator: Generates) -> LocalGenerator | None:
    """Return the model on this machine, whose files are known; None for any other."""
    find = getattr(generator, "get_service", None)
    return find(LocalGenerator) if find else None


def check(given: Mapping[str, Any], known: Mapping[str, Check], what: str) -> None:
    """Raise `ConfigError` for an argument that is not known, or cannot be honoured."""
    for name, value in given.items():
        if name in WITHOUT_EFFECT:
            continue
        if name not in known:
            near = get_close_matches(name, [*known, *WITHOUT_EFFECT], n=1)
            raise ConfigError(f"{what} has no {name!r}: " + (f"did you mean {near[0]!r}?" if near else "leave it out"))
        if wrong := known[name](value):
            raise ConfigError(f"{name} {wrong}")


def foreign(given: Mapping[str, Any], known: Collection[str], what: str) -> None:
    """Raise `ConfigError` for an argument that is passed on to PyTorch or a tokenizer, and means something there."""
    if others := [name for name in given if name not in known]:
        raise ConfigError(f"{what}[{others[0]!r}] cannot be honoured here: leave it out")


def loading(given: Mapping[str, Any]) -> Loading:
    """Read the arguments of ``SentenceTransformer``; raise `ConfigError` for what cannot be honoured."""
    check(given, LOADED, "model_kwargs")
    model, processor = (dict(given.get(name) or {}) for name in ("model_kwargs", "processor_kwargs"))
    processor |= given.get("tokenizer_kwargs") or {}
    number = number_of(model)
    if number not in ARITHMETIC:
        raise ConfigError(f"vecsmith does not compute in {number}: leave dtype out")
    most = processor.pop("model_max_length", None)
    foreign(model, {*MODEL_KWARGS, *NUMBERS}, "model_kwargs")
    foreign(processor, PROCESSOR_KWARGS, "processor_kwargs")
    return Loading(
        revision=given.get("revision"),
        cache_folder=given.get("cache_folder"),
        local_files_only=bool(given.get("local_files_only")),
        dimensions=given.get("truncate_dim"),
        compute=ARITHMETIC[number],
        max_tokens=most,
        prompts=dict(given.get("prompts") or {}),
        default_prompt_name=given.get("default_prompt_name"),
    )


def encoding(given: Mapping[str, Any], loaded: Loading, generator: Generates) -> CallOptions:
    """Read the arguments of ``encode``; raise `ConfigError` for what cannot be honoured.

    As there, a prompt comes before a prompt's name, and that before the default one's; and vectors that need not be
    normalised are as the model's own files say.
    """
    check(given, ENCODED, "encode_kwargs")
    prompt, name = given.get("prompt"), given.get("prompt_name") or loaded.default(generator)
    if prompt is None and name is not None:
        prompt = loaded.text(name, generator)
    return {
        "prompt": prompt,
        "normalize": True if given.get("normalize_embeddings") else None,
        "dimensions": given.get("truncate_dim") or loaded.dimensions,
    }
