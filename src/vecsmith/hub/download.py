"""A model's files brought into the hub's cache by huggingface_hub, and their bytes compared with the hub's hashes."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vecsmith.errors import ConfigError
from vecsmith.hub.failures import host, passing, refusal
from vecsmith.hub.files import GUIDES, HubFile, needed, right
from vecsmith.hub.progress import Meter, in_bytes, telling
from vecsmith.hub.store import DIGEST, Record, Store, check_revision, store_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path
    from typing import TypeVar

    T = TypeVar("T")

__all__ = ["Pulled", "pull"]

TRIES = 3
"""How often a file is asked for; huggingface_hub itself goes on several times where a connection ends."""
PAUSE = 1.0
"""Seconds before the second try; twice as many before each further one."""
STALE = 3600.0
"""Seconds after which nobody writes any more into what was left of a download that was killed."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """A model that is here, whole and checked."""

    repository: str
    commit: str
    folder: Path
    files: int
    size: int
    """Bytes of its files."""
    fetched: int
    """Bytes of those that were not here before, or were damaged."""


@dataclass(slots=True)
class Download:
    """Files of one commit on their way."""

    store: Store
    commit: str
    fetched: int = 0
    meter: Meter = field(default_factory=Meter)

    def bring(self, file: HubFile) -> Path:
        """Return where a file lies, its bytes checked; it is fetched unless it is here and right."""
        path = self.store.path(self.commit, file)
        if not self.is_right(file):
            trying(lambda: self.fetch(file))
            self.fetched += file.size
            if not self.is_right(file):
                raise ConfigError(
                    f"{file.path} of {self.store.repository} arrived damaged and was removed: its hash is not the one "
                    f"that {host()} lists, so try again, or ask whoever runs the network or the mirror"
                )
        self.meter.done(file.size)
        return path

    def is_right(self, file: HubFile) -> bool:
        """Whether a file is here with the right bytes; a damaged one is removed."""
        path, blob = self.store.path(self.commit, file), self.store.blob(file)
        with suppress(FileNotFoundError):
            if right(path if path.exists() else blob, file):
                return path.exists()
            self.store.remove(self.commit, file)
        return False

    def fetch(self, file: HubFile) -> None:
        """Fetch a file into the cache."""
        from importlib.metadata import version

        from huggingface_hub import hf_hub_download

        hf_hub_download(
            self.store.repository,
            file.path,
            revision=self.commit,
            cache_dir=self.store.folder.parent,
            library_name="vecsmith",
            library_version=version("vecsmith"),
            tqdm_class=self.meter.bar(),
        )
        for left in self.store.blob(file).parent.glob(f"{file.digest}*.incomplete"):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > STALE:
                    left.unlink()


def pull(repository: str, revision: str | None = None, *, architectures: Collection[str] | None = None) -> Pulled:
    """Ask the hub which commit a revision is, and bring what a model needs of it; `ConfigError` where that cannot be.

    What is here already is compared with the hub's hashes, and fetched again where it differs. `architectures` are the
    model types that can be built from safetensors, of the others ONNX is needed; None: any.
    """
    store = store_of(repository)
    check_revision(revision)
    try:
        with pulling, quietly():
            return pulled(store, revision, architectures)
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001 (several libraries' own, told apart there)
        raise refusal(error, repository, revision) from None


def pulled(store: Store, revision: str | None, architectures: Collection[str] | None) -> Pulled:
    """Do the same, with the errors as they come."""
    commit, listing = trying(lambda: asked(store.repository, revision))
    way = Download(store, commit)
    guides = {path: way.bring(listing[path]).read_bytes() for path in guides_in(listing)}
    files = tuple(needed(listing, guides, store.repository, architectures))
    if (record := store.record(commit)) is None or record.files != files:
        store.keep(commit, Record(files, checked=False))
    if store.commit(revision) is None:  # what was whole stays what a branch means, until the new commit is whole
        store.point(revision, commit)
    size, absent = sum(file.size for file in files), store.lacking(commit, files)
    if absent:
        check_room(store, sum(file.size for file in absent))
        with telling(f"{store.repository} from {host()}: {len(files)} files", size) as way.meter:
            bring_all(way, files)
    else:
        bring_all(way, files)
    store.keep(commit, Record(files, checked=True))
    store.point(revision, commit)
    return Pulled(store.repository, commit, store.snapshot(commit), len(files), size, way.fetched)


def bring_all(way: Download, files: tuple[HubFile, ...]) -> None:
    for file in files:
        way.bring(file)


def guides_in(listing: Mapping[str, HubFile]) -> list[str]:
    """Return the files to read before all that a model needs is known."""
    whole = "model.safetensors" in listing
    return [path for path in GUIDES if path in listing and not (whole and path.endswith(".index.json"))]


def asked(repository: str, revision: str | None) -> tuple[str, dict[str, HubFile]]:
    """Return the commit that a revision is, and all its files by path, as the hub lists them."""
    from importlib.metadata import version

    from huggingface_hub import HfApi, constants

    api = HfApi(library_name="vecsmith", library_version=version("vecsmith"))
    timeout = constants.HF_HUB_ETAG_TIMEOUT
    told = api.model_info(repository, revision=revision, files_metadata=True, timeout=timeout)
    siblings = [sibling for sibling in told.siblings or () if is_plain(sibling.rfilename)]
    return str(told.sha), {sibling.rfilename: listed(sibling, repository) for sibling in siblings}


def is_plain(path: str) -> bool:
    """Whether a path stays inside the folder that it begins in, on every system."""
    return not any(part in {"", ".", ".."} for part in path.split("/")) and not set(path) & set("\\:\0")


def listed(sibling: Any, repository: str) -> HubFile:
    """Return a file of the hub's listing."""
    large = sibling.lfs
    digest = str(large.sha256 if large else sibling.blob_id)
    size = large.size if large else sibling.size
    if size is None or not DIGEST.fullmatch(digest):
        raise ConfigError(
            f"{host()} does not tell the hash of {sibling.rfilename!r} of {repository}, without which it cannot be "
            "checked: unset HF_ENDPOINT, or name another mirror"
        )
    return HubFile(sibling.rfilename, int(size), digest)


def check_room(store: Store, wanted: int) -> None:
    """Raise `ConfigError` where the disk has less room than is wanted, in bytes."""
    there = next(folder for folder in store.folder.parents if folder.exists())
    free = shutil.disk_usage(there).free
    if free < wanted:
        raise ConfigError(
            f"{store.repository} takes {in_bytes(wanted)}, and {in_bytes(free)} are free where the Hugging Face cache "
            "is: make room, or set HF_HOME to a folder on another disk"
        )


def trying(work: Callable[[], T]) -> T:
    """Return what `work` gives, which is tried again after what may pass."""
    for number in range(TRIES - 1):
        try:
            return work()
        except Exception as error:
            if not passing(error):
                raise
        time.sleep(PAUSE * 2**number)
    return work()


pulling = threading.Lock()
"""Held by who pulls, because what is changed of huggingface_hub meanwhile is changed for the whole process."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: pulling.release() if pulling.locked() else None)


@contextmanager
def quietly() -> Iterator[None]:
    """Let huggingface_hub neither report on its user, nor log addresses, while the block runs."""
    from huggingface_hub import constants

    logger = logging.getLogger("huggingface_hub")
    level, reports = logger.level, constants.HF_HUB_DISABLE_TELEMETRY
    logger.setLevel(logging.ERROR)
    constants.HF_HUB_DISABLE_TELEMETRY = True
    try:
        yield
    finally:
        logger.setLevel(level)
        constants.HF_HUB_DISABLE_TELEMETRY = reports
