"""How bf16 is tried, on processors of every kind."""

import pytest

from vecsmith import ConfigError
from vecsmith.local import arithmetic
from vecsmith.local.arithmetic import choose


class Processor:
    """A processor with a list of abilities, and how many times as fast as f32 bf16 is there."""

    def __init__(self, abilities, bf16):
        self.abilities = abilities
        self.bf16 = bf16

    def get_property(self, device, name):
        assert (device, name) == ("CPU", "OPTIMIZATION_CAPABILITIES")
        return self.abilities

    def speedup(self, precision, over):
        assert (precision, over) == ("bf16", "f32")
        if isinstance(self.bf16, Exception):
            raise self.bf16
        return self.bf16


@pytest.fixture
def on(monkeypatch):
    def pretend(abilities, bf16=None):
        processor = Processor(abilities, bf16)
        monkeypatch.setattr(arithmetic, "core", lambda: processor)
        monkeypatch.setattr(arithmetic, "speedup", processor.speedup)
        arithmetic.bf16_is_fast.cache_clear()

    yield pretend
    arithmetic.bf16_is_fast.cache_clear()


def test_auto_takes_bf16_where_it_is_faster(on):
    on(["FP32", "BF16"], bf16=2.0)
    assert choose("auto").precision == "bf16"
    assert "2.0 times the speed of f32" in choose("auto").reason


def test_auto_takes_f32_where_bf16_is_only_claimed(on):
    on(["FP32", "BF16"], bf16=0.014)
    assert choose("auto").precision == "f32"


def test_auto_takes_f32_where_there_is_no_bf16(on):
    on(["FP32"])
    assert choose("auto").precision == "f32"
    assert choose("auto").reason == "the processor has no bf16 instructions"


@pytest.mark.parametrize("error", [RuntimeError("first line\nunsupported"), ConfigError("unsupported")], ids=repr)
def test_auto_takes_f32_where_bf16_fails(on, error):
    on(["FP32", "BF16"], bf16=error)
    assert choose("auto").precision == "f32"
    assert "a product failed (unsupported)" in choose("auto").reason


def test_the_probe_runs_on_this_machine():
    assert arithmetic.speedup("f32", over="f32") > 0
