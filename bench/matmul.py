"""A worker that measures the rate this machine's matrix products allow.

The products are those of the model's own linear layers and nothing else, one after the other, each with its own
weights: per layer query, key, value and output (384 → 384), up (384 → 1536) and down (1536 → 384), six layers.
"""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from peers import cores
from worker import reply_channel, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from worker import Answer

    Floats = NDArray[np.float32]

ROWS = 2048
LAYERS = 6
SHAPES = ((384, 384), (384, 384), (384, 384), (384, 384), (384, 1536), (1536, 384))
WARM_UP = 3


def weights() -> list[Floats]:
    """Matrices (inputs, outputs) that keep the size of what passes through them."""
    numbers = np.random.default_rng(0)
    return [
        (numbers.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)
        for _ in range(LAYERS)
        for shape in SHAPES
    ]


def rows() -> Floats:
    return np.random.default_rng(1).standard_normal((ROWS, SHAPES[0][0])).astype(np.float32)


@cache
def torch_pass(precision: str) -> Callable[[], object]:
    """One pass through all products by PyTorch."""
    import torch

    dtype = {"bf16": torch.bfloat16, "f32": torch.float32}[precision]
    matrices = [
        torch.from_numpy(matrix.T.copy()).to(dtype) for matrix in weights()
    ]  # (outputs, inputs), as in nn.Linear
    start = torch.from_numpy(rows()).to(dtype)

    def run() -> None:
        with torch.inference_mode():
            x = start
            for matrix in matrices:
                x = torch.nn.functional.linear(x, matrix)

    return run


@cache
def openvino_pass(precision: str) -> Callable[[], object]:
    """One pass through all products by oneDNN, inside OpenVINO."""
    import openvino as ov
    from openvino import opset13 as ops

    source = ops.parameter([ROWS, SHAPES[0][0]], np.float32)
    x = source
    for matrix in weights():
        x = ops.matmul(x, ops.constant(matrix), transpose_a=False, transpose_b=False)
    settings: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": cores(),
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }
    request = ov.Core().compile_model(ov.Model([x], [source]), "CPU", settings).create_infer_request()
    request.set_input_tensor(ov.Tensor(rows()))
    run: Callable[[], object] = request.infer
    return run


LIBRARIES: Mapping[str, Callable[[str], Callable[[], object]]] = {"torch": torch_pass, "openvino": openvino_pass}


def rate(library: str, precision: str, seconds: float) -> Answer:
    """Return tokens (rows through all six layers) per second, over as many passes as fit into `seconds`."""
    run = LIBRARIES[library](precision)
    for _ in range(WARM_UP):
        run()
    passes, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        run()
        passes += 1
    return {"rate": passes * ROWS / elapsed}


def describe() -> Answer:
    import torch

    torch.set_num_threads(cores())
    return {"cores": cores(), "threads": torch.get_num_threads()}


if __name__ == "__main__":
    serve(reply_channel(), {"describe": describe, "rate": rate})
