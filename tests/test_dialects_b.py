"""The formats of Azure, Ollama, TEI, Hugging Face and another vecsmith: what is sent, and what an answer means."""

import json

import pytest

from vecsmith import ConfigError
from vecsmith.dialects import Asked
from vecsmith.dialects.azure import AzureClient
from vecsmith.dialects.extended import ExtendedClient
from vecsmith.dialects.huggingface import HuggingFaceClient
from vecsmith.dialects.ollama import OllamaClient, fetched
from vecsmith.dialects.tei import TEIClient, read_info
from vecsmith.providers.ollama import address_of
from vecsmith.wire import HttpResponse, Service

HERE = Service("x", "http://here", "k")
TEXTS = ["a", "ü"]
ROWS = [[1.0, 2.0], [3.0, 4.0]]


def sent(client, asked, service=HERE):
    request = client.build_request(service, asked)
    return request, json.loads(request.body)


def answer(body, status=200, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, headers, raw)


def test_azure_names_the_deployment_in_the_classic_path_and_in_the_body():
    keyed = Service("azure", "http://here", "k", {"api-key": "k"})
    request, body = sent(AzureClient(version="2024-10-21"), Asked(TEXTS, "my deployment/1"), keyed)
    assert request.url == "http://here/openai/deployments/my%20deployment%2F1/embeddings?api-version=2024-10-21"
    assert request.headers["api-key"] == "k"
    assert "authorization" not in request.headers
    assert body == {"input": TEXTS, "model": "my deployment/1", "encoding_format": "base64"}


def test_azure_without_a_version_is_the_v1_form():
    request, body = sent(AzureClient(), Asked(TEXTS, "d", dimensions=8))
    assert request.url == "http://here/openai/v1/embeddings"
    assert body["model"] == "d"
    assert body["dimensions"] == 8


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, {"error": {"code": "DeploymentNotFound", "message": "none"}}, "model"),
        (429, {"error": {"code": "429", "message": "retry after 55 seconds"}}, "rate"),
        (401, {"statusCode": 401, "message": "Unauthorized"}, "auth"),
        (400, {"error": {"code": "content_filter", "message": "no"}}, "input"),
        (500, {"error": {"code": "InternalServerError", "message": "sorry"}}, "unavailable"),
    ],
)
def test_azure_errors_are_known_without_type_and_param(status, body, kind):
    fault = AzureClient().read_error(answer(body, status))
    assert fault.kind == kind
    assert fault.message


def test_ollama_asks_its_newer_route_and_leaves_out_what_is_not_asked():
    request, body = sent(OllamaClient(), Asked(TEXTS, "nomic-embed-text:v1.5"))
    assert request.url == "http://here/api/embed"
    assert body == {"model": "nomic-embed-text:v1.5", "input": TEXTS, "truncate": True}


def test_ollama_is_told_not_to_cut_where_a_long_text_is_an_error():
    _, body = sent(OllamaClient(), Asked(TEXTS, "m", on_long="error", dimensions=64))
    assert body["truncate"] is False
    assert body["dimensions"] == 64


def test_ollama_sends_no_key_unless_there_is_one():
    request, _ = sent(OllamaClient(), Asked(TEXTS, "m"), Service("ollama", "http://here"))
    assert "authorization" not in request.headers


def test_ollama_answers_in_the_order_of_the_texts_with_the_tokens_read():
    read = OllamaClient().read_response(
        answer({"model": "m", "embeddings": ROWS, "total_duration": 1, "prompt_eval_count": 8}), Asked(TEXTS, "m")
    )
    assert read.vectors.tolist() == ROWS
    assert (read.tokens, read.model) == (8, "m")


@pytest.mark.parametrize("message", ['model "x:1" not found, try pulling it first', "model 'x:1' not found"])
def test_ollama_says_how_to_fetch_a_model_that_is_not_there(message):
    fault = OllamaClient().read_error(answer({"error": message}, 404))
    assert fault.kind == "model"
    assert "`ollama pull x:1`" in fault.message


def test_ollama_refuses_a_long_text_as_an_input():
    fault = OllamaClient().read_error(answer({"error": "the input length exceeds the context length"}, 400))
    assert fault.kind == "input"


def test_ollama_lists_what_it_fetched_without_models_that_make_no_embeddings():
    models = [{"name": "a:latest", "capabilities": ["completion"]}, {"name": "b", "capabilities": ["embedding"]}]
    assert fetched(json.dumps({"models": [*models, {"name": "c", "size": 1}]}).encode()) == ["b", "c"]


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("", "http://127.0.0.1:11434"),
        ("example.com", "http://example.com:11434"),
        ("example.com:5000", "http://example.com:5000"),
        (":5000", "http://127.0.0.1:5000"),
        ("http://example.com", "http://example.com:80"),
        ("https://example.com", "https://example.com:443"),
        ("https://example.com:5000/behind/", "https://example.com:5000/behind"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:5000", "http://127.0.0.1:5000"),
        ("[::1]:5000", "http://[::1]:5000"),
        ("example.com/behind", "http://example.com:11434/behind"),
    ],
)
def test_ollama_host_is_read_as_the_official_client_reads_it(host, address):
    assert address_of(host) == address


def test_ollama_host_that_is_no_address_is_named():
    with pytest.raises(ConfigError, match="is no address"):
        address_of("http://here:port")


@pytest.mark.parametrize(
    ("on_long", "truncate", "side"),
    [("truncate", True, "Right"), ("truncate_start", True, "Left"), ("error", False, "Right")],
)
def test_tei_is_told_what_to_do_with_a_long_text(on_long, truncate, side):
    request, body = sent(TEIClient(), Asked(TEXTS, "m", on_long=on_long, dimensions=8))
    assert request.url == "http://here/embed"
    assert body == {
        "inputs": TEXTS,
        "normalize": False,
        "dimensions": 8,
        "truncate": truncate,
        "truncation_direction": side,
    }


def test_tei_counts_tokens_in_a_header():
    read = TEIClient().read_response(answer(ROWS, **{"x-compute-tokens": "12"}), Asked(TEXTS, "m"))
    assert read.vectors.tolist() == ROWS
    assert read.tokens == 12


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b"", "auth"),
        (413, b"", "too_much"),
        (422, {"error": "batch size 33 > maximum allowed batch size 32", "error_type": "Validation"}, "input"),
        (424, {"error": "inference failed", "error_type": "Backend"}, "unavailable"),
        (424, b"", "unavailable"),
        (429, {"error": "Model is overloaded", "error_type": "Overloaded"}, "rate"),
        (503, {"error": "unhealthy", "error_type": "Unhealthy"}, "unavailable"),
        (404, b"", "address"),
        (404, {"error": "no such route"}, "address"),
    ],
)
def test_tei_errors_are_told_by_their_type_or_their_status(status, body, kind):
    assert TEIClient().read_error(answer(body, status)).kind == kind


@pytest.mark.parametrize(
    ("told", "embeds"),
    [
        ({"embedding": {"pooling": "cls"}}, True),
        ({"embedding": {"pooling": "splade"}}, False),
        ({"reranker": {"id2label": {}}}, False),
        ({"classifier": {}}, False),
        (None, True),
    ],
)
def test_tei_says_whether_its_model_makes_embeddings(told, embeds):
    assert read_info(json.dumps({"model_id": "m", "model_type": told}).encode()).embeds is embeds


def test_huggingface_puts_the_model_in_the_path_and_parameters_at_the_root():
    router = Service("huggingface", "https://router.huggingface.co/hf-inference", "hf_1")
    request, body = sent(HuggingFaceClient(), Asked(TEXTS, "BAAI/bge-m3", on_long="truncate_start"), router)
    assert request.url == f"{router.base_url}/models/BAAI/bge-m3/pipeline/feature-extraction"
    assert request.headers["authorization"] == "Bearer hf_1"
    assert body == {"inputs": TEXTS, "normalize": False, "truncate": True, "truncation_direction": "left"}


def test_huggingface_posts_to_an_endpoint_as_it_is():
    request, _ = sent(HuggingFaceClient(), Asked(TEXTS, "m"), Service("huggingface", "https://mine.example/x"))
    assert request.url == "https://mine.example/x"


def test_huggingface_answers_with_vectors_or_with_the_one_vector():
    client = HuggingFaceClient()
    assert client.read_response(answer(ROWS), Asked(TEXTS, "m")).vectors.tolist() == ROWS
    assert client.read_response(answer(ROWS[0]), Asked(["a"], "m")).vectors.tolist() == [ROWS[0]]
    with pytest.raises(ValueError, match="no list"):
        client.read_response(answer(ROWS[0]), Asked(TEXTS, "m"))
    with pytest.raises(ValueError, match="no list"):
        client.read_response(answer({"embeddings": ROWS}), Asked(TEXTS, "m"))


def test_huggingface_vectors_of_tokens_are_refused_in_one_sentence():
    with pytest.raises(ConfigError, match="vector of each token"):
        HuggingFaceClient().read_response(answer([ROWS, ROWS]), Asked(TEXTS, "m"))


def test_huggingface_says_how_long_a_model_loads_and_its_errors_may_be_a_list():
    client = HuggingFaceClient()
    loading = client.read_error(answer({"error": "Model m is currently loading", "estimated_time": 20.5}, 503))
    assert (loading.kind, loading.retry_after) == ("unavailable", 20.5)
    several = client.read_error(answer({"error": ["one", "two"]}, 400))
    assert (several.kind, several.message) == ("input", "one; two")
    assert client.read_error(answer({"error": "pay"}, 402)).kind == "quota"
    assert client.read_error(answer(b"<html>", 502)).kind == "unavailable"


def test_extended_members_go_where_the_service_has_them_and_nowhere_else():
    asked = Asked(TEXTS, "m", "query", on_long="error", prompt="p: ")
    _, plain = sent(ExtendedClient(base64=False), asked)
    assert plain == {"input": TEXTS, "model": "m"}
    words = {"truncate": "END", "error": "NONE"}
    _, body = sent(ExtendedClient(task="input_type", on_long="truncate", long_words=words, prompt="prompt"), asked)
    assert body["input_type"] == "query"
    assert body["truncate"] == "NONE"
    assert body["prompt"] == "p: "


@pytest.mark.parametrize("client", [OllamaClient(), TEIClient(), HuggingFaceClient(), AzureClient()])
@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"x"', b"{}", b'{"error": null}', b'{"error": 3}'])
def test_an_error_of_any_shape_is_a_fault(client, body):
    assert client.read_error(answer(body, 500)).kind == "unavailable"


@pytest.mark.parametrize("client", [OllamaClient(), TEIClient(), HuggingFaceClient(), AzureClient()])
@pytest.mark.parametrize("body", [b"", b"null", b'"x"', b"{}", b'[["a"]]', b"[[1],[1,2]]", b"[1, [2]]"])
def test_an_answer_of_another_shape_is_refused_as_one(client, body):
    with pytest.raises((ValueError, LookupError)):
        client.read_response(answer(body), Asked(TEXTS, "m"))
