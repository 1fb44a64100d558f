"""What only a table of Postgres has: types, indexes, connections that end, rights that are missing."""

import psycopg
import pytest

from tiny_model import write_model
from vecsmith import ConfigError, Embedder, EmbedError, Store, StoreError
from vecsmith.testing import FakeGenerator

TEXTS = [f"{who} {what} {n}" for who in ("the cat", "a dog") for what in ("sat", "fell") for n in range(20)]


@pytest.fixture(scope="module")
def embedder(tmp_path_factory):
    with Embedder(write_model(tmp_path_factory.mktemp("models") / "tiny").path, compute="f32", threads=1) as embedder:
        yield embedder


@pytest.fixture
def connection(postgres):
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS embeddings")
        yield connection


@pytest.mark.parametrize(
    ("encoding", "kind"),
    [("float32", "vector(32)"), ("float16", "halfvec(32)"), ("ubinary", "bit(32)"), ("binary", "bit(32)")],
)
def test_each_encoding_has_pgvector_s_type_and_an_index_finds_what_a_scan_finds(
    postgres, connection, embedder, encoding, kind
):
    embedder.store(TEXTS, postgres, encoding=encoding, index=True)
    asked = (
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attname = 'vector' AND attrelid = %s::regclass"
    )
    assert connection.execute(asked, ["embeddings"]).fetchone() == (kind,)
    with Store(postgres) as store:
        for query in ("the cat fell 3", "dog"):
            near = store.search(query, 5, embedder=embedder)
            exact = store.search(query, 5, embedder=embedder, exact=True)
            assert [hit.id for hit in near] == [hit.id for hit in exact]
        some = store.search("the cat", 3, embedder=embedder, where={"no": "thing"})
        assert some == []


def test_sql_of_one_s_own_finds_the_same(postgres, connection, embedder):
    embedder.store([{"id": "a", "text": "a cat", "year": 2024}, {"id": "b", "text": "a dog", "year": 2020}], postgres)
    query = str(embedder.embed_query("a cat").vector.tolist())
    rows = connection.execute(
        "SELECT id, text, (fields ->> 'year')::int FROM embeddings ORDER BY vector <=> %s::vector LIMIT 1", [query]
    ).fetchall()
    assert rows == [("a", "a cat", 2024)]


def test_a_table_in_a_schema(postgres, connection, embedder):
    connection.execute("CREATE SCHEMA IF NOT EXISTS texts")
    connection.execute("DROP TABLE IF EXISTS texts.mine")
    assert embedder.store(TEXTS, postgres, table="texts.mine", index=True).written == len(TEXTS)
    assert connection.execute("SELECT count(*) FROM texts.mine").fetchone() == (len(TEXTS),)


def test_a_table_whose_width_was_changed_is_refused(postgres, connection, embedder):
    embedder.store(["a cat"], postgres)
    connection.execute("DELETE FROM embeddings")
    connection.execute("ALTER TABLE embeddings ALTER COLUMN vector TYPE vector(8)")
    with pytest.raises(ConfigError, match=r"vector\(8\) where vector\(32\)"):
        embedder.store(["a cat"], postgres)


def test_a_database_that_goes_away_leaves_whole_rows_and_the_next_run_goes_on(postgres, connection, embedder):
    def rows():
        for n in range(4000):
            if n == 3000:  # some are written, and the next are on their way
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                    "AND query LIKE '%embeddings%' AND datname = current_database()"
                )
            yield f"text {n}"

    with pytest.raises(StoreError, match=r"went away .* run it again"):
        embedder.store(rows(), postgres)
    (there,) = connection.execute("SELECT count(*) FROM embeddings").fetchone()
    assert 0 <= there < 4000
    filled = embedder.store((f"text {n}" for n in range(4000)), postgres)
    assert (filled.skipped, filled.written) == (there, 4000 - there)
    assert connection.execute("SELECT count(DISTINCT id), count(*) FROM embeddings").fetchone() == (4000, 4000)


def test_another_writer_of_the_same_ids_is_told(postgres, connection, embedder):
    embedder.store([], postgres)

    def rows():
        yield "a cat"
        connection.execute("INSERT INTO embeddings (id, chunk, vector) SELECT '1', 0, array_fill(1, ARRAY[32])::vector")
        yield "a dog"

    with pytest.raises(StoreError, match="another process wrote the same ids"):
        embedder.store(rows(), postgres)
    assert connection.execute("SELECT id FROM embeddings").fetchall() == [("1",)]


def test_a_database_without_pgvector_that_may_not_be_given_it_is_a_sentence(postgres, connection, embedder):
    connection.execute("DROP DATABASE IF EXISTS bare")
    connection.execute("DROP ROLE IF EXISTS guest")
    connection.execute("CREATE ROLE guest LOGIN PASSWORD 'secret-word'")
    connection.execute("CREATE DATABASE bare")
    address = psycopg.conninfo.make_conninfo(postgres, dbname="bare")
    try:
        with psycopg.connect(address, autocommit=True) as other:
            other.execute("GRANT ALL ON SCHEMA public TO guest")
        parts = psycopg.conninfo.conninfo_to_dict(address)
        url = f"postgresql://guest:secret-word@/bare?host={parts['host']}"
        with pytest.raises(ConfigError, match=r"has no pgvector .* CREATE EXTENSION vector") as caught:
            embedder.store(["a cat"], url)
        assert "secret-word" not in str(caught.value)
    finally:
        connection.execute("DROP DATABASE bare WITH (FORCE)")
        connection.execute("DROP ROLE guest")


def test_a_table_that_may_not_be_written_is_a_sentence(postgres, connection, embedder):
    embedder.store(["a cat"], postgres)
    connection.execute("ALTER DATABASE postgres SET default_transaction_read_only = on")
    try:
        with pytest.raises(StoreError, match="read-only"):
            embedder.store(["a dog"], postgres)
        with Store(postgres) as store:
            assert len(store.search("a cat", embedder=embedder)) == 1
    finally:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute("ALTER DATABASE postgres RESET default_transaction_read_only")


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:secret-word@127.0.0.1:1/none",
        "postgresql://me:secret-word@/none?host=/nowhere",
        "postgresql://[:",
    ],
)
def test_a_database_that_cannot_be_reached_is_a_sentence_without_its_password(embedder, address):
    with pytest.raises(EmbedError, match="cannot be reached") as caught:
        embedder.store(["a cat"], address)
    assert "secret-word" not in str(caught.value)


def test_vectors_too_wide_for_an_index_are_there_without_one(postgres, connection, tmp_path):
    with Embedder.from_generator(FakeGenerator(2100)) as wide:
        with pytest.raises(ConfigError, match="only up to 2000"):
            wide.store(["a cat"], postgres, index=True)
        with Store(postgres) as store:
            assert store.search("a cat", embedder=wide)[0].id == "0"


def test_an_index_that_finds_too_few_is_followed_by_a_scan(postgres, connection, embedder):
    embedder.store(TEXTS, postgres, index=True)
    connection.execute(
        "INSERT INTO embeddings (id, chunk, fields, content, vector) SELECT 'n' || i, 0, "
        """jsonb_build_object('rare', i % 1000 = 0), '', (SELECT array_agg(hashfloat8(100.0 * i + x) / 2147483648.0)
        FROM generate_series(1, 32) x)::vector FROM generate_series(1, 3000) i(i)"""
    )
    connection.execute("ALTER DATABASE postgres SET hnsw.max_scan_tuples = 100")
    connection.execute("ALTER DATABASE postgres SET enable_seqscan = off")
    try:
        with Store(postgres) as store:
            assert len(store.search("the cat", 3, embedder=embedder, where="rare=true")) == 3
            assert len(store.search("the cat", 2500, embedder=embedder)) == 2500
    finally:
        connection.execute("ALTER DATABASE postgres RESET ALL")


def test_an_index_that_is_made_while_a_store_is_open_is_seen(postgres, connection, embedder):
    with Embedder.from_generator(FakeGenerator()) as fake:
        fake.store([f"text {n}" for n in range(3000)], postgres)
        query = fake.embed("a cat").vector
        with Store(postgres) as store:
            assert len(store.search(query, 200)) == 200
            fake.store([f"text {n}" for n in range(3000)], postgres, index=True)
            connection.execute("ANALYZE embeddings")
            assert len(store.search(query, 200)) == 200


def test_names_that_postgres_would_cut_are_refused_and_the_longest_has_an_index(postgres, connection, embedder):
    longest = "t" * 63
    connection.execute(f"DROP TABLE IF EXISTS {longest}")
    for _ in range(2):
        embedder.store(TEXTS[:3], postgres, table=longest, index=True)
    indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = %s AND indexdef LIKE '%%hnsw%%'"
    assert connection.execute(indexes, [longest]).fetchone() == (1,)
    with pytest.raises(ConfigError, match="longer than the 63 bytes"):
        embedder.store(TEXTS, postgres, table=f"{longest}s")
