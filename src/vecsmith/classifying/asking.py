"""What a classifier asks of the model that makes its vectors: kept as plain data, and the same at every call."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from vecsmith.chunking import Chunking
from vecsmith.errors import ConfigError, damaged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecsmith.options import CallOptions
    from vecsmith.sync import Embedder

__all__ = ["call_options", "plain_options"]

TASK = "classification"


def plain_options(embedder: Embedder, options: CallOptions) -> dict[str, Any]:
    """Check what is asked of the model and return it as plain data, what is left open left out.

    The task is ``classification`` unless another is named, or None. Raises `ConfigError` for options that would give
    more than one vector for a text, or numbers that are not float32.
    """
    clean = options.get("clean") or ()
    steps = [clean] if isinstance(clean, str) else list(clean)
    wish: CallOptions = {"task": TASK, **options, "clean": steps}
    asked = embedder.asked(wish)
    if asked.on_long in {"chunk", "late"}:
        raise ConfigError(
            f"on_long={asked.on_long!r} gives a text several vectors: use 'mean' for one of all its chunks"
        )
    if asked.encoding != "float32" or asked.calibration is not None:
        raise ConfigError("a classifier takes vectors in float32: leave encoding and calibration out")
    kept = {
        "task": asked.task,
        "dimensions": asked.dimensions,
        "normalize": asked.normalize,
        "on_long": asked.on_long if asked.said_on_long else None,
        "prompt": asked.prompt,
        "title": asked.title,
        "clean": steps,
        "chunking": None if asked.chunking is None else asdict(asked.chunking),
    }
    return {name: value for name, value in kept.items() if value not in (None, [])}


def call_options(plain: Mapping[str, Any]) -> CallOptions:
    """Return the same as arguments of `Embedder.embed`."""
    with damaged("what a classifier asks of its model"):
        options: Any = dict(plain)
        if "chunking" in options:
            options["chunking"] = Chunking(**options["chunking"])
    result: CallOptions = options
    return result
