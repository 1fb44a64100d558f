"""The drop-in for google-generativeai; ``bench/compat_generativeai.py`` compares it with the original itself."""

import asyncio
import enum
import inspect
import math
import os
import threading
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import vecsmith
import vecsmith.compat.generativeai as genai
from fake_generator import WIDTH, FakeGenerator, vector_of
from stubs import stub
from vecsmith import AuthError, BadResponse, ConfigError, EmbedWarning, InputError, Timeout
from vecsmith.compat.generativeai import configured, types
from vecsmith.dialects.openai import OpenAIClient
from vecsmith.portal import run
from vecsmith.providers import Provider, provider, setting
from vecsmith.providers.plugin import registered
from vecsmith.providers.remote import RemoteSettings
from vecsmith.providers.service import RemoteEmbeddings


class Client:
    """A client like Google's: remembers its requests; a vector is a text's length and its letter's code."""

    def __init__(self):
        self.requests = []

    def vector(self, text):
        return [float(len(text)), float(ord(text[-1]))]

    def embed_text(self, request, **options):
        self.requests.append((request, options))
        return SimpleNamespace(embedding=SimpleNamespace(value=self.vector(request.text)))

    def batch_embed_text(self, request, **options):
        self.requests.append((request, options))
        return SimpleNamespace(embeddings=[SimpleNamespace(value=self.vector(text)) for text in request["texts"]])

    def embed_content(self, request, **options):
        self.requests.append((request, options))
        return {"embedding": {"values": self.vector(request.content.parts[0].text)}}

    def batch_embed_contents(self, request, **options):
        self.requests.append((request, options))
        return {"embeddings": [{"values": self.vector(r.content.parts[0].text)} for r in request.requests]}


class AsyncClient(Client):
    async def embed_content(self, request, **options):
        return super().embed_content(request, **options)

    async def batch_embed_contents(self, request, **options):
        return super().batch_embed_contents(request, **options)


class Slow(FakeGenerator):
    async def generate(self, values, options=None):
        await asyncio.Event().wait()


class Watching(FakeGenerator):
    """Remembers the options it was called with."""

    async def generate(self, values, options=None):
        self.options = options
        return await super().generate(values, options)


@pytest.fixture(autouse=True)
def forgotten():
    """Leave no setup behind."""
    yield
    genai.configure()


# --- Shapes


def test_one_string_gives_one_vector_as_a_list_of_floats(auto_embedder):
    answer = genai.generate_embeddings("models/minilm", "hello")
    assert list(answer) == ["embedding"]
    assert type(answer["embedding"]) is list
    assert {type(number) for number in answer["embedding"]} == {float}
    np.testing.assert_allclose(answer["embedding"], auto_embedder.embed("hello").vector, atol=1e-6)


@pytest.mark.parametrize("texts", [["a cat", "a dog"], ("a cat", "a dog")])
def test_a_sequence_gives_a_vector_for_each_text_in_order(texts, auto_embedder):
    answer = genai.generate_embeddings(model="models/minilm", text=texts)
    np.testing.assert_allclose(answer["embedding"], auto_embedder.embed(list(texts)).vectors, atol=1e-3)
    assert type(answer["embedding"][0]) is list


def test_one_text_in_a_sequence_stays_a_sequence():
    assert len(genai.generate_embeddings("minilm", ["hello"])["embedding"]) == 1


@pytest.mark.parametrize("call", [genai.generate_embeddings, genai.embed_content])
def test_no_texts_give_no_vectors(call):
    assert call("models/minilm", []) == {"embedding": []}
    assert call("models/minilm", [], client=Client()) == {"embedding": []}


def test_an_iterator_is_read_once():
    assert len(genai.generate_embeddings("minilm", iter(["a", "b", "c"]))["embedding"]) == 3


@pytest.mark.parametrize("text", [7, None, b"a", {"a": 1}, ["a", 7]])
def test_what_is_no_text_is_a_value_error(text):
    with pytest.raises(ValueError) as caught:
        genai.generate_embeddings("minilm", text)
    assert isinstance(caught.value, InputError)


# --- Arguments as in release 0.7.2


CONTENT = "(model, content, task_type=None, title=None, output_dimensionality=None, client=None, request_options=None)"


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        (genai.generate_embeddings, "(model, text, client=None, request_options=None)"),
        (genai.embed_content, CONTENT),
        (genai.embed_content_async, CONTENT),
        (genai.get_model, "(name, *, client=None, request_options=None)"),
        (genai.get_base_model, "(name, *, client=None, request_options=None)"),
        (genai.list_models, "(*, page_size=50, client=None, request_options=None)"),
        (
            genai.configure,
            (
                "(*, api_key=None, credentials=None, transport=None, client_options=None, client_info=None, "
                "default_metadata=())"
            ),
        ),
    ],
)
def test_arguments_are_those_of_the_original_in_its_order(call, arguments):
    bare = [p.replace(annotation=p.empty) for p in inspect.signature(call).parameters.values()]
    assert str(inspect.Signature(bare)) == arguments


@pytest.mark.parametrize("model", ["minilm", "models/minilm", SimpleNamespace(name="models/minilm")])
def test_a_model_is_named_with_or_without_its_prefix_or_by_an_object(model):
    wanted = genai.generate_embeddings("minilm", "hello")
    assert genai.generate_embeddings(model, "hello") == wanted


def test_a_folder_is_a_model(tmp_path):
    with pytest.raises(ConfigError, match=str(tmp_path)):
        genai.generate_embeddings(tmp_path, "hello")


@pytest.mark.parametrize("model", ["", "models/", "models/  ", "tunedModels/mine", "models/no-such-model", "nope:x"])
def test_a_name_of_no_model_is_a_value_error(model):
    with pytest.raises(ValueError) as caught:
        genai.generate_embeddings(model, "hello")
    assert isinstance(caught.value, ConfigError)


@pytest.mark.parametrize("model", [7, None, SimpleNamespace(name=7), ["minilm"]])
def test_what_is_no_name_is_a_type_error(model):
    with pytest.raises(TypeError, match="a model is a name"):
        genai.generate_embeddings(model, "hello")


@pytest.mark.parametrize("options", [{"timeout": 60}, {"retry": None}, {}, None, types.RequestOptions(timeout=9)])
def test_request_options_are_taken(options):
    assert len(genai.generate_embeddings("minilm", "hello", request_options=options)["embedding"]) == 384


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"deadline": 3}, TypeError),
        ({"deadline": 3}, ValueError),
        ({"timeout": 0}, ValueError),
        ({"timeout": "soon"}, ValueError),
        ({"timeout": True}, ValueError),
        ({"retry": 3}, TypeError),
        (3, TypeError),
    ],
)
def test_request_options_that_cannot_be_used_are_refused(options, error):
    with pytest.raises(error) as caught:
        genai.generate_embeddings("minilm", "hello", request_options=options)
    assert isinstance(caught.value, ConfigError)


def test_an_unknown_request_option_is_named():
    with pytest.raises(TypeError, match="'deadline'"):
        genai.generate_embeddings("minilm", "hello", Client(), {"deadline": 3})


@pytest.mark.parametrize("timeout", [0.01, SimpleNamespace(_timeout=0.01)])
def test_a_timeout_ends_the_call(timeout):
    with vecsmith.Embedder.from_generator(Slow()) as client, pytest.raises(Timeout):
        genai.generate_embeddings("minilm", "hello", client, {"timeout": timeout})


def test_an_embedders_own_timeout_holds_unless_the_call_says_otherwise():
    with vecsmith.Embedder.from_generator(Slow(), timeout=0.01) as client, pytest.raises(Timeout):
        genai.generate_embeddings("minilm", "hello", client)


def test_retry_wraps_the_call():
    tried = []

    class Flaky(FakeGenerator):
        async def generate(self, values, options=None):
            tried.append(values)
            if len(tried) < 3:
                raise vecsmith.Unavailable("not now", provider="fake")
            return await super().generate(values, options)

    def retry(call):
        def again():
            for _ in range(2):
                try:
                    return call()
                except vecsmith.Unavailable:
                    pass
            return call()

        return again

    with vecsmith.Embedder.from_generator(Flaky()) as client:
        answer = genai.generate_embeddings("minilm", "hello", client, {"retry": retry})
    assert (len(answer["embedding"]), len(tried)) == (WIDTH, 3)


# --- Clients


def test_a_client_gets_one_text_and_the_options():
    client = Client()
    assert genai.generate_embeddings("models/embedding-gecko-001", "hello", client, {"timeout": 3, "retry": None}) == {
        "embedding": [5.0, 111.0]
    }
    assert client.requests == [
        ({"model": "models/embedding-gecko-001", "text": "hello"}, {"timeout": 3, "retry": None})
    ]
    assert client.requests[0][0].model == "models/embedding-gecko-001"


def test_a_clients_request_options_may_be_an_object():
    client = Client()
    genai.generate_embeddings("embedding-001", "hello", client, types.RequestOptions(timeout=3))
    genai.generate_embeddings("embedding-001", "hello", client, SimpleNamespace(timeout=4))
    assert [options for _, options in client.requests] == [{"retry": None, "timeout": 3}, {"timeout": 4}]
    assert {request.model for request, _ in client.requests} == {"models/embedding-001"}


def test_a_client_gets_at_most_a_hundred_texts_at_a_time():
    client, texts = Client(), [f"{'x' * (i % 7)}{chr(97 + i % 26)}" for i in range(250)]
    answer = genai.generate_embeddings("models/embedding-gecko-001", texts, client=client)
    assert [len(request.texts) for request, _ in client.requests] == [100, 100, 50]
    assert answer["embedding"] == [client.vector(text) for text in texts]


def test_contents_go_to_a_client_a_hundred_at_a_time_with_their_options():
    client = Client()
    answer = genai.embed_content("models/embedding-001", ["ab"] * 101, "clustering", None, 64, client, {"timeout": 1})
    assert len(answer["embedding"]) == 101
    assert [len(request.requests) for request, _ in client.requests] == [100, 1]
    assert client.requests[1] == (
        {
            "model": "models/embedding-001",
            "requests": [
                {
                    "model": "models/embedding-001",
                    "content": {"parts": [{"text": "ab"}]},
                    "task_type": 5,
                    "title": None,
                    "output_dimensionality": 64,
                }
            ],
        },
        {"timeout": 1},
    )


def test_one_content_goes_to_a_client_alone():
    client = Client()
    assert genai.embed_content("models/embedding-001", "ab", client=client) == {"embedding": [2.0, 98.0]}
    assert client.requests[0][0].content == {"parts": [{"text": "ab"}]}


@pytest.mark.parametrize(
    "answer",
    [
        SimpleNamespace(embeddings=[SimpleNamespace(value=[1.0])]),
        SimpleNamespace(embeddings=[SimpleNamespace(value=[1.0]), SimpleNamespace(value=[math.nan])]),
        SimpleNamespace(embeddings=[{"value": [1.0]}, {"values": [1.0]}]),
        SimpleNamespace(embeddings=[{"value": [1.0]}, {"value": None}]),
        SimpleNamespace(),
        {},
        None,
    ],
)
def test_a_clients_answer_that_is_none_is_refused(answer):
    client = SimpleNamespace(batch_embed_text=lambda _: answer)
    with pytest.raises(BadResponse, match="nothing of it was used"):
        genai.generate_embeddings("models/embedding-gecko-001", ["a", "b"], client=client)


def test_a_clients_own_error_comes_through():
    class LostError(Exception):
        pass

    def lose(request):
        raise LostError

    with pytest.raises(LostError):
        genai.generate_embeddings("minilm", "a", SimpleNamespace(embed_text=lose))


def test_a_client_that_cannot_embed_is_a_type_error():
    with pytest.raises(TypeError, match="embed_text"):
        genai.generate_embeddings("minilm", "a", client=object())


def test_an_embedder_as_client_uses_its_own_model():
    with vecsmith.Embedder.from_generator(FakeGenerator(normalizes=False)) as client:
        answer = genai.generate_embeddings("models/embedding-001", ["a", "b"], client=client)
    np.testing.assert_allclose(answer["embedding"], [vector_of("a"), vector_of("b")], atol=1e-6)


def test_an_asynchronous_embedder_is_a_client_too():
    client = vecsmith.AsyncEmbedder.from_generator(FakeGenerator(normalizes=False))
    np.testing.assert_allclose(
        genai.generate_embeddings("models/embedding-001", "a", client=client)["embedding"], vector_of("a"), atol=1e-6
    )


# --- embed_content


def asked(**arguments):
    """Return what a model is asked for by a call."""
    watching = Watching()
    with vecsmith.Embedder.from_generator(watching) as client:
        genai.embed_content("minilm", **{"content": "text", **arguments}, client=client)
    return watching


def task_asked(task):
    """Return the task of a request to a client."""
    client = Client()
    genai.embed_content("models/embedding-001", "a", task, client=client)
    return client.requests[0][0].task_type


Wire = enum.Enum("Wire", ["QUESTION_ANSWERING"])


@pytest.mark.parametrize(
    ("task", "number"),
    [
        ("retrieval_query", 1),
        ("RETRIEVAL_QUERY", 1),
        ("Query", 1),
        ("document", 2),
        ("similarity", 3),
        ("CLASSIFICATION", 4),
        ("clustering", 5),
        ("qa", 6),
        ("fact_verification", 7),
        ("verification", 7),
        ("code_retrieval_query", 8),
        (8, 8),
        (2, 2),
        (Wire.QUESTION_ANSWERING, 6),
        (types.EmbeddingTaskType.RETRIEVAL_DOCUMENT, 2),
        (0, None),
        (None, None),
        ("", None),
        ("unspecified", None),
        ("task_type_unspecified", None),
    ],
)
def test_a_task_is_a_name_in_any_case_a_number_or_a_member(task, number):
    assert task_asked(task) == number


@pytest.mark.parametrize("task", ["retreival", 9, -1])
def test_a_task_that_there_is_none_of_is_a_value_error(task):
    with pytest.raises(ValueError, match="task_type"):
        genai.embed_content("minilm", "a", task)


@pytest.mark.parametrize("task", [True, 1.5, []])
def test_what_is_no_task_is_a_type_error(task):
    with pytest.raises(TypeError, match="task_type"):
        genai.embed_content("minilm", "a", task)


def test_contents_are_embedded_as_texts_are():
    wanted = genai.generate_embeddings("minilm", ["a cat", "a dog"])
    answer = genai.embed_content("models/minilm", ["a cat", {"parts": [{"text": "a dog"}]}])
    np.testing.assert_allclose(answer["embedding"], wanted["embedding"], atol=1e-6)


@pytest.mark.parametrize(
    "content",
    ["a\nb", {"parts": ["a", "b"]}, {"parts": "a\nb"}, {"text": "a\nb"}, SimpleNamespace(parts=[{"text": "a\nb"}])],
)
def test_one_content_gives_one_vector(content):
    assert asked(content=content).asked == ["a\nb"]


def test_a_list_within_the_list_is_the_parts_of_one_content():
    assert asked(content=["x", ["a", "b"]]).asked == ["x", "a\nb"]


@pytest.mark.parametrize("content", ["", ["a", ""], {"parts": []}, [{"parts": ["a"]}, []]])
def test_an_empty_content_is_a_value_error(content):
    with pytest.raises(ValueError, match="empty"):
        genai.embed_content("minilm", content)


@pytest.mark.parametrize("content", [7, [7], {"inline_data": b""}, [{"parts": [{"inline_data": {}}]}]])
def test_what_is_not_text_is_refused_before_anything_is_embedded(content):
    with pytest.raises(InputError, match="only text"):
        genai.embed_content("minilm", content)


def test_a_content_that_cannot_be_used_is_named_by_its_index():
    with pytest.raises(InputError) as caught:
        genai.embed_content("minilm", ["a", "b", 7])
    assert caught.value.index == 2


def test_vectors_are_cut_to_the_width_asked_for():
    with pytest.warns(EmbedWarning, match="not trained"):
        answer = genai.embed_content("minilm", "a", output_dimensionality=8)
    assert len(answer["embedding"]) == 8
    assert math.isclose(math.hypot(*answer["embedding"]), 1.0, abs_tol=1e-5)
    assert len(genai.embed_content("minilm", "a", output_dimensionality=0)["embedding"]) == 384


@pytest.mark.parametrize("width", [-1, 2.5, True, 385])
def test_a_width_that_there_is_none_of_is_a_value_error(width):
    with pytest.raises(ValueError):
        genai.embed_content("minilm", "a", output_dimensionality=width)


@pytest.mark.parametrize("task", [None, "retrieval_query"])
def test_a_title_wants_the_task_of_documents(task):
    with pytest.raises(ValueError, match="retrieval_document"):
        genai.embed_content("minilm", "a", task, title="T")


# --- Coroutines, threads


def test_the_asynchronous_call_gives_the_same():
    wanted = genai.embed_content("minilm", ["a", "b"])

    async def both():
        return await asyncio.gather(
            genai.embed_content_async("models/minilm", ["a", "b"]), genai.embed_content_async("models/minilm", "a")
        )

    many, one = asyncio.run(both())
    np.testing.assert_allclose(many["embedding"], wanted["embedding"], atol=1e-6)
    np.testing.assert_allclose(one["embedding"], wanted["embedding"][0], atol=1e-3)


def test_an_asynchronous_clients_methods_are_awaited():
    client = AsyncClient()
    answer = asyncio.run(genai.embed_content_async("models/embedding-001", ["ab"] * 150, client=client))
    assert len(answer["embedding"]) == 150
    assert [len(request.requests) for request, _ in client.requests] == [100, 50]


@pytest.mark.parametrize("kind", [vecsmith.Embedder, vecsmith.AsyncEmbedder])
def test_the_asynchronous_call_takes_either_embedder(kind):
    client = kind.from_generator(FakeGenerator(normalizes=False))
    answer = asyncio.run(genai.embed_content_async("minilm", "a", client=client))
    np.testing.assert_allclose(answer["embedding"], vector_of("a"), atol=1e-6)


@pytest.mark.parametrize("model", ["models/", "models/no-such-model"])
def test_the_asynchronous_call_raises_the_same(model):
    with pytest.raises(ValueError):
        asyncio.run(genai.embed_content_async(model, "a"))


def test_the_blocking_calls_work_inside_a_running_loop():
    async def inside():
        return genai.generate_embeddings("minilm", ["a"] * 300), genai.embed_content("minilm", "a")

    many, one = asyncio.run(inside())
    assert (len(many["embedding"]), len(one["embedding"])) == (300, 384)


def test_threads_share_one_embedder_and_get_their_own_vectors():
    genai.generate_embeddings("minilm", "a")
    before, answers = len(configured.shelf.embedders), {}
    texts = [f"text number {i}" for i in range(8)]

    def work(text):
        answers[text] = genai.generate_embeddings("models/minilm", text)["embedding"]

    threads = [threading.Thread(target=work, args=[text]) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wanted = genai.generate_embeddings("minilm", texts)["embedding"]
    np.testing.assert_allclose([answers[text] for text in texts], wanted, atol=1e-2)
    assert len(configured.shelf.embedders) == before


def test_a_cut_text_warns_at_the_callers_line():
    for call in (genai.generate_embeddings, genai.embed_content):
        with pytest.warns(EmbedWarning, match="1 of 2 texts") as caught:
            call("minilm", ["word " * 2000, "a"])
        assert [(Path(one.filename), one.category) for one in caught] == [(Path(__file__), EmbedWarning)]


# --- Google's models, behind a provider called gemini


class GeminiSettings(RemoteSettings):
    api_key: str = setting("Key", env="VECSMITH_TEST_GEMINI_KEY", secret=True)
    base_url: str = setting("Address", default="http://127.0.0.1:9")


class WithTask(OpenAIClient):
    """OpenAI's format with a task and a title, so that a test sees them."""

    def body(self, asked):
        return {**super().body(asked), "task": asked.task, "title": asked.title}


class GeminiEmbeddings(RemoteEmbeddings[GeminiSettings]):
    provider = "gemini"
    dialect = WithTask()
    defaults = {  # noqa: RUF012 (read, never changed)
        "titles": True,
        "tasks": {"retrieval_document": "RETRIEVAL_DOCUMENT", "retrieval_query": "RETRIEVAL_QUERY"},
    }

    def service(self, settings):
        service = super().service(settings)
        return replace(service, base_url=service.base_url + "/v1")

    def models(self, settings):
        return []


@pytest.fixture
def gemini(monkeypatch):
    """A provider called gemini that speaks to the stub."""
    registered_before = dict(registered)
    registered.pop("gemini", None)

    @provider("gemini", "Gemini")
    class Gemini(Provider[GeminiSettings]):
        capabilities = (GeminiEmbeddings,)

    monkeypatch.delenv("VECSMITH_TEST_GEMINI_KEY", raising=False)
    yield Gemini
    registered.clear()
    registered.update(registered_before)
    for embedder in configured.shelf.embedders.values():
        run(embedder.aclose())
    configured.shelf.embedders.clear()
    configured.shelf.faces.clear()


@pytest.fixture(scope="module")
def service():
    """One service for all, which answers where a header has its key."""
    with stub(key="secret-key") as service:
        yield service


def test_task_title_and_width_reach_the_service(gemini, service):
    genai.configure(api_key="secret-key", client_options={"api_endpoint": service.address})
    genai.embed_content("models/gemini-embedding-001", "a", 2, "T", 8)
    seen = service.seen()["bodies"][-1]
    assert (seen["task"], seen["title"], seen["dimensions"]) == ("RETRIEVAL_DOCUMENT", "T", 8)


@pytest.mark.parametrize(
    "name",
    [
        "embedding-001",
        "text-embedding-004",
        "text-embedding-005",
        "gemini-embedding-001",
        "gemini-embedding-2",
        "gemini-embedding-exp-03-07",
        "embedding-gecko-001",
    ],
)
def test_googles_names_go_to_the_provider_gemini_with_the_key_and_address_configured(name, gemini, service):
    genai.configure(api_key="secret-key", transport="rest", client_options={"api_endpoint": service.address})
    answer = genai.generate_embeddings(f"models/{name}", ["a", "b"])
    assert service.seen()["bodies"][-1]["model"] == name
    assert np.asarray(answer["embedding"]).shape == (2, 16)


@pytest.mark.parametrize("name", ["openai:text-embedding-3-small", "text-embedding-3-small", "my-embedding-001"])
def test_names_that_are_not_googles_do_not_get_its_key(name, gemini, service, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    before = service.seen()["statuses"]
    genai.configure(api_key="secret-key", client_options={"api_endpoint": service.address})
    with pytest.raises(ValueError) as caught:
        genai.generate_embeddings(f"models/{name}", "a")
    assert service.seen()["statuses"] == before
    assert "secret-key" not in str(caught.value)


def test_the_last_setup_counts(gemini, service):
    genai.configure(api_key="wrong", client_options={"api_endpoint": service.address})
    with pytest.raises(AuthError) as caught:
        genai.generate_embeddings("models/embedding-001", "a")
    assert "wrong" not in str(caught.value)
    genai.configure(client_options={"api_endpoint": service.address, "api_key": "secret-key"})
    assert len(genai.generate_embeddings("models/embedding-001", "a")["embedding"]) == 16


def test_without_a_setup_the_providers_own_variable_counts(gemini, service, monkeypatch):
    monkeypatch.setenv("VECSMITH_TEST_GEMINI_KEY", "secret-key")
    genai.configure(client_options={"api_endpoint": service.address})
    assert len(genai.generate_embeddings("gemini:embedding-001", "a")["embedding"]) == 16


def test_without_any_key_the_error_says_how_to_give_one(gemini):
    with pytest.raises(ValueError, match="VECSMITH_TEST_GEMINI_KEY"):
        genai.generate_embeddings("models/embedding-001", "a")


def test_default_metadata_is_sent_as_headers(gemini, service):
    genai.configure(
        api_key="k",
        client_options={"api_endpoint": service.address},
        default_metadata=(("x-tenant", "secret-key"),),
    )
    assert len(genai.generate_embeddings("models/embedding-001", "a")["embedding"]) == 16
    answer = asyncio.run(genai.embed_content_async("models/text-embedding-004", "a"))
    assert len(answer["embedding"]) == 16


def test_the_asynchronous_call_reaches_googles_models_too(gemini, service):
    genai.configure(api_key="secret-key", client_options=SimpleNamespace(api_endpoint=service.address))
    answer = asyncio.run(genai.embed_content_async("models/embedding-001", ["a", "b"]))
    assert np.asarray(answer["embedding"]).shape == (2, 16)


@pytest.mark.parametrize(
    "arguments",
    [
        {"api_key": "a", "client_options": {"api_key": "b"}},
        {"credentials": object()},
        {"transport": "pigeon"},
        {"client_options": {"quota_project_id": "mine"}},
    ],
)
def test_a_setup_that_cannot_be_used_is_a_value_error_and_changes_nothing(arguments):
    genai.configure(api_key="kept")
    with pytest.raises(ValueError):
        genai.configure(**arguments)
    assert configured.shelf.setup.api_key == "kept"


def test_the_key_is_never_shown(capsys, caplog):
    genai.configure(api_key="secret-key", default_metadata=[("x", "secret-too")])
    shown = repr(configured.shelf.setup) + "".join(capsys.readouterr()) + caplog.text
    assert "secret" not in shown


def test_an_address_without_a_scheme_is_https():
    genai.configure(client_options={"api_endpoint": "generativelanguage.googleapis.com"})
    assert configured.shelf.setup.address == "https://generativelanguage.googleapis.com"


# --- Names of one's own


def test_an_alias_of_ones_own_stands_before_googles_names(tmp_path, monkeypatch):
    (tmp_path / "vecsmith.toml").write_text('[aliases]\n"text-embedding-004" = "minilm"\n')
    monkeypatch.chdir(tmp_path)
    answer = genai.generate_embeddings("models/text-embedding-004", "a")
    assert answer == genai.generate_embeddings("minilm", "a")


def test_a_profile_is_a_model_with_what_it_asks_for(tmp_path, monkeypatch):
    (tmp_path / "vecsmith.toml").write_text('[profiles.narrow]\nmodel = "minilm"\ndimensions = 384\non_long = "mean"\n')
    monkeypatch.chdir(tmp_path)
    long = "a cat and a dog " * 60
    wanted = vecsmith.embed(long, on_long="mean").vector
    np.testing.assert_allclose(genai.generate_embeddings("models/narrow", long)["embedding"], wanted, atol=1e-3)


def test_a_profile_that_says_what_happens_to_long_texts_is_not_warned_of(tmp_path, monkeypatch):
    (tmp_path / "vecsmith.toml").write_text('[profiles.cut]\nmodel = "minilm"\non_long = "truncate"\n')
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(genai.generate_embeddings("cut", "word " * 2000)["embedding"]) == 384


def test_a_profile_with_several_vectors_for_a_text_is_refused(tmp_path, monkeypatch):
    (tmp_path / "vecsmith.toml").write_text('[profiles.pieces]\nmodel = "minilm"\non_long = "chunk"\n')
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="several vectors"):
        genai.generate_embeddings("models/pieces", "a")


# --- Models


def test_models_are_listed_with_the_attributes_of_the_original():
    models = list(genai.list_models(page_size=1))
    first = models[0]
    assert (first.name, first.input_token_limit, first.display_name) == ("models/minilm", 256, "minilm")
    assert {"embedText", "embedContent"} <= set(first.supported_generation_methods)
    assert list(vars(first)) == [
        "name",
        "base_model_id",
        "version",
        "display_name",
        "description",
        "input_token_limit",
        "output_token_limit",
        "supported_generation_methods",
        "temperature",
        "max_temperature",
        "top_p",
        "top_k",
    ]


def test_listing_models_gives_an_iterator():
    assert next(iter(genai.list_models())).name == "models/minilm"
    assert next(genai.list_models()).name == "models/minilm"


def test_a_listed_model_can_be_called():
    for model in genai.list_models():
        if model.name == "models/minilm":
            assert len(genai.generate_embeddings(model, "hello")["embedding"]) == 384


@pytest.mark.parametrize("name", ["minilm", "models/minilm", SimpleNamespace(name="minilm")])
def test_a_model_is_found_by_its_name(name):
    assert genai.get_model(name) == next(genai.list_models())
    assert genai.get_base_model(name) == genai.get_model(name)


def test_a_model_of_a_provider_is_described_by_its_row():
    model = genai.get_model("models/openai:text-embedding-3-small")
    assert (model.name, model.display_name, model.input_token_limit) == (
        "models/openai:text-embedding-3-small",
        "Text Embedding 3 Small",
        8192,
    )


def test_a_model_in_no_list_is_opened_to_see(gemini):
    genai.configure(api_key="k")
    model = genai.get_model("models/text-embedding-099")
    assert (model.name, model.base_model_id, model.version) == (
        "models/text-embedding-099",
        "text-embedding",
        "099",
    )


@pytest.mark.parametrize("name", ["models/no-such-model", "tunedModels/mine", ""])
def test_a_model_that_there_is_none_of_is_a_value_error(name):
    with pytest.raises(ValueError):
        genai.get_model(name)


def test_a_client_is_asked_for_its_models():
    model = {"name": "models/theirs", "input_token_limit": 9, "supported_generation_methods": ("embedText",)}
    client = SimpleNamespace(
        get_model=lambda name, **options: SimpleNamespace(**{**model, "name": name, "version": str(options)}),
        list_models=lambda page_size: iter([model] * page_size),
    )
    wanted = types.Model("models/theirs", "", "", "", "", 9, 0, ["embedText"])
    found = genai.get_model("theirs", client=client, request_options={"timeout": 3})
    assert found == replace(wanted, version="{'timeout': 3}")
    assert list(genai.list_models(page_size=2, client=client)) == [wanted, wanted]


def test_nothing_warns_in_plain_use():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        genai.generate_embeddings("minilm", ["a", "b"])
        genai.embed_content("minilm", "a", "retrieval_query")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_the_calls_work_in_a_forked_child():
    wanted = genai.generate_embeddings("minilm", "a")
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads
        child = os.fork()
    if child == 0:
        try:
            answer = genai.generate_embeddings("minilm", "a")
            os.write(writing, b"same" if np.allclose(answer["embedding"], wanted["embedding"], atol=1e-3) else b"other")
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b"same"
    os.waitpid(child, 0)
