"""The files of tiktoken's encodings, where they are on this machine (https://github.com/openai/tiktoken)."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

__all__ = ["VOCABULARIES", "Vocabulary"]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A file of tiktoken's."""

    file: str
    """What it is called in tiktoken's folder: the SHA-1 of the address it comes from."""
    sha256: str
    """Of the right file; tiktoken deletes any other, and fetches it again."""

    def read(self) -> bytes | None:
        """Return what the file holds; None where it is not there, or not the right one. Nothing is fetched."""
        folder = cache_folder()
        try:
            raw = b"" if folder is None else (folder / self.file).read_bytes()
        except OSError:
            return None
        return raw if sha256(raw).hexdigest() == self.sha256 else None


VOCABULARIES = {
    "cl100k_base": Vocabulary(
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4", "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
    ),
}
"""Those that embedding models use, by tiktoken's names."""


def cache_folder() -> Path | None:
    """Return where tiktoken keeps what it has fetched; None where it is told to keep nothing."""
    for variable in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        if (folder := os.environ.get(variable)) is not None:
            return Path(folder) if folder else None
    return Path(tempfile.gettempdir(), "data-gym-cache")
