"""What sentence-transformers and PyTorch call models and arithmetic, in vecsmith's words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecsmith.config import configuration
from vecsmith.hub import known_models
from vecsmith.local.catalog import ALIASES, BUNDLED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecsmith.types import Compute

__all__ = ["ARITHMETIC", "MODEL_KWARGS", "NUMBERS", "PROCESSOR_KWARGS", "model_of", "number_of"]

ORGANISATION = "sentence-transformers"

ARITHMETIC: Mapping[str, Compute] = {
    "auto": "auto",
    "none": "auto",
    "float32": "f32",
    "float": "f32",
    "bfloat16": "auto",
    "float16": "auto",
    "half": "auto",
}
"""By what PyTorch calls the type of a model's numbers; one of 16 bits allows what is fastest here, and no coarser."""

NUMBERS = ("dtype", "torch_dtype")
"""The names of a type of numbers, in a call and in ``config.json``, the newer one first."""

MODEL_KWARGS = frozenset({"attn_implementation", "device_map", "export", "low_cpu_mem_usage", "provider"})
"""What may be said of a model and changes no vector."""

PROCESSOR_KWARGS = frozenset({"clean_up_tokenization_spaces", "padding_side", "use_fast"})
"""What may be said of a tokenizer and changes no vector."""


def number_of(given: Mapping[str, Any]) -> str:
    """Return the type that a model's numbers are to have, as PyTorch spells it; ``none`` where that is not said."""
    said = next((given[name] for name in NUMBERS if name in given), None)
    return str(said).removeprefix("torch.").lower()


def model_of(name: str | Path) -> str | Path:
    """Return a model as vecsmith names it: a folder that is there, else what vecsmith knows, else the hub's.

    A short name that vecsmith does not know is one of the organisation ``sentence-transformers``.
    """
    if name and Path(name).is_dir():
        return Path(name)
    if not name or isinstance(name, Path) or set("/\\:@") & set(name) or known(name):
        return name
    return f"{ORGANISATION}/{name}"


def known(name: str) -> bool:
    """Whether a name without an organisation means something to vecsmith."""
    config = configuration()
    return any(name in names for names in (BUNDLED, ALIASES, config.profiles, config.aliases, known_models()))
