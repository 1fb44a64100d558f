"""One vocabulary of tasks, in every provider's spelling."""

import pytest

from vecsmith import ConfigError
from vecsmith.tasks import BY_SPELLING, TASKS, folded, task_of


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("retrieval_query", "retrieval_query"),
        ("RETRIEVAL_QUERY", "retrieval_query"),
        ("search_query", "retrieval_query"),
        ("query", "retrieval_query"),
        ("retrieval.query", "retrieval_query"),
        ("passage", "retrieval_document"),
        ("retrieval.passage", "retrieval_document"),
        ("search_document", "retrieval_document"),
        ("text-matching", "semantic_similarity"),
        ("STS", "semantic_similarity"),
        ("separation", "clustering"),
        ("Classification", "classification"),
        ("nl2code.query", "code_retrieval_query"),
        ("FACT_VERIFICATION", "fact_verification"),
        ("question answering", "question_answering"),
        (None, None),
        ("TASK_TYPE_UNSPECIFIED", None),
        ("", None),
    ],
)
def test_every_providers_spelling_is_understood(name, task):
    assert task_of(name) == task


def test_the_vocabulary_means_itself():
    assert [task_of(task) for task in TASKS] == list(TASKS)
    assert all(folded(name) == name for name in BY_SPELLING)


@pytest.mark.parametrize(
    ("name", "said"),
    [("retrieval_querry", "did you mean 'retrieval_query'"), ("image", "use one of semantic"), (7, "must be a string")],
)
def test_an_unknown_task_is_refused(name, said):
    with pytest.raises(ConfigError, match=said):
        task_of(name)
