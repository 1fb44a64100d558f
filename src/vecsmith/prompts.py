"""The text a model wants before an input for each task: from its own files first, then from what its family wants.

The strings are those of the models' cards and of MTEB's model metadata
(https://github.com/embeddings-benchmark/mteb/tree/main/mteb/models); blanks at their ends belong to them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError
from vecsmith.tasks import QUERIES, TASKS, Task, folded

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FAMILIES", "Family", "Prompts"]

SEARCH = "Given a web search query, retrieve relevant passages that answer the query"
"""What instruction-following models are told where nobody says otherwise."""

PASSAGES = "Represent this sentence for searching relevant passages: "

PASSAGES_ZH = "为这个句子生成表示以用于检索相关文章："  # noqa: RUF001 (the colon is a full-width one)

NAMES: dict[Task, tuple[str, ...]] = {
    "semantic_similarity": ("sts", "semantic_similarity", "sentence_similarity", "text_matching"),
    "classification": ("classification",),
    "clustering": ("clustering", "separation"),
    "retrieval_document": ("document", "passage", "retrieval_document", "retrieval_passage", "search_document"),
    "retrieval_query": ("query", "retrieval_query", "search_query", "s2p_query"),
    "question_answering": ("question_answering", "qa"),
    "fact_verification": ("fact_verification", "fact_checking"),
    "code_retrieval_query": ("code_retrieval_query", "code_query", "nl2code_query", "instructionretrieval"),
}
"""What ``config_sentence_transformers.json`` of a model may call each task, folded; the first that is there counts."""


@dataclass(frozen=True, slots=True)
class Family:
    """Models that were trained with the same prompts."""

    name: str
    pattern: str
    """Found in the lower-cased name of a model of the family, and of no other that comes later in the table."""
    prompts: Mapping[Task, str]
    """Tasks that are not here have no prompt; ``{title}`` stands for the document's title, or ``none``."""


def queries(prompt: str) -> dict[Task, str]:
    """Return one prompt for every side that asks."""
    return dict.fromkeys(sorted(QUERIES), prompt)


GEMMA: dict[Task, str] = {
    "retrieval_query": "task: search result | query: ",
    "question_answering": "task: question answering | query: ",
    "fact_verification": "task: fact checking | query: ",
    "code_retrieval_query": "task: code retrieval | query: ",
    "retrieval_document": "title: {title} | text: ",
    "classification": "task: classification | query: ",
    "clustering": "task: clustering | query: ",
    "semantic_similarity": "task: sentence similarity | query: ",
}
SYMMETRIC: tuple[Task, ...] = ("semantic_similarity", "classification", "clustering")
E5: dict[Task, str] = queries("query: ") | {"retrieval_document": "passage: "} | dict.fromkeys(SYMMETRIC, "query: ")
NOMIC: dict[Task, str] = queries("search_query: ") | {
    "retrieval_document": "search_document: ",
    "classification": "classification: ",
    "clustering": "clustering: ",
    "semantic_similarity": "classification: ",
}

FAMILIES: tuple[Family, ...] = (
    Family("nomic", r"nomic-embed-text", NOMIC),
    Family("e5-instruct", r"e5-.*instruct", queries(f"Instruct: {SEARCH}\nQuery: ")),
    Family("e5", r"\be5-(small|base|large)", E5),
    Family("bge-zh", r"bge-(small|base|large)-zh", queries(PASSAGES_ZH)),
    Family("bge", r"bge-(small|base|large)-en", queries(PASSAGES)),
    Family("gte-qwen", r"gte-qwen", queries(f"Instruct: {SEARCH}\nQuery: ")),
    Family("qwen3", r"qwen3-embedding", queries(f"Instruct: {SEARCH}\nQuery:")),
    Family("mxbai", r"mxbai-embed", queries(PASSAGES)),
    Family("arctic-2", r"snowflake-arctic-embed(2|-.*v2)", queries("query: ")),
    Family("arctic", r"snowflake-arctic-embed", queries(PASSAGES)),
    Family("gemma", r"embeddinggemma|gemini-embedding-2", GEMMA),
    Family("jina-5", r"jina-embeddings-v5-text", queries("Query: ") | {"retrieval_document": "Document: "}),
    Family(
        "jina-3",
        r"jina-embeddings-v3",
        queries("Represent the query for retrieving evidence documents: ")
        | {"retrieval_document": "Represent the document for retrieval: "},
    ),
)


@dataclass(frozen=True, slots=True)
class Prompts:
    """What one model wants before its inputs."""

    own: Mapping[str, str]
    """Those of its own files, by the names they have there."""
    default: str
    """Put before an input where no task is named."""
    family: Family | None

    @classmethod
    def of(cls, model: str, own: Mapping[str, str], default: str = "") -> Prompts:
        """Return the prompts of a model by its name and its own files."""
        found = (family for family in FAMILIES if re.search(family.pattern, model.casefold()))
        return cls(own, default, next(found, None))

    @property
    def kind(self) -> str:
        """The family of prompts, as a vector space names it."""
        if self.own:
            return "own"
        return self.family.name if self.family else "none"

    def text(self, task: Task | None, title: str | None = None) -> str:
        """Return what is put before an input; the empty string for a task that the model does not distinguish.

        Raises `ConfigError` for a title where the task is not ``retrieval_document``.
        """
        if title is not None and task != "retrieval_document":
            raise ConfigError("a title belongs to task='retrieval_document': leave it out, or name that task")
        if task is None:
            return self.default
        template = self.template(task)
        return template.replace("{title}", "none" if title is None else title)

    def takes_title(self) -> bool:
        """Whether the title of a document changes its vector."""
        return "{title}" in self.template("retrieval_document")

    def template(self, task: Task) -> str:
        """Return the prompt of a task with ``{title}`` where the document's title goes."""
        named = {folded(name): text for name, text in self.own.items()}
        asked = (*NAMES[task], *(NAMES["retrieval_query"] if task in QUERIES else ()))
        for name in asked:
            if name in named:
                return with_title(named[name])
        return self.family.prompts.get(task, "") if self.family else ""

    def table(self) -> dict[str, str]:
        """Return what each task becomes."""
        return {task: self.template(task) for task in TASKS}


def with_title(prompt: str) -> str:
    """Return a model's own prompt with a place for the title where it names none, as EmbeddingGemma's does."""
    return prompt.replace("title: none |", "title: {title} |")
