"""Which of a repository's files a model needs, and whether the bytes of one are those that the hub has.

Needed are its configuration, its tokenizer, what sentence-transformers keeps beside them, and one form of its weights:
safetensors before ONNX. Pickles are never needed, nor are the same weights in another form.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError, damaged

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    Architectures = Collection[str] | None

__all__ = ["GUIDES", "INDEX", "MODULES", "ONNX", "SAFETENSORS", "HubFile", "needed", "right"]

CONFIG = "config.json"
MODULES = "modules.json"
INDEX = "model.safetensors.index.json"
GUIDES = (CONFIG, MODULES, INDEX)
"""Files that say which others are needed."""

SETTINGS = re.compile(
    r"config\.json|tokenizer\.json|tokenizer_config\.json|special_tokens_map\.json|modules\.json"
    r"|config_sentence_transformers\.json|sentence_\w[\w-]*_config\.json"
)
IN_MODULES = re.compile(r"[^/]+\.(json|safetensors|txt)")
"""What is taken from the folder of a sentence-transformers module."""

SAFETENSORS = "model.safetensors"
ONNX = ("model.onnx", "onnx/model.onnx")
PICKLE = re.compile(r"(.*/)?(pytorch_model.*\.bin|[^/]+\.(pt|pth|ckpt|pkl))")

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository at one commit."""

    path: str
    """From the repository's root, with ``/`` between folders."""
    size: int
    """Bytes."""
    digest: str
    """64 hexadecimal digits are the sha256 of its bytes, 40 the sha1 that git has for them."""


def needed(
    listing: Mapping[str, HubFile], guides: Mapping[str, bytes], repository: str, architectures: Architectures = None
) -> list[HubFile]:
    """Return the files of a repository that a model needs, the small ones first.

    Args:
        listing: All files of the repository, by path.
        guides: The bytes of those of `GUIDES` that it has.
        repository: Its name, for errors.
        architectures: The model types that can be built from safetensors, of the others ONNX is needed; None: any.

    Raises `ConfigError` where the repository has no weights that are read here, or names a file that it does not have.
    """
    folders = module_folders(guides, repository)
    chosen = {path for path in listing if SETTINGS.fullmatch(path)}
    for folder in folders:
        inside = {path for path in listing if path.startswith(folder)}
        chosen |= {path for path in inside if IN_MODULES.fullmatch(path.removeprefix(folder))}
        refuse_pickles(inside, chosen, repository)
    chosen |= weights(listing, guides, repository, architectures)
    if not any(path.endswith((".safetensors", ".onnx")) for path in chosen):
        raise ConfigError(without_weights(listing, repository))
    if absent := sorted(chosen - listing.keys()):
        raise ConfigError(f"{repository} names the file {absent[0]!r}, which it does not have: choose another revision")
    return sorted((listing[path] for path in chosen), key=lambda file: (file.size, file.path))


def module_folders(guides: Mapping[str, bytes], repository: str) -> list[str]:
    """Return the folders of the sentence-transformers modules, each with ``/`` at its end."""
    if MODULES not in guides:
        return []
    with damaged(f"{MODULES} of {repository}"):
        paths = [str(module["path"]).strip("/") for module in json.loads(guides[MODULES])]
    return [f"{path}/" for path in paths if path not in {"", "."}]


def weights(
    listing: Mapping[str, HubFile], guides: Mapping[str, bytes], repository: str, architectures: Architectures
) -> set[str]:
    """Return the files of the first form of weights that is there and can be used."""
    foreign = foreign_type(guides, repository, architectures)
    if foreign is None and SAFETENSORS in listing:
        return {SAFETENSORS}
    if foreign is None and INDEX in guides:
        with damaged(f"{INDEX} of {repository}"):
            return {INDEX, *map(str, json.loads(guides[INDEX])["weight_map"].values())}
    for path in ONNX:
        if path in listing:
            return {path, *(other for other in listing if other.startswith(path) and "data" in other)}
    if foreign is not None and (SAFETENSORS in listing or INDEX in listing):
        raise ConfigError(
            f"the architecture {foreign!r} of {repository} is not supported, and it has no ONNX file: "
            f"{', '.join(architectures or ())} are, and any encoder as an ONNX file"
        )
    return set()


def foreign_type(guides: Mapping[str, bytes], repository: str, architectures: Architectures) -> str | None:
    """Return the model type of a repository whose safetensors are of no use here; None where they are."""
    if architectures is None or CONFIG not in guides:
        return None
    with damaged(f"{CONFIG} of {repository}"):
        named = json.loads(guides[CONFIG]).get("model_type")
    return None if named is None or named in architectures else str(named)


def refuse_pickles(inside: Iterable[str], chosen: set[str], repository: str) -> None:
    """Refuse a module whose weights are there as a pickle alone."""
    pickles = sorted(filter(PICKLE.fullmatch, inside))
    if pickles and not any(path in chosen and path.endswith(".safetensors") for path in inside):
        raise ConfigError(
            f"{repository} has {pickles[0]} only as a pickle, which is never loaded: choose another model"
        )


def without_weights(listing: Iterable[str], repository: str) -> str:
    """Say why a repository is not a model that can be used."""
    pickles = sorted(filter(PICKLE.fullmatch, listing))
    if pickles:
        return (
            f"{repository} holds only pickled weights ({pickles[0]}), which are never loaded: "
            "choose a revision or a model with safetensors or ONNX"
        )
    return f"{repository} has no model.safetensors and no ONNX file: choose the repository of an embedding model"


def right(path: Path, file: HubFile) -> bool:
    """Whether a file's bytes are those that the hub has: their number and their hash.

    A blob's sha1 is that of git (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects). Raises `OSError` where the
    file cannot be read.
    """
    with path.open("rb") as stream:
        size = path.stat().st_size
        if size != file.size:
            return False
        by_sha256 = len(file.digest) == hashlib.sha256().digest_size * 2
        found = hashlib.sha256() if by_sha256 else hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        while part := stream.read(CHUNK):
            found.update(part)
    return found.hexdigest() == file.digest
