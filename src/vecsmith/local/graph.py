"""The building blocks of encoders as OpenVINO graphs: mathematics in the open, shapes beside each line.

n texts, t tokens, h width, a heads, k = h / a. Tables of words enter as they lie in their file (float16 or bfloat16
with a conversion behind); the matrices of products as f32, once for all that is compiled from a graph, where every
compilation would otherwise keep a converted copy of its own.

On bf16: with that precision hint OpenVINO keeps a value in f32 from which the output can be reached without passing a
matrix product. `pooling` is therefore a sum, never a product with the mask: so the residual stream and the layer norms
stay f32, and only the products are bf16. As a product the worst cosine to f32 falls from 0.99993 to 0.9998.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.errors import ConfigError
from vecsmith.local.runtime import openvino

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openvino import Model, Node

    from vecsmith.local.weights import Tensor

__all__ = [
    "ACTIVATIONS",
    "Tokens",
    "attention",
    "check_shape",
    "constant",
    "distances",
    "embed",
    "floats",
    "heads_attention",
    "integers",
    "layer_norm",
    "linear",
    "masked",
    "model",
    "op",
    "padding_mask",
    "rms_norm",
    "split_heads",
    "tokens",
]

ov = openvino()
op = ov.opset13

MASKED = -1e9  # added to a score: its weight after the softmax is zero, in bf16 too


@dataclass(frozen=True, slots=True)
class Tokens:
    """The inputs of every graph, and what follows from them."""

    ids: Node
    """(n, t) int32; what stands behind a text's length is padding."""
    lengths: Node
    """(n,) int32."""
    positions: Node
    """(t,) int32: 0, 1, 2, …"""
    present: Node
    """(n, t) boolean: a token, not padding."""
    longest: int
    """The most tokens of a text."""
    skipped: Node | None = None
    """(n,) int32: tokens at a text's beginning that pooling leaves out; None where it leaves out none."""

    @property
    def inputs(self) -> list[Node]:
        """What a batch is given as, in order."""
        return [self.ids, self.lengths] + ([] if self.skipped is None else [self.skipped])


def tokens(longest: int, *, skipping: bool = False) -> Tokens:
    """Make the inputs; `skipping`, pooling leaves out as many tokens as a further one says."""
    ids = op.parameter(ov.PartialShape([-1, -1]), ov.Type.i32, name="ids")
    lengths = op.parameter(ov.PartialShape([-1]), ov.Type.i32, name="lengths")
    width = op.gather(op.shape_of(ids, output_type="i32"), integers(1), integers(0))
    positions = op.range(integers(0), width, integers(1), "i32")
    present = op.less(op.unsqueeze(positions, integers(0)), op.unsqueeze(lengths, integers(1)))
    skipped = op.parameter(ov.PartialShape([-1]), ov.Type.i32, name="skipped") if skipping else None
    return Tokens(ids, lengths, positions, present, longest, skipped)


def integers(values: int | Sequence[int] | Sequence[Sequence[int]]) -> Node:
    """Return a constant, int32."""
    return op.constant(np.array(values, np.int32))


def floats(values: Any) -> Node:
    """Return a constant, f32."""
    return op.constant(np.array(values, np.float32))


def constant(tensor: Tensor) -> Node:
    """Return a tensor as f32; its bytes stay in the file's memory map."""
    if tensor.dtype == "BF16":
        node = op.constant(ov.Tensor(tensor.data, list(tensor.shape), ov.Type.bf16), shared_memory=True)
    else:
        node = op.constant(tensor.data, shared_memory=True)
    return node if tensor.dtype == "F32" else op.convert(node, "f32")


def embed(table: Tensor | np.ndarray[Any, Any], indices: Node) -> Node:
    """Look up rows: (…,) int32 → (…, h)."""
    rows = op.constant(table) if isinstance(table, np.ndarray) else constant(table)
    return op.gather(rows, indices, integers(0))


def along(tensor: Tensor, x: Node) -> Node:
    """Return a vector along the last axis of what is as many-dimensional as `x`."""
    rank = x.get_output_partial_shape(0).rank.get_length()
    return floats(tensor.float32().reshape((1,) * (rank - 1) + (-1,)))


def check_shape(tensor: Tensor, shape: tuple[int, ...]) -> None:
    """Refuse a tensor of another shape: one that broadcasts would give wrong numbers without a word."""
    if tensor.shape != shape:
        raise ConfigError(
            f"{tensor.path} has {tensor.name!r} of shape {tensor.shape} where {shape} fits: "
            "copy or download the model again"
        )


def linear(x: Node, weight: Tensor, bias: Tensor | None) -> Node:
    """x·Wᵀ + b: (…, h) → (…, o) with W of shape (o, h). The product has the name of W, by which `int8` knows it."""
    if bias is not None:
        check_shape(bias, weight.shape[:1])
    product = op.matmul(x, op.constant(weight.float32(), shared_memory=True), transpose_a=False, transpose_b=True)
    product.set_friendly_name(weight.name)
    return product if bias is None else op.add(product, along(bias, x))


def layer_norm(x: Node, scale: Tensor, shift: Tensor | None, epsilon: float) -> Node:
    """Layer normalisation over the last axis (Ba et al. 2016, arXiv:1607.06450)."""
    width = x.get_output_partial_shape(0)[-1].get_length()
    check_shape(scale, (width,))
    if shift is not None:
        check_shape(shift, (width,))
    normal = op.mvn(x, integers([-1]), normalize_variance=True, eps=epsilon, eps_mode="inside_sqrt")
    scaled = op.multiply(normal, along(scale, x))
    return scaled if shift is None else op.add(scaled, along(shift, x))


def rms_norm(x: Node, scale: Tensor, epsilon: float) -> Node:
    """Root-mean-square normalisation over the last axis (Zhang and Sennrich 2019, arXiv:1910.07467)."""
    check_shape(scale, (x.get_output_partial_shape(0)[-1].get_length(),))
    mean = op.reduce_mean(op.multiply(x, x), integers([-1]), keep_dims=True)
    return op.multiply(op.divide(x, op.sqrt(op.add(mean, floats(epsilon)))), along(scale, x))


def masked(seen: Node) -> Node:
    """Return what is added to scores: nothing where a token is seen, and else what makes its weight zero."""
    return op.select(seen, floats(0.0), floats(MASKED))


def padding_mask(tokens: Tokens) -> Node:
    """Return what keeps attention from padding when it is added to the scores: (n, 1, 1, t)."""
    return op.unsqueeze(masked(tokens.present), integers([1, 2]))


def distances(tokens: Tokens) -> Node:
    """Return how many tokens each stands behind each, (t, t) int32: row less column."""
    rows, columns = (op.unsqueeze(tokens.positions, integers(axis)) for axis in (1, 0))
    return op.subtract(rows, columns)


def attention(q: Node, k: Node, v: Node, *, heads: int, size: int, mask: Node) -> Node:
    """Self-attention (Vaswani et al. 2017, arXiv:1706.03762): three of (n, t, h) → (n, t, h).

    `mask`, of a shape that broadcasts to (n, a, t, t), is added to the scores.
    """
    return heads_attention(*(split_heads(each, heads, size) for each in (q, k, v)), size=size, mask=mask)


def heads_attention(q: Node, k: Node, v: Node, *, size: int, mask: Node) -> Node:
    """Do the same for heads apart: three of (n, a, t, k) → (n, t, h).

    The processor's plugin fuses all of it, and never holds more than some rows of the scores.
    """
    scores = op.matmul(op.multiply(q, floats(size**-0.5)), k, transpose_a=False, transpose_b=True)  # (n, a, t, t)
    weights = op.softmax(op.add(scores, mask), -1)
    read = op.matmul(weights, v, transpose_a=False, transpose_b=False)  # (n, a, t, k)
    return op.reshape(op.transpose(read, integers([0, 2, 1, 3])), integers([0, 0, -1]), special_zero=True)


def split_heads(x: Node, heads: int, size: int) -> Node:
    """(n, t, h) → (n, a, t, k)."""
    return op.transpose(op.reshape(x, integers([0, 0, heads, size]), special_zero=True), integers([0, 2, 1, 3]))


ACTIVATIONS: dict[str, Callable[[Node], Node]] = {
    "gelu": lambda x: op.gelu(x, "erf"),
    "gelu_new": lambda x: op.gelu(x, "tanh"),
    "gelu_pytorch_tanh": lambda x: op.gelu(x, "tanh"),
    "relu": op.relu,
    "silu": op.swish,
    "swish": op.swish,
}
"""By the name that ``config.json`` gives as hidden_act."""


def activation(name: str) -> Callable[[Node], Node]:
    """Return an activation by name; raise `ValueError` for one that is not supported."""
    try:
        return ACTIVATIONS[name]
    except KeyError:
        raise ValueError(f"the activation {name!r} is not supported: {', '.join(ACTIVATIONS)} are") from None


def model(outputs: Sequence[Node], tokens: Tokens) -> Model:
    """Close a graph: the inputs of `tokens` in, `outputs` out."""
    return ov.Model([op.result(output) for output in outputs], tokens.inputs, "encoder")
