"""``/v1/embeddings`` and ``/v1/models``, where clients of several services meet."""

import numpy as np
import pytest

from asking import ask, unpacked, vectors
from served import serving
from vecsmith.testing import FakeGenerator


@pytest.fixture(scope="module")
def fake():
    return FakeGenerator(longest=100, normalizes=False)


@pytest.fixture(scope="module")
def address(fake):
    with serving({"fake": fake}, aliases={"other": "fake"}) as (address, _):
        yield address


def asked(address, fake, **wish):
    """Return the answer to a request, and the options with which the generator was called."""
    status, headers, body = ask(address, "/v1/embeddings", {"input": ["a", "b"], **wish})
    assert status == 200, body
    assert "x-vecsmith-ignored" not in headers
    return body, fake.calls[-1]


def refused(address, **wish):
    status, _, body = ask(address, "/v1/embeddings", {"input": ["a"], **wish})
    assert set(body) == {"error", "detail", "message"}
    assert body["error"]["message"] == body["detail"] == body["message"]
    return status, body["detail"]


def test_an_answer_has_what_each_of_the_clients_reads(address, fake):
    body, _ = asked(address, fake)
    assert body["usage"] == {
        "prompt_tokens": 2,
        "completion_tokens": 0,
        "total_tokens": 2,
        "prompt_audio_seconds": None,
    }
    assert body["id"]
    assert body["object"] == "list"


@pytest.mark.parametrize("name", ["dimensions", "output_dimension"])
def test_the_width_has_two_names(address, fake, name):
    body, _ = asked(address, fake, **{name: 4})
    assert {len(row) for row in vectors(body)} == {4}


@pytest.mark.parametrize(
    "wish",
    [
        {"task": "retrieval.query"},
        {"input_type": "query"},
        {"input_type": "search_query", "task": "RETRIEVAL_QUERY"},
    ],
)
def test_the_task_has_two_names_and_every_services_spelling(address, fake, wish):
    assert asked(address, fake, **wish)[1].task == "retrieval_query"


@pytest.mark.parametrize(
    "wish", [{"normalized": False}, {"normalize": False}, {"normalized": False, "normalize": False}]
)
def test_whether_to_normalise_is_honoured(address, fake, wish):
    body, _ = asked(address, fake, **wish)
    np.testing.assert_array_equal(np.array(vectors(body), np.float32), [fake.vector("a"), fake.vector("b")])
    body, _ = asked(address, fake, normalized=True)
    np.testing.assert_allclose(np.linalg.norm(vectors(body), axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize(
    "wish", [{"truncation": True}, {"truncate": True}, {"truncate": "END"}, {"on_long": "truncate"}]
)
def test_a_long_text_is_cut_where_any_of_the_names_says_so(address, wish):
    assert ask(address, "/v1/embeddings", {"input": "a" * 101, **wish})[0] == 200


@pytest.mark.parametrize("wish", [{}, {"truncation": False}, {"truncate": False}, {"truncate": "NONE"}])
def test_a_long_text_is_refused_else(address, wish):
    status, said = refused(address, input="a" * 101, **wish)
    assert (status, "too long" in said) == (400, True)


def test_the_beginning_is_cut_where_that_is_asked(address, fake):
    assert asked(address, fake, truncate="START")[1].on_long == "truncate_start"


@pytest.mark.parametrize(
    ("dtype", "form"), [("float", "<f4"), ("int8", "i1"), ("uint8", "u1"), ("binary", "i1"), ("ubinary", "u1")]
)
def test_the_kind_of_number_has_two_names_and_bytes_are_of_that_kind(address, fake, dtype, form):
    printed = vectors(asked(address, fake, output_dtype=dtype)[0])
    assert printed == vectors(asked(address, fake, embedding_type=dtype)[0])
    assert printed == vectors(asked(address, fake, embedding_type=dtype, output_dtype=dtype)[0])
    packed = vectors(asked(address, fake, output_dtype=dtype, encoding_format="base64")[0])
    np.testing.assert_array_equal([unpacked(row, form) for row in packed], np.array(printed, form))


def test_jinas_word_for_base64_is_honoured(address, fake):
    floats = vectors(asked(address, fake)[0])
    packed = vectors(asked(address, fake, embedding_type="base64")[0])
    np.testing.assert_array_equal([unpacked(row) for row in packed], np.array(floats, np.float32))


def test_several_kinds_of_number_come_by_name(address, fake):
    body, _ = asked(address, fake, embedding_type=["float", "ubinary"])
    assert [set(row) for row in vectors(body)] == [{"float", "ubinary"}] * 2
    assert len(vectors(body)[0]["ubinary"]) == 2


@pytest.mark.parametrize(
    "wish",
    [
        {"dimensions": 4, "output_dimension": 8},
        {"task": "query", "input_type": "document"},
        {"normalized": True, "normalize": False},
        {"truncation": True, "truncate": False},
        {"truncation": True, "on_long": "error"},
        {"output_dtype": "int8", "embedding_type": "float"},
        {"output_dtype": "int8", "embedding_type": ["float", "int8"]},
        {"encoding_format": "float", "embedding_type": "base64"},
    ],
)
def test_two_names_for_one_thing_may_not_contradict_each_other(address, wish):
    status, said = refused(address, **wish)
    assert (status, "contradict each other" in said) == (400, True)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("dimension", "dimensions"), ("input_typ", "input_type"), ("normalised", "normalized"), ("trunkate", "truncate")],
)
def test_a_near_miss_is_named(address, name, meant):
    assert refused(address, **{name: 1}) == (400, f"there is no member {name!r}: did you mean {meant!r}?")


def test_what_means_nothing_is_listed(address):
    status, headers, _ = ask(address, "/v1/embeddings", {"input": "a", "wibble": 1, "wobble": 2, "user": "u"})
    assert (status, headers["x-vecsmith-ignored"]) == (200, "wibble, wobble")


def test_packed_bits_of_a_width_that_is_no_multiple_of_eight_are_refused(address):
    status, said = refused(address, output_dtype="binary", dimensions=7)
    assert (status, "no multiple of 8" in said) == (400, True)


def test_objects_that_hold_a_text_are_texts(address, fake):
    body, _ = asked(address, fake, input=[{"text": "a"}, "b"])
    assert vectors(body) == vectors(asked(address, fake)[0])


def test_late_chunking_needs_a_local_model_and_says_so(address):
    status, said = refused(address, late_chunking=True)
    assert status == 400
    assert "only a local model" in said


def test_one_list_of_models_is_read_by_each_of_the_clients(address):
    _, _, body = ask(address, "/v1/models")
    assert body["data"] == body["models"]
    openai, mistral, cohere = (
        {"id", "object", "created", "owned_by"},
        {"type", "capabilities", "max_context_length", "aliases"},
        {"name", "endpoints", "finetuned", "context_length", "is_deprecated"},
    )
    assert openai | mistral | cohere <= set(body["data"][0])
    assert [model["name"] for model in body["models"]] == ["fake", "other"]
    assert ask(address, "/v1/models/other")[2] == body["data"][1]


def test_a_model_that_is_not_there_is_said_in_every_tongue(address):
    status, _, body = ask(address, "/v1/models/none")
    assert (status, set(body), body["error"]["code"]) == (404, {"error", "detail", "message"}, "model_not_found")
