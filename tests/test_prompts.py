"""What each task becomes for a model: its own files' word first, then its family's."""

import pytest

from vecsmith import ConfigError
from vecsmith.prompts import FAMILIES, Prompts
from vecsmith.tasks import TASKS

WEB = "Given a web search query, retrieve relevant passages that answer the query"
BGE = "Represent this sentence for searching relevant passages: "


@pytest.mark.parametrize(
    ("model", "query", "document", "similarity"),
    [
        ("nomic-ai/nomic-embed-text-v1.5", "search_query: ", "search_document: ", "classification: "),
        ("intfloat/multilingual-e5-large-instruct", f"Instruct: {WEB}\nQuery: ", "", ""),
        ("intfloat/e5-mistral-7b-instruct", f"Instruct: {WEB}\nQuery: ", "", ""),
        ("intfloat/e5-small-v2", "query: ", "passage: ", "query: "),
        ("multilingual-e5-base", "query: ", "passage: ", "query: "),
        ("BAAI/bge-large-zh-v1.5", "为这个句子生成表示以用于检索相关文章：", "", ""),
        ("bge-base-en-v1.5", BGE, "", ""),
        ("BAAI/bge-m3", "", "", ""),
        ("thenlper/gte-small", "", "", ""),
        ("Alibaba-NLP/gte-Qwen2-1.5B-instruct", f"Instruct: {WEB}\nQuery: ", "", ""),
        ("Qwen/Qwen3-Embedding-0.6B", f"Instruct: {WEB}\nQuery:", "", ""),
        ("mixedbread-ai/mxbai-embed-large-v1", BGE, "", ""),
        ("Snowflake/snowflake-arctic-embed-m-v1.5", BGE, "", ""),
        ("Snowflake/snowflake-arctic-embed-l-v2.0", "query: ", "", ""),
        (
            "google/embeddinggemma-300m",
            "task: search result | query: ",
            "title: none | text: ",
            "task: sentence similarity | query: ",
        ),
        ("jinaai/jina-embeddings-v5-text-small", "Query: ", "Document: ", ""),
        ("minilm", "", "", ""),
        ("made5-small", "", "", ""),
    ],
)
def test_the_prompts_of_known_families(model, query, document, similarity):
    prompts = Prompts.of(model, {})
    asked = ("retrieval_query", "retrieval_document", "semantic_similarity")
    assert [prompts.text(task) for task in asked] == [query, document, similarity]
    assert prompts.text("question_answering") or not query  # every side that asks has a prompt where one has


def test_a_models_own_prompts_come_first():
    prompts = Prompts.of("e5-small-v2", {"Search-Query": "ask: ", "STS": "same: "}, default="any: ")
    assert prompts.kind == "own"
    assert prompts.text(None) == "any: "
    assert prompts.text("retrieval_query") == prompts.text("fact_verification") == "ask: "
    assert prompts.text("semantic_similarity") == "same: "
    assert prompts.text("retrieval_document") == "passage: "  # its files say nothing of documents, its family does


def test_the_prompt_names_of_a_models_files_are_understood():
    own = {
        "query": "task: search result | query: ",
        "document": "title: none | text: ",
        "Clustering": "task: clustering | query: ",
        "InstructionRetrieval": "task: code retrieval | query: ",
    }
    prompts = Prompts.of("my-finetune", own)
    assert prompts.text("code_retrieval_query") == "task: code retrieval | query: "
    assert prompts.text("retrieval_document", "Rivers") == "title: Rivers | text: "
    assert prompts.takes_title()


def test_a_task_that_a_model_does_not_distinguish_has_no_prompt():
    prompts = Prompts.of("minilm", {})
    assert prompts.kind == "none"
    assert prompts.table() == dict.fromkeys(TASKS, "")
    assert not prompts.takes_title()


def test_a_title_is_for_documents():
    with pytest.raises(ConfigError, match="retrieval_document"):
        Prompts.of("minilm", {}).text("retrieval_query", "A title")


def test_families_name_known_tasks_and_are_named_once():
    assert all(set(family.prompts) <= set(TASKS) for family in FAMILIES)
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
