"""Vectors that somebody has, against every way in which a model may have made them: each is named rightly."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from reference_models import MODELS
from vecsmith import ConfigError, Embedder, InputError
from vecsmith.cli import app
from vecsmith.verifying import verify
from vecsmith.verifying.samples import Columns, sample_of

PLACES = ("harbour", "mountain hut", "library", "market square", "railway station", "museum", "garden", "old mill")
DOINGS = ("opens at nine", "was painted blue", "is closed for repairs", "sells warm bread", "hosts a concert tonight")
TEXTS = [f"The {place} {doing}." for place in PLACES for doing in DOINGS]
LONG = [
    f"Number {n}: " + " ".join(f"the {PLACES[(n * k) % 8]} {DOINGS[(n + k) % 5]}" for k in range(90)) for n in range(8)
]
TEXTS += LONG


TINY = MODELS / "nomic_bert"
"""It pools the mean, normalises, is 32 wide and reads 200 tokens."""


def copied(folder, *, pooling=None, limit=200):
    """Copy the tiny model to a folder of a name, with another pooling or limit."""
    shutil.copytree(TINY, folder)
    if pooling:
        (folder / "1_Pooling" / "config.json").write_text(json.dumps({f"pooling_mode_{pooling}": True}))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": limit}))
    (folder / "config_sentence_transformers.json").unlink()  # it says that there are no prompts
    return folder


@pytest.fixture(scope="module")
def embedder():
    with Embedder(TINY, compute="f32", threads=1) as embedder:
        yield embedder


@pytest.fixture(scope="module")
def right(embedder):
    return embedder.embed(TEXTS, on_long="truncate").vectors


def verdict_on(embedder, vectors, texts=TEXTS):
    return verify(embedder.generator, texts, np.asarray(vectors, np.float32))


def test_vectors_of_the_same_model_are_the_same_space(embedder, right):
    verdict = verdict_on(embedder, right)
    assert verdict.same
    assert str(verdict) == "the same space: no need to embed again"
    assert verdict.cosines.min() > 0.9999


@pytest.mark.parametrize("kind", [np.float16, "int8"])
def test_vectors_stored_as_small_numbers_are_the_same_space(embedder, right, kind):
    stored = right.astype(kind) if kind is np.float16 else np.round(right * 127 / np.abs(right).max())
    verdict = verdict_on(embedder, stored / np.linalg.norm(stored, axis=1, keepdims=True))
    assert verdict.same


@pytest.mark.parametrize(("mode", "named"), [("cls_token", "cls"), ("max_tokens", "max"), ("lasttoken", "lasttoken")])
def test_another_pooling_is_named(embedder, tmp_path, mode, named):
    with Embedder(copied(tmp_path / "other", pooling=mode), compute="f32", threads=1) as other:
        verdict = verdict_on(embedder, other.embed(TEXTS, on_long="truncate").vectors)
    assert not verdict.same
    assert verdict.differences == (f"another pooling: {named} where the model's files say mean",)
    assert verdict.options == ()


def test_vectors_cut_without_normalising_are_named(embedder, right):
    verdict = verdict_on(embedder, right[:, :16])
    assert verdict.differences == ("cut to 16 dimensions without normalising",)


def test_vectors_cut_and_normalised_are_named_and_can_be_asked_for(embedder, right):
    cut = embedder.embed(TEXTS, on_long="truncate", dimensions=16).vectors
    verdict = verdict_on(embedder, cut)
    assert verdict.differences == ("cut to 16 dimensions and normalised again",)
    again = embedder.embed(TEXTS, on_long="truncate", **dict(verdict.options)).vectors
    np.testing.assert_allclose(again, cut, atol=1e-6)


def test_vectors_that_are_not_normalised_are_named(embedder):
    raw = embedder.embed(TEXTS, on_long="truncate", normalize=False).vectors
    verdict = verdict_on(embedder, raw)
    assert verdict.differences == ("not normalised",)
    assert dict(verdict.options) == {"normalize": False}


@pytest.mark.parametrize(
    ("prompt", "said"),
    [("", "made without the prompt 'passage: '"), ("query: ", "made without the prompt 'passage: ', with 'query: '")],
)
def test_a_prompt_that_was_forgotten_is_named(tmp_path, prompt, said):
    with Embedder(copied(tmp_path / "e5-small-v2"), compute="f32", threads=1) as e5:
        verdict = verdict_on(e5, e5.embed(TEXTS, on_long="truncate", prompt=prompt).vectors)
        assert verdict.differences == (said,)
        assert dict(verdict.options) == {"prompt": prompt}
        assert verdict_on(e5, e5.embed_documents(TEXTS, on_long="truncate").vectors).same


def test_a_model_that_does_not_pool_its_prompt_is_verified_by_its_own_way(tmp_path):
    folder = copied(tmp_path / "e5-small-v2")
    config = {"pooling_mode_mean_tokens": True, "include_prompt": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(config))
    with Embedder(folder, compute="f32", threads=1) as e5:
        assert verdict_on(e5, e5.embed_documents(TEXTS, on_long="truncate").vectors).same


def test_another_pooling_without_a_prompt_and_cut_is_all_named(tmp_path):
    plain = copied(tmp_path / "other", pooling="cls_token")
    with (
        Embedder(copied(tmp_path / "e5-base"), compute="f32", threads=1) as e5,
        Embedder(plain, compute="f32", threads=1) as other,
    ):
        verdict = verdict_on(e5, other.embed(TEXTS, on_long="truncate", dimensions=20).vectors)
    assert len(verdict.differences) == 3


def test_a_text_cut_elsewhere_is_named(embedder, tmp_path):
    with Embedder(copied(tmp_path / "shorter", limit=128), compute="f32", threads=1) as other:
        verdict = verdict_on(embedder, other.embed(LONG, on_long="truncate").vectors, LONG)
    assert verdict.differences == ("texts were cut to 128 tokens",)


def test_a_text_of_which_more_was_read_is_named(embedder, tmp_path):
    vectors = embedder.embed(LONG, on_long="truncate").vectors
    with Embedder(copied(tmp_path / "shorter", limit=128), compute="f32", threads=1) as shorter:
        verdict = verdict_on(shorter, vectors, LONG)
    assert verdict.differences == ("texts were cut to 200 tokens",)


def test_texts_that_lost_their_beginning_are_named(embedder):
    verdict = verdict_on(embedder, embedder.embed(LONG, on_long="truncate_start").vectors, LONG)
    assert verdict.differences == ("long texts lost their beginning, not their end",)


def test_another_model_is_named(embedder, right):
    turned = right @ np.linalg.qr(np.random.default_rng(0).standard_normal((32, 32)))[0]
    assert str(verdict_on(embedder, turned)).startswith("another model")
    assert str(verdict_on(embedder, np.ones((len(TEXTS), 768)))).startswith("another model: vectors of 768 dimensions")


def test_rows_out_of_order_are_named(embedder, right):
    assert "out of order" in str(verdict_on(embedder, np.roll(right, 1, axis=0)))


def test_a_few_texts_that_have_changed_are_counted(embedder, right):
    changed = ["Something else altogether.", *TEXTS[1:]]
    verdict = verdict_on(embedder, right, changed)
    assert verdict.same
    assert str(verdict).endswith("(1 texts have changed)")


def test_vectors_with_no_numbers_are_refused_with_their_row(embedder, right):
    broken = right.copy()
    broken[3] = 0
    with pytest.raises(InputError) as caught:
        verdict_on(embedder, broken)
    assert caught.value.index == 3


def test_as_many_vectors_as_texts_are_wanted(embedder, right):
    with pytest.raises(InputError, match="do not fit"):
        verdict_on(embedder, right[:3])


pytestmark = pytest.mark.filterwarnings("ignore:.*was not trained to be cut")

# where samples come from


def written(folder, name, right, texts=TEXTS):
    """Write a file of one of the kinds."""
    path = folder / name
    rows = [{"body": text, "v": [float(x) for x in vector]} for text, vector in zip(texts, right, strict=True)]
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif path.suffix == ".parquet":
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.Table.from_pylist(rows), path)
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, ["body", "v"], delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(row | {"v": json.dumps(row["v"])} for row in rows)
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.tsv", "a.parquet"])
def test_a_file_of_each_kind_is_read(tmp_path, right, name):
    sample = sample_of(str(written(tmp_path, name, right)), Columns("body", "v"), 1000)
    assert sample.texts == TEXTS
    np.testing.assert_allclose(sample.vectors, right, atol=1e-6)


def test_a_sample_is_drawn_from_all_of_a_file_and_the_same_every_time(tmp_path, right):
    path = str(written(tmp_path, "a.jsonl", right))
    first, second = (sample_of(path, Columns("body", "v"), 10).texts for _ in range(2))
    assert first == second
    assert len(first) == 10
    assert not set(first) <= set(TEXTS[:20])


def test_rows_without_a_text_or_a_vector_are_passed_over(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"t": "one", "v": [1, 2]}\n{"t": null, "v": [1, 2]}\n{"t": "three", "v": null}\n')
    assert sample_of(str(path), Columns("t", "v"), 5).texts == ["one"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", '{"t": "one"}\n', "no column 'v'"),
        ("a.jsonl", "[1]\n", "no JSON object"),
        ("a.jsonl", "{", "cannot be read"),
        ("a.jsonl", "[" * 100_000, "cannot be read"),
        ("a.jsonl", '{"t": "one", "v": "many"}\n', "not a list of numbers"),
        ("a.jsonl", '{"t": "a", "v": [1]}\n{"t": "b", "v": [1, 2]}\n', "no one's"),
        ("a.jsonl", "", "no row"),
        ("a.xlsx", "", "by its ending"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(tmp_path, name, content, said):
    (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError, match=said):
        sample_of(str(tmp_path / name), Columns("t", "v"), 5)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        sample_of(str(tmp_path / "gone.csv"), Columns("t", "v"), 5)


@pytest.fixture(scope="module")
def documents(postgres, right):
    """A table of the texts and their vectors, in columns of several types."""
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        connection.execute('DROP TABLE IF EXISTS "Documents"')
        connection.execute('CREATE TABLE "Documents" (id int, "The Text" text, v vector(32), h halfvec(32), a real[])')
        with connection.cursor() as cursor:
            for n, (text, vector) in enumerate(zip(TEXTS, right, strict=True)):
                told = json.dumps([float(x) for x in vector])
                cursor.execute(
                    'INSERT INTO "Documents" VALUES (%s, %s, %s, %s, %s)', [n, text, told, told, vector.tolist()]
                )
            cursor.execute('INSERT INTO "Documents" VALUES (999, NULL, NULL, NULL, NULL)')
    return postgres


@pytest.mark.parametrize("column", ["v", "h", "a"])
def test_a_table_of_pgvector_is_verified(documents, embedder, column):
    sample = sample_of(documents, Columns("The Text", column, "Documents"), 20)
    assert len(sample.texts) == 20
    assert verify(embedder.generator, sample.texts, sample.vectors).same


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (Columns("The Text", "v"), "--table"),
        (Columns("The Text", "v", "no_such_table"), "no_such_table"),
        (Columns("no_such_column", "v", "Documents"), "no_such_column"),
    ],
)
def test_a_wrong_table_or_column_is_a_sentence(documents, columns, said):
    with pytest.raises(ConfigError, match=said):
        sample_of(documents, columns, 5)


def test_a_database_that_is_not_there_is_a_sentence_without_the_password():
    with pytest.raises(ConfigError) as caught:
        sample_of("postgresql://me:geheim@127.0.0.1:1/db", Columns("t", "v", "x"), 5)
    assert "geheim" not in str(caught.value)


# the command


def run(*arguments):
    return CliRunner().invoke(app, ["verify", *map(str, arguments)])


def test_the_command_ends_well_where_nothing_need_be_embedded_again(tmp_path, right):
    done = run(TINY, "--against", written(tmp_path, "a.jsonl", right), "--text", "body", "--vector", "v")
    assert done.exit_code == 0
    assert "the same space: no need to embed again" in done.stdout


def test_the_command_ends_with_1_and_says_how_to_go_on(tmp_path, right):
    path = written(tmp_path, "a.jsonl", right[:, :8] / np.linalg.norm(right[:, :8], axis=1, keepdims=True))
    done = run(TINY, "--against", path, "--text", "body", "--vector", "v", "--json")
    assert done.exit_code == 1
    facts = json.loads(done.stdout)
    assert facts["verdict"] == "cut to 8 dimensions and normalised again"
    assert facts["to_go_on"] == "embed(…, dimensions=8, normalize=True)"


def test_a_service_cannot_be_verified_and_says_so(tmp_path, right, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    path = written(tmp_path, "a.jsonl", right)
    done = run("openai:text-embedding-3-small", "--against", path, "--text", "body", "--vector", "v")
    assert isinstance(done.exception, ConfigError)
    assert Path(path).exists()
