"""What vectors are for: one vocabulary, and every provider's spelling of it."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Literal, get_args

from vecsmith.errors import ConfigError

__all__ = ["QUERIES", "TASKS", "Task", "folded", "task_of"]

Task = Literal[
    "semantic_similarity",
    "classification",
    "clustering",
    "retrieval_document",
    "retrieval_query",
    "question_answering",
    "fact_verification",
    "code_retrieval_query",
]

TASKS: tuple[Task, ...] = get_args(Task)

QUERIES: frozenset[Task] = frozenset(
    {"retrieval_query", "question_answering", "fact_verification", "code_retrieval_query"}
)
"""The sides that ask; what they search is a ``retrieval_document``."""

SPELLINGS: dict[Task, tuple[str, ...]] = {
    "semantic_similarity": ("similarity", "sentence_similarity", "sts", "text_matching"),
    "classification": (),
    "clustering": ("separation",),
    "retrieval_document": (
        "doc",
        "document",
        "passage",
        "retrieval_passage",
        "search_document",
        "code_passage",
        "qa_passage",
        "nl2code_passage",
        "code2code_passage",
        "code2nl_passage",
        "code2completion_passage",
    ),
    "retrieval_query": ("query", "search_query"),
    "question_answering": ("qa", "qa_query"),
    "fact_verification": ("fact_checking", "verification"),
    "code_retrieval_query": (
        "code_query",
        "code_retrieval",
        "nl2code_query",
        "code2code_query",
        "code2nl_query",
        "code2completion_query",
    ),
}
"""Folded: Gemini's, its older client's, Cohere's, Voyage's, Jina's, Nomic's and sentence-transformers' names."""

BY_SPELLING: dict[str, Task] = {name: task for task, names in SPELLINGS.items() for name in (task, *names)}

LONGEST = 100
"""Characters of the longest name that is looked at: what is longer is no task, and comparing it takes long."""

UNSPECIFIED = frozenset({"task_type_unspecified", "unspecified", "none", "null", ""})


def folded(name: str) -> str:
    """Return a name in snake case: ``Retrieval-query``, ``retrieval.query`` and ``RETRIEVAL_QUERY`` are one."""
    return re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")


def task_of(name: str | None) -> Task | None:
    """Return the task that a name means, in any provider's spelling; None where none is asked for.

    Raises `ConfigError` for a name that is none of them: vectors without their prompt would be worse in silence.
    """
    if name is None:
        return None
    if not isinstance(name, str):
        raise ConfigError(f"task must be a string such as 'retrieval_query', not {name!r}")
    if len(name) > LONGEST:
        raise ConfigError(f"a task of {len(name)} characters is none: use one of {', '.join(TASKS)}")
    spelling = folded(name)
    if spelling in UNSPECIFIED:
        return None
    if spelling in BY_SPELLING:
        return BY_SPELLING[spelling]
    close = get_close_matches(spelling, BY_SPELLING, n=1)
    meant = f": did you mean {BY_SPELLING[close[0]]!r}?" if close else f": use one of {', '.join(TASKS)}"
    raise ConfigError(f"{name!r} is not a task{meant}")
