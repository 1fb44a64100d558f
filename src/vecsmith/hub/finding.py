"""A model of the hub, found whole on this machine, or brought here where that is allowed.

A commit is whole when its record says so, or when all that huggingface_hub's own listing of it names is here and right.
Of a commit that another program brought and nobody listed, the hub is asked; where that cannot be, its files themselves
must name no other that is not here.
"""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError
from vecsmith.hub.files import GUIDES, INDEX, MODULES, ONNX, SAFETENSORS, needed, right
from vecsmith.hub.store import Record, Store, check_revision, store_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

__all__ = ["find", "without_downloads"]

allowed: ContextVar[bool] = ContextVar("allowed", default=True)

UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError)
"""What reading a file of another program's may raise, which says the same as none."""


@contextmanager
def without_downloads() -> Iterator[None]:
    """Let nothing that is done in the block, or begun in it, download a model."""
    token = allowed.set(False)
    try:
        yield
    finally:
        allowed.reset(token)


@dataclass(frozen=True, slots=True)
class Here:
    """What this machine has of a model."""

    folder: Path | None = None
    """Where it can be used; None where it cannot."""
    sure: bool = False
    """Whether all of it is known to be there, and right."""
    gap: str | None = None
    """A file that is missing or damaged, where others are there."""


def find(
    repository: str,
    revision: str | None = None,
    *,
    download: bool,
    name: str | None = None,
    architectures: Collection[str] | None = None,
) -> Path:
    """Return the folder of a model's files, all of which are there and right.

    Args:
        repository: A Hugging Face id, such as ``thenlper/gte-small``.
        revision: A branch, a tag or a commit; None for ``main``. A branch is the commit that it was when it came here.
        download: Whether to bring the model here where it is not, or not all of it.
        name: What the person calls it, for errors; None for its id and revision.
        architectures: The model types that can be built from safetensors, of the others ONNX is needed; None: any.

    Raises `ConfigError` that says what is missing, and how to get it.
    """
    from huggingface_hub import constants

    store = store_of(repository)
    check_revision(revision)
    commit = store.commit(revision)
    here = looked_at(store, commit, architectures) if commit else Here()
    if here.folder and here.sure:
        return here.folder
    if download and allowed.get() and not constants.HF_HUB_OFFLINE:
        from vecsmith.hub.download import pull

        try:
            return pull(repository, commit or revision, architectures=architectures).folder
        except ConfigError as error:
            here = (
                looked_at(store, commit, architectures) if commit else here
            )  # what the hub told is written down by now
            if not here.folder:
                also = f"{here.gap} is missing or damaged, and " if here.gap else ""
                raise ConfigError(f"{also}{error}") from None
    if not here.folder:
        called = name or (f"{repository}@{revision}" if revision else repository)
        raise ConfigError(absent(called, here.gap, offline=constants.HF_HUB_OFFLINE))
    return here.folder


def absent(name: str, gap: str | None, *, offline: bool) -> str:
    """Say what is not here, and how to get it."""
    what = f"the model {name!r} is not whole on this machine ({gap} is missing or damaged)" if gap else ""
    what = what or f"the model {name!r} is not on this machine"
    if offline:
        return f"{what} and HF_HUB_OFFLINE is set: unset it, or copy the model's folder here and name that"
    return f"{what}: get it with `vecsmith models pull {name}`, or name a folder that holds it"


def looked_at(store: Store, commit: str, architectures: Collection[str] | None) -> Here:
    """Return what is here of a commit."""
    folder = store.snapshot(commit)
    record = store.record(commit) or listed(store, commit, architectures)
    if record is not None:
        gap = wrong(store, commit, record)
        return Here(gap=gap) if gap else Here(folder, sure=True)
    if not folder.is_dir():
        return Here()
    gap = unnamed(folder)
    return Here(gap=gap) if gap else Here(folder)


def wrong(store: Store, commit: str, record: Record) -> str | None:
    """Return a file that is not there, or damaged; None where all are right, which is noted."""
    if lacking := store.lacking(commit, record.files):
        return lacking[0].path
    if record.checked:
        return None
    for file in record.files:
        try:
            if not right(store.path(commit, file), file):
                return file.path
        except OSError:
            return file.path
    with suppress(OSError):  # a cache that cannot be written is checked each time
        store.keep(commit, Record(record.files, checked=True))
    return None


def listed(store: Store, commit: str, architectures: Collection[str] | None) -> Record | None:
    """Return what a model needs of a commit by huggingface_hub's own listing; None where it has none."""
    listing = store.listing(commit)
    if listing is None or not store.snapshot(commit).is_dir():
        return None
    guides = {}
    for path in GUIDES:
        if path in listing and not (path == INDEX and SAFETENSORS in listing):
            try:
                guides[path] = store.path(commit, listing[path]).read_bytes()
            except OSError:
                return Record((listing[path],), checked=False)
    return Record(tuple(needed(listing, guides, store.repository, architectures)), checked=False)


def unnamed(folder: Path) -> str | None:
    """Return a file that the others of a folder need and that is not there; None where there is none."""
    wanted: list[tuple[str, ...]] = [("config.json",), ("tokenizer.json",)]
    weights = [SAFETENSORS, INDEX, *ONNX]
    with suppress(*UNREADABLE):
        modules = json.loads((folder / MODULES).read_text("utf-8"))
        named = [(str(module["type"]), str(module["path"]).strip("/")) for module in modules]
        wanted += [(f"{path}/config.json",) for kind, path in named if path and not kind.endswith("Normalize")]
        weights += [f"{path}/{SAFETENSORS}" for _, path in named if path]
    wanted.append(tuple(weights))
    if not (folder / SAFETENSORS).is_file():
        with suppress(*UNREADABLE):
            shards = json.loads((folder / INDEX).read_text("utf-8"))["weight_map"].values()
            wanted += [(str(shard),) for shard in sorted(set(shards))]
    return next((names[0] for names in wanted if not any((folder / name).is_file() for name in names)), None)
