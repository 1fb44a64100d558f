import os
import subprocess
import sys

import pytest

from vecsmith.errors import ConfigError
from vecsmith.local import arithmetic
from vecsmith.local.arithmetic import Arithmetic, choose
from vecsmith.local.graph import floats, integers, model, op, tokens
from vecsmith.local.runtime import compiled, core


def test_f32_is_taken_when_asked_for():
    assert choose("f32").precision == "f32"


def test_an_unknown_arithmetic_names_those_there_are():
    with pytest.raises(ConfigError, match="auto, f32, bf16"):
        choose("fp8")


def test_auto_takes_bf16_where_its_products_are_faster(monkeypatch):
    monkeypatch.setattr(arithmetic, "bf16_is_fast", lambda: (True, "it is"))
    assert choose("auto") == Arithmetic("bf16", "it is")


def test_auto_falls_back_to_f32_and_says_why(monkeypatch):
    monkeypatch.setattr(arithmetic, "bf16_is_fast", lambda: (False, "it is not"))
    assert choose("auto") == Arithmetic("f32", "it is not")


def test_bf16_is_refused_where_it_gains_nothing(monkeypatch):
    monkeypatch.setattr(arithmetic, "bf16_is_fast", lambda: (False, "it is emulated"))
    with pytest.raises(ConfigError, match="it is emulated"):
        choose("bf16")


def test_emulated_bf16_is_noticed_though_the_processor_claims_it():
    # oneDNN restricted to instructions without bf16 computes it many times slower than f32; OpenVINO still lists it.
    code = "from vecsmith.local.arithmetic import choose; print(choose('auto').precision)"
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX512_CORE"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "f32"


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_the_precision_is_always_set_and_cores_are_never_pinned(precision):
    inputs = tokens(8)
    lengths = op.multiply(op.convert(op.unsqueeze(inputs.lengths, integers(1)), "f32"), floats(2.0))
    if precision == "bf16" and "BF16" not in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        precision = "f32"
    made = compiled(model([lengths], inputs), precision=precision, threads=1)
    assert made.get_property("INFERENCE_PRECISION_HINT").get_type_name() == precision
    assert made.get_property("ENABLE_CPU_PINNING") is False
    assert made.get_property("INFERENCE_NUM_THREADS") == 1
