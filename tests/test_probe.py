"""How bf16 is tried, on processors of every kind."""

import pytest

from vecsmith import ConfigError
from vecsmith.local import arithmetic
from vecsmith.local.arithmetic import choose


class Processor:
    """A processor with a list of abilities, and a time for each arithmetic."""

    def __init__(self, abilities, seconds):
        self.abilities = abilities
        self.seconds = seconds

    def get_property(self, device, name):
        assert (device, name) == ("CPU", "OPTIMIZATION_CAPABILITIES")
        return self.abilities

    def timed(self, precision):
        seconds = self.seconds[precision]
        if isinstance(seconds, Exception):
            raise seconds
        return seconds


@pytest.fixture
def on(monkeypatch):
    def pretend(abilities, **seconds):
        processor = Processor(abilities, seconds)
        monkeypatch.setattr(arithmetic, "core", lambda: processor)
        monkeypatch.setattr(arithmetic, "timed", processor.timed)
        arithmetic.bf16_is_fast.cache_clear()

    yield pretend
    arithmetic.bf16_is_fast.cache_clear()


def test_auto_takes_bf16_where_it_is_faster(on):
    on(["FP32", "BF16"], f32=4.0, bf16=2.0)
    assert choose("auto").precision == "bf16"
    assert "2.0 times the speed of f32" in choose("auto").reason


def test_auto_takes_f32_where_bf16_is_only_claimed(on):
    on(["FP32", "BF16"], f32=1.0, bf16=70.0)
    assert choose("auto").precision == "f32"


def test_auto_takes_f32_where_there_is_no_bf16(on):
    on(["FP32"])
    assert choose("auto").precision == "f32"
    assert choose("auto").reason == "the processor has no bf16 instructions"


@pytest.mark.parametrize("error", [RuntimeError("first line\nunsupported"), ConfigError("unsupported")], ids=repr)
def test_auto_takes_f32_where_bf16_fails(on, error):
    on(["FP32", "BF16"], f32=1.0, bf16=error)
    assert choose("auto").precision == "f32"
    assert "a product failed (unsupported)" in choose("auto").reason


def test_the_probe_runs_on_this_machine():
    assert arithmetic.timed("f32") > 0
