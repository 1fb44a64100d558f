"""The originals of the drop-ins, where they are installed, so that each is held to the same tests as its drop-in.

``VECSMITH_TEST_MINILM`` names a folder with all-MiniLM-L6-v2's float32 weights, for sentence-transformers to load, and
``VECSMITH_TEST_ONNX`` one with ``model.onnx``, for fastembed; ``bench/drop_ins.py`` says how they are installed, and
runs these tests there.
"""

import importlib
import importlib.util
import os
import warnings

import pytest

MINILM = os.environ.get("VECSMITH_TEST_MINILM")
ONNX = os.environ.get("VECSMITH_TEST_ONNX")
TORCH = importlib.util.find_spec("torch") is not None


def sides(name, model):
    """Return the drop-in for a package, and the package itself where it is and has a model to load."""
    there = model is not None and importlib.util.find_spec(name) is not None
    return [f"vecsmith.compat.{name}", *([name] if there else [])]


def imported(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


def is_ours(package):
    return package.__name__.startswith("vecsmith.")


def skip_without_torch():
    if not TORCH:
        pytest.skip("torch is not installed")
