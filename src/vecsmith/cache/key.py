"""The keys of a cache: 256 bits over everything that changes a vector."""

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b

__all__ = ["KEY_BYTES", "VERSION", "Keys"]

VERSION = 1
"""Raise it when the same identity and text no longer give the same vector: old entries are then never found."""

KEY_BYTES = 32


class Keys:
    """Makes the keys of texts that go through one model in one way.

    Args:
        identity: Everything but the text that changes the vector, by name: the model's identity, pooling, arithmetic
            where it counts, the prompt before the text, what happens to long texts. The order does not matter; a name
            that is left out differs from one that is None.
    """

    def __init__(self, identity: Mapping[str, str | int | None]) -> None:
        said = json.dumps([VERSION, dict(identity)], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        # The identity enters as its digest, of fixed length, so no text can be taken for a part of it.
        self._begun = blake2b(blake2b(said.encode(), digest_size=KEY_BYTES).digest(), digest_size=KEY_BYTES)

    def keys(self, texts: Sequence[str]) -> list[bytes]:
        """Return the key of each text."""
        begun = self._begun.copy
        keys = []
        for text in texts:
            state = begun()
            state.update(text.encode("utf-8", "surrogatepass"))
            keys.append(state.digest())
        return keys
