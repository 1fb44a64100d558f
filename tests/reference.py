"""A plain numpy BERT and the poolings: the mathematics written a second time, to compare the engine with.

One text at a time, so without padding or masks, in float64.
"""

from math import erf, sqrt

import numpy as np

gelu_erf = np.vectorize(lambda x: 0.5 * x * (1 + erf(x / sqrt(2))), otypes=[np.float64])


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def silu(x):
    return x / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


ACTIVATIONS = {
    "gelu": gelu_erf,
    "gelu_new": gelu_tanh,
    "gelu_pytorch_tanh": gelu_tanh,
    "relu": relu,
    "silu": silu,
    "swish": silu,
}


def layer_norm(x, scale, shift, epsilon):
    mean = x.mean(axis=-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon) * scale + shift


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def bert(ids, weights, config):
    """Token ids of one text, (t,) → last hidden states (t, h)."""
    w = {name: np.asarray(tensor, np.float64) for name, tensor in weights.items()}
    epsilon = config["layer_norm_eps"]

    def dense(x, name):
        return x @ w[name + ".weight"].T + w[name + ".bias"]

    def norm(x, name):
        return layer_norm(x, w[name + ".weight"], w[name + ".bias"], epsilon)

    x = w["embeddings.word_embeddings.weight"][np.asarray(ids)]
    x = x + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    size = config["hidden_size"] // config["num_attention_heads"]
    for layer in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{layer}."
        q, k, v = (dense(x, f"{at}attention.self.{name}") for name in ("query", "key", "value"))
        heads = [slice(start, start + size) for start in range(0, config["hidden_size"], size)]
        read = np.concatenate([softmax(q[:, s] @ k[:, s].T / sqrt(size)) @ v[:, s] for s in heads], axis=-1)
        x = norm(x + dense(read, at + "attention.output.dense"), at + "attention.output.LayerNorm")
        wide = ACTIVATIONS[config["hidden_act"]](dense(x, at + "intermediate.dense"))
        x = norm(x + dense(wide, at + "output.dense"), at + "output.LayerNorm")
    return x


def weighted_mean(x):
    weights = np.arange(1, len(x) + 1)
    return (x * weights[:, None]).sum(axis=0) / weights.sum()


POOLINGS = {
    "mean": lambda x: x.mean(axis=0),
    "cls": lambda x: x[0],
    "max": lambda x: x.max(axis=0),
    "mean_sqrt_len_tokens": lambda x: x.sum(axis=0) / sqrt(len(x)),
    "weightedmean": weighted_mean,
    "lasttoken": lambda x: x[-1],
}


def unit(x):
    return x / np.sqrt((x**2).sum(axis=-1, keepdims=True))
