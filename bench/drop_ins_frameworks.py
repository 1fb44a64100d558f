"""Compare the drop-ins for LangChain and LlamaIndex with the originals: the same code with both imports.

    python -m venv bench/.frameworks
    bench/.frameworks/bin/pip install torch==2.13.0
    bench/.frameworks/bin/pip install . langchain-huggingface sentence-transformers langchain-community
    bench/.frameworks/bin/pip install langchain-chroma faiss-cpu langchain-tests llama-index-embeddings-huggingface
    bench/.frameworks/bin/python bench/drop_ins_frameworks.py

Documents and queries are SciFact's. The originals compute with the official float32 weights, which
`bench/make_peers.py` puts into `bench/.peers/model` (`--model FOLDER` names another folder of them), vecsmith with the
model of that name inside the package, at its defaults. Prints for each store whether the nearest are the same in the
same order, how far scores are apart, and the seconds that both took; then what LangChain's own standard tests say of
both. Ends with exit code 1 where a score is further apart than bf16 explains, where documents are in another order
although their scores are not that near, or where a standard test fails.

The tests of both drop-ins hold the originals to the same, too, where they are installed:

    bench/.frameworks/bin/pip install '.[dev]'
    PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 bench/.frameworks/bin/python -m pytest -p pytest_timeout tests/test_compat_l*.py
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import options
from corpora import SEED, data_folder, sample, scifact
from peers import BENCH, ENVIRONMENT, MODEL, refuse
from table import render

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Hits = list[tuple[str, float]]
    """The nearest of one query: their ids and scores."""

NAME = "sentence-transformers/all-MiniLM-L6-v2"
NEAREST = 10

TOLERANCE = 0.005
"""How far a cosine in bf16 may be from that in f32; two documents whose scores are nearer may change places."""

STANDARD = BENCH / "standard_embeddings.py"


@dataclass(frozen=True)
class Side:
    """One of the two imports, and the name by which the model is reached."""

    title: str
    langchain: Callable[..., Any]
    llama_index: Callable[..., Any]
    model: str

    def embeddings(self, **given: Any) -> Any:
        """Make LangChain's object, as people's code does."""
        return self.langchain(model_name=self.model, encode_kwargs={"normalize_embeddings": True}, **given)


@dataclass(frozen=True)
class Texts:
    """What is searched, and with what."""

    ids: list[str]
    documents: list[str]
    queries: list[str]


def imports(model: Path) -> tuple[Side, Side]:
    """Return the originals and ours; say what is missing where something is."""
    try:
        from langchain_huggingface import HuggingFaceEmbeddings as TheirEmbeddings
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding as TheirEmbedding

        from vecsmith.compat.langchain import HuggingFaceEmbeddings
        from vecsmith.compat.llama_index import HuggingFaceEmbedding
    except ImportError as error:
        raise refuse(f"{error}: make the environment as this script's first lines say, and run it there") from None
    if not (model / "modules.json").exists():
        raise refuse(f"{model} holds no model: run `python bench/make_peers.py`, or name a folder with --model")
    return (
        Side("original", TheirEmbeddings, TheirEmbedding, str(model)),
        Side("vecsmith", HuggingFaceEmbeddings, HuggingFaceEmbedding, NAME),
    )


# The same code for both sides: a store is filled and asked.


def in_memory(side: Side, texts: Texts) -> list[Hits]:
    from langchain_core.documents import Document
    from langchain_core.vectorstores import InMemoryVectorStore

    store = InMemoryVectorStore(side.embeddings())
    store.add_documents([Document(text, id=name) for name, text in zip(texts.ids, texts.documents, strict=True)])
    return [
        [(str(found.id), score) for found, score in store.similarity_search_with_score(query, k=NEAREST)]
        for query in texts.queries
    ]


def in_memory_async(side: Side, texts: Texts) -> list[Hits]:
    from langchain_core.vectorstores import InMemoryVectorStore

    async def asked() -> list[Hits]:
        metadatas = [{"id": name} for name in texts.ids]
        store = await InMemoryVectorStore.afrom_texts(texts.documents, side.embeddings(), metadatas)
        got = await asyncio.gather(*(store.asimilarity_search_with_score(query, k=NEAREST) for query in texts.queries))
        return [[(found.metadata["id"], score) for found, score in each] for each in got]

    return asyncio.run(asked())


def marginal(side: Side, texts: Texts) -> list[Hits]:
    from langchain_core.vectorstores import InMemoryVectorStore

    metadatas = [{"id": name} for name in texts.ids]
    store = InMemoryVectorStore.from_texts(texts.documents, side.embeddings(), metadatas)
    retriever = store.as_retriever(search_type="mmr", search_kwargs={"k": 4, "fetch_k": 20})
    return [[(found.metadata["id"], float("nan")) for found in retriever.invoke(query)] for query in texts.queries]


def faiss(side: Side, texts: Texts) -> list[Hits]:
    from langchain_community.vectorstores import FAISS
    from langchain_community.vectorstores.utils import DistanceStrategy

    store = FAISS.from_texts(
        texts.documents,
        side.embeddings(),
        [{"id": name} for name in texts.ids],
        distance_strategy=DistanceStrategy.MAX_INNER_PRODUCT,
    )
    return [
        [(found.metadata["id"], float(score)) for found, score in store.similarity_search_with_score(query, k=NEAREST)]
        for query in texts.queries
    ]


def chroma(side: Side, texts: Texts) -> list[Hits]:
    from langchain_chroma import Chroma

    store = Chroma.from_texts(
        texts.documents,
        side.embeddings(),
        ids=texts.ids,
        collection_name=side.title,
        collection_configuration={"hnsw": {"space": "cosine", "ef_search": len(texts.ids)}},
    )
    return [
        [(str(found.id), 1 - score) for found, score in store.similarity_search_with_score(query, k=NEAREST)]
        for query in texts.queries
    ]


def llama_index(side: Side, texts: Texts) -> list[Hits]:
    from llama_index.core import Settings, VectorStoreIndex
    from llama_index.core.schema import TextNode

    Settings.embed_model = side.llama_index(model_name=side.model, device="cpu", embed_batch_size=64)
    index = VectorStoreIndex(
        [TextNode(text=text, id_=name) for name, text in zip(texts.ids, texts.documents, strict=True)]
    )
    retriever = index.as_retriever(similarity_top_k=NEAREST)
    return [[(hit.node_id, hit.score) for hit in retriever.retrieve(query)] for query in texts.queries]


STORES: dict[str, Callable[[Side, Texts], list[Hits]]] = {
    "LangChain InMemoryVectorStore": in_memory,
    "LangChain InMemoryVectorStore, async": in_memory_async,
    "LangChain retriever, mmr": marginal,
    "LangChain FAISS": faiss,
    "LangChain Chroma": chroma,
    "LlamaIndex VectorStoreIndex": llama_index,
}


@dataclass(frozen=True)
class Outcome:
    """How two lists of hits compare."""

    store: str
    queries: int
    same_first: int
    same_order: int
    explained: int
    """Queries whose order is the same but for documents whose scores are nearer than the tolerance."""
    apart: float
    """The largest difference of a document's two scores; NaN where a store tells none."""
    seconds: tuple[float, float]

    def row(self) -> list[str]:
        apart = "-" if np.isnan(self.apart) else f"{self.apart:.5f}"
        theirs, ours = self.seconds
        share = [f"{count}/{self.queries}" for count in (self.same_first, self.same_order, self.explained)]
        return [self.store, *share, apart, f"{theirs:.1f}", f"{ours:.1f}"]


def outcome(name: str, theirs: list[Hits], ours: list[Hits], seconds: tuple[float, float]) -> Outcome:
    """Compare what both sides found."""
    names = [([n for n, _ in their], [n for n, _ in our]) for their, our in zip(theirs, ours, strict=True)]
    apart = [
        abs(dict(their)[n] - score)
        for their, our in zip(theirs, ours, strict=True)
        for n, score in our
        if n in dict(their)
    ]
    return Outcome(
        name,
        len(names),
        sum(their[0] == our[0] for their, our in names),
        sum(their == our for their, our in names),
        sum(map(explained, theirs, ours)),
        max(apart) if apart else float("nan"),
        seconds,
    )


def explained(theirs: Hits, ours: Hits) -> bool:
    """Whether each place holds the same document, or another one whose score is as near as bf16 makes it."""
    if all(np.isnan(score) for _, score in ours):
        return True  # such a store does not say how near they are
    pairs = zip(theirs, ours, strict=True)
    return all(their[0] == our[0] or abs(their[1] - our[1]) <= TOLERANCE for their, our in pairs)


def compared(sides: tuple[Side, Side], texts: Texts) -> list[Outcome]:
    """Fill and ask each store on both sides."""
    told = []
    for name, run in STORES.items():
        hits, seconds = [], []
        for side in sides:
            start = time.perf_counter()
            hits.append(run(side, texts))
            seconds.append(time.perf_counter() - start)
        told.append(outcome(name, hits[0], hits[1], (seconds[0], seconds[1])))
    return told


def cosines(sides: tuple[Side, Side], texts: Sequence[str]) -> float:
    """Return the least cosine of a text's two vectors."""
    theirs, ours = (np.array(side.embeddings().embed_documents(list(texts))) for side in sides)
    return float((theirs * ours).sum(axis=1).min())


def standard(model: Path) -> dict[str, str]:
    """Run LangChain's standard tests of embeddings on each class, and return what pytest says last."""
    told = {}
    for title, which in (("vecsmith", "Ours"), ("original", "Original")):
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-c",
            os.devnull,
            "-o",
            "asyncio_mode=auto",
            "--rootdir",
            BENCH,
        ]
        command += ["-p", "no:cacheprovider", "-W", "ignore", STANDARD, "-k", which]
        done = subprocess.run(
            list(map(str, command)),
            env={**ENVIRONMENT, "BENCH_MODEL": str(model)},
            capture_output=True,
            text=True,
            check=False,
        )
        told[title] = done.stdout.strip().splitlines()[-1]
    return told


def main() -> None:
    parser = options.parser(__doc__)
    parser.add_argument("--model", type=Path, default=MODEL, help="the official float32 model (default: %(default)s)")
    parser.add_argument("--documents", type=int, default=500, help="how many are searched (default: %(default)s)")
    parser.add_argument("--queries", type=int, default=100, help="how many are asked (default: %(default)s)")
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # both cut texts of more than 256 tokens, and ours says so
    sides = imports(given.model)
    found = scifact(data_folder(given.data))
    ids = sample(list(found.documents), given.documents, seed=SEED)
    queries = sample(list(found.queries.values()), given.queries, seed=SEED)
    texts = Texts(ids, [found.documents[name] for name in ids], queries)
    least, outcomes, tests = cosines(sides, texts.documents[:200]), compared(sides, texts), standard(given.model)
    header = ["store", "same first", f"same {NEAREST}", "same but for ties", "scores apart", "original s", "vecsmith s"]
    print(render(header, [each.row() for each in outcomes]))
    print(f"\nleast cosine of a text's two vectors: {least:.6f}")
    for title, said in tests.items():
        print(f"LangChain's standard tests, {title}: {said}")
    options.save(given.json, {"cosine": least, "stores": [vars(each) for each in outcomes], "tests": tests})
    missed = [f"{each.store}: scores {each.apart:.4f} apart" for each in outcomes if each.apart > TOLERANCE]
    missed += [f"{each.store}: another order" for each in outcomes if each.explained < each.queries]
    missed += [f"{title}: {said}" for title, said in tests.items() if "failed" in said or "passed" not in said]
    options.judge(missed)


if __name__ == "__main__":
    main()
