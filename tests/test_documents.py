"""A file whose whole content is one text: ``--input-format document``."""

import json
import os

import pytest
from typer.testing import CliRunner

from vecsmith import ConfigError
from vecsmith.cli import app
from vecsmith.files import BadRow, Row, read_rows

BOOK = "1. Flour\n\nSieve it twice.\n\n2. Yeast\n\nIt wants warmth, and an hour.\n"
GERMAN = "Der Bär schläft draußen, während über dem Fluß der Mond aufgeht.\n" * 9


@pytest.fixture
def run(monkeypatch):
    """Run the command without the settings of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("VECSMITH_")]:
        monkeypatch.delenv(name)
    return lambda *args, **options: CliRunner().invoke(app, [*map(str, args)], **options)


def everything(path, **options):
    bad = []
    with read_rows(path, on_bad=bad.append, **options) as rows:
        return [*rows, *bad]


def test_a_file_is_one_text_and_its_name_the_id(tmp_path):
    (tmp_path / "baking.txt").write_text(BOOK)
    assert everything(tmp_path / "baking.txt", kind="document") == [Row("baking.txt", BOOK, 1)]


@pytest.mark.parametrize(
    "content",
    [
        b"one\r\ntwo\r\n",
        b"\xef\xbb\xbfone\ntwo",
        b"one\nt\xffo\n",
        "one\u2028two\x85three".encode(),
        GERMAN.encode("cp1252"),
        GERMAN.encode("utf-16"),
        b"a" * 10_000_000,
        b"a" * 10_000_001,
        b"",
    ],
    ids=["CRLF", "mark", "broken", "separators", "cp1252", "UTF-16", "longest", "too long", "empty"],
)
def test_a_document_is_the_row_that_it_is_in_its_folder(tmp_path, content):
    (tmp_path / "a.md").write_bytes(content)
    alone = everything(tmp_path / "a.md", kind="document")
    assert len(alone) == 1
    assert alone == everything(tmp_path)


def test_a_folder_of_documents_is_a_folder(tmp_path):
    (tmp_path / "a.md").write_text(BOOK)
    (tmp_path / "b.txt").write_text("two\nlines\n")
    assert everything(tmp_path, kind="document") == everything(tmp_path)


def test_any_ending_can_be_a_document(tmp_path):
    (tmp_path / "page.html").write_text("<html>\n")
    assert everything(tmp_path / "page.html", kind="document") == [Row("page.html", "<html>\n", 1)]


def test_the_encoding_can_be_named(tmp_path):
    (tmp_path / "a.txt").write_bytes("Zürich\nBärn\n".encode("cp850"))
    assert everything(tmp_path / "a.txt", kind="document", encoding="cp850") == [Row("a.txt", "Zürich\nBärn\n", 1)]


def test_a_text_that_grows_too_long_in_utf_8_is_set_aside(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xe9" * 5_000_001)
    found = everything(tmp_path / "a.txt", kind="document", encoding="latin-1")
    assert found == [BadRow(1, "a.txt", "a text of over 10 MB: split it into parts")]


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (b"one\n", {"field": "body"}, r"a\.txt is read as one document, which has no columns"),
        (b"one\n", {"id_field": "key"}, "leave --field and --id away"),
        (b"%PDF-1.7\n\xff\x00", {}, r"a\.txt is not text, it looks like a PDF document: extract its text first"),
        (b"a cat and a dog", {"encoding": "utf-16"}, "cannot be read"),
    ],
)
def test_what_is_no_document_is_a_sentence(tmp_path, content, options, said):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        everything(tmp_path / "a.txt", kind="document", **options)


def test_how_far_a_document_is_read_is_known(tmp_path):
    (tmp_path / "a.txt").write_text(BOOK)
    with read_rows(tmp_path / "a.txt", kind="document", on_bad=print) as rows:
        assert rows.bytes_read == rows.bytes_total == len(BOOK)


def test_all_of_standard_input_is_one_text(run):
    done = run("embed", "--input-format", "document", "--on-long", "mean", input="a cat\n" * 300)
    assert done.exit_code == 0, done.output
    row = json.loads(done.stdout)
    assert (row["id"], row["tokens"]) == (0, 606)  # two tokens a line, and two around each of three chunks


def test_a_book_is_kept_in_chunks_and_not_again_from_its_folder(run, tmp_path):
    shelf, store = tmp_path / "shelf", tmp_path / "shelf.sqlite"
    shelf.mkdir()
    (shelf / "baking.txt").write_text(BOOK)
    wish = ("--on-long", "chunk", "--chunk-by", "structure", "--chunk-tokens", 16, "--output", store)
    done = run("embed", "--input", shelf / "baking.txt", "--input-format", "document", *wish)
    assert done.stderr == "1 row written as 2 vectors\n"
    assert run("embed", "--input", shelf, *wish).stderr == "0 rows written; 1 row there already\n"
    found = run("search", "how long does yeast need?", "--in", store, "-k", 1, "--json")
    hit = json.loads(found.stdout)[0]
    assert (hit["id"], BOOK[hit["start"] : hit["end"]]) == ("baking.txt", hit["text"])
    assert hit["chunk"] in {0, 1}


def test_a_document_that_is_too_long_is_set_aside_by_its_name(run, tmp_path):
    (tmp_path / "endless.txt").write_bytes(b"a" * 10_000_001)
    done = run("embed", "--input", tmp_path / "endless.txt", "--input-format", "document")
    assert (done.exit_code, done.stdout) == (3, "")
    assert (
        done.stderr.splitlines()[0] == "set aside: line 1 (id endless.txt): a text of over 10 MB: split it into parts"
    )


def test_a_document_has_no_labels(run, tmp_path):
    (tmp_path / "a.txt").write_text(BOOK)
    wish = ("--input", tmp_path / "a.txt", "--input-format", "document", "--output", tmp_path / "head")
    done = run("classify", "train", *wish)
    assert isinstance(done.exception, ConfigError)
    assert "has no column of labels" in str(done.exception)
