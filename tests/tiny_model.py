"""Writes tiny BERT models with random weights, as folders of the files that real ones have."""

import json
from string import ascii_lowercase

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

import reference

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [*SPECIAL, *ascii_lowercase, *(f"##{letter}" for letter in ascii_lowercase), "cat", "dog", "the", "##ing"]
CONFIG = {
    "model_type": "bert",
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 40,
    "type_vocab_size": 2,
    "vocab_size": len(WORDS),
    "position_embedding_type": "absolute",
}
MODULES = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize"}
OLD_NAMES = {
    "mean": "pooling_mode_mean_tokens",
    "cls": "pooling_mode_cls_token",
    "max": "pooling_mode_max_tokens",
    "mean_sqrt_len_tokens": "pooling_mode_mean_sqrt_len_tokens",
    "weightedmean": "pooling_mode_weightedmean_tokens",
    "lasttoken": "pooling_mode_lasttoken",
}


def word_piece(words=WORDS):
    """A tokenizer with truncation and padding baked in, as published ones have."""
    tokenizer = Tokenizer(models.WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_truncation(6)
    tokenizer.enable_padding(length=6)
    return tokenizer


def random_weights(config, seed=0):
    """Tensors of a BERT in the names of Hugging Face's files, float32."""
    rng = np.random.default_rng(seed)
    h, wide = config["hidden_size"], config["intermediate_size"]
    tensors = {}

    def table(name, rows):
        tensors[f"embeddings.{name}.weight"] = rng.normal(0, 1, (rows, h))

    def dense(name, o, i):
        tensors[name + ".weight"] = rng.normal(0, i**-0.5, (o, i))
        tensors[name + ".bias"] = rng.normal(0, 0.2, o)

    def norm(name):
        tensors[name + ".weight"] = rng.normal(1, 0.2, h)
        tensors[name + ".bias"] = rng.normal(0, 0.2, h)

    table("word_embeddings", config["vocab_size"])
    table("position_embeddings", config["max_position_embeddings"])
    table("token_type_embeddings", config["type_vocab_size"])
    norm("embeddings.LayerNorm")
    for layer in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{layer}."
        for name in ("query", "key", "value"):
            dense(f"{at}attention.self.{name}", h, h)
        dense(at + "attention.output.dense", h, h)
        norm(at + "attention.output.LayerNorm")
        dense(at + "intermediate.dense", wide, h)
        dense(at + "output.dense", h, wide)
        norm(at + "output.LayerNorm")
    dense("pooler.dense", h, h)  # in the real files, and not used
    return {name: tensor.astype(np.float32) for name, tensor in tensors.items()}


def as_bfloat16(tensor):
    """The upper halves of float32, which is what bfloat16 is."""
    return (np.ascontiguousarray(tensor, np.float32).view(np.uint32) >> 16).astype(np.uint16)


def from_bfloat16(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)


STORED = {"F32": np.float32, "F16": np.float16, "BF16": as_bfloat16}
READ = {"F32": np.float32, "F16": np.float32, "BF16": from_bfloat16}


def safetensors_bytes(entries, *, pad=8):
    """The bytes of a file with (dtype, array) by name, as the format's description has them."""
    header, body = {}, b""
    for name, (dtype, array) in entries.items():
        data = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % pad)
    return len(text).to_bytes(8, "little") + text + body


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


class TinyModel:
    """A model's folder, and what should come out of it."""

    def __init__(self, path, config, weights, pooling, *, normalize):
        self.path = path
        self.config = config
        self.weights = weights
        self.pooling = pooling
        self.normalize = normalize
        self.tokenizer = Tokenizer.from_file(str(path / "tokenizer.json"))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()

    def token_vectors(self, text):
        """(tokens, width), special tokens included."""
        return reference.bert(self.tokenizer.encode(text).ids, self.weights, self.config)

    def vector(self, text):
        pooled = reference.POOLINGS[self.pooling](self.token_vectors(text))
        return reference.unit(pooled) if self.normalize else pooled

    def vectors(self, texts):
        return np.stack([self.vector(text) for text in texts])


def write_model(
    path,
    *,
    pooling="mean",
    normalize=True,
    prefix="",
    seed=0,
    weights=None,
    dtype="F32",
    max_seq_length=32,
    sentence_transformers=None,
    words=WORDS,
    **config,
):
    """Write a model's folder; further arguments replace those of `CONFIG`."""
    path.mkdir(parents=True, exist_ok=True)
    config = {**CONFIG, **config}
    weights = random_weights(config, seed) if weights is None else weights
    stored = {name: np.asarray(STORED[dtype](tensor)) for name, tensor in weights.items()}
    write_weights(path / "model.safetensors", {prefix + name: tensor for name, tensor in stored.items()}, dtype)
    write_json(path / "config.json", config)
    kinds = [kind for kind in MODULES if normalize or kind != "Normalize"]
    types = "sentence_transformers.models."
    modules = [{"idx": i, "name": str(i), "path": MODULES[k], "type": types + k} for i, k in enumerate(kinds)]
    write_json(path / "modules.json", modules)
    poolings = {old: mode == pooling for mode, old in OLD_NAMES.items()}
    write_json(path / "1_Pooling" / "config.json", {"word_embedding_dimension": config["hidden_size"], **poolings})
    write_json(path / "sentence_bert_config.json", {"max_seq_length": max_seq_length, "do_lower_case": False})
    if sentence_transformers is not None:
        write_json(path / "config_sentence_transformers.json", sentence_transformers)
    word_piece(words).save(str(path / "tokenizer.json"))
    read = {name: np.asarray(READ[dtype](tensor)) for name, tensor in stored.items()}
    return TinyModel(path, config, read, pooling, normalize=normalize)


def write_weights(path, tensors, dtype="F32"):
    """Write tensors; numpy, and so the library that writes the others, has no bfloat16."""
    if dtype == "BF16":
        path.write_bytes(safetensors_bytes({name: (dtype, tensor) for name, tensor in tensors.items()}))
    else:
        save_file({**tensors, "position_ids": np.arange(40)[None]}, path, {"format": "pt"})
