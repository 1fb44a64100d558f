"""What the drop-ins for local libraries share: a model opened, devices named, and what was cut told."""

from __future__ import annotations

import re
import sys
import warnings
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from vecsmith import hub
from vecsmith.compat.errors import ArgumentError, MissingModel
from vecsmith.errors import ConfigError, EmbedWarning
from vecsmith.sync import Embedder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from vecsmith.local import LocalGenerator
    from vecsmith.types import Compute

__all__ = ["check_devices", "check_providers", "local_of", "opened", "tell", "tell_cut"]

INSIDE = ("vecsmith.", "pydantic.")
"""Modules between a caller and what is told."""

DEVICE = re.compile(r"(cpu|cuda|mps|xpu|npu|hpu|xla|mtia|hip|vulkan|meta|privateuseone)?(:?\d+)?")
"""What PyTorch calls a device; a number alone is a GPU's."""


def opened(
    model: str | Path,
    *,
    revision: str | None = None,
    compute: Compute = "auto",
    threads: int | None = None,
    offline: bool = False,
) -> Embedder:
    """Open a model by any name that `vecsmith.Embedder` takes; raise `MissingModel` where it cannot be."""
    try:
        with hub.without_downloads() if offline else nullcontext():
            return Embedder(model, revision=revision, compute=compute, threads=threads)
    except ConfigError as error:
        raise MissingModel(str(error)) from None


def local_of(embedder: Embedder) -> LocalGenerator | None:
    """Return what computes a model on this machine; None for a model of a service."""
    from vecsmith.local import LocalGenerator

    found: LocalGenerator | None = embedder.generator.get_service(LocalGenerator)  # type: ignore[attr-defined]  # every provider's has it
    return found


def check_devices(*devices: object, refused: type[ConfigError] = ArgumentError) -> None:
    """Warn of devices that are not used: they change no vector, only the time that it takes.

    Raises `refused` for what is no device.
    """
    for device in devices:
        name = "cpu" if device is None else str(device).lower()
        if not name or not DEVICE.fullmatch(name):
            raise refused(f"{device!r} is no device: leave device out, for vecsmith computes on the processor")
        if not name.startswith("cpu"):
            tell(f"the device {name!r} is not used: vecsmith computes on the processor")


def check_providers(providers: Sequence[Any] | None, *, cuda: object = False) -> None:
    """Warn of a provider of onnxruntime's that is not used, as `check_devices` does of devices."""
    names = [str(each if isinstance(each, str) else each[0]) for each in providers or ()]
    others = [name for name in names if not name.startswith("CPU")]
    if others or cuda is True or str(getattr(cuda, "value", cuda)).lower() == "cuda":
        tell(f"{others[0] if others else 'cuda'} is not used: vecsmith computes on the processor")


def tell_cut(dropped: Iterable[int], advice: str) -> None:
    """Warn of texts of which tokens were cut off."""
    cut = [tokens for tokens in dropped if tokens]
    if cut:
        texts = "1 text was" if len(cut) == 1 else f"{len(cut)} texts were"
        tell(f"{texts} longer than the model reads, and {sum(cut)} tokens at the end were not read: {advice}")


def tell(message: str) -> None:
    """Warn at the line outside of vecsmith, and of what makes its objects, that called it."""
    frame, level = sys._getframe(1), 2  # noqa: SLF001 (`skip_file_prefixes` of warnings is Python 3.12's)
    while frame.f_back and str(frame.f_globals.get("__name__", "")).startswith(INSIDE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, EmbedWarning, stacklevel=level)
