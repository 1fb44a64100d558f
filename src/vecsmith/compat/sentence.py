"""The arguments of sentence-transformers, which drop-ins for frameworks pass on, in vecsmith's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecsmith.errors import ConfigError
from vecsmith.local import LocalGenerator

if TYPE_CHECKING:
    from vecsmith.options import CallOptions
    from vecsmith.providers import Generates

__all__ = ["Loading", "encoding", "found", "loading"]

ALWAYS = {"query": "", "document": ""}
"""The names of prompts that every model has there, until its files say otherwise."""

WITHOUT_EFFECT = frozenset(
    {"backend", "batch_size", "chunk_size", "convert_to_numpy", "convert_to_tensor", "model_card_data"}
)
"""Arguments that change nothing about the vectors, which come as lists from one engine, in batches that it plans."""

Check = Callable[[Any], str | None]
"""Says what is wrong with a value; None where nothing is."""


def device(value: Any) -> str | None:
    """Say what is wrong with a device; None where it is the processor."""
    name = str(value).partition(":")[0]
    return (
        None if value is None or name == "cpu" else f"is {name!r}, and models run on the processor here: leave it out"
    )


def only(*values: Any) -> Check:
    """Return a check that allows these values."""
    names = " or ".join(map(repr, values))
    return lambda value: None if value in values else f"can only be {names} here: leave it out"


def nothing(advice: str = "leave it out") -> Check:
    """Return a check that allows what says nothing."""
    return lambda value: f"cannot be used here: {advice}" if value else None


def anything(value: Any) -> None:
    """Allow all."""


KEY = nothing("set the variable HF_TOKEN")
TORCH = nothing("it is for PyTorch, so leave it out")

LOADED: Mapping[str, Check] = {
    "cache_folder": anything,
    "config_kwargs": TORCH,
    "default_prompt_name": anything,
    "device": device,
    "local_files_only": anything,
    "model_kwargs": TORCH,
    "modules": TORCH,
    "processor_kwargs": TORCH,
    "prompts": anything,
    "revision": anything,
    "similarity_fn_name": anything,
    "token": KEY,
    "tokenizer_kwargs": TORCH,
    "truncate_dim": anything,
    "trust_remote_code": anything,  # a permission that is not made use of
    "use_auth_token": KEY,
}
"""What a model may be loaded with, and what is wrong with a value."""

ENCODED: Mapping[str, Check] = {
    "device": device,
    "normalize_embeddings": anything,
    "output_value": only("sentence_embedding", None),
    "pool": nothing(),
    "precision": only("float32"),
    "prompt": anything,
    "prompt_name": anything,
    "show_progress_bar": anything,
    "truncate_dim": anything,
}
"""What texts may be encoded with."""


def checked(given: Mapping[str, Any], known: Mapping[str, Check], what: str) -> None:
    """Raise `ConfigError` for an argument that is not known, or not to be honoured."""
    for name, value in given.items():
        if name in WITHOUT_EFFECT:
            continue
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise ConfigError(f"{what} has no {name!r}: " + (f"did you mean {near[0]!r}?" if near else "leave it out"))
        if wrong := known[name](value):
            raise ConfigError(f"{name} {wrong}")


@dataclass(frozen=True, slots=True)
class Loading:
    """What a model is loaded with."""

    revision: str | None = None
    cache_folder: str | None = None
    local_files_only: bool = False
    dimensions: int | None = None
    prompts: Mapping[str, str] = field(default_factory=dict)
    default_prompt_name: str | None = None

    def text(self, name: str, generator: Generates) -> str:
        """Return the prompt of a name: the caller's, else the model's own; raise `ConfigError` where there is none."""
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


def found(model: str) -> str | Path:
    """Return a model's name, or the folder of that name where there is one, as sentence-transformers looks first."""
    return Path(model) if model and Path(model).is_dir() else model


def loading(given: Mapping[str, Any]) -> Loading:
    """Read the arguments of ``SentenceTransformer``; raise `ConfigError` for what cannot be honoured."""
    checked(given, LOADED, "model_kwargs")
    return Loading(
        revision=given.get("revision"),
        cache_folder=given.get("cache_folder"),
        local_files_only=bool(given.get("local_files_only")),
        dimensions=given.get("truncate_dim"),
        prompts=dict(given.get("prompts") or {}),
        default_prompt_name=given.get("default_prompt_name"),
    )


def encoding(given: Mapping[str, Any], loaded: Loading, generator: Generates) -> CallOptions:
    """Read the arguments of ``encode``; raise `ConfigError` for what cannot be honoured.

    As there, a prompt comes before a prompt's name, and that before the default one's; and vectors that need not be
    normalised are as the model's own files say.
    """
    checked(given, ENCODED, "encode_kwargs")
    prompt, name = given.get("prompt"), given.get("prompt_name") or loaded.default(generator)
    if prompt is None and name is not None:
        prompt = loaded.text(name, generator)
    return {
        "prompt": prompt,
        "normalize": True if given.get("normalize_embeddings") else None,
        "dimensions": given.get("truncate_dim") or loaded.dimensions,
    }
