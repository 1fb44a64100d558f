"""From a model's name to its folder on this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from vecsmith.errors import ConfigError

__all__ = ["BUNDLED", "SHORT_NAMES", "Found", "find"]

BUNDLED = {"minilm": Path(__file__).parents[1] / "bundled" / "minilm"}
"""Models inside the package."""

ALIASES = {
    "all-MiniLM-L6-v2": "minilm",
    "sentence-transformers/all-MiniLM-L6-v2": "minilm",
}

SHORT_NAMES = {
    "all-MiniLM-L12-v2": "sentence-transformers/all-MiniLM-L12-v2",
    "bge-base-en-v1.5": "BAAI/bge-base-en-v1.5",
    "bge-large-en-v1.5": "BAAI/bge-large-en-v1.5",
    "bge-small-en-v1.5": "BAAI/bge-small-en-v1.5",
    "e5-base-v2": "intfloat/e5-base-v2",
    "e5-large-v2": "intfloat/e5-large-v2",
    "e5-small-v2": "intfloat/e5-small-v2",
    "gte-base": "thenlper/gte-base",
    "gte-large": "thenlper/gte-large",
    "gte-small": "thenlper/gte-small",
    "mxbai-embed-large-v1": "mixedbread-ai/mxbai-embed-large-v1",
    "multi-qa-MiniLM-L6-cos-v1": "sentence-transformers/multi-qa-MiniLM-L6-cos-v1",
}
"""Well-known models of the BERT architecture, by the name people use."""

LOOKS_LIKE_PATH = re.compile(r"[./~\\]|[A-Za-z]:[\\/]")
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True)
class Found:
    """A model on this machine."""

    name: str
    folder: Path
    bundled: bool = False


def find(model: str | Path, *, revision: str | None = None) -> Found:
    """Return where a model lies: bundled, a folder, or in this machine's Hugging Face cache.

    Raises `ConfigError` that says how to get a model that is not here.
    """
    if not isinstance(model, str | Path):
        raise ConfigError(f"a model is named by a string or a Path, not by {type(model).__name__}")
    if isinstance(model, Path) or LOOKS_LIKE_PATH.match(model):
        if revision is not None:
            raise ConfigError(f"{model} is a folder, which has one revision: leave revision out")
        return find_folder(Path(model))
    name = ALIASES.get(model, model)
    if name in BUNDLED:
        if revision is not None:
            raise ConfigError(f"{name} is inside the package and has one revision: leave revision out")
        return Found(name, BUNDLED[name], bundled=True)
    repository = SHORT_NAMES.get(name, name)
    if not HUB_ID.fullmatch(repository):
        raise ConfigError(f"unknown model {name!r}{suggestion(name)}")
    return Found(name, in_hub_cache(name, repository, revision))


def find_folder(path: Path) -> Found:
    """Return the model in a folder; whether it is one is seen when its files are read."""
    try:
        folder = path.expanduser()
        name = folder.resolve().name
    except (OSError, RuntimeError, ValueError) as error:  # no such user, a link to itself, characters no path has
        why = str(error).rstrip(".")
        raise ConfigError(f"{str(path)!r} leads nowhere ({why}): name a model folder that exists") from None
    if folder.suffix == ".onnx":
        raise ConfigError(f"{folder} is one file: name the folder that holds it with its tokenizer.json")
    return Found(name, folder)


def suggestion(name: str) -> str:
    """Say what a misspelt name may have meant, or what names there are."""
    from difflib import get_close_matches

    known = sorted({*BUNDLED, *ALIASES, *SHORT_NAMES}, key=str.lower)
    close = get_close_matches(name, known, n=1)
    if close:
        return f": did you mean {close[0]!r}?"
    return f": name one of {', '.join(known)}, a folder such as ./{name}, or a Hugging Face id such as org/{name}"


def in_hub_cache(name: str, repository: str, revision: str | None) -> Path:
    """Return a repository's folder in the Hugging Face cache, without any network."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        path = try_to_load_from_cache(repository, "config.json", revision=revision)
    except HFValidationError:
        raise ConfigError(f"{repository!r} is not a name that a Hugging Face repository can have") from None
    if not isinstance(path, str):
        at = f" --revision {revision}" if revision else ""
        raise ConfigError(
            f"the model {name!r} is not on this machine: get it with `hf download {repository}{at}`, "
            "or name a folder that holds it"
        )
    return Path(path).parent
