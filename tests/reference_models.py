"""The tiny models of ``tests/models``, and what sentence-transformers gives (``scripts/make_reference_models.py``)."""

import json
import shutil
from pathlib import Path

import numpy as np

MODELS = Path(__file__).parent / "models"
TEXTS = json.loads((MODELS / "texts.json").read_text("utf-8"))
NAMES = sorted(path.parent.name for path in MODELS.glob("*/reference.npz"))


def reference_vectors(name):
    """(texts, width) float32."""
    return np.load(MODELS / name / "reference.npz")["vectors"]


def short_model(folder):
    """Write a model whose files say that it reads 10 tokens, and that has positions for 40; return its folder."""
    path = shutil.copytree(MODELS / "bert-old", folder / "short")
    (path / "sentence_bert_config.json").write_text('{"max_seq_length": 10, "do_lower_case": true}')
    return path


def worst_cosine(a, b):
    a, b = (np.asarray(x, np.float64) for x in (a, b))
    return float(((a * b).sum(axis=-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))).min())
