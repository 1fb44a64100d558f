"""Remote providers end to end, over real HTTP, against a stub of their services."""

import asyncio
import tomllib
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import pytest

from stub_service import vector_of
from stubs import stub
from vecsmith import AuthError, ConfigError, Embedder, InputError
from vecsmith.providers import GenerationOptions
from vecsmith.providers.registry import BUILT_IN, find_provider
from vecsmith.tasks import TASKS

KEY = "sk-test-1234"
ROWS = tomllib.loads(files("vecsmith.providers").joinpath("catalogue.toml").read_text("utf-8"))


@dataclass(frozen=True)
class Case:
    """A provider, where the stub has it, one of its models, and what stands in its requests."""

    provider: str
    path: str
    model: str
    width: int
    """The model's own."""
    smaller: int
    dimensions: str
    """The member that names a width."""
    task: str | None = None
    """The member that names a task."""
    query: str | None = None
    near: str = ""
    """A name that the model's may be misspelt as."""

    @property
    def name(self):
        return f"{self.provider}:{self.model}"

    def open(self, s, model=None, **options):
        name = f"{self.provider}:{model or self.model}"
        return Embedder(name, base_url=s.address + self.path, api_key=KEY, cache=False, **options)

    def generator(self, s, **row):
        """Return the generator of the model with a row of a person's own."""
        found = find_provider(self.provider)
        settings = found.settings_type()(api_key=KEY, base_url=s.address + self.path, rows={self.name: row})
        return found.embeddings().create_generator(settings, self.model)

    def small_requests(self, s, items):
        """Return an embedder whose requests have so few texts."""
        return Embedder.from_generator(self.generator(s, limits={"items": items}), cache=False)

    def asked(self, s):
        """Return what the last request said of its texts."""
        body = s.seen()["bodies"][-1]
        return body["requests"][0] if self.provider == "gemini" else body


CASES = (
    Case("openai", "/v1", "text-embedding-3-small", 1536, 64, "dimensions", near="text-embedding-3-smal"),
    Case(
        *("gemini", "/gemini", "gemini-embedding-001", 3072, 128, "outputDimensionality"),
        *("taskType", "RETRIEVAL_QUERY", "gemini-embeding-001"),
    ),
    Case("cohere", "/cohere", "embed-v4.0", 1536, 256, "output_dimension", "input_type", "search_query", "embed-v4"),
    Case("voyage", "/voyage/v1", "voyage-4", 1024, 256, "output_dimension", "input_type", "query", "voyage-4-larg"),
    Case("mistral", "/mistral", "codestral-embed", 1536, 64, "output_dimension", near="codestral-embd"),
    Case(
        *("jina", "/jina/v1", "jina-embeddings-v3", 1024, 64, "dimensions"),
        *("task", "retrieval.query", "jina-embedings-v3"),
    ),
)
BY_NAME = {case.provider: case for case in CASES}
every = pytest.mark.parametrize("case", CASES, ids=lambda case: case.provider)


@pytest.fixture(scope="module")
def service():
    with stub(width=1024, key=KEY) as s:
        yield s


def right(vectors, texts):
    width = vectors.shape[1]
    np.testing.assert_allclose(vectors, [vector_of(text, width) for text in texts], atol=1e-6)


@every
def test_each_text_gets_its_own_vector_at_the_models_own_width(case):
    texts = [f"text {i}" for i in range(130)]
    with stub(width=case.width, key=KEY) as s, case.open(s) as embedder:
        result = embedder.embed(texts)
        assert s.seen()["statuses"] == {"200": result.usage.requests}
    assert result.vectors.shape == (130, case.width)
    right(result.vectors, texts)
    assert result.usage.input_tokens > 0


@every
def test_a_width_goes_on_the_wire_and_vectors_are_of_length_one(case, service):
    texts = ["one", "two", "three"]
    with case.open(service) as embedder:
        vectors = embedder.embed(texts, dimensions=case.smaller).vectors
    assert case.asked(service)[case.dimensions] == case.smaller
    right(vectors, texts)


@every
def test_a_task_goes_on_the_wire_where_the_service_knows_tasks(case, service):
    with case.open(service) as embedder:
        embedder.embed_query("where?", dimensions=case.smaller)
    asked = case.asked(service)
    if case.task is not None:
        assert asked[case.task] == case.query
    assert not {"task", "taskType", "input_type"} & set(asked) - {case.task}


@every
def test_a_wrong_key_is_an_auth_error_that_does_not_show_it(case):
    with stub(key="another") as s, case.open(s) as embedder, pytest.raises(AuthError) as caught:
        embedder.embed("text")
    assert KEY not in str(caught.value)


@every
def test_a_model_that_is_not_there_names_those_it_may_have_meant(case):
    with stub(models=[case.model]) as s, case.open(s, case.near) as embedder, pytest.raises(ConfigError) as caught:
        embedder.embed("text")
    assert case.near in str(caught.value)
    assert case.model in str(caught.value)


@every
def test_every_vector_is_right_though_a_fifth_of_the_answers_are_not(case):
    texts = [f"text {i}" for i in range(400)]
    with stub(faults=0.2, seed=3) as s, case.small_requests(s, 16) as embedder:
        vectors = embedder.embed(texts, dimensions=case.smaller).vectors
        seen = s.seen()
    right(vectors, texts)
    assert set(seen["statuses"]) - {"200"}, "nothing went wrong"


@every
def test_a_text_that_is_refused_is_named_and_its_neighbours_are_not(case, service):
    texts = [f"text {i}" for i in range(20)]
    texts[13] = "refuse me"
    with case.open(service) as embedder, pytest.raises(InputError) as caught:
        embedder.embed(texts, dimensions=case.smaller)
    assert caught.value.index == 13
    assert not caught.value.others


def test_the_words_of_an_error_do_not_repeat_what_fastapi_says_of_a_text(service):
    with BY_NAME["mistral"].open(service) as embedder, pytest.raises(InputError) as caught:
        embedder.embed(["fine", "refuse me"], dimensions=64)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("provider", "on_long", "choices"),
    [
        ("openai", "truncate_start", "'truncate' or 'error'"),
        ("mistral", "truncate_start", "'truncate' or 'error'"),
        ("voyage", "truncate_start", "'truncate' or 'error'"),
        ("jina", "truncate_start", "'truncate' or 'error'"),
        ("gemini", "truncate_start", "'truncate'"),
        ("gemini", "error", "'truncate'"),
    ],
)
def test_what_a_service_cannot_do_with_long_texts_is_refused_before_anything_is_sent(provider, on_long, choices):
    with stub() as s:
        with BY_NAME[provider].open(s) as embedder, pytest.raises(ConfigError, match=f"use {choices}$"):
            embedder.embed("text", on_long=on_long)
        assert not s.seen()["statuses"]


@pytest.mark.parametrize("on_long", ["truncate", "truncate_start", "error"])
def test_cohere_can_do_anything_with_long_texts(on_long, service):
    with BY_NAME["cohere"].open(service) as embedder:
        embedder.embed("text", on_long=on_long, dimensions=256)
    assert (
        BY_NAME["cohere"].asked(service)["truncate"]
        == {
            "truncate": "END",
            "truncate_start": "START",
            "error": "NONE",
        }[on_long]
    )


@pytest.mark.parametrize("task", [None, *TASKS])
def test_cohere_is_always_told_a_task(task, service):
    with BY_NAME["cohere"].open(service) as embedder:
        embedder.embed("text", task=task, dimensions=256)
    wanted = {"classification": "classification", "clustering": "clustering"}
    queries = {"retrieval_query", "question_answering", "fact_verification", "code_retrieval_query"}
    assert BY_NAME["cohere"].asked(service)["input_type"] == (
        "search_query" if task in queries else wanted.get(task, "search_document")
    )


def test_cohere_is_told_its_default_where_a_row_has_no_word_for_a_task(service):
    generator = BY_NAME["cohere"].generator(service, tasks={"retrieval_query": "search_query"})
    with Embedder.from_generator(generator, cache=False) as embedder:
        embedder.embed("text", task="clustering", dimensions=256)
    assert BY_NAME["cohere"].asked(service)["input_type"] == "search_document"


def test_a_generator_makes_short_vectors_of_gemini_of_length_one_by_itself(service):
    async def lengths(normalize):
        generator = BY_NAME["gemini"].generator(service)
        made = await generator.generate(["one", "two"], GenerationOptions(dimensions=128, normalize=normalize))
        await generator.aclose()
        return np.linalg.norm(made.vectors, axis=1)

    np.testing.assert_allclose(asyncio.run(lengths(None)), 1, atol=1e-6)
    np.testing.assert_allclose(asyncio.run(lengths(normalize=False)), 3, atol=1e-5)


def test_a_title_goes_beside_a_document_of_gemini(service):
    case = BY_NAME["gemini"]
    with case.open(service) as embedder:
        embedder.embed("text", task="retrieval_document", title="T", dimensions=128)
        assert case.asked(service)["title"] == "T"
        with pytest.raises(ConfigError, match="a title belongs to task='retrieval_document'"):
            embedder.embed("text", title="T", dimensions=128)


def test_a_prompt_of_ones_own_takes_the_place_of_task_and_title(service):
    case = BY_NAME["gemini"]
    with case.open(service) as embedder:
        embedder.embed("text", task="retrieval_document", title="T", prompt="p: ", dimensions=128)
    asked = case.asked(service)
    assert asked["content"]["parts"][0]["text"] == "p: text"
    assert not {"title", "taskType"} & set(asked)


def test_the_second_gemini_reads_its_task_in_the_text(service):
    case = BY_NAME["gemini"]
    with case.open(service, "gemini-embedding-2") as embedder:
        embedder.embed("where?", task="retrieval_query", dimensions=128)
        query = case.asked(service)
        embedder.embed("here", task="retrieval_document", title="T", dimensions=128)
        document = case.asked(service)
    assert query["content"]["parts"][0]["text"] == "task: search result | query: where?"
    assert document["content"]["parts"][0]["text"] == "title: T | text: here"
    assert not {"title", "taskType"} & (set(query) | set(document))


@pytest.mark.parametrize(
    ("key", "address"),
    [("pa-1", "https://api.voyageai.com/v1"), ("al-1", "https://ai.mongodb.com/v1")],
)
def test_a_key_of_voyage_goes_to_where_it_belongs(key, address):
    voyage = find_provider("voyage")
    settings = voyage.settings_type()
    made = voyage.embeddings()
    assert made.create_generator(settings(api_key=key)).metadata.address == address
    assert made.create_generator(settings(api_key=key, base_url="https://x.example")).metadata.address == (
        "https://x.example"
    )


@pytest.mark.parametrize(
    ("provider", "variables"),
    [
        ("cohere", ["CO_API_KEY"]),
        ("gemini", ["GEMINI_API_KEY", "GOOGLE_API_KEY"]),
        ("jina", ["JINA_API_KEY"]),
        ("mistral", ["MISTRAL_API_KEY"]),
        ("openai", ["OPENAI_API_KEY"]),
        ("voyage", ["VOYAGE_API_KEY"]),
    ],
)
def test_a_key_is_taken_from_its_variable_the_official_clients_first(provider, variables, monkeypatch):
    settings = find_provider(provider).settings_type()
    for variable in variables:
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ConfigError, match=variables[0]):
        settings.resolve({})
    for variable in variables:  # the last of them counts most
        monkeypatch.setenv(variable, f"key of {variable}")
        assert settings.resolve({}).api_key == f"key of {variable}"


@every
def test_a_request_has_no_more_texts_than_the_service_takes(case):
    texts = [f"text {i}" for i in range(1100)]
    with stub(width=case.width) as s, case.open(s) as embedder:
        result = embedder.embed(texts, dimensions=case.smaller)
        assert s.seen()["statuses"] == {"200": result.usage.requests}
    right(result.vectors, texts)


def test_a_model_that_went_is_not_named_as_one_to_use():
    case = BY_NAME["gemini"]
    with stub(models=[case.model]) as s, case.open(s, "embedding-001") as embedder, pytest.raises(ConfigError) as seen:
        embedder.embed("text")
    assert "did you mean gemini-embedding-001" in str(seen.value)
    assert "text-embedding-004" not in str(seen.value)


def test_the_models_of_voyage_4_share_a_space(service):
    case, spaces = BY_NAME["voyage"], set()
    for model in ("voyage-4", "voyage-4-large", "voyage-4-lite", "voyage-3.5"):
        with case.open(service, model) as embedder:
            spaces.add(embedder.embed("text").space.id)
    assert len(spaces) == 2


@pytest.mark.parametrize("name", ROWS)
def test_every_row_of_the_catalogue_is_a_model_whose_tasks_are_known(name):
    provider, _, model = name.partition(":")
    assert provider in BUILT_IN
    capability = find_provider(provider).embeddings()
    settings = find_provider(provider).settings_type()
    given = {field: "https://x.example" for field, found in settings.fields.items() if found.required}
    row = next(row for row in capability.models(settings(**given)) if row.ref.name == model)
    assert set(row.tasks) <= set(TASKS)
    assert row.dimensions
    assert row.checked
    assert row.title != model
    row.check_dimensions(row.dimensions)
    for width in row.sizes.listed if row.sizes else ():
        row.check_dimensions(width)


def test_a_row_that_changes_one_limit_keeps_the_others():
    voyage = find_provider("voyage")
    settings = voyage.settings_type()(api_key="k", rows={"voyage:voyage-4-lite": {"limits": {"in_flight": 2}}})
    limits = voyage.embeddings().create_generator(settings, "voyage-4-lite").limits
    assert (limits.items, limits.tokens, limits.in_flight) == (1000, 1_000_000, 2)


def parts(provider, options=None, **given):
    """Return what the keys of a model's vectors are made of."""
    settings = find_provider(provider).settings_type()(**given, rows={f"{provider}:m": {"dimensions": 16}})
    generator = find_provider(provider).embeddings().create_generator(settings, "m")
    return generator.identity(options or GenerationOptions()).parts


def test_models_of_one_name_at_two_addresses_share_no_cache_entry():
    assert parts("compatible", base_url="http://a") != parts("compatible", base_url="http://b")
    assert parts("openai", api_key="k", base_url="http://a") != parts("openai", api_key="k")
    assert parts("openai", api_key="k") == parts("openai", api_key="another")
    assert parts("voyage", api_key="pa-1") == parts("voyage", api_key="al-1")


def test_a_prompt_that_is_sent_empty_shares_no_cache_entry_with_none():
    none, empty = (parts("vecsmith", GenerationOptions(prompt=prompt)) for prompt in (None, ""))
    assert none != empty
    assert parts("openai", GenerationOptions(prompt=""), api_key="k") == parts("openai", api_key="k")
