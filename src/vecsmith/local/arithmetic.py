"""Which arithmetic to compute with: bf16 where the processor is really faster with it, else f32."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from vecsmith.errors import ConfigError
from vecsmith.local.forks import native
from vecsmith.local.runtime import compiled, core, forget_idle_threads, openvino, reason
from vecsmith.types import Compute

if TYPE_CHECKING:
    from openvino import InferRequest

__all__ = ["Arithmetic", "Precision", "choose"]

Precision = Literal["f32", "bf16"]

PROBE = 256, 512  # rows and width of the products that are timed: about a millisecond each
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """The precision of a model's matrix products, and why."""

    precision: Precision
    reason: str


def choose(compute: Compute) -> Arithmetic:
    """Return the arithmetic for what the caller asked; raise `ConfigError` for one this processor has not."""
    if compute not in get_args(Compute):
        raise ConfigError(f"compute must be one of {', '.join(get_args(Compute))}, not {compute!r}")
    if compute == "f32":
        return Arithmetic("f32", "asked for")
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
        f32, bf16 = timed("f32"), timed("bf16")
        forget_idle_threads()
    except (RuntimeError, ConfigError) as error:
        return False, f"a product failed ({reason(error)})"
    ratio = f32 / bf16
    return ratio > 1, f"bf16 products run at {ratio:.1f} times the speed of f32"


def timed(precision: Precision) -> float:
    """Return the seconds that one matrix product takes, the best of several."""
    request, x = product(precision)
    once(request, x)
    return min(once(request, x) for _ in range(ROUNDS))


def once(request: InferRequest, x: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> float:
    with native:
        start = time.perf_counter()
        request.infer([x])
        return time.perf_counter() - start


def product(precision: Precision) -> tuple[InferRequest, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    ov = openvino()
    op = ov.opset13
    rows, width = PROBE
    x = op.parameter([rows, width], ov.Type.f32)
    weight = np.random.default_rng(0).standard_normal((width, width), np.float32)
    y = op.matmul(op.matmul(x, op.constant(weight), False, True), op.constant(weight), False, True)
    model = ov.Model([op.result(y)], [x], "probe")
    return compiled(model, precision=precision, threads=1).create_infer_request(), np.ones((rows, width), np.float32)
