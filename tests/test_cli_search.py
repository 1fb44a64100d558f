"""``vecsmith embed --output STORE`` and ``vecsmith search``, as a person at a terminal meets them."""

import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import vecsmith
from vecsmith.cli import app

CSV = """id,body,lang,year
a,The cat sleeps on the sofa.,en,2021
b,How do I reset my password?,en,2024
c,Die Katze schläft.,de,2024
"""


@pytest.fixture(autouse=True)
def folder(page_folder):
    (page_folder / "rows.csv").write_text(CSV, encoding="utf-8")
    return page_folder


def run(*words, code=0):
    done = CliRunner().invoke(app, words)
    error = f"error: {done.exception}\n" if done.exception and not isinstance(done.exception, SystemExit) else ""
    assert (1 if error else done.exit_code) == code, done.output + error
    return done.stdout, done.stderr + error


def embed(place, *words, code=0):
    return run("embed", "--input", "rows.csv", "--field", "body", "--id", "id", "--output", place, *words, code=code)[1]


def test_rows_are_kept_found_and_passed_over():
    assert embed("rows.sqlite") == "3 rows written\n"
    assert embed("rows.sqlite") == "0 rows written; 3 rows there already\n"
    out, said = run("search", "forgotten password", "--in", "rows.sqlite", "-k", "1")
    assert said == ""
    head, text = out.splitlines()
    assert head.split()[1:] == ["b", "lang=en", "year=2024"]
    assert float(head.split()[0]) > 0.5
    assert text.strip() == "How do I reset my password?"


def test_conditions_and_json():
    embed("rows.sqlite")
    query = ("search", "a sleeping cat", "--in", "rows.sqlite", "--json", "--where", "year>=2024")
    assert [hit["id"] for hit in json.loads(run(*query, "--where", "lang=en")[0])] == ["b"]
    found = json.loads(run(*query)[0])
    assert {hit["id"] for hit in found} == {"b", "c"}
    assert list(found[0]) == ["id", "score", "text", "chunk", "start", "end", "fields"]
    out, said = run("search", "cat", "--in", "rows.sqlite", "--where", "lang=fr")
    assert (out, said) == ("", "nothing was found: no row is as --where says\n")


@pytest.mark.parametrize("name", ["out.npy", "out.jsonl", "out.parquet"])
def test_a_file_is_searched_too(name):
    embed(name)
    assert json.loads(run("search", "forgotten password", "--in", name, "--json")[0])[0]["id"] == "b"


def test_bits_are_searched_and_put_in_order():
    embed("bits.sqlite", "--encoding", "ubinary")
    hits = json.loads(run("search", "forgotten password", "--in", "bits.sqlite", "--json", "--oversample", "2")[0])
    assert hits[0]["id"] == "b"


def test_bad_rows_are_set_aside_and_the_others_kept(folder):
    (folder / "rows.csv").write_text(CSV + "a,Once more.,en,2025\n", encoding="utf-8")
    said = embed("rows.sqlite", code=3)
    assert "set aside: line 5 (id a): its id is that of a row before" in said
    assert said.endswith("3 rows written\n")


def test_rows_that_are_no_more_are_pruned_unless_one_cannot_be_read(folder):
    embed("rows.sqlite")
    (folder / "rows.csv").write_text(CSV.rpartition("c,")[0], encoding="utf-8")
    assert embed("rows.sqlite") == "0 rows written; 2 rows there already\n"
    assert embed("rows.sqlite", "--prune") == "0 rows written; 2 rows there already; 1 row pruned\n"
    (folder / "rows.csv").write_text("id,body,lang,year\na,too few\n", encoding="utf-8")
    said = embed("rows.sqlite", "--prune", code=3)
    assert "nothing is pruned, because rows were set aside" in said
    (folder / "rows.csv").write_text("id,body,lang,year\n", encoding="utf-8")
    assert "pruning would remove all" in embed("rows.sqlite", "--prune", code=1)
    with vecsmith.Store(folder / "rows.sqlite") as store:
        assert len(store) == 2


def test_a_column_of_nulls_is_set_aside_row_by_row(folder):
    (folder / "rows.jsonl").write_text('{"text": null}\n{"text": null}\n')
    _, said = run("embed", "--input", "rows.jsonl", "--output", "rows.sqlite", code=3)
    assert said.count("its field 'text' is null") == 2
    assert "0 rows written" in said


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("search", "cat", "--in", "gone.sqlite"), 1, "gone.sqlite does not exist"),
        (("search", "cat", "--in", "rows.csv"), 1, "does not say by its ending"),
        (("search", "cat", "--in", "rows.sqlite", "--where", "lang"), 1, "'column=value'"),
        (("search", "cat", "--in", "rows.sqlite", "--table", "none"), 1, "has no vectors of vecsmith"),
        (("search", "cat", "--in", "rows.sqlite", "--model", "no-such-model"), 1, "no-such-model"),
        (("embed", "cat", "--table", "mine"), 2, "are for a store"),
        (("embed", "cat", "--output", "out.npy", "--table", "mine"), 1, "leave --table away"),
        (("embed", "cat", "--output", "rows.sqlite", "--dimensions", "64"), 1, "dimensions: 384 and 64"),
        (("embed", "cat", "--output", "rows.sqlite", "--index"), 1, "in Postgres alone"),
    ],
)
def test_what_cannot_be_is_a_sentence(words, code, said):
    embed("rows.sqlite")
    out, told = run(*words, code=code)
    assert out == ""
    assert said in told
    assert told.count("error:") == 1


def test_postgres_is_an_output_as_any(postgres):
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS shop")
    assert embed(postgres, "--table", "shop", "--index") == "3 rows written\n"
    found = json.loads(run("search", "forgotten password", "--in", postgres, "--table", "shop", "--json")[0])
    assert found[0]["id"] == "b"


@pytest.mark.skipif(os.name == "nt", reason="it has no pty")
def test_a_terminal_gets_lines_of_its_own_width(folder):
    import pty

    (folder / "long.txt").write_text("A very long line about cats \x1b[31m and dogs. " * 40 + "\n", encoding="utf-8")
    run("embed", "--input", "long.txt", "--on-long", "truncate", "--output", "long.sqlite")
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "vecsmith", "search", "cats", "--in", "long.sqlite"]
    subprocess.run(command, stdout=slave, check=True, env={**os.environ, "COLUMNS": "60", "TERM": "xterm"})
    os.close(slave)
    lines = os.read(master, 10_000).decode().splitlines()
    assert len(lines) == 4
    assert max(map(len, lines)) <= 60
    assert lines[-1].endswith("…")
    assert "\x1b" not in "".join(lines)
