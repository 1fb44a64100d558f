"""What the formats of remote services say and understand: bytes in, bytes out, and no network."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecsmith.dialects import Asked
from vecsmith.dialects.cohere import CohereClient
from vecsmith.dialects.gemini import GeminiClient
from vecsmith.dialects.jina import JinaClient
from vecsmith.dialects.mistral import MistralClient
from vecsmith.dialects.openai import OpenAIClient
from vecsmith.dialects.voyage import VoyageClient
from vecsmith.wire import HttpResponse, Service

SERVICE = Service("acme", "https://acme.example", "k-1")
LIKE_OPENAI = (OpenAIClient(), VoyageClient(), MistralClient(), JinaClient())
ALL = (*LIKE_OPENAI, CohereClient(), GeminiClient())

ENCODED = (
    ("AACAPwAAAMAAAAA/", [1.0, -2.0, 0.5]),
    ("mpkZP83MTD8AAAAAAAAAgA==", [0.6, 0.8, 0.0, -0.0]),
)
"""float32 as base64, and the numbers."""


def name_of(client):
    return type(client).__name__


def sent(client, texts=("a", "b"), **asked):
    """Return the address behind the base, the headers and the body of a request."""
    request = client.build_request(SERVICE, Asked(texts, "m", **asked))
    assert request.method == "POST"
    return request.url.removeprefix(SERVICE.base_url), request.headers, json.loads(request.body)


def response(body, status=200, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def answer(client, body, texts=("a", "b")):
    return client.read_response(response(body), Asked(texts, "m"))


def listed(*vectors, usage=None):
    """Return an answer as OpenAI's, the last vector first."""
    data = [{"index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    return {"data": data[::-1], "model": "m-1"} | ({} if usage is None else {"usage": usage})


@pytest.mark.parametrize("client", [*LIKE_OPENAI, CohereClient()], ids=name_of)
def test_the_key_goes_as_a_bearers(client):
    assert sent(client)[1]["authorization"] == "Bearer k-1"


def test_gemini_gets_its_key_in_a_header_of_its_own_and_no_other():
    _, headers, _ = sent(GeminiClient())
    assert headers["x-goog-api-key"] == "k-1"
    assert "authorization" not in headers


@pytest.mark.parametrize("client", ALL, ids=name_of)
def test_nothing_is_sent_as_null(client):
    assert "null" not in client.build_request(SERVICE, Asked(["a"], "m")).body.decode()


def test_voyage_is_asked_in_its_own_words():
    path, _, body = sent(VoyageClient(), task="query", dimensions=256)
    assert path == "/embeddings"
    assert body == {
        "input": ["a", "b"],
        "model": "m",
        "input_type": "query",
        "truncation": True,
        "output_dimension": 256,
        "encoding_format": "base64",
    }


def test_mistral_never_sees_the_names_of_openai_that_it_refuses():
    path, _, body = sent(MistralClient(), dimensions=256)
    assert path == "/v1/embeddings"
    assert body == {"input": ["a", "b"], "model": "m", "output_dimension": 256, "encoding_format": "base64"}


def test_jina_is_asked_in_its_own_words():
    path, _, body = sent(JinaClient(), task="retrieval.query", dimensions=64)
    assert path == "/embeddings"
    assert body == {
        "input": ["a", "b"],
        "model": "m",
        "task": "retrieval.query",
        "dimensions": 64,
        "truncate": True,
        "embedding_type": "base64",
    }


def test_cohere_is_asked_in_its_own_words():
    path, _, body = sent(CohereClient(), task="search_query", dimensions=256)
    assert path == "/v2/embed"
    assert body == {
        "model": "m",
        "texts": ["a", "b"],
        "input_type": "search_query",
        "embedding_types": ["float"],
        "output_dimension": 256,
        "truncate": "END",
    }


def test_gemini_is_asked_for_each_text_by_itself():
    path, _, body = sent(GeminiClient(), task="RETRIEVAL_DOCUMENT", title="T", dimensions=768)
    assert path == "/v1beta/models/m:batchEmbedContents"
    assert body["requests"][1] == {
        "model": "models/m",
        "content": {"parts": [{"text": "b"}]},
        "taskType": "RETRIEVAL_DOCUMENT",
        "title": "T",
        "outputDimensionality": 768,
    }
    assert len(body["requests"]) == 2


def test_a_model_of_gemini_may_be_named_with_its_folder():
    request = GeminiClient().build_request(SERVICE, Asked(["a"], "models/m"))
    assert request.url.endswith("/v1beta/models/m:batchEmbedContents")
    assert json.loads(request.body)["requests"][0]["model"] == "models/m"


@pytest.mark.parametrize(
    ("client", "member", "told"),
    [
        (VoyageClient(), "truncation", {"truncate": True, "error": False}),
        (JinaClient(), "truncate", {"truncate": True, "error": False}),
        (CohereClient(), "truncate", {"truncate": "END", "truncate_start": "START", "error": "NONE"}),
    ],
    ids=["voyage", "jina", "cohere"],
)
def test_what_happens_to_long_texts_is_said(client, member, told):
    assert {on_long: sent(client, on_long=on_long)[2][member] for on_long in told} == told


@pytest.mark.parametrize("client", LIKE_OPENAI, ids=name_of)
@pytest.mark.parametrize(("encoded", "values"), ENCODED)
def test_base64_and_lists_are_read_alike_and_put_in_the_order_of_the_texts(client, encoded, values):
    read = answer(client, listed(encoded, values[::-1]))
    np.testing.assert_array_equal(read.vectors, np.array([values, values[::-1]], np.float32))
    assert read.model == "m-1"


@pytest.mark.parametrize(("encoded", "values"), ENCODED)
@pytest.mark.parametrize("kind", ["float", "base64"])
def test_cohere_may_answer_with_either_encoding(kind, encoded, values):
    given = [encoded if kind == "base64" else values]
    read = answer(CohereClient(), {"embeddings": {kind: given}}, ["a"])
    np.testing.assert_array_equal(read.vectors, np.array([values], np.float32))


def test_cohere_may_answer_as_its_first_version_did():
    read = answer(CohereClient(), {"response_type": "embeddings_floats", "embeddings": [[1.0, 2.0]]}, ["a"])
    assert read.vectors.tolist() == [[1, 2]]


def test_vectors_of_gemini_are_in_the_order_they_come():
    read = answer(GeminiClient(), {"embeddings": [{"values": [1, 2]}, {"values": [3.5, 4]}]})
    assert read.vectors.tolist() == [[1, 2], [3.5, 4]]


@pytest.mark.parametrize(
    ("client", "body"),
    [
        (OpenAIClient(), listed([1.0], usage={"prompt_tokens": 7, "total_tokens": 7})),
        (VoyageClient(), listed([1.0], usage={"total_tokens": 7})),
        (MistralClient(), {"id": "x", **listed([1.0], usage={"prompt_tokens": 7, "prompt_audio_seconds": None})}),
        (JinaClient(), listed([1.0], usage={"total_tokens": 7, "prompt_tokens": 7, "image_tokens": 0})),
        (CohereClient(), {"embeddings": {"float": [[1.0]]}, "meta": {"billed_units": {"input_tokens": 7.0}}}),
        (GeminiClient(), {"embeddings": [{"values": [1]}], "usageMetadata": {"promptTokenCount": 7}}),
        (GeminiClient(), {"embeddings": [{"values": [1]}], "usageMetadata": {"promptTokenCount": "7"}}),
    ],
)
def test_tokens_are_read_wherever_a_service_counts_them(client, body):
    assert answer(client, body, ["a"]).tokens == 7


@pytest.mark.parametrize(
    ("client", "body"),
    [
        *((client, listed([1.0])) for client in LIKE_OPENAI),
        *((client, {**listed([1.0]), "usage": None}) for client in LIKE_OPENAI),
        (CohereClient(), {"embeddings": {"float": [[1.0]]}, "meta": {}}),
        (CohereClient(), {"embeddings": {"float": [[1.0]]}}),
        (GeminiClient(), {"embeddings": [{"values": [1]}]}),
        (GeminiClient(), {"embeddings": [{"values": [1]}], "usageMetadata": {}}),
    ],
)
def test_an_answer_that_counts_no_tokens_is_still_one(client, body):
    read = answer(client, body, ["a"])
    assert read.tokens is None
    assert read.vectors.tolist() == [[1]]


@pytest.mark.parametrize("client", ALL, ids=name_of)
@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b"{}",
        b'{"data": [{"embedding": "AACAPwAA"}]}',
        b'{"data": [{"embedding": [1]}, {"embedding": [1, 2]}]}',
        b'{"data": [{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}]}',
        b'{"embeddings": {}}',
        b'{"embeddings": [{"values": [1]}, {"values": [1, 2]}]}',
        b'{"embeddings": {"float": [[1], [1, 2]]}}',
        b'{"embeddings": {"float": [[NaN]]}}',
    ],
)
def test_an_answer_that_is_none_is_not_taken_for_one(client, body):
    with pytest.raises((ValueError, LookupError)):  # msgspec's errors are ValueErrors
        client.read_response(response(body), Asked(["a", "b"], "m"))


@pytest.mark.parametrize("client", LIKE_OPENAI, ids=name_of)
def test_a_number_too_large_is_infinity_for_the_reader_to_refuse(client):
    assert np.isinf(answer(client, listed([1e300, 1.0]), ["a"]).vectors).any()


def google(status, *details):
    return {"error": {"code": 400, "message": "no", "status": status, "details": list(details)}}


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "45s"}
DAY = {"violations": [{"quotaId": "EmbedContentRequestsPerDayPerUserPerProjectPerModel-FreeTier"}]}
FINDINGS = [{"loc": ["body", "input"], "msg": "Field required", "type": "missing", "input": "a text of a user"}]


@pytest.mark.parametrize(
    ("client", "status", "body", "kind", "message"),
    [
        (OpenAIClient(), 400, {"error": {"message": "no"}}, "input", "no"),
        (OpenAIClient(), 400, {"error": {"message": "no", "type": "max_tokens_per_request"}}, "too_much", "no"),
        (OpenAIClient(), 429, {"error": {"message": "no", "code": "insufficient_quota"}}, "quota", "no"),
        (OpenAIClient(), 429, {"error": {"message": "no", "code": "rate_limit_exceeded"}}, "rate", "no"),
        (OpenAIClient(), 404, {"error": "no such model"}, "model", "no such model"),
        (OpenAIClient(), 502, b"<html>", "unavailable", ""),
        (VoyageClient(), 401, {"detail": "no"}, "auth", "no"),
        (VoyageClient(), 400, {"detail": "no"}, "input", "no"),
        (VoyageClient(), 429, {"detail": "no"}, "rate", "no"),
        (MistralClient(), 401, {"detail": "Unauthorized"}, "auth", "Unauthorized"),
        (MistralClient(), 422, {"detail": FINDINGS}, "input", "body.input: Field required"),
        (MistralClient(), 422, {"message": {"detail": FINDINGS}}, "input", "body.input: Field required"),
        (MistralClient(), 400, {"message": "no", "type": "invalid_model", "code": "1500"}, "model", "no"),
        (MistralClient(), 400, {"message": "no", "type": "invalid_request_prompt", "code": "3210"}, "too_much", "no"),
        (MistralClient(), 429, {"message": "no", "type": "rate_limited", "code": "1300"}, "rate", "no"),
        (JinaClient(), 400, {"detail": "no", "code": "INPUT_MODEL_NOT_FOUND"}, "model", "no"),
        (JinaClient(), 403, {"detail": "no", "code": "AUTHZ_INSUFFICIENT_BALANCE"}, "quota", "no"),
        (JinaClient(), 401, {"detail": "no", "code": "AUTH_INVALID"}, "auth", "no"),
        (JinaClient(), 504, {"detail": "no", "code": "SERVICE_TIMEOUT"}, "unavailable", "no"),
        (CohereClient(), 400, {"message": "no", "id": "1"}, "input", "no"),
        (CohereClient(), 404, {"message": "no"}, "model", "no"),
        (CohereClient(), 498, {"message": "no"}, "auth", "no"),
        (CohereClient(), 429, {"message": "no"}, "rate", "no"),
        (GeminiClient(), 400, google("INVALID_ARGUMENT"), "input", "no"),
        (GeminiClient(), 400, google("INVALID_ARGUMENT", {"reason": "API_KEY_INVALID"}), "auth", "no"),
        (GeminiClient(), 400, google("FAILED_PRECONDITION"), "refused", "no"),
        (GeminiClient(), 403, google("PERMISSION_DENIED"), "auth", "no"),
        (GeminiClient(), 404, google("NOT_FOUND"), "model", "no"),
        (GeminiClient(), 429, google("RESOURCE_EXHAUSTED", RETRY), "rate", "no"),
        (GeminiClient(), 429, google("RESOURCE_EXHAUSTED", DAY, RETRY), "quota", "no"),
        (GeminiClient(), 503, google("UNAVAILABLE"), "unavailable", "no"),
        (GeminiClient(), 404, b"not found", "address", ""),
        (OpenAIClient(), 404, b"<html>", "address", ""),
        (OpenAIClient(), 404, {"detail": "Not Found"}, "address", "Not Found"),
        (OpenAIClient(), 404, {"detail": "no model 'm'"}, "model", "no model 'm'"),
        (OpenAIClient(), 405, b"<html>", "address", ""),
        (CohereClient(), 404, {"path": "/v2/embed"}, "address", ""),
        (GeminiClient(), 500, [], "unavailable", ""),
    ],
)
def test_an_error_is_told_by_its_code_else_by_its_status(client, status, body, kind, message):
    fault = client.read_error(response(body, status))
    assert (fault.kind, fault.message) == (kind, message)


@pytest.mark.parametrize("wrapped", [google("RESOURCE_EXHAUSTED", RETRY), [google("RESOURCE_EXHAUSTED", RETRY)]])
def test_gemini_says_in_its_body_how_long_to_wait(wrapped):
    fault = GeminiClient().read_error(response(wrapped, 429))
    assert (fault.kind, fault.retry_after) == ("rate", 45)


def test_a_header_counts_before_what_gemini_says_in_its_body():
    body = google("RESOURCE_EXHAUSTED", RETRY)
    assert GeminiClient().read_error(response(body, 429, retry_after="7")).retry_after == 7


def test_cohere_names_the_moment_that_it_takes_requests_again():
    headers = {"date": "Thu, 01 Jan 2026 00:00:00 GMT", "x_ratelimit_reset": "1767225630"}
    assert CohereClient().read_error(response({"message": "no"}, 429, **headers)).retry_after == 30
    assert CohereClient().read_error(response({"message": "no"}, 429)).retry_after is None


NAMES = st.sampled_from(
    [
        "error",
        "message",
        "detail",
        "details",
        "code",
        "type",
        "status",
        "reason",
        "violations",
        "retryDelay",
        "loc",
        "msg",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("client", ALL, ids=name_of)
@given(body=JSON, status=st.sampled_from([400, 401, 404, 422, 429, 500, 503]))
def test_an_error_of_any_shape_is_read(client, body, status):
    fault = client.read_error(response(body, status))
    assert isinstance(fault.message, str)
    assert fault.retry_after is None or fault.retry_after >= 0


@pytest.mark.parametrize("client", ALL, ids=name_of)
@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"error":' * 100_000, b'{"detail":[' * 100_000, b"\xff", b""])
def test_an_error_that_is_no_json_is_read_by_its_status(client, body):
    assert client.read_error(response(body, 503)).kind == "unavailable"
