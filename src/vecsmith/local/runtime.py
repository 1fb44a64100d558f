"""The one place that imports OpenVINO and compiles with it."""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from vecsmith.errors import ConfigError
from vecsmith.local.forks import native

if TYPE_CHECKING:
    from openvino import CompiledModel, Core, Model

__all__ = ["compiled", "core", "forget_idle_threads", "openvino", "reason"]

CONVERTER = "openvino.tools.ovc"
CACHE = 20_000
"""Prepared operations kept by a compiled model: 64 shapes times about 300 operations. Without a bound that fits the
shapes they are made again or pile up."""


@cache
def openvino() -> Any:
    """Import OpenVINO without its model converter.

    The converter counts its imports at an analytics host, forks a process to do so and writes into the home folder,
    and takes half the time of the import; nothing here converts models.
    """
    if "openvino" in sys.modules or CONVERTER in sys.modules:
        return import_module("openvino")
    absent = ModuleType(CONVERTER)
    absent.__getattr__ = converter_attribute  # type: ignore[method-assign]
    sys.modules[CONVERTER] = absent
    try:
        return import_module("openvino")
    except ImportError as error:
        raise ConfigError(f"OpenVINO cannot be loaded on this machine ({error}): see the supported platforms") from None
    finally:
        del sys.modules[CONVERTER]


def converter_attribute(name: str) -> Any:
    """Give ``openvino.convert_model`` to whoever calls it, by importing the converter then."""
    if name != "convert_model":
        raise AttributeError(name)
    return lambda *args, **kwargs: import_module(CONVERTER).convert_model(*args, **kwargs)


@cache
def core() -> Core:
    """Return this process's OpenVINO; a forked child calls ``core.cache_clear`` and makes its own."""
    return openvino().Core()


def compiled(model: Model, *, precision: str, threads: int, streams: int = 1) -> CompiledModel:
    """Compile for the processor: `streams` requests at once, which share `threads`."""
    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": streams,
        "ENABLE_CPU_PINNING": False,  # two processes would pin themselves to the same cores
        "CPU_RUNTIME_CACHE_CAPACITY": CACHE,
    }
    try:
        here = core()
        with native:
            return here.compile_model(model, "CPU", settings)
    except RuntimeError as error:
        raise ConfigError(f"this model cannot be compiled for this processor ({reason(error)})") from None


def forget_idle_threads() -> None:
    """End the threads that OpenVINO keeps for the next model of the same settings; takes a millisecond.

    A forked child would take them up, and wait for ever: they do not exist there. A plugin ends them when it goes.
    """
    kind = openvino().Core
    with native:
        brief = kind()
        brief.get_property("CPU", "FULL_DEVICE_NAME")  # loads the plugin
        del brief


def reason(error: Exception) -> str:
    """Return the last line of an OpenVINO error, which says what the others say where."""
    lines = [line.strip() for line in str(error).splitlines() if re.search(r"\w", line)]
    return lines[-1] if lines else type(error).__name__
