"""Which linear layers of a model are computed in int8, and by which numbers: the mathematics, and the file.

A layer's input x becomes y = round(x / f / s) + z, whole numbers from 0 to 255 with one scale s and one zero point z
for the tensor, and a factor f for each channel, by which its weights are multiplied: so that a channel with large
values does not take the others' steps away (SmoothQuant, Xiao et al. 2022, arXiv:2211.10438). The weights become whole
numbers from -63 to 63, a scale for each output: with seven bits the sum of two products fits into the 16 bits in which
processors without VNNI add them up, and all processors give the same sums.

The factors are powers of two in eighths, of which the file keeps the exponents: it is small, and the same whatever the
last bits of what was measured are.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.config import data_folder
from vecsmith.errors import ConfigError, damaged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from vecsmith.local.folder import ModelFolder
    from vecsmith.types import Floats

__all__ = [
    "LEVELS",
    "Quantization",
    "Site",
    "exponents",
    "find",
    "find_or_refuse",
    "fitted",
    "own_path",
    "save",
    "whole",
]

VERSION = 1
LEVELS = 256
SIGNED = 128
"""The zero point of whole numbers that OpenVINO would rather have signed, for which not all processors sum exactly."""

MOST = 63
"""The largest whole number of the weights."""

EIGHTHS = 8
FLOOR = 1e-3
"""A channel that was silent may not stay so: none counts as smaller than so much of the largest."""

DIGITS = 4
"""Of a scale, as the file has it."""

BUNDLED = Path(__file__).parents[1] / "bundled" / "int8"


@dataclass(frozen=True, slots=True)
class Site:
    """How the one input of some linear layers becomes whole numbers."""

    scale: float
    zero: int
    """The whole number that stands for nought."""
    exponents: tuple[int, ...]
    """Of each channel's factor, in eighths, to the base of two."""

    @property
    def factors(self) -> Floats:
        """The factors of the channels, (h,)."""
        values: Floats = np.exp2(np.array(self.exponents, np.float32) / EIGHTHS).astype(np.float32)
        return values

    @property
    def low(self) -> float:
        """The least value that has a whole number, after division by the factors."""
        return -self.zero * self.scale

    @property
    def high(self) -> float:
        """The greatest."""
        return (LEVELS - 1 - self.zero) * self.scale


@dataclass(frozen=True, slots=True)
class Quantization:
    """What int8 means for one model; two are equal that give the same vectors."""

    weights: str = field(compare=False)
    """The sha256 of the model's weights."""
    sites: Mapping[str, Site | None] = field(compare=False)
    """By the name of the first layer that reads the input; None for layers that stay as they are."""
    cosine: float = field(compare=False)
    """The mean cosine of its vectors and those of f32, of texts that the ranges were not measured on."""
    texts: str = field(compare=False)
    """The sha256 of the texts."""
    id: str = field(init=False)
    """Twenty hexadecimal digits that stand for what changes vectors."""

    def __post_init__(self) -> None:
        said = json.dumps([VERSION, self.weights, as_data(self.sites)], sort_keys=True)
        object.__setattr__(self, "id", hashlib.sha256(said.encode()).hexdigest()[:20])

    @property
    def left_out(self) -> list[str]:
        """The layers that stay as they are."""
        return [name for name, site in self.sites.items() if site is None]


def exponents(largest: Floats, weights: Floats, alpha: float) -> tuple[int, ...]:
    """Return the exponents of the factors aᵅ / w¹⁻ᵅ, their geometric mean set to one (equation 4 of the paper).

    `largest` are the largest magnitudes a of each channel, (h,), and `weights` those w of the weights it meets, (h,).
    """
    a, w = (np.maximum(each, FLOOR * max(float(each.max()), 1e-30)) for each in (largest, weights))
    logs = alpha * np.log2(a) - (1 - alpha) * np.log2(w)
    return tuple(np.rint(EIGHTHS * (logs - logs.mean())).astype(int).tolist())


def fitted(low: Floats, high: Floats, powers: tuple[int, ...]) -> Site:
    """Return the site whose whole numbers reach from the least to the greatest value of every channel, (h,) each."""
    factors = Site(1.0, 0, powers).factors
    least, greatest = min(0.0, float((low / factors).min())), max(0.0, float((high / factors).max()))
    scale = float(f"{max((greatest - least) / (LEVELS - 1), 1e-30):.{DIGITS - 1}e}")
    zero = min(LEVELS - 1, round(-least / scale))
    return Site(scale, zero - (zero == SIGNED), powers)


def whole(weights: Floats, factors: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return weights (o, h), their channels multiplied by `factors` (h,), as whole numbers, and their scales (o, 1)."""
    scaled = weights * factors
    scales: Floats = np.maximum(np.abs(scaled).max(axis=1, keepdims=True), 1e-30).astype(np.float32) / np.float32(MOST)
    return np.rint(scaled / scales).astype(np.int8), scales


def as_data(sites: Mapping[str, Site | None]) -> dict[str, Any]:
    return {
        name: site and {"scale": site.scale, "zero": site.zero, "exponents": list(site.exponents)}
        for name, site in sites.items()
    }


def own_path(weights: str) -> Path:
    """Return where a user's own file for a model's weights lies."""
    return data_folder() / "int8" / f"{weights}.json"


def save(quantization: Quantization, path: Path) -> None:
    """Write a file, whole or not at all; raise `ConfigError` where it cannot be written."""
    data = {
        "int8": VERSION,
        "weights": quantization.weights,
        "texts": quantization.texts,
        "cosine": round(quantization.cosine, DIGITS - 1),
        "sites": as_data(quantization.sites),
    }
    text = json.dumps(data, separators=(",", ":")).replace('},"', '},\n"') + "\n"
    partial = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="ascii")
        partial.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror or error}): see its folder's rights") from None


def find(weights: str) -> Quantization | None:
    """Return what int8 means for a model by the sha256 of its weights: the user's own file, else the package's.

    None where there is neither. Raises `ConfigError` for a file that is damaged or of other weights.
    """
    for path in (own_path(weights), BUNDLED / f"{weights}.json"):
        try:
            text = path.read_text(encoding="ascii")
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path} cannot be read ({error}): {ADVICE}") from None
        return parsed(text, weights, path)
    return None


ADVICE = "remove it, or make it again with `vecsmith models calibrate`"


def find_or_refuse(folder: ModelFolder) -> Quantization:
    """Do the same for a model; raise `ConfigError` where it was not calibrated."""
    found = find(folder.sha256())
    if found is None:
        raise ConfigError(
            f"compute='int8' needs to know the values inside {folder.name}: run `vecsmith models calibrate "
            f"{folder.name if '/' in folder.name or folder.manifest else folder.folder}` once"
        )
    return found


def parsed(text: str, weights: str, path: Path) -> Quantization:
    """Read a file's text."""
    try:
        with damaged(str(path)):
            data = json.loads(text)
            if data["int8"] != VERSION:
                raise ConfigError(f"{path} was written by another version of vecsmith: {ADVICE}")
            sites = {str(name): site and read_site(site) for name, site in data["sites"].items()}
            found = Quantization(str(data["weights"]), sites, float(data["cosine"]), str(data["texts"]))
    except ConfigError as error:
        said = str(error)
        raise ConfigError(said if said.endswith(ADVICE) else f"{said}: {ADVICE}") from None
    if found.weights != weights:
        raise ConfigError(f"{path} is of the weights {found.weights[:16]}…, not of this model: {ADVICE}")
    return found


def read_site(data: Mapping[str, Any]) -> Site:
    site = Site(float(data["scale"]), int(data["zero"]), tuple(int(each) for each in data["exponents"]))
    if not (0 < site.scale < float("inf") and 0 <= site.zero < LEVELS and np.abs(site.exponents).max() <= LEVELS):
        raise ValueError("a site is out of range")
    return site
