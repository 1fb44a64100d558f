"""A graph's linear layers over tokens in int8: whole numbers put before them, their weights made whole.

OpenVINO makes integer products of what stands between a ``FakeQuantize`` and weights in int8 with a scale for each
output (https://docs.openvino.ai, "Low Precision Transformations"). Attention's own products stay as they are.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError
from vecsmith.local.graph import floats, integers, op, ov
from vecsmith.local.quantization import LEVELS, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from openvino import Model, Node, Output

    from vecsmith.local.quantization import Quantization, Site
    from vecsmith.types import Floats

__all__ = ["product", "quantize", "ranges", "sites", "weights"]

RANK = 3
"""Of what is computed for every token; what follows pooling is little work."""


def sites(model: Model) -> dict[str, list[Node]]:
    """Return the linear layers over tokens that read the same input, by the name of the first, in order."""
    readers: dict[tuple[str, int], list[Node]] = {}
    for node in model.get_ordered_ops():
        if is_linear(node):
            source = node.input_value(0)
            readers.setdefault((source.get_node().get_name(), source.get_index()), []).append(node)
    seen: Counter[str] = Counter()
    found = {}
    for layers in readers.values():
        name = layers[0].get_friendly_name()
        seen[name] += 1
        found[name if seen[name] == 1 else f"{name} #{seen[name]}"] = layers
    return found


def is_linear(node: Node) -> bool:
    """Whether a node is the product of (n, t, h) and a constant matrix in f32."""
    if node.get_type_name() != "MatMul" or node.get_attributes()["transpose_a"]:
        return False
    x, matrix = node.input_value(0), node.input_value(1)
    constant = matrix.get_node().get_type_name() == "Constant" and matrix.get_element_type() == ov.Type.f32
    return constant and x.get_partial_shape().rank == ov.Dimension(RANK) and len(matrix.get_shape()) == RANK - 1


def weights(layer: Node) -> Floats:
    """Return the weights of a layer, (o, h)."""
    matrix: Floats = layer.input_value(1).get_node().data
    return matrix if layer.get_attributes()["transpose_b"] else matrix.T


def product(x: Output, matrices: Sequence[Floats], site: Site) -> list[Node]:
    """Return x·Wᵀ in int8 for each of some W, (o, h): (…, h) → as many of (…, o)."""
    rank = x.get_partial_shape().rank.get_length()
    shrunk = op.multiply(x, floats((1 / site.factors).reshape((1,) * (rank - 1) + (-1,))))
    low, high = floats(site.low), floats(site.high)
    y = op.fake_quantize(shrunk, low, high, low, high, LEVELS)
    return [op.matmul(y, restored(*whole(matrix, site.factors)), False, True) for matrix in matrices]


def restored(numbers: np.ndarray[tuple[int, ...], np.dtype[np.int8]], scales: Floats) -> Node:
    """Return weights as OpenVINO wants them written: whole numbers, times a scale for each output."""
    return op.multiply(op.convert(op.constant(numbers), "f32"), floats(scales))


def quantize(model: Model, quantization: Quantization) -> None:
    """Put int8 into a graph, and all others that share its nodes.

    Raises `ConfigError` where the graph has other layers than those that were calibrated.
    """
    found = sites(model)
    if found.keys() != quantization.sites.keys():
        raise ConfigError(
            f"the int8 calibration of the weights {quantization.weights[:16]}… is of other layers than this model's: "
            "make it again with `vecsmith models calibrate`"
        )
    for name, layers in found.items():
        site = quantization.sites[name]
        if site is not None:
            replace(name, layers, site)


def replace(name: str, layers: Sequence[Node], site: Site) -> None:
    """Let what follows some layers follow their int8 form."""
    matrices = [weights(layer) for layer in layers]
    if matrices[0].shape[1] != len(site.exponents):
        raise ConfigError(
            f"the int8 calibration knows {len(site.exponents)} channels of {name}, which has {matrices[0].shape[1]}: "
            "make it again with `vecsmith models calibrate`"
        )
    source = layers[0].input_value(0)
    for layer, new in zip(layers, product(source, matrices, site), strict=True):
        new.set_friendly_name(layer.get_friendly_name())
        for reader in layer.output(0).get_target_inputs():
            reader.replace_source_output(new.output(0))


def ranges(model: Model) -> Model:
    """Return a graph that gives the least and the greatest value of each site's channels, (h,) each, site by site."""
    outputs = []
    for layers in sites(model).values():
        x = layers[0].input_value(0)
        axes = integers(list(range(RANK - 1)))
        outputs += [op.reduce_min(x, axes, keep_dims=False), op.reduce_max(x, axes, keep_dims=False)]
    return ov.Model([op.result(each) for each in outputs], model.get_parameters(), "ranges")
