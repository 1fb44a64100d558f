"""The hub's cache on this machine: where a repository's files lie, and which commits are known to be whole.

The layout is huggingface_hub's (https://huggingface.co/docs/huggingface_hub/guides/manage-cache): a folder for each
repository with ``refs`` (branches and their commits), ``snapshots`` (the files of a commit) and ``blobs``. Files come
one by one into a snapshot, so what is there does not say what should be. For that, a record lies beside them in
``vecsmith/COMMIT.json``: the files that the model needs, and whether the bytes of all were found right.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecsmith.errors import ConfigError
from vecsmith.hub.files import HubFile

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Record", "Store", "check_revision", "kept_in", "store_of"]

MAIN = "main"
COMMIT = re.compile(r"[0-9a-f]{40}")
DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
REVISION = re.compile(r"(?!.*\.\.)\w[\w.+/-]*", re.ASCII)
REPOSITORY = re.compile(r"(?!.*(--|\.\.|\.git$))\w([\w.-]*\w)?/\w([\w.-]*\w)?", re.ASCII)
LONGEST = 96
"""Characters of a repository's name, as the hub allows."""

TREES = 1
"""The format of huggingface_hub's own listings, ``trees/COMMIT.json``, that is read."""

elsewhere: ContextVar[Path | None] = ContextVar("elsewhere", default=None)


@contextmanager
def kept_in(folder: Path | None) -> Iterator[None]:
    """Find and keep models in another cache of this layout while the block runs; None for the machine's."""
    token = elsewhere.set(folder)
    try:
        yield
    finally:
        elsewhere.reset(token)


@dataclass(frozen=True, slots=True)
class Record:
    """What a model needs of a commit."""

    files: tuple[HubFile, ...]
    checked: bool
    """Whether the bytes of all were once found right."""


@dataclass(frozen=True, slots=True)
class Store:
    """A repository's folder in the cache."""

    repository: str
    folder: Path

    def commit(self, revision: str | None) -> str | None:
        """Return the commit that a revision meant when it was last asked for; None where it never was."""
        if revision is not None and COMMIT.fullmatch(revision):
            return revision
        try:
            told = (self.folder / "refs" / (revision or MAIN)).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
        return told if COMMIT.fullmatch(told) else None

    def snapshot(self, commit: str) -> Path:
        """Return the folder of a commit's files, which need not be there."""
        return self.folder / "snapshots" / commit

    def path(self, commit: str, file: HubFile) -> Path:
        """Return where a file of a commit lies, or would lie."""
        return self.snapshot(commit).joinpath(*file.path.split("/"))

    def blob(self, file: HubFile) -> Path:
        """Return where the bytes of a file lie, whatever commits have it."""
        return self.folder / "blobs" / file.digest

    def record(self, commit: str) -> Record | None:
        """Return what is known of a commit; None where that is nothing."""
        told = read(self.folder / "vecsmith" / f"{commit}.json")
        with suppress(AttributeError, LookupError, TypeError, ValueError):
            files = tuple(HubFile(str(f["path"]), int(f["size"]), str(f["digest"])) for f in told["files"])
            return Record(files, checked=told["checked"] is True)
        return None

    def keep(self, commit: str, record: Record) -> None:
        """Write down what a commit has."""
        told = {"files": [asdict(file) for file in record.files], "checked": record.checked}
        self.write(self.folder / "vecsmith" / f"{commit}.json", json.dumps(told, indent=1))

    def point(self, revision: str | None, commit: str) -> None:
        """Write down which commit a branch means."""
        if self.commit(revision) != commit:
            self.write(self.folder / "refs" / (revision or MAIN), commit)

    def write(self, path: Path, text: str) -> None:
        """Write a file that is whole at every moment, whoever else writes it, and however this ends."""
        own = self.folder / "vecsmith"
        own.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(dir=own)
        try:
            with os.fdopen(number, "w", encoding="utf-8") as stream:
                stream.write(text)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def listing(self, commit: str) -> dict[str, HubFile] | None:
        """Return all files of a commit, where huggingface_hub wrote that down; None where it did not."""
        told = read(self.folder / "trees" / f"{commit}.json")
        with suppress(AttributeError, LookupError, TypeError, ValueError):
            if told["format_version"] == TREES:
                return {path: listed(path, facts) for path, facts in told["files"].items()}
        return None

    def lacking(self, commit: str, files: tuple[HubFile, ...]) -> list[HubFile]:
        """Return the files that are not there, or not with as many bytes as they should have."""
        return [file for file in files if size(self.path(commit, file)) != file.size]

    def remove(self, commit: str, file: HubFile) -> None:
        """Remove a damaged file: its name in the snapshot, and the bytes it stands for."""
        path = self.path(commit, file)
        bytes_of_it = {self.blob(file), path.resolve()} if path.exists() else {self.blob(file)}
        for each in (path, *bytes_of_it):
            if each.is_relative_to(self.folder) or each.is_relative_to(self.folder.resolve()):
                each.unlink(missing_ok=True)


def store_of(repository: str) -> Store:
    """Return a repository's folder in the cache in use; `ConfigError` for what no repository can be called."""
    if len(repository) > LONGEST or not REPOSITORY.fullmatch(repository):
        raise ConfigError(f"{repository!r} is not a name that a Hugging Face repository can have")
    from huggingface_hub import constants

    cache = elsewhere.get() or Path(constants.HF_HUB_CACHE)
    return Store(repository, cache / f"models--{repository.replace('/', '--')}")


def check_revision(revision: str | None) -> None:
    """Raise `ConfigError` for what can be no branch, tag or commit."""
    if revision is not None and not REVISION.fullmatch(revision):
        raise ConfigError(f"{revision!r} is no revision: name a branch, a tag or a commit")


def listed(path: str, facts: dict[str, Any]) -> HubFile:
    """Return a file of huggingface_hub's listing; raise `ValueError` where its hash is none."""
    digest = str(facts.get("lfs_sha256") or facts["blob_id"])
    if not DIGEST.fullmatch(digest):
        raise ValueError(digest)
    return HubFile(path, int(facts.get("lfs_size") or facts["size"]), digest)


def read(path: Path) -> Any:
    """Return what a JSON file holds; None where it cannot be read."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def size(path: Path) -> int | None:
    """Return the bytes of a file; None where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return None
