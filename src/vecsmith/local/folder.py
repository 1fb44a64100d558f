"""A model's own files, read into one description: what it is, how long a text it reads, how it pools.

Understood are the files of a Hugging Face model folder (``config.json``, ``tokenizer.json``, safetensors or ONNX
weights) with those of sentence-transformers beside them (``modules.json``, ``1_Pooling/config.json``,
``sentence_bert_config.json``, ``config_sentence_transformers.json``).
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vecsmith.errors import ConfigError, damaged
from vecsmith.local.architectures import readable_positions
from vecsmith.matryoshka import trained_sizes
from vecsmith.prompts import Prompts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["POOLINGS", "ModelFolder", "read_folder"]

# sentence-transformers' names of its pooling modes, old key by new name
POOLINGS = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
MODULES = {"Transformer", "Pooling", "Normalize"}
UNSET = 1_000_000  # tokenizers write a huge number where they mean none
WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "model.onnx", "onnx/model.onnx")


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """What a model's own files say of it."""

    name: str
    folder: Path
    config: Mapping[str, Any]
    weights: tuple[Path, ...]
    """The safetensors files, or the ONNX file and those that hold its data."""
    tokenizer: Path
    max_tokens: int
    """The longest text it reads, special tokens included."""
    pooling: str
    normalize: bool
    prompts: Mapping[str, str] = field(default_factory=dict)
    """Text put before an input, by name; from ``config_sentence_transformers.json``."""
    default_prompt: str = ""
    manifest: Mapping[str, Any] | None = None
    """The known sha256 of each file, where the model came with them."""

    @property
    def task_prompts(self) -> Prompts:
        """What is put before an input for each task."""
        return Prompts.of(self.name, self.prompts, self.default_prompt)

    @property
    def trained_sizes(self) -> tuple[int, ...]:
        """The widths below its own that it was trained to be cut to."""
        return trained_sizes(self.name, self.dimensions)

    @property
    def dimensions(self) -> int:
        """The width of its vectors."""
        return int(width(self.config))

    @property
    def architecture(self) -> str:
        """The model type that ``config.json`` names; ``onnx`` for an ONNX file, whose graph says all."""
        return "onnx" if self.weights[0].suffix == ".onnx" else str(self.config.get("model_type", "unknown"))

    def sha256(self) -> str:
        """Return what identifies the weights: of the official file where the manifest names it, else of our own."""
        if self.manifest is not None:
            return str(self.manifest["source_weights_sha256"])
        from vecsmith.local.weights import sha256

        with readable(self.folder, "copy or download the model again"):
            return sha256(self.weights)


def read_folder(folder: Path, name: str, *, trusted: bool = False) -> ModelFolder:
    """Read a model's files; raise `ConfigError` where one that is needed is missing, damaged or not supported.

    The manifest of a `trusted` folder, one inside the package, stands for its weights; another's are read and hashed.
    """
    with damaged(f"a file in {folder}"), readable(folder, "check its path and permissions"):
        return read_files(folder, name, trusted=trusted)


@contextmanager
def readable(path: Path, advice: str) -> Iterator[None]:
    """Turn an error of the operating system into one that names the file, or else `path`."""
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{error.filename or path} cannot be read ({error.strerror or error}): {advice}") from None


def read_files(folder: Path, name: str, *, trusted: bool) -> ModelFolder:
    """Do the same, with the errors of damaged files as they come."""
    weights = find_weights(folder)
    transformer = read_json(folder / "sentence_bert_config.json")
    config = read_json(folder / "config.json", required=True)
    if not isinstance(width(config), int):
        raise ConfigError(f"{folder / 'config.json'} does not say hidden_size: this is not a text encoder's folder")
    modules = read_modules(folder)
    prompts_file = folder / "config_sentence_transformers.json"
    prompts = read_json(prompts_file)
    tokenizer = folder / "tokenizer.json"
    if not tokenizer.is_file():
        raise ConfigError(f"{folder} has no tokenizer.json: save the tokenizer there in the fast format")
    return ModelFolder(
        name=name,
        folder=folder,
        config=config,
        weights=weights,
        tokenizer=tokenizer,
        max_tokens=read_max_tokens(folder, transformer, config),
        pooling=read_pooling(folder, modules),
        normalize="Normalize" in modules,
        prompts=read_prompts(prompts_file, prompts),
        default_prompt=read_default_prompt(prompts_file, prompts),
        manifest=read_json(folder / "manifest.json") if trusted else None,
    )


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


def width(config: Mapping[str, Any]) -> Any:
    """Return the width of the hidden states: DistilBERT's configuration calls it ``dim``."""
    return config.get("hidden_size", config.get("dim"))


def find_weights(folder: Path) -> tuple[Path, ...]:
    """Return the weight files: safetensors before ONNX; pickled weights are never loaded."""
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not a folder: name a model folder that exists")
    for name in WEIGHTS:
        path = folder / name
        if path.is_file():
            return shards(path) if path.suffix == ".json" else (path, *external_data(path))
    pickled = [path.name for path in folder.iterdir() if path.name in {"pytorch_model.bin", "model.pt"}]
    if pickled:
        raise ConfigError(f"{folder} holds only pickled weights ({pickled[0]}): save the model as safetensors")
    raise ConfigError(
        f"{folder} has no model.safetensors and no model.onnx: this is not a model folder, or not all of it"
    )


def external_data(path: Path) -> list[Path]:
    """Return the files beside an ONNX file that hold its larger tensors, by the names that exporters give them."""
    if path.suffix != ".onnx":
        return []
    return sorted(file for file in path.parent.glob(f"{path.stem}*") if file != path and "data" in file.name)


def shards(index: Path) -> tuple[Path, ...]:
    """Return the files that an index of sharded weights names."""
    with damaged(str(index)):
        names = sorted(set(read_json(index, required=True).get("weight_map", {}).values()))
        odd = not names or any("/" in name or "\\" in name for name in names)
    if odd:
        raise ConfigError(f"{index} does not name its weight files")
    return tuple(index.parent / name for name in names)


def read_modules(folder: Path) -> dict[str, str]:
    """Return the folders of the sentence-transformers modules by kind; empty for a plain transformer."""
    path = folder / "modules.json"
    if not path.is_file():
        return {}
    try:
        listed = json.loads(path.read_text("utf-8"))
        if not isinstance(listed, list):
            raise TypeError(f"it should hold a JSON list, not {type(listed).__name__}")
        entries = [(str(m["type"]).rpartition(".")[2], str(m["path"])) for m in listed]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read ({error})") from None
    unknown = [kind for kind, _ in entries if kind not in MODULES]
    if unknown:
        raise ConfigError(
            f"{path} asks for the module {unknown[0]!r}, which is not supported: {', '.join(MODULES)} are"
        )
    return dict(entries)


def read_pooling(folder: Path, modules: Mapping[str, str]) -> str:
    """Return the pooling mode; ``mean`` where no file names one, as sentence-transformers does."""
    if "Pooling" not in modules:
        return "mean"
    path = folder / modules["Pooling"] / "config.json"
    config = read_json(path, required=True)
    with damaged(str(path)):
        named = config.get("pooling_mode") or [mode for key, mode in POOLINGS.items() if config.get(key)]
        modes = [named] if isinstance(named, str) else list(named)
    if len(modes) != 1 or modes[0] not in POOLINGS.values():
        raise ConfigError(f"{path} asks for the pooling {modes!r}: one of {', '.join(POOLINGS.values())} is supported")
    if not config.get("include_prompt", True):
        raise ConfigError(f"{path} leaves the prompt out of pooling (include_prompt false), which is not supported")
    return str(modes[0])


def read_max_tokens(folder: Path, transformer: Mapping[str, Any], config: Mapping[str, Any]) -> int:
    """Return the model's limit: its sentence-transformers files' word, within the positions its weights have."""
    rows = config.get("max_position_embeddings")
    positions = readable_positions(config, rows) if isinstance(rows, int) else rows
    asked = transformer.get("max_seq_length") or read_json(folder / "tokenizer_config.json").get("model_max_length")
    limits = [int(n) for n in (asked, positions) if isinstance(n, int | float) and 0 < n < UNSET]
    if not limits:
        raise ConfigError(f"no file in {folder} says how many tokens the model reads: set max_seq_length")
    return min(limits)


def read_prompts(path: Path, prompts: Mapping[str, Any]) -> dict[str, str]:
    with damaged(str(path)):
        return {str(name): str(text) for name, text in dict(prompts.get("prompts") or {}).items()}


def read_default_prompt(path: Path, prompts: Mapping[str, Any]) -> str:
    """Return the text put before an input where the caller names no prompt."""
    name = prompts.get("default_prompt_name")
    if name is None:
        return ""
    with damaged(str(path)):
        text = read_prompts(path, prompts).get(name)
    if text is None:
        raise ConfigError(f"{path} names the default prompt {name!r}, which is none of its prompts")
    return str(text)
