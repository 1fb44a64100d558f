"""How OpenVINO is loaded and told to compile: the traps that were measured."""

import sys
import threading

import numpy as np
import pytest

from vecsmith import ConfigError
from vecsmith.local import lane, runtime
from vecsmith.local.plan import SHAPES, Batch, Job, Shape


def model():
    ov = runtime.openvino()
    x = ov.opset13.parameter([2, 2], ov.Type.f32)
    return ov.Model([ov.opset13.result(ov.opset13.relu(x))], [x], "test")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("INFERENCE_NUM_THREADS", 1),
        ("NUM_STREAMS", 1),
        ("ENABLE_CPU_PINNING", False),
        ("INFERENCE_PRECISION_HINT", "float"),
    ],
)
def test_a_model_is_compiled_as_asked(name, expected):
    value = runtime.compiled(model(), precision="f32", threads=1).get_property(name)
    assert expected in str(value) if isinstance(expected, str) else value == expected


def test_the_cache_of_shapes_holds_all_that_the_ladder_has():
    assert runtime.CACHE >= SHAPES * 300


def test_a_model_that_cannot_be_compiled_is_a_configuration_error_in_one_line():
    with pytest.raises(ConfigError, match="cannot be compiled for this processor") as caught:
        runtime.compiled(model(), precision="nonsense", threads=1)
    assert "\n" not in str(caught.value)


def test_the_stub_of_the_converter_is_gone_after_the_import():
    runtime.openvino()
    assert not hasattr(sys.modules.get(runtime.CONVERTER), "vecsmith")


def test_the_stub_of_the_converter_knows_nothing_else():
    with pytest.raises(AttributeError, match="anything"):
        runtime.converter_attribute("anything")


def test_inputs_are_copied(monkeypatch):
    """Sharing them corrupts the heap as soon as a second request is active."""
    given = {}

    class Request:
        model_inputs = ("ids", "lengths")

        def infer(self, inputs, *args, **options):
            given.update(options)
            assert not args

        def get_output_tensor(self, index):
            class Tensor:
                data = np.zeros((1, 1), np.float32)

            return Tensor

    job = Job.of([np.array([1, 2], np.int32)])
    lane.infer(Request(), Batch(job.rows, Shape(1, 8)))
    assert not given.get("share_inputs", False)


def test_two_requests_at_once_keep_their_inputs_apart(tiny):
    """What the heap would not survive, done a thousand times."""
    _, embedder = tiny
    engine = embedder.generator.engine
    rows = [np.full(n, 5 + n, np.int32) for n in range(1, 33)]
    expected = [engine.submit([row]).result(30)[0] for row in rows]
    wrong = []

    def short(number):
        for i in range(60):
            row = (i * 7 + number) % 32
            if not np.allclose(engine.submit([rows[row]]).result(30)[0], expected[row], rtol=0, atol=1e-5):
                wrong.append(row)

    def bulk(_):
        rounds = [engine.submit(rows * 4).result(30) for _ in range(6)]
        wrong.extend("bulk" for vectors in rounds if not np.allclose(vectors, expected * 4, rtol=0, atol=1e-5))

    threads = [threading.Thread(target=work, args=[n]) for n, work in enumerate((short, short, bulk, bulk))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
