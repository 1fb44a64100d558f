"""The tiny models that vecsmith is compared with sentence-transformers on: a row each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["SIZES", "VARIANTS", "WIDTH", "Variant"]

WIDTH = 32


@dataclass(frozen=True)
class Variant:
    """One model: an architecture of transformers, a tokenizer, and sentence-transformers' modules behind it."""

    config: str
    """The class of its configuration in transformers."""
    tokenizer: str
    """One of ``reference_tokenizers.TOKENIZERS``."""
    sizes: Mapping[str, Any] = field(default_factory=dict)
    """What its configuration has besides `SIZES`."""
    pooling: str | Sequence[str] = "mean"
    dense: Sequence[tuple[int, str, bool]] = ()
    """Width, activation (a class of ``torch.nn``) and whether there is a bias, of each dense layer."""
    tail: Sequence[str] = ()
    """``Normalize``, ``LayerNorm``: modules without settings, behind all others."""
    prompts: Mapping[str, str] = field(default_factory=dict)
    default_prompt: str | None = None
    include_prompt: bool = True
    old: bool = False
    """Whether its files are those of sentence-transformers 2, with ``do_lower_case``."""
    max_tokens: int = 40


SIZES: dict[str, Any] = {
    "hidden_size": WIDTH,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 40,
}
DISTILBERT = {"dim": WIDTH, "n_layers": 2, "n_heads": 4, "hidden_dim": 48}
ROBERTA = {"max_position_embeddings": 42, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "type_vocab_size": 1}
MPNET = {**ROBERTA, "max_position_embeddings": 202}
SMALL = {"num_hidden_layers": 1}
LONG = {"max_position_embeddings": 200}
MODERN = {
    **LONG,
    "num_hidden_layers": 4,
    "local_attention": 16,
    "pad_token_id": 0,
    "cls_token_id": 2,
    "sep_token_id": 3,
}
QWEN = {**LONG, "num_key_value_heads": 2, "head_dim": 12}

VARIANTS: dict[str, Variant] = {
    "bert": Variant("BertConfig", "wordpiece"),
    "bert-cls-normalize": Variant("BertConfig", "wordpiece", SMALL, pooling="cls", tail=["Normalize"]),
    "bert-max": Variant("BertConfig", "wordpiece", SMALL, pooling="max"),
    "bert-sqrt": Variant("BertConfig", "wordpiece", SMALL, pooling="mean_sqrt_len_tokens"),
    "bert-weighted": Variant("BertConfig", "wordpiece", SMALL, pooling="weightedmean"),
    "bert-last": Variant("BertConfig", "wordpiece", SMALL, pooling="lasttoken"),
    "bert-concatenated": Variant("BertConfig", "wordpiece", SMALL, pooling=["mean", "cls", "max"]),
    "bert-dense": Variant(
        "BertConfig",
        "wordpiece",
        SMALL,
        dense=[(48, "Tanh", True), (24, "Identity", False)],
        tail=["LayerNorm", "Normalize"],
    ),
    "bert-prompts": Variant(
        "BertConfig", "wordpiece", SMALL, prompts={"query": "search for: ", "document": ""}, default_prompt="query"
    ),
    "bert-without-prompt": Variant(
        "BertConfig",
        "wordpiece",
        SMALL,
        pooling=["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"],
        prompts={"query": "search for: ", "document": ""},
        default_prompt="query",
        include_prompt=False,
    ),
    "bert-old": Variant("BertConfig", "wordpiece-cased", SMALL, pooling=["max", "cls"], tail=["Normalize"], old=True),
    "distilbert": Variant("DistilBertConfig", "wordpiece", DISTILBERT),
    "roberta": Variant("RobertaConfig", "bytes", ROBERTA),
    "xlm-roberta": Variant("XLMRobertaConfig", "unigram", ROBERTA, tail=["Normalize"]),
    "camembert": Variant("CamembertConfig", "unigram", {**ROBERTA, "type_vocab_size": 2, "hidden_act": "relu"}),
    "mpnet": Variant("MPNetConfig", "wordpiece-mpnet", MPNET, tail=["Normalize"], max_tokens=200),
    "nomic_bert": Variant("NomicBertConfig", "wordpiece", LONG, tail=["Normalize"], max_tokens=200),
    "gte": Variant("GteConfig", "unigram", {**LONG, "pad_token_id": 1}, pooling="cls", max_tokens=200),
    "gte-typeless": Variant("GteConfig", "wordpiece", {**LONG, "type_vocab_size": 0}, max_tokens=200),
    "modernbert": Variant("ModernBertConfig", "bytes-bert", MODERN, max_tokens=200),
    "qwen3": Variant("Qwen3Config", "bytes-end", QWEN, pooling="lasttoken", tail=["Normalize"], max_tokens=200),
}
"""By the name of its folder."""
