"""The encoders that can be built, by the model type that ``config.json`` names: a new one is a file and a row."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from vecsmith.errors import ConfigError, damaged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openvino import Node

    from vecsmith.local.folder import ModelFolder
    from vecsmith.local.graph import Tokens
    from vecsmith.local.weights import Weights

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "Encoder",
    "check_fit",
    "encoder",
    "padding",
    "readable_positions",
    "why_not",
]


class Encoder(Protocol):
    """What the module of an architecture has."""

    WORDS: str
    """The name of its table of words in the weights."""
    POSITIONS: str | None
    """The name of its table of positions; None where it has none, and so no longest text of its own."""
    PREFIXES: Sequence[str]
    """What files put before all names; the first under which `WORDS` is found counts."""

    def encode(self, config: Mapping[str, Any], weights: Weights, tokens: Tokens) -> Node:
        """Return the last hidden states, (n, t, h).

        What `damaged` turns into a `ConfigError` is blamed on ``config.json``; the weights name themselves.
        """


@dataclass(frozen=True, slots=True)
class Architecture:
    """A row of the table."""

    module: str
    """Beneath this package."""
    after_padding: bool = False
    """Whether positions are counted from the one behind the padding's id, so that a text cannot have those before."""
    remote: frozenset[str] = frozenset()
    """The classes of ``auto_map`` that the module stands for: what else asks for code of its own is refused."""


ARCHITECTURES = {
    "bert": Architecture("bert"),
    "camembert": Architecture("roberta", after_padding=True),
    "distilbert": Architecture("distilbert"),
    "gte": Architecture("gte"),
    "modernbert": Architecture("modernbert"),
    "mpnet": Architecture("mpnet", after_padding=True),
    "new": Architecture("gte", remote=frozenset({"NewModel"})),
    "nomic_bert": Architecture("nomic_bert", remote=frozenset({"NomicBertModel"})),
    "qwen3": Architecture("qwen3"),
    "roberta": Architecture("roberta", after_padding=True),
    "xlm-roberta": Architecture("roberta", after_padding=True),
}
"""By the ``model_type`` of ``config.json``."""


def why_not(config: Mapping[str, Any]) -> str | None:
    """Say why an encoder cannot be built, in words to follow the name of its ``config.json``; None where it can."""
    kind = str(config.get("model_type", "unknown"))
    if kind not in ARCHITECTURES:
        return f"names the architecture {kind!r}, which is not supported: {', '.join(ARCHITECTURES)} are"
    code = str(dict(config.get("auto_map") or {}).get("AutoModel") or "")
    if code and code.rpartition(".")[2] not in ARCHITECTURES[kind].remote:
        return f"asks for code of the model's own ({code}), which is never run"
    return None


def readable_positions(config: Mapping[str, Any], rows: int) -> int:
    """Return how many tokens a text may have by a table of so many positions."""
    row = ARCHITECTURES.get(str(config.get("model_type")))
    return rows - padding(config) - 1 if row is not None and row.after_padding else rows


def padding(config: Mapping[str, Any]) -> int:
    """Return the id of the padding of an architecture that counts positions from behind it."""
    named = config.get("pad_token_id")
    return 1 if named is None else int(named)


def encoder(folder: ModelFolder, tokens: Tokens) -> tuple[Node, Weights | None]:
    """Return a model's last hidden states, (n, t, h), and the weights, which must live as long as what is compiled."""
    if folder.architecture == "onnx":
        from vecsmith.local.onnx import encode
        from vecsmith.local.runtime import core

        return encode(folder.weights[0], tokens, core()), None
    module, weights = opened(folder)
    with damaged(str(folder.config_file)):  # the weights name themselves
        return module.encode(folder.config, weights, tokens), weights


def opened(folder: ModelFolder) -> tuple[Encoder, Weights]:
    """Return the architecture's module and the weights under their plain names."""
    from vecsmith.local.weights import Weights

    if reason := why_not(folder.config):
        raise ConfigError(f"{folder.config_file} {reason}; any encoder runs from an ONNX file beside it")
    name = f"{__name__}.{ARCHITECTURES[folder.architecture].module}"
    module = cast("Encoder", import_module(name))
    return module, Weights.open(folder.weights).below(module.PREFIXES, module.WORDS)


def check_fit(folder: ModelFolder, vocabulary: int) -> None:
    """Refuse weights with fewer words than the tokenizer, or fewer positions than a text may have tokens.

    Reading beyond either table would give garbage, or a crash.
    """
    with damaged(f"a file in {folder.folder}"):
        words, positions = tables(folder)
    if words < vocabulary:
        raise ConfigError(
            f"{folder.tokenizer} has {vocabulary} tokens and {folder.weights[0]} knows {words}: they are of two models"
        )
    if positions < folder.max_tokens:
        raise ConfigError(
            f"the files of {folder.name} ask for {folder.max_tokens} tokens and {folder.weights[0]} has {positions} "
            "positions for them: lower max_seq_length in sentence_bert_config.json"
        )


def tables(folder: ModelFolder) -> tuple[int, int]:
    """Return how many words and positions the weights know; an ONNX file hides them, so its configuration counts."""
    if folder.architecture == "onnx":
        words, rows = (folder.config.get(key) for key in ("vocab_size", "max_position_embeddings"))
        return words or sys.maxsize, readable_positions(folder.config, rows) if rows else sys.maxsize
    module, weights = opened(folder)
    words = weights[module.WORDS].shape[0]
    if module.POSITIONS is None:
        return words, sys.maxsize
    return words, readable_positions(folder.config, weights[module.POSITIONS].shape[0])
