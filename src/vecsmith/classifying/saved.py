"""A classifier in a folder: ``head.json`` says what it is, ``head.safetensors`` holds its weights; no pickle."""

from __future__ import annotations

import hashlib
import json
import struct
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from vecsmith.classifying.head import Head, Kind
from vecsmith.classifying.labels import checked, classes_of
from vecsmith.classifying.predictions import Unsure
from vecsmith.errors import ConfigError, EmbedError, damaged
from vecsmith.files.outputs import named, settle, whole_file
from vecsmith.local.weights import Tensor, read
from vecsmith.space import Space

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from vecsmith.types import Floats

__all__ = ["DESCRIPTION", "WEIGHTS", "Saved", "load", "save"]

VERSION = 1
DESCRIPTION = "head.json"
WEIGHTS = "head.safetensors"
ALIGNED = 8

ADVICE = "copy the folder again, or fit the classifier anew"


@dataclass(frozen=True, slots=True)
class Saved:
    """What a folder holds."""

    head: Head
    space: Space
    """Of the vectors that the head was made for."""
    model: str | None
    """What makes them, as it was named; None where it had no name."""
    options: Mapping[str, Any]
    """What the model is asked for, as plain data."""
    unsure: Unsure


def save(saved: Saved, folder: Path) -> None:
    """Write a folder's two files, both or neither; raise `ConfigError` where that cannot be."""
    weights = as_safetensors({"weights": saved.head.weights, "bias": saved.head.bias})
    with named(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(described(saved, weights), indent=1, ensure_ascii=False) + "\n"
    with ExitStack() as opened:
        paths = (folder / DESCRIPTION, folder / WEIGHTS)
        files = [opened.enter_context(whole_file(path, str(path))) for path in paths]
        for file, content in zip(files, (text.encode(), weights), strict=True):
            with named(str(folder)):
                file.write(content)
        settle(files, str(folder))


def described(saved: Saved, weights: bytes) -> dict[str, Any]:
    """Return what ``head.json`` says."""
    return {
        "vecsmith_classifier": VERSION,
        "kind": saved.head.kind,
        "model": saved.model,
        "options": dict(saved.options),
        "unsure": asdict(saved.unsure),
        "space": saved.space.to_dict(),
        "sha256": hashlib.sha256(weights).hexdigest(),
        "labels": list(saved.head.labels),
    }


def load(folder: Path) -> Saved:
    """Read what `save` wrote, and see that it fits together; raise `ConfigError` for anything else."""
    path = folder / DESCRIPTION
    try:
        raw, weights = path.read_bytes(), (folder / WEIGHTS).read_bytes()
    except OSError as error:
        reason = f"{error.filename or folder} cannot be read ({error.strerror or error})"
        raise ConfigError(f"{folder} is not the folder of a classifier: {reason}") from None
    try:
        with damaged(str(path)):
            data = json.loads(raw)
            if data["vecsmith_classifier"] != VERSION:
                raise ConfigError(f"{path} was written by another version of vecsmith")
            if data["sha256"] != hashlib.sha256(weights).hexdigest():
                raise ConfigError(f"{folder / WEIGHTS} is not the file that {DESCRIPTION} was written with")
            return parsed(data, folder)
    except EmbedError as error:
        raise ConfigError(f"{error}: {ADVICE}") from None


def parsed(data: Mapping[str, Any], folder: Path) -> Saved:
    """Read a description."""
    labels, space = tuple(checked(data["labels"])), Space.from_dict(data["space"])
    kind, model, options, unsure = (data[name] for name in ("kind", "model", "options", "unsure"))
    if kind not in get_args(Kind) or not isinstance(model, str | None) or not isinstance(options, dict):
        raise ValueError("a kind, a model or options that are none")
    if len(classes_of(labels)) != len(labels):
        raise ValueError("a label twice")
    tensors = read(folder / WEIGHTS)
    weights, bias = (numbers(tensors[name]) for name in ("weights", "bias"))
    if weights.shape != (len(labels), space.dimensions) or bias.shape != (len(labels),):
        raise ValueError(f"weights of the shape {weights.shape} for {len(labels)} labels and {space.dimensions} wide")
    return Saved(Head(kind, labels, weights, bias), space, model, options, Unsure(**unsure))


def numbers(tensor: Tensor) -> Floats:
    """Return a tensor's own copy of its numbers, so that the file is not held open."""
    values = np.array(tensor.float32())
    if not np.isfinite(values).all():
        raise ValueError(f"{tensor.name} that are no numbers")
    return values


def as_safetensors(tensors: Mapping[str, Floats]) -> bytes:
    """Return float32 tensors in the safetensors format: a length, a JSON header, and their bytes one after the other.

    https://github.com/huggingface/safetensors#format
    """
    header, end = dict[str, Any](), 0
    parts = {name: np.ascontiguousarray(values, "<f4") for name, values in tensors.items()}
    for name, values in parts.items():
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [end, end + values.nbytes]}
        end += values.nbytes
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % ALIGNED)
    return struct.pack("<Q", len(head)) + head + b"".join(values.tobytes() for values in parts.values())
