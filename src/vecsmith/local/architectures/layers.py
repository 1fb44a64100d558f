"""What BERT and its kin share: full attention and two linear layers, each added to its input and then normalised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vecsmith.errors import ConfigError
from vecsmith.local.graph import activation, attention, integers, layer_norm, linear, op

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openvino import Node

    from vecsmith.local.graph import Tokens
    from vecsmith.local.weights import Weights

__all__ = ["NAMES", "Names", "Shape", "check_plain", "dense", "dense_parts", "layers", "norm", "only", "placed"]


@dataclass(frozen=True, slots=True)
class Names:
    """What an architecture calls the parts of its encoder; of all but the first two with its layer's number before."""

    embedded: str
    """The norm of the embeddings."""
    layer: str
    query: str
    key: str
    value: str
    read: str
    """The linear layer behind attention."""
    read_norm: str
    wide: str
    narrow: str
    narrow_norm: str


NAMES = Names(
    embedded="embeddings.LayerNorm",
    layer="encoder.layer.{}.",
    query="attention.self.query",
    key="attention.self.key",
    value="attention.self.value",
    read="attention.output.dense",
    read_norm="attention.output.LayerNorm",
    wide="intermediate.dense",
    narrow="output.dense",
    narrow_norm="output.LayerNorm",
)
"""BERT's and RoBERTa's."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of an encoder, and what ``config.json`` says besides."""

    layers: int
    heads: int
    size: int
    """The width of a head."""
    epsilon: float
    activation: str

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Shape:
        """Read them by the names that most configurations have for them."""
        layers, heads = int(config["num_hidden_layers"]), int(config["num_attention_heads"])
        if layers < 1:
            raise ValueError(f"num_hidden_layers is {layers}: an encoder has one at least")
        epsilon = float(config.get("layer_norm_eps", 1e-12))
        return cls(layers, heads, int(config["hidden_size"]) // heads, epsilon, str(config.get("hidden_act", "gelu")))


def check_plain(config: Mapping[str, Any]) -> None:
    """Refuse a model whose attention looks at distances, or only backwards, as a few of BERT's kin do."""
    kind = config.get("position_embedding_type", "absolute")
    if kind != "absolute":
        raise ValueError(f"position_embedding_type {kind!r} is not supported: only position_embedding_type absolute is")
    if config.get("is_decoder"):
        raise ValueError("is_decoder is true: only encoders are supported")


def placed(tokens: Tokens, padding: int) -> Node:
    """Return positions as RoBERTa counts them, (n, t) int32: from behind the padding's id, over what is not padding.

    A token that a text writes as the padding has that id's place and is not counted, as in transformers
    (``create_position_ids_from_input_ids`` in ``models/roberta/modeling_roberta.py``).
    """
    counted = op.convert(op.not_equal(tokens.ids, integers(padding)), "i32")
    return op.add(op.multiply(op.cum_sum(counted, integers(1)), counted), integers(padding))


def layers(x: Node, weights: Weights, names: Names, shape: Shape, mask: Node) -> Node:
    """Return the last hidden states, (n, t, h), of the sum of the embeddings; `mask` is added to attention's scores."""
    x = norm(x, weights, names.embedded, shape.epsilon)
    for number in range(shape.layers):
        x = layer(x, weights.beneath(names.layer.format(number)), names, shape, mask)
    return x


def layer(x: Node, weights: Weights, names: Names, shape: Shape, mask: Node) -> Node:
    """Attention, then two linear layers, each added to its input and normalised: (n, t, h) → (n, t, h)."""
    q, k, v = (dense(x, weights, name) for name in (names.query, names.key, names.value))
    read = attention(q, k, v, heads=shape.heads, size=shape.size, mask=mask)
    x = norm(op.add(dense(read, weights, names.read), x), weights, names.read_norm, shape.epsilon)
    wide = activation(shape.activation)(dense(x, weights, names.wide))
    return norm(op.add(dense(wide, weights, names.narrow), x), weights, names.narrow_norm, shape.epsilon)


def dense(x: Node, weights: Weights, name: str, *, bias: bool = True) -> Node:
    """Return x·Wᵀ, and + b, by the name that both have in the weights."""
    return linear(x, weights[name + ".weight"], weights[name + ".bias"] if bias else None)


def dense_parts(x: Node, weights: Weights, name: str, count: int, *, bias: bool = False) -> list[Node]:
    """Do the same with several layers that lie in one matrix: (n, t, h) → as many of (n, t, o)."""
    matrices = weights[name + ".weight"].parts(count)
    shifts = weights[name + ".bias"].parts(count) if bias else [None] * count
    return [linear(x, matrix, shift) for matrix, shift in zip(matrices, shifts, strict=True)]


def norm(x: Node, weights: Weights, name: str, epsilon: float, *, bias: bool = True) -> Node:
    """Return a layer norm by the name that its two vectors, or the one, have in the weights."""
    return layer_norm(x, weights[name + ".weight"], weights[name + ".bias"] if bias else None, epsilon)


def only(config: Mapping[str, Any], **computed: Any) -> None:
    """Refuse a configuration that says something else than what is computed."""
    for key, value in computed.items():
        if (said := config.get(key, value)) != value:
            raise ConfigError(f"config.json says {key} {said!r}: only {key} {value!r} is supported")
