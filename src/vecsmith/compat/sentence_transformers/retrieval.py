"""What is made of comparing vectors: the nearest, the paraphrases, the communities."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.compat.sentence_transformers.arrays import Form, floats, plain, rows
from vecsmith.compat.sentence_transformers.similarity import cos_sim, dot_score, units

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vecsmith.compat.sentence_transformers.arrays import Numbers
    from vecsmith.compat.sentence_transformers.model import SentenceTransformer

    Score = Callable[[Any, Any], Any]

__all__ = [
    "community_detection",
    "information_retrieval",
    "paraphrase_mining",
    "paraphrase_mining_embeddings",
    "semantic_search",
]


def semantic_search(  # noqa: PLR0917 (the original's)
    query_embeddings: object,
    corpus_embeddings: object,
    query_chunk_size: int = 100,
    corpus_chunk_size: int = 500000,
    top_k: int = 10,
    score_function: Score = cos_sim,
) -> list[list[dict[str, int | float]]]:
    """Return for each query the `top_k` nearest of a corpus, nearest first: ``{"corpus_id": …, "score": …}``.

    `score_function` is given at most `query_chunk_size` and `corpus_chunk_size` vectors at a time, in the form in which
    they came, and returns (queries, corpus); more is nearer.
    """
    form = Form.of(query_embeddings, corpus_embeddings)
    compare, queries, corpus = prepared(score_function, rows(query_embeddings), floats(corpus_embeddings))
    found: list[list[dict[str, int | float]]] = []
    for start in range(0, len(queries), query_chunk_size):
        asked = queries[start : start + query_chunk_size]
        scores, places = nearest(asked, corpus, top_k, corpus_chunk_size, compare, form)
        found += [
            [{"corpus_id": place, "score": score} for place, score in zip(*row, strict=True)]
            for row in zip(places.tolist(), scores.tolist(), strict=True)
        ]
    return found


information_retrieval = semantic_search


def prepared(compare: Score, *vectors: Numbers) -> tuple[Any, ...]:
    """Return a way to compare, and the vectors for it: for cosines they are normalised once, and not in every chunk."""
    return (dot_score, *map(units, vectors)) if compare is cos_sim else (compare, *vectors)


def nearest(  # noqa: PLR0917 (its two callers give all)
    asked: Numbers, corpus: Numbers, k: int, size: int, compare: Score, form: Form
) -> tuple[Numbers, Numbers]:
    """Return the scores and the places of the `k` nearest of each row, the nearest first: two (rows, k)."""
    scores = np.empty((len(asked), 0), np.float32)
    places = np.empty((len(asked), 0), np.int64)
    for start in range(0, len(corpus), size):
        chunk = corpus[start : start + size]
        new = plain(compare(form(asked), form(chunk)))
        if new.shape != (len(asked), len(chunk)):
            raise ValueError(f"score_function returned {new.shape} for {len(asked)} and {len(chunk)} vectors")
        scores, places = greatest(
            np.concatenate([scores, new], axis=1),
            np.concatenate([places, np.broadcast_to(np.arange(start, start + len(chunk)), new.shape)], axis=1),
            k,
        )
    return scores, places


def greatest(scores: Numbers, places: Numbers, k: int) -> tuple[Numbers, Numbers]:
    """Return the `k` greatest scores of each row with their places, the greatest first."""
    if k < scores.shape[1]:
        some = np.argpartition(-scores, k - 1, axis=1)[:, :k] if k > 0 else np.empty((len(scores), 0), np.int64)
        scores, places = np.take_along_axis(scores, some, axis=1), np.take_along_axis(places, some, axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(places, order, axis=1)


def paraphrase_mining(  # noqa: PLR0917 (the original's)
    model: SentenceTransformer,
    sentences: Sequence[str],
    show_progress_bar: bool = False,  # noqa: FBT001, FBT002 (the original's)
    batch_size: int = 32,
    query_chunk_size: int = 5000,
    corpus_chunk_size: int = 100000,
    max_pairs: int = 500000,
    top_k: int = 100,
    score_function: Score = cos_sim,
    truncate_dim: int | None = None,
    prompt_name: str | None = None,
    prompt: str | None = None,
) -> list[list[float | int]]:
    """Embed sentences and return what `paraphrase_mining_embeddings` does of them."""
    vectors = model.encode(
        sentences,
        show_progress_bar=show_progress_bar,
        batch_size=batch_size,
        truncate_dim=truncate_dim,
        prompt_name=prompt_name,
        prompt=prompt,
    )
    return paraphrase_mining_embeddings(
        vectors, query_chunk_size, corpus_chunk_size, max_pairs, top_k, score_function=score_function
    )


def paraphrase_mining_embeddings(  # noqa: PLR0917 (the original's)
    embeddings: object,
    query_chunk_size: int = 5000,
    corpus_chunk_size: int = 100000,
    max_pairs: int = 500000,
    top_k: int = 100,
    score_function: Score = cos_sim,
) -> list[list[float | int]]:
    """Return the pairs of vectors that are nearest to each other, ``[score, i, j]`` with i < j, the nearest first.

    A pair is looked at where one is among the `top_k` nearest of the other; the `max_pairs` nearest are kept.
    """
    form = Form.of(embeddings)
    compare, vectors = prepared(score_function, floats(embeddings))
    kept: list[tuple[float, int, int]] = []
    there: set[tuple[int, int]] = set()
    for start in range(0, len(vectors), query_chunk_size):
        asked = vectors[start : start + query_chunk_size]
        scores, places = nearest(asked, vectors, top_k + 1, corpus_chunk_size, compare, form)
        for score, i, j in pairs(scores, places, start, top_k):
            if (i, j) in there:
                continue
            there.add((i, j))
            heapq.heappush(kept, (score, i, j))
            if len(kept) > max_pairs:
                there.discard(heapq.heappop(kept)[1:])
    return [list(pair) for pair in sorted(kept, key=lambda pair: -pair[0])]


def pairs(scores: Numbers, places: Numbers, start: int, top_k: int) -> Iterator[tuple[float, int, int]]:
    """Yield each row's neighbours but itself, at most `top_k`, the lower place first."""
    for i, (row, near) in enumerate(zip(scores.tolist(), places.tolist(), strict=True), start):
        others = [(score, j) for score, j in zip(row, near, strict=True) if j != i]
        yield from ((score, min(i, j), max(i, j)) for score, j in others[:top_k])


def community_detection(
    embeddings: object,
    threshold: float = 0.75,
    min_community_size: int = 10,
    batch_size: int = 1024,
    show_progress_bar: bool = False,  # noqa: ARG001, FBT001, FBT002 (the original's; no bar is shown)
) -> list[list[int]]:
    """Return groups of vectors whose cosine to a central one is at least `threshold`, the largest group first.

    The first of each group is its centre, the others follow by their cosine to it. A vector is in one group at most,
    and no group is smaller than `min_community_size`.
    """
    if not len(embeddings):  # type: ignore[arg-type]  # an array, a tensor or a list
        return []
    vectors = units(rows(embeddings))
    communities = [
        (start + i, near)
        for start in range(0, len(vectors), batch_size)
        for i, near in around(vectors[start : start + batch_size] @ vectors.T, threshold, min_community_size)
    ]
    used, apart = np.zeros(len(vectors), bool), []
    for centre, near in sorted(communities, key=lambda each: -len(each[1])):
        free = near[~used[near]]
        if not used[centre] and len(free) >= min_community_size:
            apart.append([centre, *(int(i) for i in free if i != centre)])
            used[apart[-1]] = True
    return sorted(apart, key=len, reverse=True)


def around(cosines: Numbers, threshold: float, least: int) -> Iterator[tuple[int, Numbers]]:
    """Yield each row that has at least so many near enough, with their places, the nearest first."""
    near = cosines >= np.float32(threshold)
    for i in np.flatnonzero(near.sum(axis=1) >= max(least, 1)):
        places = np.flatnonzero(near[i])
        yield int(i), places[np.argsort(-cosines[i][places], kind="stable")]
