"""The command ``vecsmith cluster``."""

import csv
import json
import os
import sys

import pytest
from typer.testing import CliRunner

from vecsmith import InputError
from vecsmith.cli import app
from vecsmith.cli.clusters import cells, cut, plain, wrapped

CATS = [f"The cat {does}." for does in ("sleeps", "purrs", "hunts a mouse", "drinks milk", "climbs a tree", "eats")]
BANKS = [f"The bank {does}." for does in ("lends money", "raises rates", "opens accounts", "loses money", "closes")]
TEXTS = [*CATS, *BANKS]


@pytest.fixture
def run(monkeypatch, auto_embedder):
    """Run the command without the settings of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("VECSMITH_")]:
        monkeypatch.delenv(name)
    return lambda *args, **options: CliRunner().invoke(app, ["cluster", *map(str, args)], **options)


@pytest.fixture
def unopened(monkeypatch):
    """Fail where a model is opened."""
    monkeypatch.setattr(sys.modules["vecsmith.cli.work"].Engine, "open", lambda _: pytest.fail("it was opened"))


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["key", "body"])
        writer.writerows((f"row {number}", text) for number, text in enumerate(TEXTS))
    return path


def options_of(table):
    return "--input", table, "--field", "body", "--id", "key"


def test_a_table_of_clusters_is_printed_and_nothing_else_on_stdout(run, table):
    done = run(*options_of(table), "-k", 2)
    assert done.exit_code == 0
    header, *lines = done.stdout.splitlines()
    assert header.split() == ["cluster", "size", "share", "name", "in", "its", "middle"]
    assert lines[0].split()[:3] == ["0", "6", "55%"]
    assert "cat" in lines[0]
    assert len(lines) == 4
    assert done.stderr == "2 clusters: as asked\n"


def test_a_program_reads_json(run, table):
    done = run(*options_of(table), "--json", "-k", 2)
    told = json.loads(done.stdout)
    assert [each["size"] for each in told["clusters"]] == [6, 5]
    assert told["items"][0]["id"] == "row 0"
    assert [item["cluster"] for item in told["items"]] == [0] * 6 + [1] * 5


def test_the_number_is_found_and_it_is_said_how(run, table):
    done = run(*options_of(table))
    assert "clusters: the best silhouette (0." in done.stderr
    assert "of 2 to 5" in done.stderr
    assert run(*options_of(table), "--quiet").stderr == ""


def test_every_row_and_a_picture_are_written(run, table, tmp_path):
    rows, picture = tmp_path / "out.csv", tmp_path / "out.html"
    done = run(*options_of(table), "-k", 2, "--output", rows, "--picture", picture, "--title", "Cats, banks")
    assert done.exit_code == 0
    with rows.open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert [row["id"] for row in found] == [f"row {number}" for number in range(11)]
    assert [row["cluster"] for row in found] == ["0"] * 6 + ["1"] * 5
    assert found[0]["name"].startswith("cat")
    assert '<h1 dir="auto">Cats, banks</h1>' in picture.read_text(encoding="utf-8")


def test_what_belongs_nowhere_is_said(run, table, tmp_path):
    done = run(*options_of(table), "--method", "hdbscan", "--min-size", 4, "--json")
    told = json.loads(done.stdout)
    assert told["method"] == "hdbscan"
    if told["outliers"]:
        assert f"{told['outliers']} of 11 texts are in none" in done.stderr


def test_where_there_is_no_cluster_it_is_said(run, table):
    done = run(*options_of(table), "--method", "hdbscan", "--min-size", 50)
    assert done.exit_code == 0
    assert len(done.stdout.splitlines()) == 1
    assert "0 clusters: where at least 50 texts lie densely; 11 of 11 texts are in none" in done.stderr


def test_standard_input_is_read(run):
    done = run("-k", 2, input="\n".join(TEXTS))
    assert done.exit_code == 0
    assert "cat" in done.stdout


def test_rows_that_cannot_be_used_are_set_aside(run, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS) + '{"text": 7}\n')
    done = run("--input", path, "-k", 2)
    assert done.exit_code == 3
    assert "set aside: line 12" in done.stderr


def test_long_texts_can_be_set_aside_or_are_cut_and_counted(run, tmp_path):
    path = tmp_path / "rows.txt"
    path.write_text("\n".join([*TEXTS, "cat " * 400]))
    assert "1 text cut" in run("--input", path, "-k", 2).stderr
    done = run("--input", path, "-k", 2, "--on-long", "error", "--json")
    assert done.exit_code == 3
    assert json.loads(done.stdout)["texts"] == 11


@pytest.mark.usefixtures("unopened")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--picture", "a.gif"), ".png and .html do"),
        (("--output", "a.parquet"), "by its ending"),
        (("--method", "hdbscan", "-k", 2), "finds the number"),
        (("--min-size", 5), "min_size is for hdbscan"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_embedded(run, table, arguments, said):
    done = run(*options_of(table), *arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""


@pytest.mark.usefixtures("unopened")
def test_too_few_texts_are_said_before_any_is_embedded(run, table):
    done = run(*options_of(table), "-k", 12)
    assert isinstance(done.exception, InputError)
    assert "12 clusters cannot be made of 11 texts" in str(done.exception)


def test_a_file_without_texts_is_a_sentence(run, tmp_path):
    (tmp_path / "empty.txt").write_text("")
    assert "nothing to cluster" in str(run("--input", tmp_path / "empty.txt", "-k", 3).exception)


def test_the_input_is_not_written_over(run, table):
    before = table.read_bytes()
    assert run(*options_of(table), "--output", table).exit_code == 2
    assert table.read_bytes() == before


def test_the_table_is_as_wide_as_the_terminal(run, table, monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    lines = run(*options_of(table), "-k", 2).stdout.splitlines()
    assert max(map(len, lines)) <= 70


def test_hostile_texts_do_not_reach_the_terminal(run, tmp_path):
    path = tmp_path / "rows.jsonl"
    hostile = [f"{text} \x1b[31m\u202e\x07 \ud800" for text in TEXTS]
    path.write_text("".join(json.dumps(text) + "\n" for text in hostile))
    done = run("--input", path, "-k", 2)
    assert done.exit_code == 0
    assert not {"\x1b", "\u202e", "\x07"} & set(done.stdout)
    assert run("--input", path, "-k", 2, "--json").exit_code == 0


def test_lines_of_wide_letters_are_cut_by_their_width():
    assert cells("日本語") == 6
    assert cut("日本語", 5) == "日本"
    assert plain("a\n b\x1b") == "a b\ufffd"
    assert list(wrapped("one two three", 8)) == ["one two", "three"]


def test_what_a_store_has_is_grouped_without_a_model(run, table, tmp_path, auto_embedder, unopened):
    auto_embedder.store(TEXTS, tmp_path / "rows.sqlite")
    result = run("--in", tmp_path / "rows.sqlite", "-k", 2, "--json")
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)["items"]) == len(TEXTS)
    assert run("--in", tmp_path / "rows.sqlite", "--input", table).exit_code == 2
