"""Measure the memory that a long text takes: 8,192 tokens through a random model of NomicBERT's size.

    python bench/long_inputs.py [--tokens 8192] [--architecture nomic_bert|modernbert]

A process of its own writes nothing, opens the model and embeds a text of one word, then the long one; shown is the most
memory that it ever held, less its weights. Needs neither data nor peers; runs with a Python that has vecsmith.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from table import render

TINY = Path(__file__).parents[1] / "tests" / "models"
WIDTH, LAYERS, HEADS, WORDS = 768, 12, 12, 30_528
WIDE = {"nomic_bert": 3072, "modernbert": 1152}
WANTED = 1024
"""MB beside the weights."""


def grown(shape: list[int], tiny: dict[str, int], sizes: dict[str, int]) -> tuple[int, ...]:
    """Return a tensor's shape in the large model: each dimension is one of the tiny one's, or three or two of it."""
    by_size = {times * tiny[name]: times * sizes[name] for name in tiny for times in (1, 2, 3)}
    return tuple(by_size.get(each, each) for each in shape)


def write(folder: Path, architecture: str, tokens: int) -> int:
    """Write a random model whose tensors are called as a tiny one's; return the bytes of its weights in float32."""
    from safetensors import safe_open

    source = TINY / architecture
    shutil.copytree(source, folder, dirs_exist_ok=True)
    config = json.loads((source / "config.json").read_text())
    tiny = {"words": config["vocab_size"], "wide": config["intermediate_size"], "width": config["hidden_size"]}
    sizes = {"words": WORDS, "wide": WIDE[architecture], "width": WIDTH}
    config |= {"vocab_size": WORDS, "intermediate_size": sizes["wide"], "hidden_size": WIDTH}
    config |= {"num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "max_position_embeddings": tokens}
    config.pop("head_dim", None)
    config.pop("layer_types", None)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": tokens}))
    rng, tensors = np.random.default_rng(0), {}
    with safe_open(source / "model.safetensors", "numpy") as file:
        shapes = {name: grown(list(file.get_slice(name).get_shape()), tiny, sizes) for name in file.keys()}  # noqa: SIM118
    first = {name: shape for name, shape in shapes.items() if "layers.1." in name or "layers." not in name}
    for name, shape in first.items():
        for number in range(LAYERS) if "layers.1." in name else [1]:
            made = rng.standard_normal(shape, np.float32) * (shape[-1] ** -0.5 if len(shape) > 1 else 0.2)
            made += 1.0 if len(shape) == 1 and name.endswith("weight") else 0.0
            tensors[name.replace("layers.1.", f"layers.{number}.")] = made
    save_file(tensors, folder / "model.safetensors")
    return 4 * sum(tensor.size for tensor in tensors.values())


def measure(folder: str, tokens: int) -> None:
    """Embed, and print the most memory held after the short text and after the long one, in kB, and the seconds."""
    from vecsmith import Embedder

    def most() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with Embedder(folder, compute="f32") as embedder:
        embedder.embed("a")
        short, start = most(), time.perf_counter()
        result = embedder.embed("a b " * tokens, on_long="truncate")
        read = result.items[0].tokens
        print(json.dumps([short, most(), time.perf_counter() - start, read]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=8192)
    parser.add_argument("--architecture", choices=tuple(WIDE), default="nomic_bert")
    parser.add_argument("--measure", metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.tokens)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        weights = write(Path(scratch), options.architecture, options.tokens) / 2**20
        command = [sys.executable, __file__, "--measure", scratch, "--tokens", str(options.tokens)]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        short, most, seconds, read = json.loads(told.splitlines()[-1])
    rows = [
        ["tokens read", f"{read:,}", f"{options.tokens:,}"],
        ["weights, MB in float32", f"{weights:.0f}", ""],
        ["most memory, MB: a word, the long text", f"{short / 1024:.0f}, {most / 1024:.0f}", ""],
        ["beside the weights, MB", f"{most / 1024 - weights:.0f}", f"≤ {WANTED}"],
        ["seconds", f"{seconds:.1f}", ""],
    ]
    print(render(("what", "seen", "wanted"), rows))
    return int(most / 1024 - weights > WANTED or read != options.tokens)


if __name__ == "__main__":
    sys.exit(main())
