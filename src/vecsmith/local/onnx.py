"""An ONNX file of any encoder, as a graph with the same inputs and outputs as our own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

from vecsmith.errors import ConfigError
from vecsmith.local.forks import native
from vecsmith.local.graph import integers, op, ov
from vecsmith.local.runtime import reason

if TYPE_CHECKING:
    from pathlib import Path

    from openvino import Model, Node

    from vecsmith.local.graph import Tokens

__all__ = ["encode"]

INPUTS = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
OUTPUTS = ("last_hidden_state", "token_embeddings", "hidden_states")
RANK = 3

DELIMITED = 2  # the wire type of what has its length before it
KINDS = {1: 0, 2: DELIMITED, 3: DELIMITED, 4: DELIMITED, 5: 0, 6: DELIMITED, 7: DELIMITED, 8: DELIMITED, 14: DELIMITED}
FIELDS = {bytes([number << 3 | kind]): kind for number, kind in KINDS.items()}
"""The wire type by the key of each field of ``ModelProto`` (onnx.proto3) whose key is one byte: ``ir_version`` (1) and
``model_version`` (5) are numbers; producer, domain, ``doc_string``, ``graph`` (7) and the others have lengths."""
HEAD = 3


def encode(path: Path, tokens: Tokens, core: ov.Core) -> Node:
    """Return the last hidden states, (n, t, h), of the encoder in an ONNX file."""
    check_head(path)
    try:
        with native:
            graph: Model = core.read_model(path)
    except RuntimeError as error:
        raise ConfigError(f"{path} is not an ONNX file that can be read ({reason(error)})") from None
    values = inputs(tokens)
    for parameter in graph.get_parameters():
        name = parameter.get_friendly_name()
        if name not in values:
            raise ConfigError(f"{path} has an input {name!r}: an encoder with {', '.join(INPUTS)} is expected")
        replacement = op.convert(values[name], parameter.get_element_type().get_type_name())
        parameter.output(0).replace(replacement.output(0))
    return hidden_states(path, graph)


def check_head(path: Path) -> None:
    """Refuse a file that does not begin as an ONNX file does, or ends within its first fields.

    OpenVINO takes a file for ONNX if its first three fields are different ones of those that `FIELDS` has
    (``src/frontends/onnx/onnx_common/src/onnx_model_validator.cpp``). Any other file it gives to its readers of other
    formats, and those write what they find in it to standard error.
    """
    try:
        with path.open("rb") as file:
            begins = is_head(file, path.stat().st_size)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror or error}): copy or download it again") from None
    if not begins:
        raise ConfigError(f"{path} is not an ONNX file, or not all of it: copy or export it again")


def is_head(file: BinaryIO, size: int) -> bool:
    """Whether a file begins with three different fields of an ONNX model, none of which ends beyond its size."""
    found: set[bytes] = set()
    while len(found) < HEAD:
        key = file.read(1)
        number = varint(file)
        if key not in FIELDS or key in found or number is None:
            return False
        if FIELDS[key] == DELIMITED:
            if number > size - file.tell():
                return False
            file.seek(number, os.SEEK_CUR)
        found.add(key)
    return True


def varint(file: BinaryIO) -> int | None:
    """Return a number of seven bits a byte, the lowest first, or None where there is none.

    The last byte is the one without the highest bit (https://protobuf.dev/programming-guides/encoding/#varints).
    """
    number = 0
    for shift in range(0, 64, 7):
        byte = file.read(1)
        if not byte:
            return None
        number |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:  # noqa: PLR2004 (the bit that says more bytes follow)
            return number
    return None


def inputs(tokens: Tokens) -> dict[str, Node]:
    """Return what ONNX encoders read, by the name they read it under."""
    return {
        "input_ids": tokens.ids,
        "attention_mask": tokens.present,
        "token_type_ids": op.multiply(tokens.ids, integers(0)),
        "position_ids": op.add(op.multiply(tokens.ids, integers(0)), op.unsqueeze(tokens.positions, integers(0))),
    }


def hidden_states(path: Path, graph: Model) -> Node:
    """Return the output that holds a vector for each token, by name or else by its rank."""
    by_name = {name: output for output in graph.outputs for name in output.get_names()}
    named = [by_name[name] for name in OUTPUTS if name in by_name]
    ranked = [output for output in graph.outputs if output.get_partial_shape().rank == ov.Dimension(RANK)]
    for output in (*named, *ranked):
        return output.get_node().input_value(0).get_node()
    raise ConfigError(f"{path} has no output of token vectors: export the encoder with last_hidden_state")
