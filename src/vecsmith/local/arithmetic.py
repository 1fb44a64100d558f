"""Which arithmetic to compute with: bf16 where the processor is really faster with it, else f32; int8 where asked."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from vecsmith.errors import ConfigError
from vecsmith.local.forks import native
from vecsmith.local.runtime import compiled, core, forget_idle_threads, openvino, reason
from vecsmith.types import Compute

if TYPE_CHECKING:
    from openvino import InferRequest, Node

    from vecsmith.types import Floats

__all__ = ["Arithmetic", "Precision", "choose", "int8_is_fast"]

Precision = Literal["f32", "bf16"]

GAIN = 1.2
"""Int8 products must be so many times as fast as the others: for less, vectors need not move."""

PROBE = 256, 512  # rows and width of the products that are timed: about a millisecond each
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """The precision of a model's matrix products, and why."""

    precision: Precision
    reason: str
    int8: bool = False
    """Whether linear layers are in int8, and `precision` that of the others."""


def choose(compute: Compute, *, anywhere: bool = False) -> Arithmetic:
    """Return the arithmetic for what the caller asked; raise `ConfigError` for one this processor has not.

    `anywhere` allows int8 also where it gains nothing: it gives the same vectors there.
    """
    if compute not in get_args(Compute):
        raise ConfigError(f"compute must be one of {', '.join(get_args(Compute))}, not {compute!r}")
    if compute == "f32":
        return Arithmetic("f32", "asked for")
    if compute == "int8":
        fast, reason = (True, "") if anywhere else int8_is_fast()
        if not fast:
            raise ConfigError(f"compute='int8' is of no use on this processor: {reason}; use 'auto'")
        return replace(choose("auto"), reason="asked for", int8=True)
    fast, reason = bf16_is_fast()
    if compute == "bf16":
        if not fast:
            raise ConfigError(f"compute='bf16' is of no use on this processor: {reason}; use 'auto' or 'f32'")
        return Arithmetic("bf16", "asked for")
    return Arithmetic("bf16" if fast else "f32", reason)


@cache
def bf16_is_fast() -> tuple[bool, str]:
    """Say whether bf16 gains anything here, and why; measured, because a processor may claim it and emulate it."""
    if "BF16" not in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        return False, "the processor has no bf16 instructions"
    try:
        ratio = speedup("bf16", over="f32")
        forget_idle_threads()
    except (RuntimeError, ConfigError) as error:
        return False, f"a product failed ({reason(error)})"
    return ratio > 1, f"bf16 products run at {ratio:.1f} times the speed of f32"


@cache
def int8_is_fast() -> tuple[bool, str]:
    """Say whether int8 gains enough here over what `auto` chooses, and why; measured, as the processor's word is none.

    OpenVINO computes int8 on every processor, without VNNI, AMX or their like no faster than f32.
    """
    best = choose("auto").precision
    try:
        ratio = speedup("int8", over=best)
        forget_idle_threads()
    except (RuntimeError, ConfigError) as error:
        return False, f"a product failed ({reason(error)})"
    return ratio >= GAIN, f"int8 products run at {ratio:.1f} times the speed of {best}"


def speedup(precision: Precision | Literal["int8"], over: Precision) -> float:
    """Return how many times as fast products are as those of another precision; each pair is timed in one go.

    The median of several pairs: what else the processor does meanwhile slows both of a pair, or spoils one pair only.
    """
    products = [product(precision), product(over)]
    for request, x in products:
        once(request, x)
    pairs = [[once(request, x) for request, x in products] for _ in range(ROUNDS)]
    return statistics.median(others / own for own, others in pairs)


def once(request: InferRequest, x: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> float:
    with native:
        start = time.perf_counter()
        request.infer([x])
        return time.perf_counter() - start


def product(
    precision: Precision | Literal["int8"],
) -> tuple[InferRequest, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    ov = openvino()
    rows, width = PROBE
    x = ov.opset13.parameter([rows, width], ov.Type.f32)
    weight = np.random.default_rng(0).standard_normal((width, width), np.float32)
    y = layer(layer(x, weight, precision), weight, precision)
    model = ov.Model([ov.opset13.result(y)], [x], "probe")
    hint = "f32" if precision == "int8" else precision
    return compiled(model, precision=hint, threads=1).create_infer_request(), np.ones((rows, width), np.float32)


def layer(x: Node, weight: Floats, precision: Precision | Literal["int8"]) -> Node:
    """Return x·Wᵀ."""
    if precision == "int8":
        from vecsmith.local.int8 import product
        from vecsmith.local.quantization import Site

        return product(x.output(0), [weight], Site(1.0, 100, (0,) * len(weight)))[0]
    op = openvino().opset13
    return op.matmul(x, op.constant(weight), False, True)
