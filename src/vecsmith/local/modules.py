"""The modules that sentence-transformers puts behind an encoder, as its files name them: pooling and what follows.

``modules.json`` lists them in order, each with a folder of its own for its ``config.json`` and weights
(``sentence_transformers/base/modules`` and ``sentence_transformers/sentence_transformer/modules``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vecsmith.errors import ConfigError, damaged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = ["POOLINGS", "Dense", "LayerNorm", "Modules", "Normalize", "Step", "behind", "read_json", "read_modules"]

POOLINGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""The modes by their old keys, in the order in which those of several are put one behind the other."""

PACKAGE = "sentence_transformers."
ACTIVATION = "torch.nn.modules.activation.Tanh"
"""Of a dense layer that names none."""


@dataclass(frozen=True, slots=True)
class Dense:
    """A linear layer and an activation: y = a(W·x + b), with x added where it is residual."""

    config: Path
    weights: Path
    width: int
    """Of what goes in."""
    out: int
    activation: str
    """The class's name in ``torch.nn``."""
    bias: bool
    residual: bool

    def __str__(self) -> str:
        return f"dense {self.width}-{self.out} {self.activation}{' residual' * self.residual}"


@dataclass(frozen=True, slots=True)
class LayerNorm:
    """A layer norm over the pooled vector."""

    config: Path
    weights: Path
    width: int

    @property
    def out(self) -> int:
        """The width of what comes out."""
        return self.width

    def __str__(self) -> str:
        return "layer norm"


@dataclass(frozen=True, slots=True)
class Normalize:
    """Division by the length, before a further module."""

    config: Path
    width: int

    @property
    def out(self) -> int:
        """The width of what comes out."""
        return self.width

    def __str__(self) -> str:
        return "length 1"


Step = Dense | LayerNorm | Normalize


@dataclass(frozen=True, slots=True)
class Modules:
    """What becomes of the vectors of a text's tokens."""

    modes: tuple[str, ...]
    """Pooling modes; the vectors of several are put one behind the other."""
    steps: tuple[Step, ...] = ()
    """What follows pooling, in order."""
    normalize: bool = False
    """Whether the last module divides by the length."""
    include_prompt: bool = True
    """Whether the tokens of the prompt are pooled with those of the text."""
    guessed: bool = False
    """Whether no file says how the model pools."""

    @property
    def weights(self) -> tuple[Path, ...]:
        """The weight files of the steps."""
        return tuple(step.weights for step in self.steps if not isinstance(step, Normalize))

    def width(self, hidden: int) -> int:
        """Return the width of the vectors, by that of the hidden states."""
        return self.steps[-1].out if self.steps else hidden * len(self.modes)

    def __str__(self) -> str:
        """Name the modes, and all that follows them."""
        modes = "+".join(self.modes) + " without the prompt" * (not self.include_prompt)
        return ", ".join([modes, *map(str, self.steps)])


def read_modules(folder: Path) -> list[tuple[str, Path]]:
    """Return the kind and folder of each module that ``modules.json`` lists; none where there is no such file.

    Raises `ConfigError` that names it where it is damaged, or asks for a module or an order that is not supported.
    """
    path = folder / "modules.json"
    if not path.is_file():
        return []
    try:
        entries = json.loads(path.read_text("utf-8"))
        if not isinstance(entries, list):
            raise TypeError(f"it should hold a JSON list, not {type(entries).__name__}")
        named = [(str(entry["type"]), folder / str(entry["path"])) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read ({error})") from None
    for name, place in named:
        check_module(path, name, place)
    kinds = [name.rpartition(".")[2] for name, _ in named]
    if kinds[:2] != ["Transformer", "Pooling"] or not STEPS.keys() >= set(kinds[2:]):
        raise ConfigError(
            f"{path} lists {', '.join(kinds) or 'nothing'}: Transformer, Pooling and then {', '.join(STEPS)} fit"
        )
    return list(zip(kinds, (place for _, place in named), strict=True))


def check_module(path: Path, name: str, place: Path) -> None:
    """Refuse a module that is not sentence-transformers', or not known, or not inside the model's folder."""
    kind = name.rpartition(".")[2]
    if kind not in KINDS:
        raise ConfigError(f"{path} asks for the module {kind!r}, which is not supported: {', '.join(KINDS)} are")
    if not name.startswith(PACKAGE):
        raise ConfigError(f"{path} asks for code of the model's own ({name}), which is never run")
    if not place.resolve().is_relative_to(path.parent.resolve()):
        raise ConfigError(f"{path} names a folder outside the model's ({place}): its modules lie inside")


def behind(modules: Sequence[tuple[str, Path]], hidden: int) -> Modules:
    """Return what follows an encoder of a hidden width; the mean, as sentence-transformers has it, where no file says.

    Raises `ConfigError` that names the file where one is missing, damaged, or does not fit the one before.
    """
    if not modules:
        return Modules(("mean",), guessed=True)
    modes, include_prompt = read_pooling(modules[1][1] / "config.json")
    steps: list[Step] = []
    width = hidden * len(modes)
    for kind, place in modules[2:]:
        if (step := STEPS[kind](place / "config.json", width)) is not None:
            steps.append(step)
            width = step.out
    normalize = bool(steps) and isinstance(steps[-1], Normalize)
    return Modules(modes, tuple(steps[:-1] if normalize else steps), normalize, include_prompt)


def read_pooling(path: Path) -> tuple[tuple[str, ...], bool]:
    """Return the modes that a pooling's file names, the mean where there is none, and whether it pools the prompt."""
    config = read_json(path, required=True)
    with damaged(str(path)):
        strange = [key for key in config if key.startswith("pooling_mode_") and key not in POOLINGS and config[key]]
        old = [mode for key, mode in POOLINGS.items() if config.get(key)] + strange
        named = config.get("pooling_mode") or (old if old or any(key in config for key in POOLINGS) else "mean")
        modes = (named,) if isinstance(named, str) else tuple(named)
        if isinstance(named, dict):
            raise TypeError("pooling_mode is no list of modes")
    if not modes or not all(mode in POOLINGS.values() for mode in modes):
        raise ConfigError(f"{path} asks for the pooling {list(modes)!r}: {', '.join(POOLINGS.values())} are supported")
    return modes, bool(config.get("include_prompt", True))


def read_dense(path: Path, width: int) -> Dense:
    """Read a dense layer's file."""
    config = read_json(path, required=True)
    with damaged(str(path)):
        name = str(config.get("activation_function", ACTIVATION))
        into, out = int(config["in_features"]), int(config["out_features"])
        places = [config.get(key) or "sentence_embedding" for key in ("module_input_name", "module_output_name")]
    if places != ["sentence_embedding"] * 2:
        raise ConfigError(
            f"{path} puts a dense layer elsewhere than behind pooling ({', '.join(places)}): not supported"
        )
    if not name.startswith("torch.nn."):
        raise ConfigError(f"{path} asks for the activation {name!r}, which is none of torch's: it is not supported")
    check_width(path, into, width)
    bias, residual = bool(config.get("bias", True)), bool(config.get("use_residual", False))
    return Dense(path, weights_beside(path), into, out, name.rpartition(".")[2], bias, residual)


def read_layer_norm(path: Path, width: int) -> LayerNorm:
    """Read a layer norm's file."""
    config = read_json(path, required=True)
    with damaged(str(path)):
        check_width(path, int(config["dimension"]), width)
    return LayerNorm(path, weights_beside(path), width)


def check_width(path: Path, into: int, width: int) -> None:
    if into != width:
        raise ConfigError(f"{path} takes vectors of {into} dimensions, and those before it have {width}")


def weights_beside(path: Path) -> Path:
    """Return a module's weights; pickled ones are never loaded."""
    weights = path.parent / "model.safetensors"
    if not weights.is_file():
        pickled = path.parent / "pytorch_model.bin"
        if pickled.is_file():
            raise ConfigError(f"{pickled} holds pickled weights, which are never loaded: save them as safetensors")
        raise ConfigError(f"{path.parent} has no model.safetensors: copy or download the model again")
    return weights


STEPS: dict[str, Callable[[Path, int], Step | None]] = {
    "Dense": read_dense,
    "LayerNorm": read_layer_norm,
    "Normalize": Normalize,
    "Dropout": lambda _path, _width: None,  # of training alone
}
"""By kind: the file and the width of what goes in → the step."""

KINDS: Sequence[str] = ("Transformer", "Pooling", *STEPS)


def read_json(path: Path, *, required: bool = False) -> dict[str, Any]:
    """Return a file's object; an empty one where the file is absent and not required."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if required:
            raise ConfigError(
                f"{path.parent} has no {path.name}: this is not a model folder, or not all of it"
            ) from None
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read ({error})") from None
    if not isinstance(value, dict):
        raise ConfigError(f"{path} should hold a JSON object, not {type(value).__name__}")
    return value
