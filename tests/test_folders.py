"""A folder of text files as input."""

import json

import pytest

from vecsmith import ConfigError
from vecsmith.files import read_rows


@pytest.fixture
def folder(tmp_path):
    for name, text in {
        "b.md": "# Bread\n\nKnead it.",
        "a/soup.txt": "Boil it.",
        "a/notes.MD": "Ünï",
        ".hidden/x.md": "no",
        "a/.draft.md": "no",
        "picture.png": "no",
    }.items():
        path = tmp_path / "notes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    german = "Der Bär schläft draußen, während über dem Fluß der Mond aufgeht. "
    (tmp_path / "notes" / "old.txt").write_bytes(german.encode("cp1252") * 9)
    return tmp_path / "notes"


def test_each_text_file_is_a_row_named_by_its_path(folder):
    bad = []
    with read_rows(folder, on_bad=bad.append) as rows:
        found = {row.id: row.text for row in rows}
        assert rows.bytes_read == rows.bytes_total
    assert bad == []
    assert list(found) == ["a/notes.MD", "a/soup.txt", "b.md", "old.txt"]
    assert found["b.md"] == "# Bread\n\nKnead it."
    assert found["old.txt"].startswith("Der Bär schläft draußen")


def test_a_file_that_is_too_long_or_cannot_be_read_is_set_aside(folder):
    (folder / "long.txt").write_bytes(b"a" * 10_000_001)
    (folder / "gone.txt").symlink_to(folder / "nothing.txt")
    bad = []
    with read_rows(folder, on_bad=bad.append) as rows:
        assert len(list(rows)) == 4
    assert [(row.id, row.reason[:20]) for row in bad] == [("long.txt", "a text of over 10 MB")]


@pytest.mark.parametrize(("options", "said"), [({"field": "a"}, "no columns"), ({"kind": "csv"}, "is a folder")])
def test_a_folder_has_no_columns(folder, options, said):
    with pytest.raises(ConfigError, match=said):
        read_rows(folder, on_bad=print, **options)


def test_a_folder_without_texts_is_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match="has no text files"):
        read_rows(tmp_path, on_bad=print)


def test_a_folder_is_embedded_and_searched_from_the_command_line(folder, tmp_path):
    from typer.testing import CliRunner

    from vecsmith.cli import app

    place = str(tmp_path / "notes.sqlite")
    done = CliRunner().invoke(app, ["embed", "--input", str(folder), "--on-long", "chunk", "--output", place])
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "4 rows written\n"
    done = CliRunner().invoke(app, ["search", "how do I make bread?", "--in", place, "-k", "2", "--json"])
    assert json.loads(done.stdout)[0]["id"] == "b.md"
    done = CliRunner().invoke(app, ["search", "how do I make bread?", "--in", place, "-k", "1"])
    assert done.stdout.splitlines()[0].split()[1:] == ["b.md", "characters", "0-18"]
    assert "Knead it." in done.stdout
