"""The drop-ins for LangChain; what its original classes document is held against them, too, where they are installed.

``bench/drop_ins_frameworks.py`` says how to make an environment that has them.
"""

import asyncio
import copy
import gc
import pickle
import re
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore
from pydantic import SecretStr, ValidationError

import vecsmith
from fake_generator import BAD, WIDTH, FakeGenerator, vector_of
from frameworks import DOCUMENTS, PLAIN, PROMPTED, QUERY, SECRET, assert_close, expected, sides, standing
from stubs import stub
from vecsmith import AuthError, ConfigError, EmbedWarning, InputError, Timeout, testing
from vecsmith.compat.langchain import FastEmbedEmbeddings, HuggingFaceEmbeddings, VecsmithEmbeddings

pytestmark = pytest.mark.usefixtures("framework_models")

BOTH = sides(HuggingFaceEmbeddings, "langchain_huggingface", "HuggingFaceEmbeddings")
OURS = (VecsmithEmbeddings, HuggingFaceEmbeddings, FastEmbedEmbeddings)
NAMED = "sentence-transformers/all-MiniLM-L6-v2"

TEXTS = [
    "Parcels leave the warehouse on weekdays.",
    "The cat sleeps on the sofa.",
    "Send anything back within thirty days.",
    "Keep the receipt of what you bought.",
]


@pytest.fixture(scope="module")
def embeddings(auto_embedder):
    """The bundled model as users get it."""
    return VecsmithEmbeddings()


class NarrowGenerator(testing.FakeGenerator):
    def __init__(self):
        super().__init__(8)


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


# --- what LangChain asks of all embeddings


@pytest.fixture(scope="module", params=OURS, ids=lambda each: each.__name__)
def any_of_ours(request, auto_embedder):
    """One of each class, with the bundled model."""
    return request.param() if request.param is VecsmithEmbeddings else request.param(model_name=NAMED)


def test_it_is_one_of_langchains_embeddings(any_of_ours):
    assert isinstance(any_of_ours, Embeddings)


def test_documents_give_lists_of_floats_of_one_width_in_order(any_of_ours, auto_embedder):
    vectors = any_of_ours.embed_documents(TEXTS)
    assert [type(vectors), type(vectors[0]), type(vectors[0][0])] == [list, list, float]
    assert_close(vectors, auto_embedder.embed(TEXTS).vectors, 0.9999)


def test_a_query_gives_one_list_of_floats_of_that_width(any_of_ours, auto_embedder):
    vector = any_of_ours.embed_query("when do parcels leave?")
    assert [type(vector), type(vector[0])] == [list, float]
    assert_close(vector, auto_embedder.embed("when do parcels leave?").vector, 0.9999)


def test_the_asynchronous_methods_give_the_same(any_of_ours):
    async def both():
        return await any_of_ours.aembed_documents(TEXTS), await any_of_ours.aembed_query(TEXTS[0])

    vectors, vector = asyncio.run(both())
    assert_close(vectors, any_of_ours.embed_documents(TEXTS), 0.9999)
    assert_close(vector, vectors[0], 0.9999)


def test_no_documents_give_no_vectors(any_of_ours):
    assert any_of_ours.embed_documents([]) == asyncio.run(any_of_ours.aembed_documents([])) == []


def test_an_empty_document_has_a_vector(any_of_ours):
    assert len(any_of_ours.embed_documents([""])[0]) == 384


def test_a_text_that_is_none_is_named_by_its_place(any_of_ours):
    with pytest.raises(InputError, match="input 1: expected a string, found int"):
        any_of_ours.embed_documents(["a", 7])


def test_it_works_inside_a_running_loop_and_in_one_loop_after_another(any_of_ours):
    async def blocking():
        return any_of_ours.embed_query("a")

    alone = any_of_ours.embed_query("a")
    for call in (blocking, lambda: any_of_ours.aembed_query("a"), lambda: any_of_ours.aembed_query("a")):
        assert_close(asyncio.run(call()), alone, 0.9999)


def test_threads_may_share_it(any_of_ours):
    alone = any_of_ours.embed_documents(TEXTS)
    got = {}
    threads = [
        threading.Thread(target=lambda i=i: got.update({i: any_of_ours.embed_query(TEXTS[i % 4])})) for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, vector in got.items():
        assert_close(vector, alone[i % 4], 0.9999)
    assert len(got) == 8


@pytest.mark.parametrize("embeddings_class", OURS)
def test_copies_and_pickles_are_equal_and_work(embeddings_class):
    embeddings = embeddings_class(**{"model" if embeddings_class is VecsmithEmbeddings else "model_name": PLAIN})
    vector = embeddings.embed_query("a")
    for same in (
        copy.copy(embeddings),
        copy.deepcopy(embeddings),
        embeddings.model_copy(),
        pickle.loads(pickle.dumps(embeddings)),
        embeddings_class.model_validate(embeddings.model_dump()),
        embeddings_class.model_validate_json(embeddings.model_dump_json()),
    ):
        assert same == embeddings
        assert_close(same.embed_query("a"), vector, 0.9999)


def test_a_cut_text_warns_at_the_line_that_called(any_of_ours):
    with pytest.warns(EmbedWarning, match=r"1 of 2 texts .* 50 tokens") as caught:
        any_of_ours.embed_documents(["word " * (254 + 50), "a"])
    assert caught[0].filename == __file__


# --- VecsmithEmbeddings


def test_documents_and_queries_are_embedded_for_their_tasks():
    embeddings = VecsmithEmbeddings(model=PROMPTED)
    assert_close(embeddings.embed_documents(DOCUMENTS), expected(PROMPTED, DOCUMENTS, prompt=""))
    assert_close(embeddings.embed_query("a cat"), expected(PROMPTED, "a cat", prompt=QUERY)[0])


def test_tasks_and_prompts_can_be_said():
    with standing(fake := FakeGenerator()):
        embeddings = VecsmithEmbeddings(model="stand:x", query_task="classification", document_prompt="passage: ")
        embeddings.embed_query("a")
        embeddings.embed_documents(["a"])
        VecsmithEmbeddings(model="stand:x", query_task=None).embed_query("a")
    assert [call.task for call in fake.calls] == ["classification", "retrieval_document", None]
    assert [call.prompt for call in fake.calls] == [None, "passage: ", None]


def test_dimensions_are_the_width():
    with standing(), pytest.warns(EmbedWarning, match="not trained to be cut") as caught:
        assert len(VecsmithEmbeddings(model="stand:x", dimensions=8).embed_query("a")) == 8
    assert caught[0].filename == __file__


def test_normalize_and_on_long_are_honoured():
    with standing(FakeGenerator(longest=4)):
        cut = VecsmithEmbeddings(model="stand:x", on_long="truncate", normalize=False)
        assert np.linalg.norm(cut.embed_query("aaaaaa")) != pytest.approx(1, abs=0.01)
        with pytest.raises(InputError, match="input 1: it is too long"):
            VecsmithEmbeddings(model="stand:x", on_long="error").embed_documents(["a", "aaaaaa"])


@pytest.mark.parametrize("on_long", ["chunk", "late"])
def test_what_would_give_several_vectors_for_a_text_is_refused(on_long):
    with pytest.raises(ConfigError, match=f"on_long='{on_long}' gives several vectors"):
        VecsmithEmbeddings(on_long=on_long)


def test_a_cache_keeps_documents_and_queries():
    with standing(fake := FakeGenerator()):
        embeddings = VecsmithEmbeddings(model="stand:x", cache="memory", document_prompt="d", query_prompt="q")
        for _ in range(2):
            embeddings.embed_documents(["a", "b"])
            embeddings.embed_query("a")
    assert fake.asked == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": "minilmm"}, "did you mean 'minilm'"),
        ({"query_task": "serching"}, "'serching' is not a task"),
        ({"document_task": "retreival_document"}, "did you mean 'retrieval_document'"),
        ({"model": "openai:text-embedding-3-small"}, "OPENAI_API_KEY"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_made(given, message, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigError, match=message):
        VecsmithEmbeddings(**given)


@pytest.mark.parametrize("given", [{"dimension": 8}, {"dimensions": 0}, {"compute": "f8"}, {"on_long": "cut"}])
def test_an_argument_that_there_is_none_of_is_refused_as_pydantic_does(given):
    with pytest.raises(ValidationError):
        VecsmithEmbeddings(**given)


def test_settings_may_be_changed_afterwards():
    with standing(FakeGenerator(), NarrowGenerator()):
        embeddings = VecsmithEmbeddings(model="stand:x")
        embeddings.normalize = False
        assert np.linalg.norm(embeddings.embed_query("a")) != pytest.approx(1, abs=0.01)
        embeddings.model = "stand:y"
        assert len(embeddings.embed_query("a")) == 8


def test_a_changed_copy_leaves_the_original_as_it_was():
    with standing(first := FakeGenerator(), second := NarrowGenerator()):
        embeddings = VecsmithEmbeddings(model="stand:x")
        other = embeddings.model_copy(update={"model": "stand:y"})
        for _ in range(2):
            assert [len(each.embed_query("a")) for each in (embeddings, other)] == [WIDTH, 8]
    assert not first.closed
    assert not second.closed


def test_the_model_is_given_back_when_nobody_holds_it_any_more():
    with standing(fake := FakeGenerator()):
        embeddings = VecsmithEmbeddings(model="stand:x")
        embeddings.embed_query("a")
        del embeddings
        gc.collect()
        until = time.monotonic() + 20
        while not fake.closed and time.monotonic() < until:  # it is closed by another thread
            time.sleep(0.01)
    assert fake.closed


def test_what_the_model_raises_comes_through():
    with standing():
        embeddings = VecsmithEmbeddings(model="stand:x")
        with pytest.raises(InputError, match="input 1: it is bad"):
            embeddings.embed_documents(["a", BAD])
        with pytest.raises(InputError, match="input 0: it is bad"):
            asyncio.run(embeddings.aembed_query(BAD))


def test_cancelling_the_caller_stops_what_is_in_flight():
    async def cancelled(embeddings, slow):
        task = asyncio.create_task(embeddings.aembed_documents(["a"]))
        await asyncio.to_thread(slow.begun.wait, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with standing(slow := Slow()):
        asyncio.run(cancelled(VecsmithEmbeddings(model="stand:x"), slow))
    assert slow.cancelled.wait(20)


def test_a_timeout_is_kept():
    with standing(Slow()):
        embeddings = VecsmithEmbeddings(model="stand:x", timeout=0.01)
        with pytest.raises(Timeout):
            embeddings.embed_query("a")
        with pytest.raises(Timeout):
            asyncio.run(embeddings.aembed_query("a"))


def test_many_calls_at_once_do_not_block_the_loop():
    async def waiting(embeddings):
        tasks = [asyncio.create_task(embeddings.aembed_query(str(i))) for i in range(20)]
        await asyncio.sleep(0.01)
        done = sum(task.done() for task in tasks)
        for task in tasks:
            task.cancel()
        return done

    with standing(Slow()):
        assert asyncio.run(waiting(VecsmithEmbeddings(model="stand:x"))) == 0


# --- keys


def shown(embeddings):
    return f"{embeddings!r} {embeddings} {embeddings.model_dump()} {embeddings.model_dump_json()}"


@pytest.mark.parametrize("key", [SECRET, SecretStr(SECRET)])
def test_a_key_is_used_and_never_shown(key):
    with standing() as known:
        embeddings = VecsmithEmbeddings(model="stand:x", api_key=key)
        assert known["keys"] == [SECRET]
        assert SECRET not in shown(embeddings)
        pickle.loads(pickle.dumps(embeddings)).embed_query("a")
        assert known["keys"] == [SECRET, SECRET]


def test_a_key_of_a_wrong_type_is_refused_without_being_shown():
    with pytest.raises(ValidationError) as caught:
        VecsmithEmbeddings(api_key=[SECRET])
    assert SECRET not in str(caught.value)


def test_a_provider_is_asked_at_its_address_with_the_key():
    with stub(key=SECRET, width=1536) as service:
        given = {"model": "openai:text-embedding-3-small", "base_url": f"{service.address}/v1"}
        embeddings = VecsmithEmbeddings(**given, api_key=SECRET)
        assert len(embeddings.embed_query("a")) == 1536
        assert len(asyncio.run(embeddings.aembed_documents(["a", "b"]))) == 2
        with pytest.raises(AuthError) as caught:
            VecsmithEmbeddings(**given, api_key="sk-wrong-and-secret").embed_query("a")
    assert "sk-wrong" not in str(caught.value)


# --- HuggingFaceEmbeddings, and the original


@pytest.mark.parametrize("embeddings_class", BOTH)
class TestHuggingFace:
    def test_vectors_are_those_of_the_model(self, embeddings_class):
        embeddings = embeddings_class(model_name=PLAIN)
        assert_close(embeddings.embed_documents(DOCUMENTS), expected(PLAIN, DOCUMENTS))
        assert_close(embeddings.embed_query(DOCUMENTS[0]), expected(PLAIN, DOCUMENTS[:1])[0])

    def test_the_model_may_be_given_by_its_other_name(self, embeddings_class):
        assert embeddings_class(model=PLAIN).model_name == PLAIN

    def test_defaults_are_the_originals(self, embeddings_class):
        fields = {
            name: field.get_default(call_default_factory=True) for name, field in embeddings_class.model_fields.items()
        }
        assert fields == {
            "model_name": "sentence-transformers/all-mpnet-base-v2",
            "cache_folder": None,
            "model_kwargs": {},
            "encode_kwargs": {},
            "query_encode_kwargs": {},
            "multi_process": False,
            "show_progress": False,
        }

    def test_an_unknown_argument_is_refused(self, embeddings_class):
        with pytest.raises(ValidationError):
            embeddings_class(model_name=PLAIN, normalise=True)

    def test_vectors_are_as_the_files_say_unless_they_are_to_be_normalised(self, embeddings_class):
        kept = embeddings_class(model_name=PLAIN, encode_kwargs={"normalize_embeddings": False})
        unit = embeddings_class(model_name=PLAIN, encode_kwargs={"normalize_embeddings": True, "batch_size": 2})
        assert np.linalg.norm(kept.embed_query("a cat")) > 1.5
        assert np.linalg.norm(unit.embed_query("a cat")) == pytest.approx(1, abs=1e-3)
        assert_close(unit.embed_documents(DOCUMENTS), expected(PLAIN, DOCUMENTS, normalize=True))

    def test_arguments_for_queries_stand_in_for_those_for_documents(self, embeddings_class):
        embeddings = embeddings_class(
            model_name=PLAIN,
            encode_kwargs={"prompt": "passage: ", "normalize_embeddings": True},
            query_encode_kwargs={"prompt": "query: "},
        )
        assert_close(
            embeddings.embed_documents(["a cat"]), expected(PLAIN, ["a cat"], prompt="passage: ", normalize=True)
        )
        assert_close(embeddings.embed_query("a cat"), expected(PLAIN, "a cat", prompt="query: ")[0])

    def test_the_models_default_prompt_stands_before_both(self, embeddings_class):
        embeddings = embeddings_class(model_name=PROMPTED)
        assert_close(embeddings.embed_documents(["a cat"]), expected(PROMPTED, ["a cat"], prompt=QUERY))
        assert_close(embeddings.embed_query("a cat"), expected(PROMPTED, "a cat", prompt=QUERY)[0])

    @pytest.mark.parametrize(
        ("model_kwargs", "encode_kwargs", "prompt"),
        [
            ({}, {"prompt_name": "document"}, ""),
            ({}, {"prompt_name": "query"}, QUERY),
            ({}, {"prompt_name": "document", "prompt": "title: "}, "title: "),
            ({"default_prompt_name": "document"}, {}, ""),
            ({"prompts": {"query": "asked: "}}, {}, "asked: "),
            ({"prompts": {"own": "mine: "}}, {"prompt_name": "own"}, "mine: "),
            ({"prompts": {"own": "mine: "}, "default_prompt_name": "own"}, {}, "mine: "),
            ({"prompts": {"own": "mine: "}}, {"prompt_name": "query"}, QUERY),
            ({"prompts": {"own": "mine: "}}, {}, QUERY),
        ],
    )
    def test_prompts_by_name(self, embeddings_class, model_kwargs, encode_kwargs, prompt):
        embeddings = embeddings_class(model_name=PROMPTED, model_kwargs=model_kwargs, encode_kwargs=encode_kwargs)
        assert_close(embeddings.embed_documents(["a cat"]), expected(PROMPTED, ["a cat"], prompt=prompt))

    def test_a_model_without_prompts_has_two_empty_ones(self, embeddings_class):
        embeddings = embeddings_class(model_name=PLAIN, encode_kwargs={"prompt_name": "query"})
        assert_close(embeddings.embed_query("a cat"), expected(PLAIN, "a cat")[0])

    def test_the_ends_of_lines_are_read_as_blanks(self, embeddings_class):
        model = PLAIN.replace("bert", "roberta")
        embeddings = embeddings_class(model_name=model)
        assert_close(embeddings.embed_query("a\ncat"), expected(model, "a cat")[0])
        assert np.abs(np.subtract(expected(model, "a\ncat"), expected(model, "a cat"))).max() > 0.01

    def test_vectors_are_cut_to_a_width(self, embeddings_class):
        embeddings = embeddings_class(model_name=PLAIN, model_kwargs={"truncate_dim": 8})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EmbedWarning)
            assert_close(embeddings.embed_query("a cat"), expected(PLAIN, "a cat", dimensions=8)[0])

    def test_what_says_nothing_new_is_taken(self, embeddings_class):
        embeddings = embeddings_class(
            model_name=PLAIN,
            model_kwargs={"device": "cpu", "trust_remote_code": False, "local_files_only": True, "token": None},
            encode_kwargs={"batch_size": 3, "convert_to_numpy": True, "precision": "float32"},
            show_progress=False,
        )
        assert len(embeddings.embed_query("a")) == 32

    def test_arguments_are_shown(self, embeddings_class):
        told = repr(embeddings_class(model_name=PLAIN, encode_kwargs={"normalize_embeddings": True}))
        assert told.startswith("HuggingFaceEmbeddings(model_name=")
        assert "encode_kwargs={'normalize_embeddings': True}" in told


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model_kwargs": {"token": SECRET}}, "token cannot be used here: set the variable HF_TOKEN"),
        (
            {"model_kwargs": {"model_kwargs": {"torch_dtype": "float64"}}},
            "does not compute in float64: leave dtype out",
        ),
        ({"model_kwargs": {"model_kwargs": {"subfolder": "a"}}}, "model_kwargs['subfolder'] cannot be honoured here"),
        ({"model_kwargs": {"tokenizer_kwargs": {"a": 1}}}, "processor_kwargs['a'] cannot be honoured here"),
        ({"model_kwargs": {"modules": [1]}}, "modules cannot be used here: leave it out"),
        ({"model_kwargs": {"revison": "main"}}, "model_kwargs has no 'revison': did you mean 'revision'?"),
        ({"encode_kwargs": {"normalise_embeddings": True}}, "did you mean 'normalize_embeddings'?"),
        ({"encode_kwargs": {"precision": "int8"}}, "precision can only be 'float32' here"),
        ({"encode_kwargs": {"output_value": "token_embeddings"}}, "output_value can only be 'sentence_embedding'"),
        ({"encode_kwargs": {"prompt_name": "qery"}}, "no prompt 'qery': name one of document, query"),
        ({"query_encode_kwargs": {"precision": "binary"}}, "precision can only be 'float32' here"),
        ({"model_kwargs": {"revision": "main"}}, "minilm is inside the package and has one revision"),
    ],
)
def test_what_cannot_be_honoured_is_refused_in_one_sentence(given, message, auto_embedder):
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        HuggingFaceEmbeddings(model_name=NAMED, **given)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {"model_kwargs": {"device": "cuda"}},
        {"model_kwargs": {"device": "cuda:1"}},
        {"encode_kwargs": {"device": "mps"}},
        {"query_encode_kwargs": {"device": "mps"}},
    ],
)
def test_another_device_is_not_used_and_that_is_said_once(given, auto_embedder):
    with pytest.warns(EmbedWarning, match="the device '(cuda|cuda:1|mps)' is not used") as caught:
        embeddings = HuggingFaceEmbeddings(model_name=NAMED, **given)
        embeddings.embed_query("a")
    assert [each.filename for each in caught] == [__file__]


def test_what_is_no_device_is_refused():
    with pytest.raises(ConfigError, match=r"^'gpu' is no device"):
        HuggingFaceEmbeddings(model_name=PLAIN, model_kwargs={"device": "gpu"})


@pytest.mark.parametrize(
    ("dtype", "compute"), [("float32", "f32"), ("torch.bfloat16", "auto"), ("float16", "auto"), (None, "auto")]
)
def test_the_arithmetic_is_what_the_type_of_the_weights_says(dtype, compute):
    embeddings = HuggingFaceEmbeddings(model_name=PLAIN, model_kwargs={"model_kwargs": {"dtype": dtype}})
    assert embeddings.wanted().compute == compute


def test_the_longest_text_is_what_the_tokenizer_is_told():
    told = {"tokenizer_kwargs": {"model_max_length": 6, "use_fast": True}}
    embeddings = HuggingFaceEmbeddings(model_name=PLAIN, model_kwargs=told)
    with pytest.warns(EmbedWarning, match="4 tokens"):
        cut = embeddings.embed_query("a b c d e f g h")
    assert_close(cut, expected(PLAIN, "a b c d")[0])


def test_a_short_name_is_one_of_sentence_transformers(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ConfigError, match="'sentence-transformers/some-model' is not on this machine"):
        HuggingFaceEmbeddings(model_name="some-model", cache_folder=str(tmp_path))
    assert HuggingFaceEmbeddings(model_name="all-MiniLM-L6-v2").wanted().model == "all-MiniLM-L6-v2"


def test_a_folder_of_a_models_name_comes_before_the_name(make_model, tmp_path, monkeypatch):
    model = make_model()
    monkeypatch.chdir(tmp_path)
    relative = str(model.path.relative_to(tmp_path))
    assert len(HuggingFaceEmbeddings(model_name=relative).embed_query("a")) == 32


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: HuggingFaceEmbeddings(model_name="org/name", cache_folder=folder),
        lambda folder: HuggingFaceEmbeddings(
            model_name="org/name", model_kwargs={"cache_folder": folder, "local_files_only": True}
        ),
        lambda folder: FastEmbedEmbeddings(model_name="org/name", cache_dir=folder),
    ],
)
def test_models_are_looked_for_in_the_folder_that_is_named(make, make_model, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ConfigError, match="'org/name' is not on this machine"):
        make(str(tmp_path))
    commit, kept = "c" * 40, tmp_path / "models--org--name"
    (kept / "refs").mkdir(parents=True)
    (kept / "refs" / "main").write_text(commit)
    (kept / "snapshots").mkdir()
    make_model().path.rename(kept / "snapshots" / commit)
    assert len(make(str(tmp_path)).embed_query("a")) == 32


# --- FastEmbedEmbeddings


def test_fastembeds_arguments_are_taken():
    embeddings = FastEmbedEmbeddings(
        model_name=PLAIN,
        max_length=512,
        threads=1,
        doc_embed_type="passage",
        batch_size=8,
        parallel=0,
        providers=["CPUExecutionProvider"],
    )
    assert_close(embeddings.embed_documents(DOCUMENTS), expected(PLAIN, DOCUMENTS, normalize=True))


def test_as_in_fastembed_no_prompt_stands_before_a_text():
    embeddings = FastEmbedEmbeddings(model_name=PROMPTED)
    assert_close(embeddings.embed_query("a cat"), expected(PROMPTED, "a cat", prompt="", normalize=True)[0])


@pytest.mark.parametrize("providers", [["CUDAExecutionProvider"], [("CUDAExecutionProvider", {"device_id": 0})]])
def test_a_provider_that_is_not_here_is_not_used_and_that_is_said(providers, auto_embedder):
    with pytest.warns(EmbedWarning, match="^CUDAExecutionProvider is not used"):
        FastEmbedEmbeddings(model_name=NAMED, providers=providers)


# --- in a vector store


@pytest.fixture(scope="module")
def store(embeddings):
    store = InMemoryVectorStore(embeddings)
    store.add_documents([Document(text, id=str(i), metadata={"n": i}) for i, text in enumerate(TEXTS)])
    return store


def found(documents):
    return [document.metadata["n"] for document in documents]


def test_a_store_finds_the_nearest_documents(store):
    assert found(store.similarity_search("How do I return something?", k=2))[0] == 2
    assert found(store.similarity_search("a pet", k=1)) == [1]


def test_scores_are_the_cosines_of_our_own_vectors(store, auto_embedder):
    query = "when are parcels sent?"
    scored = store.similarity_search_with_score(query, k=4)
    cosines = vecsmith.similarity(auto_embedder.embed_query(query), auto_embedder.embed_documents(TEXTS))[0]
    assert found(document for document, _ in scored) == np.argsort(-cosines).tolist()
    np.testing.assert_allclose([score for _, score in scored], sorted(cosines, reverse=True), atol=1e-3)


def test_a_retriever_finds_the_same_blocking_and_asynchronous(store):
    retriever = store.as_retriever(search_kwargs={"k": 2})
    blocking = found(retriever.invoke("proof of purchase"))
    assert blocking[0] == 3
    assert found(asyncio.run(retriever.ainvoke("proof of purchase"))) == blocking
    many = asyncio.run(retriever.abatch(["proof of purchase"] * 3))
    assert [found(each) for each in many] == [blocking] * 3


def test_the_most_different_of_the_nearest_are_found(store):
    documents = store.max_marginal_relevance_search("a pet", k=3, fetch_k=4)
    assert found(documents)[0] == 1
    assert len({*found(documents)}) == 3


def test_an_asynchronous_store_holds_the_same(embeddings, store):
    async def filled():
        other = await InMemoryVectorStore.afrom_texts(TEXTS, embeddings, [{"n": i} for i in range(4)])
        scored = await other.asimilarity_search_with_score("a pet", k=2)
        return found(document for document, _ in scored), found(
            await other.amax_marginal_relevance_search("a pet", k=3, fetch_k=4)
        )

    near, different = asyncio.run(filled())
    assert near == found(store.similarity_search("a pet", k=2))
    assert different == found(store.max_marginal_relevance_search("a pet", k=3, fetch_k=4))


# --- what is not installed


def test_without_langchain_one_sentence_says_what_to_install():
    program = (
        "import sys; sys.modules['langchain_core'] = None\n"
        "try:\n    import vecsmith.compat.langchain\n"
        "except ImportError as error:\n    print(type(error).__name__, error)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.startswith("MissingPackage this needs langchain-core (")
    assert told.endswith("): pip install langchain-core\n")
    assert told.count("\n") == 1


def test_vectors_of_a_stand_in_are_its_own():
    with standing():
        assert_close(
            VecsmithEmbeddings(model="stand:x").embed_query("a"), vector_of("a") / np.linalg.norm(vector_of("a"))
        )
