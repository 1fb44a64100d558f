"""LangChain's standard tests for embeddings, on each class; `bench/drop_ins_frameworks.py` runs them."""

from __future__ import annotations

import os
from typing import Any

from langchain_huggingface import HuggingFaceEmbeddings as Theirs
from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests

from vecsmith.compat.langchain import FastEmbedEmbeddings, HuggingFaceEmbeddings, VecsmithEmbeddings

NAME = "sentence-transformers/all-MiniLM-L6-v2"

CLASSES: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "OursVecsmith": (VecsmithEmbeddings, {}),
    "OursHuggingFace": (HuggingFaceEmbeddings, {"model_name": NAME}),
    "OursFastEmbed": (FastEmbedEmbeddings, {"model_name": NAME}),
    "Original": (Theirs, {"model_name": os.environ["BENCH_MODEL"]}),
}

for name, (embeddings, params) in CLASSES.items():
    members = {
        "embeddings_class": property(lambda _, each=embeddings: each),
        "embedding_model_params": property(lambda _, each=params: each),
    }
    for kind, base in (("Unit", EmbeddingsUnitTests), ("Integration", EmbeddingsIntegrationTests)):
        globals()[f"Test{name}{kind}"] = type(f"Test{name}{kind}", (base,), {**members, "__module__": __name__})
