"""Embedders of other libraries, recognised by their methods."""

import asyncio
import threading
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from stub_service import vector_of as stub_vector
from stubs import stub
from vecsmith import AsyncEmbedder, Closed, ConfigError, Embedder, InputError, ModelError
from vecsmith.adapters import adapted
from vecsmith.providers import EmbeddingGenerator
from vecsmith.testing import FakeGenerator

TEXTS = ["a cat", "a dog"]
vector = FakeGenerator().vector


def vectors(texts):
    return [vector(text).tolist() for text in texts]


async def vectors_awaited(texts):
    await asyncio.sleep(0)
    return vectors(texts)


class Callable:
    async def __call__(self, texts):
        return vectors(texts)


class Sided:
    """Answers queries otherwise than documents, by whatever names it is given."""

    model_name = "sided"

    def many(self, texts):
        return [vector(f"document: {text}").tolist() for text in texts]

    def one(self, text):
        return vector(f"query: {text}").tolist()


class LikeLangChain(Sided):
    embed_documents, embed_query = Sided.many, Sided.one


class LikeLangChainAwaited(LikeLangChain):
    async def aembed_documents(self, texts):
        return self.many(texts)

    async def aembed_query(self, text):
        return self.one(text)

    def embed_documents(self, texts):
        raise AssertionError("the blocking method was called")


class LikeLlamaIndex(Sided):
    get_text_embedding_batch, get_query_embedding = Sided.many, Sided.one

    def __call__(self, nodes):
        raise AssertionError("it was taken for a function")


class LikeSentenceTransformer(Sided):
    def encode(self, texts, prompt=None):
        return np.array([vector(text if prompt == "" else f"plain: {text}") for text in texts])

    def encode_document(self, texts):
        return np.array(self.many(texts))

    def encode_query(self, texts):
        return np.array([self.one(text) for text in texts])


def embedded(thing, texts=TEXTS, **options):
    with Embedder.from_generator(thing) as embedder:
        return embedder.embed(texts, **options)


@pytest.mark.parametrize("thing", [vectors, vectors_awaited, Callable(), partial(vectors), partial(vectors_awaited)])
def test_a_function_of_texts_is_an_embedder(thing):
    np.testing.assert_array_equal(embedded(thing).vectors, np.float32(vectors(TEXTS)))

    async def main():
        async with AsyncEmbedder.from_generator(thing) as embedder:
            return await embedder.embed(TEXTS)

    np.testing.assert_array_equal(asyncio.run(main()).vectors, np.float32(vectors(TEXTS)))


@pytest.mark.parametrize("kind", [LikeLangChain, LikeLangChainAwaited, LikeLlamaIndex, LikeSentenceTransformer])
def test_queries_are_told_from_documents_where_the_library_does(kind):
    for task, side in [("retrieval_query", "query"), ("retrieval_document", "document")]:
        wanted = np.array([vector(f"{side}: {text}") for text in TEXTS])
        np.testing.assert_array_equal(embedded(kind(), task=task).vectors, wanted)
    assert embedded(kind()).model == "sided"


def test_without_a_task_a_sentence_transformer_encodes_and_a_prompt_is_put_before_once():
    np.testing.assert_array_equal(embedded(LikeSentenceTransformer(), "x").vector, vector("plain: x"))
    np.testing.assert_array_equal(embedded(LikeSentenceTransformer(), "x", prompt="p: ").vector, vector("p: x"))
    np.testing.assert_array_equal(embedded(vectors, "x", prompt="p: ").vector, vector("p: x"))


def test_what_blocks_is_run_beside_the_event_loop():
    threads = []

    def blocking(texts):
        threads.append(threading.current_thread())
        return vectors(texts)

    asyncio.run(adapted(blocking).generate(TEXTS))
    assert threads != [threading.current_thread()]


def test_what_has_generate_is_left_as_it_is():
    generator = FakeGenerator()
    assert adapted(generator) is generator


def test_an_adapted_thing_is_a_generator_and_the_thing_lies_beneath():
    thing = LikeLangChain()
    made = adapted(thing)
    assert isinstance(made, EmbeddingGenerator)
    assert made.get_service(LikeLangChain) is thing
    assert made.get_service(LikeLangChain, "key") is None
    assert (made.metadata.provider, made.metadata.model, made.metadata.dimensions) == ("langchain", "sided", 0)
    asyncio.run(made.generate(TEXTS))
    assert made.metadata.dimensions == 16
    assert adapted(thing, model="named").metadata.model == "named"
    asyncio.run(made.aclose())
    with pytest.raises(Closed):
        asyncio.run(made.generate(TEXTS))


def test_what_is_not_known_of_it_is_said_to_be_unknown():
    result = embedded(vectors)
    assert (result.space.model, result.space.pooling, result.space.dimensions) == ("vectors", "unknown", 16)
    assert [(item.tokens, item.dropped) for item in result.items] == [(0, 0), (0, 0)]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda _: vectors(["one"]),
        lambda _: [[1.0, 2.0], [1.0]],
        lambda _: [[1.0, float("nan")], [1.0, 2.0]],
        lambda _: [[0.0, 0.0], [1.0, 2.0]],
        lambda _: ["a", "b"],
        lambda _: None,
        lambda _: [],
    ],
)
def test_an_answer_that_is_no_vectors_is_an_error(wrong):
    with pytest.raises(ModelError):
        asyncio.run(adapted(wrong).generate(TEXTS))


def test_what_cannot_be_asked_for_is_refused():
    with pytest.raises(InputError, match="16 dimensions, not 8"):
        embedded(vectors, dimensions=8)
    assert embedded(vectors, dimensions=16).vectors.shape == (2, 16)
    with pytest.raises(ConfigError, match="on_long"):
        embedded(vectors, on_long="error")
    np.testing.assert_allclose(np.linalg.norm(embedded(vectors, normalize=True).vectors, axis=1), 1, rtol=1e-6)


def test_what_is_named_can_be_cached_by_its_name_and_what_is_not_cannot(tmp_path):
    asked: list[str] = []

    def noted(texts):
        asked.extend(texts)
        return vectors(texts)

    with pytest.raises(ConfigError, match="cached"):
        Embedder.from_generator(noted, cache="memory").embed(TEXTS)
    cache = tmp_path / "vectors.sqlite"
    for name in ("first", "first", "second"):
        with Embedder.from_generator(adapted(noted, model=name), cache=cache) as embedder:
            result = embedder.embed(TEXTS)
            np.testing.assert_array_equal(result.vectors, np.float32(vectors(TEXTS)))
            assert (result.space.model, result.space.dimensions) == (name, 16)
            embedder.embed("a cat", prompt="p: ")
    assert asked == [*TEXTS, "p: a cat"] * 2


def test_no_texts_are_no_call():
    assert asyncio.run(adapted(lambda _: 1 / 0).generate([])).vectors.shape == (0, 0)


@pytest.mark.parametrize("thing", [None, 7, "text", object(), FakeGenerator, LikeLangChain])
def test_anything_else_is_refused_in_a_sentence(thing):
    with pytest.raises(ConfigError, match="'generate'"):
        Embedder.from_generator(thing)


def openai_client(indexes):
    """A client whose answer says which text each of its vectors is of."""
    rows = [SimpleNamespace(index=index, embedding=[1.0, place]) for place, index in enumerate(indexes)]
    answer = SimpleNamespace(data=rows, usage=None, model="m")
    return SimpleNamespace(embeddings=SimpleNamespace(create=lambda **_: answer))


@pytest.mark.parametrize("indexes", [(None, None), (0, 0), (5, 1), (1,)])
def test_an_openai_client_that_does_not_say_whose_its_vectors_are_is_not_believed(indexes):
    with pytest.raises(ModelError, match="not a vector for each text"):
        embedded(adapted(openai_client(indexes), model="m"), ["a", "b"])


def test_an_openai_clients_vectors_go_where_their_indexes_say():
    assert embedded(adapted(openai_client((1, 0)), model="m"), ["a", "b"], normalize=False).vectors[0, 1] == 1


# --- the libraries themselves


def test_langchains_own_embeddings_are_taken():
    fake = pytest.importorskip("langchain_core.embeddings.fake")
    thing = fake.DeterministicFakeEmbedding(size=8)
    for task in ("retrieval_document", "retrieval_query"):
        result = embedded(thing, task=task)
        np.testing.assert_allclose(result.vectors, np.float32(thing.embed_documents(TEXTS)))


@pytest.mark.parametrize("kind", ["OpenAI", "AsyncOpenAI"])
def test_openais_own_clients_are_taken(kind):
    openai = pytest.importorskip("openai")
    with stub(key="sk-test") as running:
        client = getattr(openai, kind)(api_key="sk-test", base_url=f"{running.address}/v1", max_retries=0)
        with pytest.raises(ConfigError, match=r"adapted\(client, model="):
            Embedder.from_generator(client)
        with Embedder.from_generator(adapted(client, model="small")) as embedder:
            result = embedder.embed(TEXTS)
            narrow = embedder.embed("a cat", dimensions=8)
            assert embedder.metadata.address.startswith(running.address)
            assert "sk-test" not in repr(embedder.generator)
        if kind == "OpenAI":
            client.close()
        else:
            from vecsmith.portal import run

            run(client.close())
    np.testing.assert_allclose(result.vectors, [stub_vector(text) for text in TEXTS], rtol=1e-6)
    assert (result.model, result.usage.requests, narrow.dimensions) == ("small", 1, 8)
    assert result.usage.total_tokens > 0


def test_what_is_made_of_llama_indexes_own_base_is_taken():
    base = pytest.importorskip("llama_index.core.base.embeddings.base")

    class SidedIndex(base.BaseEmbedding):
        """Made as every integration of LlamaIndex is."""

        def _get_text_embedding(self, text):
            return vector(f"document: {text}").tolist()

        def _get_query_embedding(self, query):
            return vector(f"query: {query}").tolist()

        async def _aget_query_embedding(self, query):
            return self._get_query_embedding(query)

    thing, texts = SidedIndex(model_name="sided", embed_batch_size=2), ["a cat", "a dog", "a fish"]
    for task, side in [("retrieval_query", "query"), ("retrieval_document", "document"), (None, "document")]:
        result = embedded(thing, texts, task=task)
        np.testing.assert_array_equal(result.vectors, [vector(f"{side}: {text}") for text in texts])
    assert (result.model, adapted(thing).metadata.provider) == ("sided", "llama_index")


def test_llama_indexes_own_embeddings_are_taken():
    mock = pytest.importorskip("llama_index.core.embeddings")
    result = embedded(mock.MockEmbedding(embed_dim=4), normalize=True)
    np.testing.assert_array_equal(result.vectors, np.full((2, 4), 0.5, np.float32))
