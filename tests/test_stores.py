"""What every store of vectors does alike: SQLite, Postgres, Parquet, npy, JSON lines."""

import json
import os

import numpy as np
import pytest

from processes import run_python
from tiny_model import write_model
from vecsmith import Chunking, ConfigError, Embedder, InputError, Store, StoreError, similarity
from vecsmith.files import Row
from vecsmith.stores.address import backend_of
from vecsmith.testing import FakeGenerator

TEXTS = [
    f"{first} {second}" for first in ("the cat", "a dog", "old rain", "my house") for second in ("sat", "fell", "on")
]
ROWS = [
    {"id": f"k{n}", "text": text, "lang": "en" if n % 2 else "de", "year": 2020 + n} for n, text in enumerate(TEXTS)
]
KINDS = ("sqlite", "postgres", "parquet", "npy", "jsonl")
TABLES = ("sqlite", "postgres")


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def place(kind, tmp_path, request):
    """A place of that kind, with nothing there."""
    if kind != "postgres":
        return tmp_path / f"vectors.{kind}"
    import psycopg

    address = request.getfixturevalue("postgres")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS embeddings")
    return address


@pytest.fixture(scope="module")
def embedder(tmp_path_factory):
    with Embedder(write_model(tmp_path_factory.mktemp("models") / "tiny").path, compute="f32", threads=1) as embedder:
        yield embedder


def found(place, embedder, query, **options):
    with Store(place) as store:
        return store.search(query, embedder=embedder, **options)


def names(hits):
    return [hit.id for hit in hits]


def nearest(embedder, query, texts, k):
    """The places of the texts nearest to a query, by the library itself."""
    scores = similarity(embedder.embed_query(query), embedder.embed_documents(texts))[0]
    return list(np.argsort(-scores, kind="stable")[:k])


def all_of(place):
    with Store(place) as store:
        runs = list(store.rows())
    return [entry for run in runs for entry in run.entries], np.concatenate([run.vectors for run in runs])


def test_what_was_stored_is_found_by_its_own_text_and_in_the_library_s_order(place, embedder):
    filled = embedder.store(ROWS, place)
    assert (filled.written, filled.skipped, filled.vectors, filled.bad) == (12, 0, 12, [])
    hits = found(place, embedder, TEXTS[7], k=3)
    assert names(hits) == [f"k{at}" for at in nearest(embedder, TEXTS[7], TEXTS, 3)]
    assert hits[0].id == "k7"
    assert hits[0].score == pytest.approx(1, abs=1e-5)
    assert (hits[0].text, dict(hits[0].fields)) == (TEXTS[7], {"lang": "en", "year": 2027})
    assert (hits[0].chunk, hits[0].start, hits[0].end) == (0, None, None)


def test_vectors_come_back_bit_by_bit(place, embedder):
    embedder.store(ROWS, place)
    entries, vectors = all_of(place)
    order = np.argsort([int(entry.id[1:]) for entry in entries])
    assert np.array_equal(vectors[order], embedder.embed_documents(TEXTS).vectors)


def test_everything_is_given_as_floats(place, embedder):
    embedder.store(ROWS, place, encoding="float16")
    with Store(place) as store:
        entries, vectors = store.everything()
    assert vectors.dtype == np.float32
    order = np.argsort([int(entry.id[1:]) for entry in entries])
    assert np.allclose(vectors[order], embedder.embed_documents(TEXTS).vectors, atol=1e-3)


def test_more_are_wanted_than_there_are(place, embedder):
    embedder.store(ROWS[:2], place)
    assert len(found(place, embedder, "a cat", k=50)) == 2


def test_rows_that_are_there_are_passed_over_and_changed_ones_replaced(place, embedder):
    embedder.store(ROWS, place)
    changed = [*ROWS[:-2], {**ROWS[-2], "text": "rain on the old roof"}, {**ROWS[-1], "lang": "fr"}]
    filled = embedder.store(changed, place)
    assert (filled.written, filled.skipped) == (2, 10)
    entries, vectors = all_of(place)
    assert sorted(entry.id for entry in entries) == sorted(row["id"] for row in ROWS)
    assert len(vectors) == 12
    texts = {entry.id: (entry.text, entry.fields["lang"]) for entry in entries}
    assert texts["k10"][0] == "rain on the old roof"
    assert texts["k11"] == (TEXTS[11], "fr")
    assert found(place, embedder, "rain on the old roof", k=1)[0].id == "k10"


def test_the_same_rows_for_another_task_or_cut_otherwise_are_made_anew(place, embedder):
    embedder.store(ROWS, place)
    assert embedder.store(ROWS, place, clean="lower").written == 12


def test_a_database_takes_rows_in_and_a_file_is_written_anew(kind, place, embedder):
    embedder.store(ROWS[:6], place)
    embedder.store(ROWS[6:], place)
    with Store(place) as store:
        assert len(store) == (12 if kind in TABLES else 6)


def test_chunks_are_rows_with_the_place_in_their_text(place, embedder):
    long = " ".join(TEXTS)
    options = {"on_long": "chunk", "chunking": Chunking(tokens=8)}
    filled = embedder.store([{"id": "long", "text": long, "lang": "en"}, ("short", "a cat")], place, **options)
    assert filled.written == 2
    assert filled.vectors > 4
    entries, _ = all_of(place)
    chunks = sorted((entry for entry in entries if entry.id == "long"), key=lambda entry: entry.chunk)
    assert [entry.chunk for entry in chunks] == list(range(len(chunks)))
    assert all(entry.text == long[entry.start : entry.end] for entry in chunks)
    assert {entry.fields["lang"] for entry in chunks} == {"en"}
    shorter = embedder.store([{"id": "long", "text": "a dog", "lang": "en"}, ("short", "a cat")], place, **options)
    assert (shorter.written, shorter.skipped) == (1, 1)
    assert sorted(entry.id for entry in all_of(place)[0]) == ["long", "short"]


@pytest.mark.parametrize(
    ("where", "allowed"),
    [
        ({"lang": "de"}, range(0, 12, 2)),
        ({"year": 2023}, [3]),
        ({"year": [2023, 2024], "lang": ["en", "fr"]}, [3]),
        ("year>=2030", [10, 11]),
        (["year > 2029.5", "lang!=en"], [10]),
        ("lang<e", range(0, 12, 2)),
        ("lang<5", []),
        ({"id": "k3"}, [3]),
        ("id!=k3", [n for n in range(12) if n != 3]),
        ("color=red", []),
        ("color!=red", []),
    ],
)
def test_conditions_on_columns_choose_the_rows(place, embedder, where, allowed):
    embedder.store(ROWS, place)
    hits = found(place, embedder, "a cat", k=20, where=where)
    assert sorted(names(hits)) == sorted(f"k{n}" for n in allowed)


def test_a_condition_on_the_id_needs_no_columns_and_a_column_of_that_name_goes_before(place, embedder):
    embedder.store([(1, "a cat"), (2, "a cat"), (10, "a cat"), Row(3, "a cat", 4, {"id": 2})], place)
    assert sorted(map(str, names(found(place, embedder, "a cat", where={"id": 2})))) == ["2", "3"]
    assert sorted(map(str, names(found(place, embedder, "a cat", where="id>2")))) == ["10"]


def test_pruning_removes_what_is_not_among_the_rows(kind, place, embedder):
    embedder.store(ROWS, place, on_long="chunk", chunking=Chunking(tokens=1))
    again = {"on_long": "chunk", "chunking": Chunking(tokens=1), "prune": True}
    pruned = embedder.store([*ROWS[:3], {"id": "new", "text": "a bird"}], place, **again)
    assert (pruned.written, pruned.skipped, pruned.pruned) == (1, 3, 9 if kind in TABLES else 0)
    entries, vectors = all_of(place)
    assert {entry.id for entry in entries} == {"k0", "k1", "k2", "new"}
    assert len(entries) == len(vectors) > 4


def test_pruning_keeps_the_row_of_before_where_the_new_one_cannot_be_embedded(kind, place, embedder):
    embedder.store(ROWS[:2], place)
    refused = embedder.store([ROWS[0], {"id": "k1", "text": "old rain " * 1000}], place, on_long="error", prune=True)
    assert [row.id for row in refused.bad] == ["k1"]
    assert {entry.id for entry in all_of(place)[0]} == ({"k0", "k1"} if kind in TABLES else {"k0"})


@pytest.mark.parametrize("kind", TABLES, indirect=True)
def test_pruning_by_no_rows_at_all_is_refused(place, embedder):
    embedder.store(ROWS, place)
    with pytest.raises(InputError, match="there is no row, and pruning would remove all"):
        embedder.store([], place, prune=True)
    assert len(all_of(place)[0]) == 12


@pytest.mark.parametrize("kind", TABLES, indirect=True)
def test_threads_may_search_one_store_together(place, embedder):
    embedder.store(ROWS, place)
    run_python(  # in a process of its own, because one that waits for ever has no way out
        """
        import sys
        from concurrent.futures import ThreadPoolExecutor

        import numpy as np

        from vecsmith import Store

        with Store(sys.argv[1]) as store, ThreadPoolExecutor(8) as threads:
            queries = np.tile(np.eye(store.space.dimensions, dtype=np.float32)[:8], (5, 1))

            def found(query):
                return [hit.id for hit in store.search(query, where="year>=2022")]

            assert list(threads.map(found, queries)) == [found(query) for query in queries]
        """,
        place,
    )


def test_conditions_tell_true_null_and_missing_apart(place, embedder):
    values = [True, None, 1, 1.0, "1", "it's", 2.50]
    embedder.store([{"id": f"v{n}", "text": "a cat", "v": value} for n, value in enumerate(values)], place)
    embedder_of = {"k": 20}

    def which(value):
        return sorted(names(found(place, embedder, "a cat", where={"v": value}, **embedder_of)))

    assert which(True) == ["v0"]
    assert which(None) == ["v1"]
    assert which(1) == ["v2", "v3", "v4"]
    assert which("it's") == ["v5"]
    assert which(2.5) == ["v6"]


@pytest.mark.parametrize("encoding", ["float16", "int8", "uint8", "binary", "ubinary"])
def test_every_encoding_finds_what_it_is_asked_for(kind, place, embedder, encoding):
    if kind == "postgres" and encoding in {"int8", "uint8"}:
        with pytest.raises(ConfigError, match="no type for"):
            embedder.store(ROWS, place, encoding=encoding)
        return
    embedder.store(ROWS, place, encoding=encoding)
    for at in (0, 5, 11):
        assert found(place, embedder, TEXTS[at], k=1)[0].id == f"k{at}"


def test_bits_are_put_in_order_by_the_query_s_numbers(place, embedder):
    embedder.store(ROWS, place, encoding="ubinary")
    query = embedder.embed_query("a cat").vector
    hits = found(place, embedder, "a cat", k=5, oversample=10)
    _, stored = all_of(place)
    signs = np.unpackbits(stored, axis=1).astype(np.float32) * 2 - 1
    scores = np.sort(signs @ query / np.linalg.norm(query) / np.sqrt(signs.shape[1]))[::-1]
    assert [hit.score for hit in hits] == pytest.approx(scores[:5].tolist(), abs=1e-5)


def test_another_space_is_refused_before_anything_is_embedded(place, embedder):
    embedder.store(ROWS, place)
    before = all_of(place)

    def rows():
        raise AssertionError("a row was read")
        yield

    with pytest.raises(ConfigError, match=r"dimensions: 32 and 8.* or write to another place"):
        embedder.store(rows(), place, dimensions=8)
    with pytest.raises(ConfigError, match="encoding: 'float32' and 'float16'"):
        embedder.store(rows(), place, encoding="float16")
    assert all_of(place)[0] == before[0]


def test_a_query_of_another_space_is_refused(place, embedder, make_model):
    embedder.store(ROWS, place)
    with Embedder(make_model().path, compute="f32", threads=1) as other, Store(place) as store:
        with pytest.raises(ConfigError, match="embed the query with the model"):
            store.search("a cat", embedder=other)
        with pytest.raises(ConfigError, match="another space"):
            store.search(other.embed("a cat"))
        with pytest.raises(InputError, match="32 finite numbers"):
            store.search(np.ones(8))


def test_a_query_for_another_model_is_refused_before_it_is_sent(tmp_path, embedder):
    class Remembering(FakeGenerator):
        asked = 0

        async def generate(self, texts, *args, **options):
            Remembering.asked += len(texts)
            return await super().generate(texts, *args, **options)

    embedder.store(ROWS, path := tmp_path / "vectors.sqlite")
    with Embedder.from_generator(Remembering(48)) as other, Store(path) as store:
        with pytest.raises(ConfigError, match="another space"):
            store.search("a cat", embedder=other)
        assert Remembering.asked == 0
        other.embed("a cat")
        assert Remembering.asked == 1


def test_a_store_opens_the_model_that_made_it(place, embedder):
    embedder.store(ROWS, place)
    with Store(place) as store:
        assert store.space == embedder.embed("a").space
        assert store.search(TEXTS[3], 1)[0].id == "k3"
        assert len(store) == 12


def test_repeated_ids_are_set_aside_and_told(place, embedder):
    filled = embedder.store([("a", "a cat"), ("b", "a dog"), ("a", "a house"), (1, "rain"), ("1", "snow")], place)
    assert [(row.line, row.id) for row in filled.bad] == [(3, "a"), (5, "1")]
    assert "id of its own" in filled.bad[0].reason
    assert {entry.text for entry in all_of(place)[0]} == {"a cat", "a dog", "rain"}


def test_texts_may_come_with_ids_of_their_own(place, embedder):
    embedder.store(["a cat", "a dog"], place, ids=["x", "y"])
    assert sorted(entry.id for entry in all_of(place)[0]) == ["x", "y"]
    for ids in (["x"], ["x", "y", "z"]):
        with pytest.raises(InputError, match="give each text one"):
            embedder.store(["a cat", "a dog"], place, ids=ids)


def test_what_no_database_keeps_is_replaced_or_set_aside(place, embedder):
    rows = [
        {"id": "a", "text": "a\0cat \ud83d", "odd": "half \ud83d and \0", "no": float("nan"), "deep": [{"a\0": (1,)}]},
        {"id": "b\0", "text": "a dog"},
        {"id": "c\ud83d", "text": "a dog"},
        {"id": 1 << 70, "text": "a dog"},
        {"id": "Ünï 😀 'quoted' \"twice\" \\", "text": "'; DROP TABLE embeddings; --"},
    ]
    filled = embedder.store(rows, place)
    assert [row.line for row in filled.bad] == [2, 3, 4]
    entries = {entry.id: entry for entry in all_of(place)[0]}
    assert entries["a"].text == "a\ufffdcat ?"
    assert dict(entries["a"].fields) == {
        "odd": "half ? and \ufffd",
        "no": None,
        "deep": [{"a\ufffd": [1]}],
    }
    assert entries[rows[-1]["id"]].text == rows[-1]["text"]


def test_texts_need_not_be_kept(place, embedder):
    embedder.store(ROWS, place, keep_text=False)
    hit = found(place, embedder, TEXTS[2], k=1)[0]
    assert (hit.id, hit.text) == ("k2", None)


def test_nothing_at_all_is_a_store_too(place, embedder):
    assert embedder.store([], place).written == 0
    assert found(place, embedder, "a cat") == []
    with Store(place) as store:
        assert len(store) == 0


def test_rows_that_fail_midway_leave_the_store_whole(kind, place, embedder):
    embedder.store(ROWS[:2], place)

    def rows():
        yield from ROWS
        raise RuntimeError("the source went away")

    with pytest.raises(RuntimeError):
        embedder.store(rows(), place)
    entries, vectors = all_of(place)
    assert {"k0", "k1"} <= {entry.id for entry in entries}
    assert len(vectors) == len(entries)
    assert embedder.store(ROWS, place).written <= 12
    assert len(all_of(place)[0]) == 12


@pytest.mark.parametrize("row", [7, None, {"body": "a"}, ("a", 7), {"id": 1.5, "text": "a"}, ["a"]])
def test_what_is_no_row_is_named_by_its_place(place, embedder, row):
    with pytest.raises(InputError, match="input 1: "):
        embedder.store(["a cat", row], place)


@pytest.mark.parametrize("options", [{"k": 0}, {"k": True}, {"oversample": 0}, {"where": "color"}, {"where": 7}])
def test_a_search_that_cannot_be_is_a_sentence(place, embedder, options):
    embedder.store(ROWS[:1], place)
    with pytest.raises((InputError, ConfigError)):
        found(place, embedder, "a cat", **options)


def test_a_store_that_is_not_there_is_a_sentence(kind, place):
    with pytest.raises(ConfigError, match="vecsmith embed"):
        Store(place)


def test_a_table_of_something_else_is_refused(request, tmp_path, embedder):
    import sqlite3

    import psycopg

    with sqlite3.connect(tmp_path / "own.db") as connection:
        connection.execute("CREATE TABLE embeddings (id integer)")
    address = request.getfixturevalue("postgres")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS theirs")
        connection.execute("CREATE TABLE theirs (id integer, vector integer)")
    for place, table in ((tmp_path / "own.db", None), (address, "theirs")):
        with pytest.raises(ConfigError, match="name another"):
            embedder.store(ROWS, place, table=table)
        assert embedder.store(ROWS, place, table="Ours; of 'another' \"name\"").written == 12
        with Store(place, table="Ours; of 'another' \"name\"") as store:
            assert store.search(TEXTS[4], 1, embedder=embedder)[0].id == "k4"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute('DROP TABLE "Ours; of \'another\' ""name"""')


@pytest.mark.parametrize(
    ("place", "options", "said"),
    [
        ("vectors.bin", {}, "does not say by its ending"),
        ("vectors.npy", {"table": "mine"}, "leave --table away"),
        ("vectors.sqlite", {"index": True}, "in Postgres alone"),
        ("none/vectors.sqlite", {}, "cannot be used"),
        ("none/vectors.npy", {}, "none"),
    ],
)
def test_a_place_that_cannot_be_is_a_sentence(tmp_path, embedder, place, options, said):
    from vecsmith import EmbedError

    with pytest.raises(EmbedError, match=said):
        embedder.store(ROWS, tmp_path / place, **options)


@pytest.mark.parametrize("ending", ["sqlite", "parquet", "npy", "jsonl"])
def test_a_file_that_is_something_else_is_a_sentence(tmp_path, ending):
    from vecsmith import EmbedError

    path = tmp_path / f"other.{ending}"
    path.write_bytes(b"this is something else, and long enough to be looked at" * 20)
    with pytest.raises(EmbedError, match="other"):
        Store(path)


def test_sqlite_vec_reads_the_same_file(tmp_path, embedder):
    import apsw
    import sqlite_vec

    embedder.store(ROWS, path := tmp_path / "vectors.sqlite")
    connection = apsw.Connection(str(path))
    connection.enable_load_extension(True)
    connection.load_extension(sqlite_vec.loadable_path())
    query = embedder.embed_query("old rain").vector
    rows = connection.execute(
        "SELECT id, vec_distance_cosine(vector, ?) AS distance FROM embeddings JOIN embeddings_vectors USING (row) "
        "ORDER BY distance LIMIT 3",
        (query.tobytes(),),
    ).fetchall()
    hits = found(path, embedder, "old rain", k=3)
    assert [row[0] for row in rows] == names(hits)
    assert [1 - row[1] for row in rows] == pytest.approx([hit.score for hit in hits], abs=1e-5)
    connection.close()


def test_a_record_that_was_spoilt_names_its_store(tmp_path, embedder):
    embedder.store(ROWS, path := tmp_path / "vectors.npy")
    beside = tmp_path / "vectors.npy.space.json"
    beside.write_text(json.dumps({"vecsmith_store": 1}))
    with pytest.raises(ConfigError, match=r"vectors\.npy does not hold"):
        backend_of(path, make=False).record()


@pytest.mark.skipif(os.name == "nt", reason="there no limit can be set")
@pytest.mark.parametrize("ending", ["sqlite", "parquet", "npy", "jsonl"])
def test_a_disk_that_is_full_leaves_what_was_there_and_the_next_run_goes_on(tmp_path, embedder, ending):
    path = tmp_path / f"vectors.{ending}"
    embedder.store(ROWS[:3], path)
    before = len(path.read_bytes()) if ending != "sqlite" else None
    said = run_python(
        """
        import resource, signal, sys
        from vecsmith import Embedder, EmbedError, testing
        from vecsmith.stores.address import backend_of
        from vecsmith.stores.contract import Entry, Run
        import numpy as np
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        backend = backend_of(sys.argv[1], make=True)
        backend.begin(backend.record())
        try:
            for start in range(0, 20_000, 500):
                entries = [Entry(f"n{n}", "some text", content=b"0") for n in range(start, start + 500)]
                backend.write(Run(entries, np.random.default_rng(start).random((500, 32), np.float32)))
            backend.finish(index=False)
        except EmbedError as error:
            print(error)
        backend.close()
        """,
        path,
    )
    assert str(path) in said
    assert said.count("\n") == 1
    entries, vectors = all_of(path)
    assert len(entries) == len(vectors)
    assert {"k0", "k1", "k2"} <= {entry.id for entry in entries}
    assert len(entries) % 500 == 3  # whole runs
    assert before is None or len(path.read_bytes()) == before
    assert [each.name for each in tmp_path.glob("*.tmp")] == []
    assert embedder.store(ROWS, path).written in {9, 12}


def test_a_number_and_the_same_as_text_are_one_id_in_every_call(place, embedder):
    embedder.store(["a cat", "a dog", "old rain"], place, ids=[1, 2, -3])
    filled = embedder.store(["a cat", "my house", "old rain"], place, ids=["1", "2", "-3"])
    assert (filled.written, filled.skipped) == (1, 2)
    entries, _ = all_of(place)
    assert sorted((str(entry.id), entry.text) for entry in entries) == [
        ("-3", "old rain"),
        ("1", "a cat"),
        ("2", "my house"),
    ]


def test_rows_for_another_side_of_a_search_are_refused_where_the_others_stay(kind, place, embedder):
    embedder.store(ROWS, place)
    if kind in TABLES:
        with pytest.raises(ConfigError, match="made for retrieval_document, whose queries are not those of clustering"):
            embedder.store(ROWS[:2], place, task="clustering")
        return
    assert embedder.store(ROWS[:2], place, task="clustering").written == 2
    with Store(place) as store:
        assert store.record.task == "clustering"


def test_columns_that_json_or_a_database_has_no_word_for(place, embedder):
    deep = []
    for _ in range(900):
        deep = [deep]
    odd = {"huge": 2**70, "count": np.int64(5), "flag": np.bool_(True), "share": np.float32(0.5), "of": {1: 2, "b": 3}}
    rows = [{"id": "a", "text": "a cat", **odd}, {"id": "b", "text": "a dog", "deep": deep}]
    for written in (1, 0):
        filled = embedder.store(rows, place)
        assert filled.written == written
        assert [(row.id, row.reason) for row in filled.bad] == [
            ("b", "its columns are lists and mappings more than 200 deep")
        ]
    ((entry,), _) = all_of(place)
    assert embedder.store([*rows, ("c", "old rain")], place, prune=True).pruned == 0
    told = {"huge": str(2**70), "count": 5, "flag": True, "share": 0.5, "of": {"1": 2, "b": 3}}
    assert dict(entry.fields) == told


@pytest.mark.parametrize("clean", ["lower", ["lower"], ("lower",), iter(["lower"])])
def test_clean_up_is_the_same_however_it_is_given(tmp_path, embedder, clean):
    embedder.store([("a", "A Cat")], tmp_path / "v.sqlite", clean="lower", on_long="truncate")
    assert embedder.store([("a", "A Cat")], tmp_path / "v.sqlite", clean=clean).skipped == 1
    embedder.store([("a", "A Cat")], tmp_path / "w.sqlite", clean=["lower"])
    _, vectors = all_of(tmp_path / "w.sqlite")
    assert np.array_equal(vectors, embedder.embed_documents(["a cat"]).vectors)


@pytest.mark.parametrize(
    ("value", "found"), [(1e-7, True), (1e300, True), (-0.0, True), (0.1, True), ("1_0", False), ("٣", False)]
)
def test_numbers_are_told_alike_by_every_store(place, embedder, value, found):
    embedder.store([{"id": "a", "text": "a cat", "n": value}], place)
    with Store(place) as store:
        assert len(store.search("a cat", embedder=embedder, where={"n": value})) == 1
        assert bool(store.search("a cat", embedder=embedder, where="n>=-1")) == found
        store.search("a cat", embedder=embedder, where=f"n>={value}")


def test_a_prompt_that_changed_in_the_model_s_files_makes_rows_anew(tmp_path):
    model = write_model(tmp_path / "tiny").path
    for prompt, written in (("title ", 1), ("title ", 0), ("text ", 1)):
        told = json.dumps({"prompts": {"document": prompt}})
        (model / "config_sentence_transformers.json").write_text(told, encoding="utf-8")
        with Embedder(model, compute="f32", threads=1) as mine:
            assert mine.store([("a", "a cat")], tmp_path / "v.sqlite").written == written


def test_a_profile_that_changed_makes_rows_anew(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "tiny")
    for on_long, written in (("truncate", 1), ("truncate", 0), ("truncate_start", 1)):
        profile = f'[profiles.mine]\nmodel = "{tmp_path / "tiny"}"\non_long = "{on_long}"\n'
        (tmp_path / "vecsmith.toml").write_text(profile, encoding="utf-8")
        with Embedder("mine", compute="f32", threads=1) as mine:
            assert mine.store([("a", "a cat")], "v.sqlite").written == written


def test_a_file_that_another_process_wrote_meanwhile_loses_no_row_in_silence(kind, place, embedder):
    if kind in TABLES:
        return
    embedder.store(ROWS, place)
    backend = backend_of(place, make=True)
    try:
        backend.begin(backend.record())
        entries, _ = all_of(place)
        assert len(backend.keep([e.id for e in entries], [e.content for e in entries])) == 12
        embedder.store(ROWS[3:], place)
        with pytest.raises(StoreError, match=r"another process wrote .* meanwhile"):
            backend.finish(index=False)
    finally:
        backend.close()
    assert len(all_of(place)[0]) == 9


def test_lines_of_another_array_are_found_out(tmp_path, embedder):
    place, lines = tmp_path / "v.npy", tmp_path / "v.ids.jsonl"
    embedder.store(ROWS, place)
    first, second, *others = lines.read_text(encoding="utf-8").splitlines(keepends=True)
    for spoilt, said in (([second, first, *others], "does not belong to"), ([first, second], "has fewer rows than")):
        lines.write_text("".join(spoilt), encoding="utf-8")
        with pytest.raises(ConfigError, match=said):
            all_of(place)


def test_a_name_that_looks_like_a_uri_is_a_file_s_name(tmp_path, embedder, monkeypatch):
    monkeypatch.chdir(tmp_path)
    embedder.store(["a cat"], "file:x?mode=memory.sqlite")
    with Store("file:x?mode=memory.sqlite") as store:
        assert len(store) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file:x?mode=memory.sqlite"]


def test_a_folder_that_may_not_be_entered_is_a_sentence(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "stat", refused)
    monkeypatch.setattr("pathlib.Path.stat", refused)
    with pytest.raises(ConfigError, match="Permission denied"):
        backend_of(tmp_path / "v.sqlite", make=False)


def test_mixed_ids_in_parquet_leave_no_trace(tmp_path, capsys):
    rows = [*((n, f"cat {n}") for n in range(9000)), ("x", "a dog")]
    with Embedder.from_generator(FakeGenerator()) as fake, pytest.raises(StoreError, match="make all of them text"):
        fake.store(rows, tmp_path / "v.parquet")
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err == ""


def test_an_array_that_is_being_replaced_is_read_again(tmp_path, embedder, monkeypatch):
    old, new = tmp_path / "v.npy", tmp_path / "new.npy"
    embedder.store(ROWS, old)
    embedder.store(ROWS[::-1], new)
    with Store(old) as store:
        (tmp_path / "new.ids.jsonl").replace(tmp_path / "v.ids.jsonl")  # as a writer does, first the one
        monkeypatch.setattr("vecsmith.stores.whole.sleep", lambda _: new.replace(old))  # and then the other
        assert names(store.search(TEXTS[7], 1, embedder=embedder)) == ["k7"]
