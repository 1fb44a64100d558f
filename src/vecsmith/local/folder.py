"""A model's own files, read into one description: what it is, how long a text it reads, how it pools.

Understood are the files of a Hugging Face model folder (``config.json``, ``tokenizer.json``, safetensors or ONNX
weights) with those of sentence-transformers beside them (``modules.json`` and what it lists,
``sentence_bert_config.json``, ``config_sentence_transformers.json``).
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vecsmith.errors import ConfigError, damaged
from vecsmith.local.architectures import readable_positions, why_not
from vecsmith.local.modules import Modules, behind, read_json, read_modules
from vecsmith.matryoshka import trained_sizes
from vecsmith.prompts import Prompts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["ModelFolder", "read_folder"]

SETTINGS = tuple(
    f"sentence_{kind}_config.json" for kind in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta")
)
"""What sentence-transformers called the encoder's own settings over the years."""

UNSET = 1_000_000  # tokenizers write a huge number where they mean none
SAFETENSORS = ("model.safetensors", "model.safetensors.index.json")
ONNX = ("model.onnx", "onnx/model.onnx")
PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json", "model.pt")


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
    modules: Modules
    """What becomes of the vectors of a text's tokens."""
    lower: bool = False
    """Whether texts are put into lower case before they are tokenised."""
    prompts: Mapping[str, str] = field(default_factory=dict)
    """Text put before an input, by name; from ``config_sentence_transformers.json``."""
    default_prompt: str = ""
    similarity: str = "cosine"
    """How its vectors are meant to be compared."""
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
        return self.modules.width(int(width(self.config)))

    @property
    def pooling(self) -> str:
        """Its pooling modes, and what follows them."""
        return str(self.modules)

    @property
    def normalize(self) -> bool:
        """Whether its vectors are divided by their length."""
        return self.modules.normalize

    @property
    def files(self) -> tuple[Path, ...]:
        """Its weights, and those of the modules behind it."""
        return (*self.weights, *self.modules.weights)

    @property
    def config_file(self) -> Path:
        """Its ``config.json``."""
        return self.tokenizer.parent / "config.json"

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
            return sha256(self.files)


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
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not a folder: name a model folder that exists")
    modules = read_modules(folder)
    encoder = modules[0][1] if modules else folder
    safetensors, onnx = find_weights(encoder)
    config = read_json(encoder / "config.json", required=True)
    if not isinstance(width(config), int):
        raise ConfigError(f"{encoder / 'config.json'} does not say hidden_size: this is not a text encoder's folder")
    settings_file = next((encoder / file for file in SETTINGS if (encoder / file).is_file()), encoder / SETTINGS[0])
    settings, prompts_file = read_json(settings_file), folder / "config_sentence_transformers.json"
    check_task(settings_file, settings)
    prompts = read_json(prompts_file)
    tokenizer = encoder / "tokenizer.json"
    if not tokenizer.is_file():
        raise ConfigError(f"{encoder} has no tokenizer.json: save the tokenizer there in the fast format")
    return ModelFolder(
        name=name,
        folder=folder,
        config=config,
        weights=onnx if not safetensors or (onnx and why_not(config)) else safetensors,
        tokenizer=tokenizer,
        max_tokens=read_max_tokens(encoder, settings, config),
        modules=behind(modules, width(config)),
        lower=bool(settings.get("do_lower_case")),
        prompts=read_prompts(prompts_file, prompts),
        default_prompt=read_default_prompt(prompts_file, prompts),
        similarity=str(prompts.get("similarity_fn_name") or "cosine"),
        manifest=read_json(folder / "manifest.json") if trusted else None,
    )


def check_task(path: Path, settings: Mapping[str, Any]) -> None:
    """Refuse an encoder that is run for something else than the vectors of tokens."""
    task = settings.get("transformer_task", "feature-extraction")
    if task != "feature-extraction":
        raise ConfigError(f"{path} says transformer_task {task!r}: only feature-extraction gives embeddings")


def width(config: Mapping[str, Any]) -> Any:
    """Return the width of the hidden states: DistilBERT's configuration calls it ``dim``, Nomic's ``n_embd``."""
    return next((config[name] for name in ("hidden_size", "dim", "n_embd") if name in config), None)


def find_weights(folder: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return the safetensors files and the ONNX files, none of one kind at most; pickled weights are never loaded."""
    found = [
        next((folder / name for name in names if (folder / name).is_file()), None) for names in (SAFETENSORS, ONNX)
    ]
    if any(found):
        safetensors, onnx = (() if path is None else files_of(path) for path in found)
        return safetensors, onnx
    pickled = next((folder / name for name in PICKLED if (folder / name).is_file()), None)
    if pickled:
        raise ConfigError(f"{pickled} holds pickled weights, which are never loaded: save the model as safetensors")
    raise ConfigError(
        f"{folder} has no model.safetensors and no model.onnx: this is not a model folder, or not all of it"
    )


def files_of(path: Path) -> tuple[Path, ...]:
    """Return the files that hold the weights which one of them stands for."""
    return shards(path) if path.suffix == ".json" else (path, *external_data(path))


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


def read_max_tokens(folder: Path, transformer: Mapping[str, Any], config: Mapping[str, Any]) -> int:
    """Return the model's limit: its sentence-transformers files' word, within the positions its weights have."""
    rows = config.get("max_position_embeddings", config.get("n_positions"))
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
