"""From a model's name to its folder on this machine, where the hub's models are brought when that is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from vecsmith import hub
from vecsmith.errors import ConfigError

__all__ = ["ALIASES", "BUNDLED", "Found", "OnHub", "find", "meant"]

BUNDLED = {"minilm": Path(__file__).parents[1] / "bundled" / "minilm"}
"""Models inside the package."""

ALIASES = {
    "all-MiniLM-L6-v2": "minilm",
    "sentence-transformers/all-MiniLM-L6-v2": "minilm",
}
"""What else they are called."""

LOOKS_LIKE_PATH = re.compile(r"[./~\\]|[A-Za-z]:[\\/]")
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True)
class Found:
    """A model on this machine."""

    name: str
    folder: Path
    bundled: bool = False
    revision: str | None = None
    """The commit, of a model that came from the hub."""


@dataclass(frozen=True, slots=True)
class OnHub:
    """A model of the Hugging Face hub, here or not."""

    name: str
    """What results carry."""
    repository: str
    revision: str | None
    """A branch, a tag or a commit; None for the main branch."""
    called: str
    """What the person calls it."""

    def find(self, *, download: bool) -> Found:
        """Return where it lies; raise `ConfigError` where it is not here, and not to be downloaded."""
        from vecsmith.local.architectures import ARCHITECTURES

        folder = hub.find(
            self.repository, self.revision, download=download, name=self.called, architectures=ARCHITECTURES
        )
        return Found(self.name, folder, revision=folder.name)

    def pull(self) -> hub.Pulled:
        """Ask the hub for it, and bring what is missing; raise `ConfigError` where that cannot be."""
        from vecsmith.local.architectures import ARCHITECTURES

        return hub.pull(self.repository, self.revision, architectures=ARCHITECTURES)


def find(model: str | Path, *, revision: str | None = None, download: bool = False) -> Found:
    """Return where a model lies: bundled, a folder, or in this machine's Hugging Face cache.

    With `download` it is brought there where it is not. Raises `ConfigError` that says how to get a model that is not
    here.
    """
    found = meant(model, revision=revision)
    return found.find(download=download) if isinstance(found, OnHub) else found


def meant(model: str | Path, *, revision: str | None = None) -> Found | OnHub:
    """Return which model a name means: one that is here, or one of the hub's, ``NAME`` or ``NAME@REVISION``."""
    if not isinstance(model, str | Path):
        raise ConfigError(f"a model is named by a string or a Path, not by {type(model).__name__}")
    if isinstance(model, Path) or LOOKS_LIKE_PATH.match(model):
        if revision is not None:
            raise ConfigError(f"{model} is a folder, which has one revision: leave revision out")
        return find_folder(Path(model))
    plain, sign, own = model.partition("@")
    if sign and revision not in {None, own}:
        raise ConfigError(f"{model!r} names a revision and revision is {revision!r}: leave one of them out")
    revision = own if sign else revision
    name = ALIASES.get(plain, plain)
    if name in BUNDLED:
        if revision is not None:
            raise ConfigError(f"{name} is inside the package and has one revision: leave revision out")
        return Found(name, BUNDLED[name], bundled=True)
    called = plain if revision is None else f"{plain}@{revision}"
    if known := hub.known_models().get(name):
        return OnHub(known.name, known.repository, known.revision if revision is None else revision, called)
    if not HUB_ID.fullmatch(name):
        raise ConfigError(f"unknown model {name!r}{suggestion(name)}")
    return OnHub(name, name, revision, called)


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

    known = sorted({*BUNDLED, *ALIASES, *hub.known_models()}, key=lambda each: (each.lower(), each))
    close = get_close_matches(name, known, n=1)
    if close:
        return f": did you mean {close[0]!r}?"
    return f": name one of {', '.join(known)}, a folder such as ./{name}, or a Hugging Face id such as org/{name}"
