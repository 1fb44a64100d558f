"""Gemini's format, served over real HTTP."""

import json
from contextlib import contextmanager

import numpy as np
import pytest

from asking import get, post
from served import serving
from vecsmith import Embedder
from vecsmith.dialects import Asked
from vecsmith.dialects.gemini import GeminiClient
from vecsmith.dialects.gemini_server import TASK_TYPES, GeminiBatch, GeminiEmbed
from vecsmith.dialects.google import error_response
from vecsmith.dialects.serving import STATUSES, EmbedRequest, Incoming, Problem
from vecsmith.tasks import TASKS, task_of
from vecsmith.testing import FakeGenerator
from vecsmith.wire import Service

ALIASES = {"gemini-embedding-001": "fake", "org/model:x": "fake"}
ONE = "/v1beta/models/fake:embedContent"
MANY = "/v1beta/models/fake:batchEmbedContents"


@pytest.fixture(scope="module")
def fake():
    with serving({"fake": FakeGenerator(longest=100, bad="bad")}, aliases=ALIASES) as (address, _):
        yield address


def content(*texts):
    return {"parts": [{"text": text} for text in texts]}


def unit(text, dimensions=16):
    vector = FakeGenerator().vector(text)[:dimensions]
    return vector / np.linalg.norm(vector)


def read(side, body, name="m"):
    return side.parse_request(Incoming("POST", "", {"model": name}, body=json.dumps(body).encode()))


def options(**members):
    return read(GeminiEmbed(), {"content": content("a"), **members}).options


@contextmanager
def refused(*words, param=None):
    with pytest.raises(Problem) as caught:
        yield
    for word in words:
        assert word in caught.value.message
    assert param in {None, caught.value.param}


# --- addresses


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1beta2", "v1beta3"])
@pytest.mark.parametrize("prefix", ["", "/gemini"])
def test_every_version_answers_with_and_without_the_prefix(fake, prefix, version):
    status, _, body = post(fake, f"{prefix}/{version}/models/fake:embedContent", {"content": content("a")})
    assert status == 200
    np.testing.assert_allclose(body["embedding"]["values"], unit("a"), atol=1e-6)


@pytest.mark.parametrize("name", ["org/model:x", "org%2Fmodel%3Ax", "org%2fmodel:x"])
def test_a_models_name_may_hold_slashes_and_colons_raw_and_encoded(fake, name):
    assert post(fake, f"/v1/models/{name}:embedContent", {"content": content("a")})[0] == 200
    assert post(fake, f"/v1/models/{name}%3AembedContent", {"content": content("a")})[0] == 200
    assert get(fake, f"/v1beta/models/{name}")[2]["name"] == "models/org/model:x"


def test_unknown_parameters_of_the_address_change_nothing(fake):
    assert post(fake, f"{ONE}?$alt=json;enum-encoding=int&key=k&$prettyPrint=0", {"content": content("a")})[0] == 200


@pytest.mark.parametrize("method", ["fake:generateContent", "fake:asyncBatchEmbedContent", "fake"])
def test_a_method_that_is_not_here_is_not_found(fake, method):
    status, _, body = post(fake, f"/v1beta/models/{method}", {})
    assert (status, body["error"]["code"], body["error"]["status"]) == (404, 404, "NOT_FOUND")
    assert "embedContent" in body["error"]["message"]


def test_an_unknown_model_is_not_found(fake):
    status, _, body = post(fake, "/v1beta/models/other:embedContent", {"content": content("a")})
    assert (status, body["error"]["status"]) == (404, "NOT_FOUND")
    assert "--alias other=fake" in body["error"]["message"]


def test_the_form_of_openai_is_there_too(fake):
    status, _, body = post(fake, "/v1beta/openai/embeddings", {"input": "a", "model": "gemini-embedding-001"})
    assert (status, body["object"]) == (200, "list")
    assert post(fake, "/gemini/v1beta/openai/embeddings", {"input": "a"})[0] == 200


# --- what is read


@pytest.mark.parametrize(
    "members",
    [
        {"taskType": "RETRIEVAL_DOCUMENT", "outputDimensionality": 8, "title": "t"},
        {"task_type": "retrieval_document", "output_dimensionality": "8", "title": "t"},
        {"taskType": 2, "outputDimensionality": 8, "title": "t"},
        {"embedContentConfig": {"taskType": "RETRIEVAL_DOCUMENT", "outputDimensionality": 8, "title": "t"}},
        {"embed_content_config": {"task_type": 2, "output_dimensionality": "8", "title": "t"}},
        {
            "taskType": 1,
            "outputDimensionality": 4,
            "embedContentConfig": {"taskType": 2, "outputDimensionality": 8, "title": "t"},
        },
        {"taskType": 2, "outputDimensionality": 8, "embedContentConfig": {"title": "t"}, "title": "other"},
    ],
    ids=["camel", "snake", "number", "nested", "nested snake", "nested wins", "nested where it speaks"],
)
def test_members_are_read_however_they_are_spelled(members):
    read = options(**members)
    assert task_of(read["task"]) == "retrieval_document"
    assert (read["dimensions"], read["title"]) == (8, "t")


def test_every_number_of_a_task_type_is_a_task():
    assert [task_of(options(taskType=number).get("task")) for number in range(9)] == [
        task_of(name) for name in TASK_TYPES
    ]
    assert {task_of(name) for name in TASK_TYPES} == {None, *TASKS}


def test_null_is_the_same_as_nothing():
    assert options(taskType=None, title=None, outputDimensionality=None, embedContentConfig=None, model=None) == {}
    assert options(taskType="TASK_TYPE_UNSPECIFIED", title="") == {}


def test_long_texts_are_cut_unless_the_request_says_otherwise(fake):
    long = {"content": content("a" * 101)}
    status, headers, _ = post(fake, ONE, long)
    assert (status, headers["x-vecsmith-dropped-tokens"]) == (200, "1")
    status, _, body = post(fake, ONE, {**long, "embedContentConfig": {"autoTruncate": False}})
    assert (status, body["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_several_parts_of_one_content_give_one_vector(fake):
    body = post(fake, ONE, {"content": {"role": "user", **content("a", "b")}})[2]
    np.testing.assert_allclose(body["embedding"]["values"], unit("a\nb"), atol=1e-6)


def test_members_that_mean_nothing_are_listed_and_near_misses_named(fake):
    status, headers, _ = post(fake, MANY, {"requests": [{"content": content("a"), "documentOcr": True}]})
    assert (status, headers["x-vecsmith-ignored"]) == (200, "documentOcr")
    with refused("did you mean 'output_dimensionality'"):
        options(output_dimension=3)


@pytest.mark.parametrize(
    ("members", "words", "param"),
    [
        ({"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": ""}}]}}, "inlineData", None),
        ({"content": {"parts": [{"text": "a"}, {"inline_data": {"mime_type": "x"}}]}}, "parts[1].inlineData", None),
        ({"content": {"parts": [{"file_data": {"file_uri": "x"}}]}}, "fileData", None),
        ({"content": {"parts": []}}, "empty", "content.parts"),
        ({"content": {"parts": [{"text": ""}]}}, "empty", "content.parts[0].text"),
        ({"content": {"parts": [{"text": 3}]}}, "$.content.parts[0].text", None),
        ({"content": "a"}, "$.content", None),
        ({"title": "t"}, "RETRIEVAL_DOCUMENT", "title"),
        ({"title": "t", "taskType": "RETRIEVAL_QUERY"}, "RETRIEVAL_DOCUMENT", "title"),
        ({"taskType": 9}, "no such number", "taskType"),
        ({"taskType": "SEARCH"}, "is not a task", "taskType"),
        ({"outputDimensionality": "many"}, "whole number", "outputDimensionality"),
        ({"model": "models/other"}, "the address names", "model"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(members, words, param):
    with refused(words, param=param):
        options(**members)


def test_a_batch_names_the_request_that_cannot_be():
    requests = [{"content": content("a")}, {"content": content("b"), "title": "t"}]
    with refused("requests[1]", param="requests[1].title"):
        read(GeminiBatch(), {"requests": requests})
    for wrong in ([3], ["a"], [None]):
        with refused("requests[0]"):
            read(GeminiBatch(), {"requests": wrong})
    with refused("requests[0]", param="requests[0].model"):
        read(GeminiBatch(), {"requests": [{"model": "models/other", "content": content("a")}]})


@pytest.mark.parametrize("model", ["models/fake", "fake", None])
def test_a_batch_names_the_model_of_its_address_in_every_request(fake, model):
    assert post(fake, MANY, {"requests": [{"model": model, "content": content("a")}]})[0] == 200


def test_a_batch_has_at_most_a_hundred_requests(fake):
    requests = [{"content": content(f"text {number}")} for number in range(101)]
    status, _, body = post(fake, MANY, {"requests": requests})
    assert (status, body["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert "100" in body["error"]["message"]
    assert len(post(fake, MANY, {"requests": requests[:100]})[2]["embeddings"]) == 100
    assert post(fake, MANY, {"requests": []})[0] == 400


# --- what is answered


def test_a_batch_answers_in_order_with_what_it_cost(fake):
    body = post(fake, MANY, {"requests": [{"content": content(text)} for text in ("a", "bb", "a")]})[2]
    for values, text in zip(body["embeddings"], ("a", "bb", "a"), strict=True):
        np.testing.assert_allclose(values["values"], unit(text), atol=1e-6)
    assert body["usageMetadata"]["promptTokenCount"] == 4
    assert body["usageMetadata"]["promptTokenDetails"] == [{"modality": "TEXT", "tokenCount": 4}]


def test_requests_of_one_batch_may_each_want_something_else_and_keep_their_order(fake):
    widths = [4, 8, 4, None, 8]
    requests = [
        {"content": content(f"text {place}"), **({} if width is None else {"outputDimensionality": width})}
        for place, width in enumerate(widths)
    ]
    rows = [each["values"] for each in post(fake, MANY, {"requests": requests})[2]["embeddings"]]
    for place, (row, width) in enumerate(zip(rows, widths, strict=True)):
        np.testing.assert_allclose(row, unit(f"text {place}", width or 16), atol=1e-6)


def test_a_batch_goes_to_the_model_in_as_few_calls_as_its_options_allow():
    generator = FakeGenerator()
    with serving({"fake": generator}) as (address, _):
        requests = [{"content": content(str(place)), "taskType": 1 + place % 2} for place in range(10)]
        assert post(address, MANY, {"requests": requests})[0] == 200
        assert sorted(call.task for call in generator.calls) == ["retrieval_document", "retrieval_query"]
        post(address, MANY, {"requests": requests[::2]})
        assert len(generator.calls) == 3


def test_a_text_that_cannot_be_embedded_is_named_by_its_place_in_the_batch():
    seen = []
    with serving({"fake": FakeGenerator(bad="bad")}) as (address, service):
        service.witnesses.append(lambda _, problem: seen.append(problem))
        texts, widths = ["a", "b", "c", "bad"], [4, 8, 4, 8]
        requests = [
            {"content": content(text), "outputDimensionality": width} for text, width in zip(texts, widths, strict=True)
        ]
        status, _, body = post(address, MANY, {"requests": requests})
        assert status == 400
        assert "input 3" in body["error"]["message"]
    assert [problem.index for problem in seen] == [3]


def test_numbers_are_printed_so_that_no_bit_is_lost(fake):
    own = Embedder.from_generator(FakeGenerator())
    values = post(fake, ONE, {"content": content("a")})[2]["embedding"]["values"]
    np.testing.assert_array_equal(np.float32(values), own.embed("a").vector)


@pytest.mark.parametrize("kind", STATUSES)
def test_every_error_has_a_status_that_its_clients_know(kind):
    response = error_response(Problem(kind, "why", retry_after=1.5))
    error = json.loads(response.body)["error"]
    assert error["code"] == response.status
    assert error["status"].isupper()
    assert error["message"] == "why"
    assert GeminiClient().read_error(response).message == "why"


def test_errors_tell_programs_what_they_must_know():
    reader = GeminiClient()
    found = reader.read_error(error_response(Problem("rate", "later", retry_after=7)))
    assert (found.kind, found.retry_after) == ("rate", 7)
    assert reader.read_error(error_response(Problem("quota", "no more"))).kind == "quota"
    assert reader.read_error(error_response(Problem("key", "wrong"))).kind == "auth"
    assert error_response(Problem("key", "wrong")).status == 400
    assert error_response(Problem("no_key", "none")).status == 403


# --- the models


def test_the_models_are_listed_page_by_page_under_all_their_names(fake):
    names, token = [], ""
    while True:
        status, _, body = get(fake, f"/v1beta/models?pageSize=2&pageToken={token}")
        assert status == 200
        assert len(body["models"]) <= 2
        names += [each["name"] for each in body["models"]]
        if not (token := body.get("nextPageToken", "")):
            break
    assert names == ["models/fake", "models/gemini-embedding-001", "models/org/model:x"]
    assert get(fake, "/gemini/v1/models")[2]["models"][0]["inputTokenLimit"] == 100
    assert get(fake, "/v1beta/models?pageToken=x")[0] == 400


def test_a_model_is_described(fake):
    status, _, body = get(fake, "/v1beta/models/gemini-embedding-001")
    assert (status, body["name"]) == (200, "models/gemini-embedding-001")
    assert "embedContent" in body["supportedGenerationMethods"]
    assert get(fake, "/v1beta/models/other")[2]["error"]["status"] == "NOT_FOUND"


# --- the other half


@pytest.mark.parametrize(("task", "title"), [(None, None), ("RETRIEVAL_DOCUMENT", "t"), ("CLUSTERING", None)])
@pytest.mark.parametrize("dimensions", [None, 8])
def test_what_our_client_asks_is_what_our_server_reads(task, title, dimensions):
    asked = Asked(["a", "b"], "m", task=task, title=title, dimensions=dimensions)
    request = GeminiClient().build_request(Service("gemini", "http://x", "k"), asked)
    read = GeminiBatch().parse_request(Incoming("POST", "", {"model": "m"}, body=request.body))
    assert isinstance(read, EmbedRequest)
    assert (read.texts, read.model) == (["a", "b"], "m")
    wanted = {"task": task, "title": title, "dimensions": dimensions}
    assert read.options == {name: value for name, value in wanted.items() if value is not None}


def test_our_provider_gets_the_very_numbers(fake):
    texts = ["a", "b", "ein Text"] * 50
    with Embedder("gemini:fake", base_url=fake, api_key="k") as remote:
        got = remote.embed(texts)
    np.testing.assert_array_equal(got.vectors, Embedder.from_generator(FakeGenerator()).embed(texts).vectors)
