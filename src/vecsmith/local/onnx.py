"""An ONNX file of any encoder, as a graph with the same inputs and outputs as our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError
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


def encode(path: Path, tokens: Tokens, core: ov.Core) -> Node:
    """Return the last hidden states, (n, t, h), of the encoder in an ONNX file."""
    try:
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
