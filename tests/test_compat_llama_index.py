"""The drop-ins for LlamaIndex; what its original class documents is held against it, too, where it is installed.

``bench/drop_ins_frameworks.py`` says how to make an environment that has it.
"""

import asyncio
import copy
import inspect
import logging
import pickle
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest

with warnings.catch_warnings():  # its dependencies warn of each other
    warnings.simplefilter("ignore")
    from llama_index.core import Settings, StorageContext, VectorStoreIndex, load_index_from_storage
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload, LlamaDebugHandler
    from llama_index.core.ingestion import IngestionPipeline
    from llama_index.core.schema import TextNode
    from llama_index.core.storage.kvstore import SimpleKVStore
    from llama_index.core.vector_stores import SimpleVectorStore
from pydantic import ValidationError

import vecsmith
from fake_generator import BAD, FakeGenerator
from frameworks import DOCUMENTS, PLAIN, PROMPTED, QUERY, SECRET, assert_close, expected, sides, standing
from reference_models import short_model
from vecsmith import ConfigError, EmbedWarning, InputError, Timeout
from vecsmith.compat.llama_index import HuggingFaceEmbedding, VecsmithEmbedding

pytestmark = pytest.mark.usefixtures("framework_models")

BOTH = sides(HuggingFaceEmbedding, "llama_index.embeddings.huggingface", "HuggingFaceEmbedding")
NAMED = "sentence-transformers/all-MiniLM-L6-v2"
TEXTS = [
    "Parcels leave the warehouse on weekdays.",
    "The cat sleeps on the sofa.",
    "Send anything back within thirty days.",
    "Keep the receipt of what you bought.",
]


@pytest.fixture(scope="module")
def embedding(auto_embedder):
    """The bundled model as users get it."""
    return VecsmithEmbedding()


OURS = (VecsmithEmbedding, HuggingFaceEmbedding)


@pytest.fixture(scope="module", params=OURS, ids=lambda each: each.__name__)
def any_of_ours(request, auto_embedder):
    """One of each class, with the bundled model."""
    return request.param(model_name="minilm" if request.param is VecsmithEmbedding else NAMED)


class Slow(FakeGenerator):
    def __init__(self):
        super().__init__()
        self.begun, self.cancelled = threading.Event(), threading.Event()

    async def generate(self, values, options=None):
        self.begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


# --- what LlamaIndex asks of all embeddings


def test_it_is_one_of_llama_indexes_embeddings(any_of_ours):
    assert isinstance(any_of_ours, BaseEmbedding)
    assert any_of_ours.class_name() == type(any_of_ours).__name__


def test_texts_and_queries_give_lists_of_floats(any_of_ours, auto_embedder):
    one, many = any_of_ours.get_text_embedding(TEXTS[0]), any_of_ours.get_text_embedding_batch(TEXTS)
    assert [type(one), type(one[0]), type(many), type(many[0])] == [list, float, list, list]
    assert_close(many, auto_embedder.embed(TEXTS).vectors, 0.9999)
    assert_close(one, many[0], 0.9999)
    assert_close(any_of_ours.get_query_embedding(TEXTS[0]), many[0], 0.9999)


def test_the_asynchronous_methods_give_the_same(any_of_ours):
    async def all_of_them():
        return (
            await any_of_ours.aget_text_embedding_batch(TEXTS),
            await any_of_ours.aget_text_embedding(TEXTS[0]),
            await any_of_ours.aget_query_embedding(TEXTS[0]),
        )

    many, one, query = asyncio.run(all_of_them())
    assert_close(many, any_of_ours.get_text_embedding_batch(TEXTS), 0.9999)
    assert_close([one, query], [many[0], many[0]], 0.9999)


def test_no_texts_give_no_vectors_and_an_empty_one_has_a_vector(any_of_ours):
    assert any_of_ours.get_text_embedding_batch([]) == []
    assert len(any_of_ours.get_text_embedding("")) == 384


def test_vectors_do_not_depend_on_the_size_of_a_batch(any_of_ours):
    whole = any_of_ours.get_text_embedding_batch(TEXTS)
    parted = any_of_ours.model_copy(update={"embed_batch_size": 3})
    assert_close(parted.get_text_embedding_batch(TEXTS), whole, 0.9999)
    assert_close(asyncio.run(parted.aget_text_embedding_batch(TEXTS)), whole, 0.9999)


def test_every_batch_is_told_to_the_callbacks(any_of_ours):
    heard = LlamaDebugHandler(print_trace_on_end=False)
    told = any_of_ours.model_copy(update={"embed_batch_size": 3, "callback_manager": CallbackManager([heard])})
    vectors = told.get_text_embedding_batch(TEXTS)
    told.get_query_embedding("a")
    ends = [end.payload for _, end in heard.get_event_pairs(CBEventType.EMBEDDING)]
    assert [end[EventPayload.CHUNKS] for end in ends] == [TEXTS[:3], TEXTS[3:], ["a"]]
    assert [vector for end in ends[:2] for vector in end[EventPayload.EMBEDDINGS]] == vectors


@pytest.mark.parametrize("kind", OURS)
def test_it_survives_a_dictionary_json_a_copy_and_a_pickle(kind):
    embedding = kind(model_name=PLAIN)
    vector = embedding.get_query_embedding("a")
    told = embedding.to_dict()
    assert told["class_name"] == kind.__name__
    for same in (
        kind.from_dict(told),
        kind.from_json(embedding.to_json()),
        copy.copy(embedding),
        copy.deepcopy(embedding),
        embedding.model_copy(),
        pickle.loads(pickle.dumps(embedding)),
    ):
        assert same.to_dict() == told
        assert_close(same.get_query_embedding("a"), vector, 0.9999)


def test_a_pickle_leaves_nothing_out(any_of_ours, caplog):
    with caplog.at_level(logging.WARNING):
        pickle.dumps(any_of_ours)
    assert not caplog.records


def test_it_works_inside_a_running_loop(any_of_ours):
    async def blocking():
        return any_of_ours.get_query_embedding("a")

    assert_close(asyncio.run(blocking()), any_of_ours.get_query_embedding("a"), 0.9999)


def test_threads_may_share_it(any_of_ours):
    alone = any_of_ours.get_text_embedding_batch(TEXTS)
    got = {}
    threads = [
        threading.Thread(target=lambda i=i: got.update({i: any_of_ours.get_text_embedding(TEXTS[i % 4])}))
        for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    for i, vector in got.items():
        assert_close(vector, alone[i % 4], 0.9999)


def test_llama_indexes_own_cache_is_asked_first():
    with standing(fake := FakeGenerator()):
        embedding = VecsmithEmbedding(model_name="stand:x", embeddings_cache=SimpleKVStore())
        first = embedding.get_text_embedding_batch(["a", "b"])
        assert embedding.get_text_embedding_batch(["b", "a"]) == first[::-1]
    assert fake.asked == ["a", "b"]


def test_a_cut_text_warns(any_of_ours):
    with pytest.warns(EmbedWarning, match="50 tokens at their ends were not read"):
        any_of_ours.get_text_embedding("word " * (254 + 50))


# --- VecsmithEmbedding


def test_texts_and_queries_are_embedded_for_their_tasks():
    embedding = VecsmithEmbedding(model_name=PROMPTED)
    assert_close(embedding.get_text_embedding_batch(DOCUMENTS), expected(PROMPTED, DOCUMENTS, prompt=""))
    assert_close(embedding.get_query_embedding("a cat"), expected(PROMPTED, "a cat", prompt=QUERY)[0])


def test_what_a_call_asks_for_can_be_said():
    with standing(fake := FakeGenerator(longest=4)):
        embedding = VecsmithEmbedding(
            model_name="stand:x", query_task="code query", document_prompt="d: ", normalize=False, on_long="error"
        )
        embedding.get_query_embedding("a")
        assert np.linalg.norm(embedding.get_text_embedding("a")) != pytest.approx(1, abs=0.01)
        with pytest.raises(InputError, match="too long"):
            embedding.get_text_embedding("aaaaaa")
    assert [call.task for call in fake.calls[:2]] == ["code_retrieval_query", "retrieval_document"]
    assert [call.prompt for call in fake.calls[:2]] == [None, "d: "]


def test_a_folder_may_be_a_path(make_model, tmp_path, monkeypatch):
    model = make_model()
    monkeypatch.chdir(tmp_path)
    embedding = VecsmithEmbedding(model_name=model.path.relative_to(tmp_path))
    assert len(VecsmithEmbedding.from_dict(embedding.to_dict()).get_query_embedding("a")) == 32


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model_name": "minilmm"}, "did you mean 'minilm'"),
        ({"query_task": "serching"}, "'serching' is not a task"),
        ({"on_long": "chunk"}, "on_long='chunk' gives several vectors"),
        ({"model_name": "openai:text-embedding-3-small"}, "OPENAI_API_KEY"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_made(given, message, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigError, match=message):
        VecsmithEmbedding(**given)


@pytest.mark.parametrize("given", [{"dimension": 8}, {"embed_batch_size": 0}, {"compute": "f8"}])
def test_an_argument_that_there_is_none_of_is_refused_as_pydantic_does(given):
    with pytest.raises(ValidationError):
        VecsmithEmbedding(**given)


def test_a_key_is_used_and_neither_shown_nor_serialised():
    with standing() as known:
        embedding = VecsmithEmbedding(model_name="stand:x", api_key=SECRET)
        told = f"{embedding!r} {embedding} {embedding.to_dict()} {embedding.to_json()} {embedding.to_payload()}"
        assert SECRET not in told
        pickle.loads(pickle.dumps(embedding)).get_query_embedding("a")
    assert known["keys"] == [SECRET, SECRET]


def test_what_the_model_raises_comes_through():
    with standing():
        embedding = VecsmithEmbedding(model_name="stand:x")
        with pytest.raises(InputError, match="input 1: it is bad"):
            embedding.get_text_embedding_batch(["a", BAD])
        with pytest.raises(InputError, match="input 0: it is bad"):
            asyncio.run(embedding.aget_query_embedding(BAD))


def test_cancelling_the_caller_stops_what_is_in_flight():
    async def cancelled(embedding, slow):
        task = asyncio.create_task(embedding.aget_text_embedding_batch(["a", "b"]))
        await asyncio.to_thread(slow.begun.wait, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with standing(slow := Slow()):
        asyncio.run(cancelled(VecsmithEmbedding(model_name="stand:x"), slow))
    assert slow.cancelled.wait(20)


def test_a_timeout_is_kept():
    with standing(Slow()):
        embedding = VecsmithEmbedding(model_name="stand:x", timeout=0.01)
        with pytest.raises(Timeout):
            embedding.get_query_embedding("a")


# --- HuggingFaceEmbedding, and the original


@pytest.mark.parametrize("embedding_class", BOTH)
class TestHuggingFace:
    def test_arguments_are_the_originals_in_its_order(self, embedding_class):
        parameters = [*inspect.signature(embedding_class.__init__).parameters.values()]
        assert [(each.name, each.default) for each in parameters[1:-1]] == [
            ("model_name", "BAAI/bge-small-en"),
            ("tokenizer_name", "deprecated"),
            ("pooling", "deprecated"),
            ("max_length", None),
            ("query_instruction", None),
            ("text_instruction", None),
            ("normalize", True),
            ("model", "deprecated"),
            ("tokenizer", "deprecated"),
            ("embed_batch_size", 10),
            ("cache_folder", None),
            ("trust_remote_code", False),
            ("device", None),
            ("callback_manager", None),
            ("parallel_process", False),
            ("target_devices", None),
            ("show_progress_bar", False),
        ]

    def test_vectors_have_length_one_unless_they_are_to_be_as_the_files_say(self, embedding_class):
        unit, kept = embedding_class(PLAIN), embedding_class(PLAIN, normalize=False)
        assert_close(unit.get_text_embedding_batch(DOCUMENTS), expected(PLAIN, DOCUMENTS, normalize=True))
        assert_close(kept.get_query_embedding("a cat"), expected(PLAIN, "a cat")[0])

    def test_the_prompts_of_the_models_files_are_not_used(self, embedding_class):
        embedding = embedding_class(PROMPTED)
        wanted = expected(PROMPTED, ["a cat"], prompt="", normalize=True)
        assert_close([embedding.get_text_embedding("a cat")], wanted)
        assert_close([embedding.get_query_embedding("a cat")], wanted)

    def test_instructions_stand_before_texts_and_queries(self, embedding_class):
        embedding = embedding_class(PROMPTED, query_instruction="ask: ", text_instruction="told: ")
        asked, told = (expected(PROMPTED, "a cat", prompt=text, normalize=True)[0] for text in ("ask: ", "told: "))
        assert_close(embedding.get_query_embedding("a cat"), asked)
        assert_close(embedding.get_text_embedding("a cat"), told)

    def test_the_longest_text_may_be_set(self, embedding_class):
        embedding = embedding_class(PLAIN, max_length=6)
        assert embedding.max_length == 6
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EmbedWarning)
            cut = embedding.get_text_embedding("a b c d e f g h")
        assert_close(cut, expected(PLAIN, "a b c d", normalize=True)[0])

    def test_it_is_the_models_own_where_none_is_given(self, embedding_class):
        assert embedding_class(PLAIN).max_length == vecsmith.Embedder(PLAIN).metadata.max_tokens

    @pytest.mark.parametrize("name", ["model", "tokenizer", "pooling", "tokenizer_name"])
    def test_what_is_deprecated_is_refused(self, embedding_class, name):
        with pytest.raises(ValueError, match=f"{name} is deprecated"):
            embedding_class(PLAIN, **{name: "mean"})

    def test_what_says_nothing_new_is_taken(self, embedding_class):
        embedding = embedding_class(PLAIN, device="cpu", embed_batch_size=3, trust_remote_code=True, revision=None)
        assert len(embedding.get_text_embedding_batch(DOCUMENTS * 2)) == 6

    def test_it_can_be_the_embedding_of_the_settings(self, embedding_class):
        before = Settings._embed_model
        try:
            Settings.embed_model = embedding_class(PLAIN)
            index = VectorStoreIndex([TextNode(text=text) for text in DOCUMENTS])
            nearest = index.as_retriever(similarity_top_k=1).retrieve(DOCUMENTS[1])
        finally:
            Settings._embed_model = before
        assert nearest[0].get_content() == DOCUMENTS[1]
        assert nearest[0].score == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "prompt"),
    [
        ("BAAI/bge-small-en-v1.5", "Represent this question for searching relevant passages: "),
        ("BAAI/bge-base-zh", "为这个句子生成表示以用于检索相关文章："),
    ],
)
def test_a_model_known_by_name_has_the_originals_instruction(name, prompt, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a folder of that name comes first
    (tmp_path / "BAAI").mkdir()
    (tmp_path / name).symlink_to(PLAIN)
    embedding = HuggingFaceEmbedding(name)
    asked, told = (expected(PLAIN, "a cat", prompt=text, normalize=True)[0] for text in (prompt, ""))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EmbedWarning)  # the prompt fills what this model reads
        assert_close(embedding.get_query_embedding("a cat"), asked)
    assert np.dot(asked, told) < 0.99
    assert_close(embedding.get_text_embedding("a cat"), told)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"max_length": 1000}, "minilm cannot read 1000 tokens of a text: give a smaller maximum length"),
        ({"prompts": {"query": "q"}}, "prompts are given twice"),
        ({"token": SECRET}, "token cannot be used here: set the variable HF_TOKEN"),
        ({"model_kwargs": {"torch_dtype": "float64"}}, "does not compute in float64"),
        ({"max_lenght": 7}, "model_kwargs has no 'max_lenght'"),
    ],
)
def test_what_cannot_be_honoured_is_refused_in_one_sentence(given, message, auto_embedder):
    with pytest.raises(ConfigError, match=message) as caught:
        HuggingFaceEmbedding(NAMED, **given)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("given", [{"device": "cuda"}, {"parallel_process": True, "target_devices": ["cuda:0"]}])
def test_another_device_is_not_used_and_that_is_said(given, auto_embedder):
    with pytest.warns(EmbedWarning, match="the device 'cuda(:0)?' is not used"):
        HuggingFaceEmbedding(NAMED, **given)


def test_a_longer_text_than_the_files_say_can_be_read(tmp_path):
    short = str(short_model(tmp_path))
    embedding, start = HuggingFaceEmbedding(short, max_length=30), "a b c d e f g h"
    assert HuggingFaceEmbedding(short).max_length == 10
    assert np.dot(*embedding.get_text_embedding_batch([f"{start} x y z x y z", start])) < 0.99
    assert embedding.max_length == HuggingFaceEmbedding.from_dict(embedding.to_dict()).max_length == 30


# --- in an index


@pytest.fixture(scope="module")
def index(embedding):
    nodes = [TextNode(text=text, id_=str(i)) for i, text in enumerate(TEXTS)]
    context = StorageContext.from_defaults(vector_store=SimpleVectorStore())
    return VectorStoreIndex(nodes, embed_model=embedding, storage_context=context)


def test_scores_are_the_cosines_of_our_own_vectors(index, auto_embedder):
    query = "when are parcels sent?"
    scored = index.as_retriever(similarity_top_k=4).retrieve(query)
    cosines = vecsmith.similarity(auto_embedder.embed_query(query), auto_embedder.embed_documents(TEXTS))[0]
    assert [int(each.node_id) for each in scored] == np.argsort(-cosines).tolist()
    np.testing.assert_allclose([each.score for each in scored], sorted(cosines, reverse=True), atol=1e-3)


def test_a_retriever_finds_the_same_asynchronously(index):
    retriever = index.as_retriever(similarity_top_k=2)
    blocking = [each.node_id for each in retriever.retrieve("proof of purchase")]
    assert blocking[0] == "3"
    assert [each.node_id for each in asyncio.run(retriever.aretrieve("proof of purchase"))] == blocking


def test_an_index_that_was_kept_is_searched_with_another_object(index, embedding, tmp_path):
    index.storage_context.persist(tmp_path)
    again = VecsmithEmbedding.from_dict(embedding.to_dict())
    loaded = load_index_from_storage(StorageContext.from_defaults(persist_dir=str(tmp_path)), embed_model=again)
    assert loaded.as_retriever(similarity_top_k=1).retrieve("a pet")[0].node_id == "1"


def test_it_is_a_step_of_a_pipeline(embedding, auto_embedder):
    pipeline = IngestionPipeline(transformations=[embedding], disable_cache=True)
    nodes = [TextNode(text=text) for text in TEXTS]
    wanted = auto_embedder.embed_documents(TEXTS).vectors
    assert_close([node.embedding for node in pipeline.run(nodes=nodes)], wanted, 0.9999)
    assert_close([node.embedding for node in asyncio.run(pipeline.arun(nodes=nodes))], wanted, 0.9999)


# --- what is not installed


def test_without_llama_index_one_sentence_says_what_to_install():
    program = (
        "import sys; sys.modules['llama_index'] = None\n"
        "try:\n    import vecsmith.compat.llama_index\n"
        "except ImportError as error:\n    print(type(error).__name__, error)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.startswith("MissingPackage this needs llama-index-core (")
    assert told.endswith("): pip install llama-index-core\n")
    assert told.count("\n") == 1
