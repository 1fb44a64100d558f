"""A server as a person starts it, and what the library itself makes of the texts that clients will send."""

import base64
import json
import shutil
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from served import started
from vecsmith import Embedder, EmbedWarning
from vecsmith.local.catalog import BUNDLED
from vecsmith.server.access.keys import Limits, make_key
from vecsmith.server.access.keystore import add_key

TEXTS = ["a cat", 'say "hi"\n\u2028\U0001f600 naïve', "the parcel arrived on Tuesday " * 5]
LONG = "the parcel arrived on Tuesday " * 100
PROMPTS = {"query": "query: ", "document": "passage: "}
PER_MINUTE = 30
"""Requests of the limited key: two seconds refill one."""
SLASHED = "org/model:v1"
ALIASES = (
    "text-embedding-3-small",
    "gemini-embedding-001",
    "embedding-gecko-001",
    "embed-v4.0",
    "voyage-3.5",
    "mistral-embed",
    "jina-embeddings-v3",
    "nomic-embed-text",
    SLASHED,
)

CALLS = {
    "plain": {},
    "query": {"task": "retrieval_query"},
    "document": {"task": "retrieval_document"},
    "raw": {"normalize": False},
    "cut": {"dimensions": 128},
    "int8": {"encoding": "int8"},
    "uint8": {"encoding": "uint8"},
    "binary": {"encoding": "binary"},
    "ubinary": {"encoding": "ubinary"},
}
"""What is asked of the library, by the name that a wish has for its vectors."""

LONG_CALLS = {
    "long": {"on_long": "truncate"},
    "long_start": {"on_long": "truncate_start"},
    "long_document": {"on_long": "truncate", "task": "retrieval_document"},
    "long_document_start": {"on_long": "truncate_start", "task": "retrieval_document"},
}


@contextmanager
def world(*options: str, environment: Mapping[str, str] | None = None) -> Iterator[dict[str, object]]:
    """Start ``vecsmith serve`` behind keys; yield what a client must know, and what it must get."""
    with TemporaryDirectory() as folder:
        model = prompted(Path(folder, "model"))
        home = Path(folder, "home")
        home.mkdir()
        vocabulary = Path(folder, "bytes.tiktoken")
        vocabulary.write_bytes(b"".join(base64.b64encode(bytes([byte])) + b" %d\n" % byte for byte in range(256)))
        arguments = [f"--alias={alias}={model}" for alias in ALIASES]
        arguments += ["--compute", "f32", "--vocabulary", str(vocabulary), *options]
        keys = {
            name: new_key(home, limits)
            for name, limits in (("key", {}), ("limited", {"requests_per_minute": PER_MINUTE}))
        }
        variables = {"VECSMITH_HOME": str(home), **(environment or {})}
        with started(str(model), *arguments, environment=variables) as (address, _):
            said = {"address": address, "texts": TEXTS, "long": LONG, "ids": [list(text.encode()) for text in TEXTS]}
            yield {**said, **keys, "slashed": SLASHED, "per_minute": PER_MINUTE, "vectors": own_vectors(model)}


def prompted(folder: Path) -> Path:
    """Write the bundled model, with prompts that make its vectors tell by which task they were asked for."""
    shutil.copytree(BUNDLED["minilm"], folder, ignore=shutil.ignore_patterns("manifest.json"))
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": PROMPTS}), encoding="utf-8")
    return folder


def new_key(home: Path, limits: Mapping[str, int]) -> str:
    """Make a secret key as ``vecsmith keys create`` does."""
    key, shown = make_key("", "secret", Limits(**limits), None, time.time())
    add_key(key, home / "keys.sqlite")
    return shown


def own_vectors(model: Path) -> dict[str, list[list[float]]]:
    """Embed the texts with the library, in every way in which a client asks for them."""
    with warnings.catch_warnings(), Embedder(model, compute="f32") as embedder:
        warnings.simplefilter("ignore", EmbedWarning)  # of a cut text and a cut vector, which are meant
        texts = {name: embedder.embed(TEXTS, **call).vectors.tolist() for name, call in CALLS.items()}
        long = {name: embedder.embed(LONG, **call).vectors.tolist() for name, call in LONG_CALLS.items()}
    return {**texts, **long}
