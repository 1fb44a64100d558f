"""Reading texts from files."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecsmith.errors import ConfigError
from vecsmith.files import BadRow, Row, read_rows
from vecsmith.files.columns import Wanted
from vecsmith.files.lines import Lines
from vecsmith.files.tables import read_table

if TYPE_CHECKING:
    from pathlib import Path


class Reading:
    """Everything that reading a file gave."""

    def __init__(self, path: Path, content: bytes | str, **options) -> None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.bad: list[BadRow] = []
        with read_rows(path, on_bad=self.bad.append, **options) as rows:
            self.rows = list(rows)

    @property
    def texts(self) -> list[str]:
        return [row.text for row in self.rows]

    @property
    def ids(self) -> list[str | int]:
        return [row.id for row in self.rows]


@pytest.fixture
def read(tmp_path):
    """Write a file of this name and content, and read it."""
    return lambda name, content, **options: Reading(tmp_path / name, content, **options)


# --- txt


def test_a_txt_file_is_one_text_per_line_numbered_from_0(read):
    assert read("a.txt", "a cat\na dog\n").rows == [Row(0, "a cat", 1), Row(1, "a dog", 2)]


def test_only_lf_ends_a_line_of_txt(read):
    assert read("a.txt", "one\u2028still one\x85and one\x0cmore\ntwo").texts == [
        "one\u2028still one\x85and one\x0cmore",
        "two",
    ]


def test_one_carriage_return_before_the_lf_is_dropped(read):
    assert read("a.txt", b"one\r\ntwo\r\r\nth\rree\n").texts == ["one", "two\r", "th\rree"]


def test_an_empty_line_of_txt_is_an_empty_text(read):
    assert read("a.txt", "one\n\nthree\n").texts == ["one", "", "three"]


def test_a_byte_order_mark_is_no_part_of_the_first_text(read):
    assert read("a.txt", b"\xef\xbb\xbfone\ntwo").texts == ["one", "two"]


def test_broken_utf8_sets_one_line_aside_and_names_it(read):
    reading = read("a.txt", b"one\nt\xffo\nthree\n")
    assert reading.rows == [Row(0, "one", 1), Row(2, "three", 3)]
    assert reading.bad == [BadRow(2, 1, "broken UTF-8 at byte 2 (0xFF)")]


def test_a_text_over_10_mb_is_set_aside(read):
    reading = read("a.txt", b"short\n" + b"x" * 10_000_001 + b"\n" + b"x" * 10_000_000 + b"\nlast\n")
    assert [(bad.line, bad.id) for bad in reading.bad] == [(2, 1)]
    assert "10 MB" in reading.bad[0].reason
    assert reading.ids == [0, 2, 3]


def test_the_10_mb_are_bytes_and_not_characters(read):
    reading = read("a.txt", "é" * 5_000_001 + "\n" + "é" * 5_000_000)
    assert reading.ids == [1]


def test_a_line_too_long_to_hold_is_passed_over(read, monkeypatch):
    monkeypatch.setattr("vecsmith.files.lines.MAX_LINE", 10)
    reading = read("a.txt", b"short\n" + b"x" * 35 + b"\nlast\n")
    assert reading.texts == ["short", "last"]
    assert [bad.line for bad in reading.bad] == [2]


def test_columns_of_a_txt_file_are_refused(read):
    with pytest.raises(ConfigError, match="has no columns"):
        read("a.txt", "one\n", field="text")


@given(st.lists(st.text(st.characters(exclude_characters="\n\r\x00", exclude_categories=["Cs"]))))
def test_lines_joined_by_lf_come_back(tmp_path_factory, texts):
    content = "".join(f"{text}\n" for text in texts)
    path = tmp_path_factory.getbasetemp() / "joined.txt"
    if content.startswith("\ufeff"):
        return  # a byte order mark
    assert Reading(path, content).texts == texts


# --- jsonl


def test_a_json_line_is_a_string_or_an_object(read):
    assert read("a.jsonl", '"a cat"\n{"text": "a dog"}\n').texts == ["a cat", "a dog"]


def test_json_objects_give_the_field_and_id_asked_for(read):
    content = '{"body": "a cat", "key": "k1"}\n{"body": "a dog", "key": 7}\n'
    assert read("a.jsonl", content, field="body", id_field="key").rows == [Row("k1", "a cat", 1), Row(7, "a dog", 2)]


def test_line_separators_inside_json_strings_do_not_split(read):
    assert read("a.jsonl", '"one\u2028still one"\n"two"').texts == ["one\u2028still one", "two"]


def test_blank_json_lines_are_no_rows(read):
    reading = read("a.jsonl", '\n"a"\n   \n"b"\n\n')
    assert reading.rows == [Row(0, "a", 2), Row(1, "b", 4)]
    assert not reading.bad


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": "unfinished', "not JSON: Unterminated string starting at column 10"),
        (b'{"text": 3}', "'text' is a number, not a string"),
        (b'{"text": null}', "'text' is null, not a string"),
        (b'{"text": true}', "'text' is a boolean, not a string"),
        (b'{"text": ["a"]}', "'text' is an array, not a string"),
        (b'{"other": "a"}', "has no field 'text'"),
        (b"12", "a number where a string or an object is expected"),
        (b'{"text": "\xe9"}', "broken UTF-8 at byte 11"),
        (b"[" * 200_000, "nested too deep"),
        (b"1" * 5_000, "too many digits"),
    ],
)
def test_a_json_line_without_a_text_is_set_aside(read, line, reason):
    reading = read("a.jsonl", b'{"text": "first"}\n' + line + b'\n{"text": "last"}\n')
    assert reading.texts == ["first", "last"]
    assert [bad.line for bad in reading.bad] == [2]
    assert reason in reading.bad[0].reason


@pytest.mark.parametrize("value", ["null", '""', "1.5", "true", "{}"])
def test_an_id_that_names_nothing_sets_the_row_aside(read, value):
    reading = read("a.jsonl", '{"text": "a", "id": 1}\n{"text": "b", "id": ' + value + "}\n", id_field="id")
    assert reading.ids == [1]
    assert "its id is" in reading.bad[0].reason


def test_a_bad_json_row_is_named_by_its_id(read):
    reading = read("a.jsonl", '{"text": "a", "id": "k1"}\n{"text": 5, "id": "k2"}\n', id_field="id")
    assert reading.bad[0].id == "k2"


def test_a_reason_never_repeats_the_text(read):
    reading = read("a.jsonl", '"fine"\n{"text": "private words\n{"private": "words"}\n["private words"]\n')
    assert len(reading.bad) == 3
    assert "words" not in "".join(bad.reason for bad in reading.bad)


def test_a_field_that_no_object_has_names_those_they_have(read):
    with pytest.raises(ConfigError, match=r"no field 'text': .* it has 'id', 'body'"):
        read("a.jsonl", '{"id": 1, "body": "a"}\n{"id": 2, "body": "b"}\n')


def test_a_near_miss_of_a_field_is_suggested(read):
    with pytest.raises(ConfigError, match="did you mean 'body'"):
        read("a.jsonl", '{"id": 1, "body": "a"}\n', field="bdy")


def test_an_id_field_that_no_object_has_names_the_flag(read):
    with pytest.raises(ConfigError, match="no field 'url': name one with --id"):
        read("a.jsonl", '{"n": 1, "text": "a"}\n', id_field="url")


def test_a_first_object_without_the_field_does_not_stop_the_others(read):
    reading = read("a.jsonl", '{"note": "a header of sorts"}\n{"text": "a"}\n')
    assert reading.texts == ["a"]
    assert [bad.line for bad in reading.bad] == [1]


def test_an_unpaired_surrogate_in_json_reaches_the_engine(read):
    assert read("a.jsonl", r'"half \ud83d"').texts == ["half \ud83d"]


# --- csv and tsv


def test_a_table_gives_the_column_text(read):
    assert read("a.csv", "id,text\n7,a cat\n8,a dog\n").rows == [Row(0, "a cat", 2), Row(1, "a dog", 3)]


def test_a_table_of_one_column_needs_no_name(read):
    assert read("a.csv", "body\na cat\na dog\n").texts == ["a cat", "a dog"]


def test_the_columns_asked_for_are_read(read):
    reading = read("a.tsv", "key\tbody\nk1\ta cat\n", field="body", id_field="key")
    assert reading.rows == [Row("k1", "a cat", 2)]


def test_the_other_columns_ride_along_where_they_are_asked_for(read):
    table = "id,body,label,n,\n7,a cat,pet,1,\n"
    assert read("a.csv", table, field="body", id_field="id", fields=True).rows[0].fields == {"label": "pet", "n": "1"}
    assert read("a.csv", table, field="body", id_field="id").rows[0].fields == {}


def test_another_column_that_is_there_twice_is_refused_where_it_would_ride_along(read):
    with pytest.raises(ConfigError, match="2 columns named 'label'"):
        read("a.csv", "text,label,label\na,b,c\n", fields=True)
    assert read("a.csv", "text,label,label\na,b,c\n").texts == ["a"]


def test_the_other_fields_of_json_objects_ride_along_as_they_are(read):
    lines = '{"id": 1, "text": "a cat", "label": 3, "tags": ["x"]}\n"plain"\n'
    reading = read("a.jsonl", lines, fields=True)
    assert [row.fields for row in reading.rows] == [{"id": 1, "label": 3, "tags": ["x"]}, {}]
    assert read("a.jsonl", lines).rows[0].fields == {}


def test_a_line_of_txt_has_no_other_columns(read):
    assert read("a.txt", "one\n", fields=True).rows[0].fields == {}


def test_quoted_fields_keep_newlines_quotes_and_delimiters(read):
    reading = read("a.csv", 'id,text\r\n1,"two\r\nlines, and ""quotes"""\r\n2,next\r\n', id_field="id")
    assert reading.rows == [Row("1", 'two\r\nlines, and "quotes"', 2), Row("2", "next", 4)]


def test_a_line_separator_does_not_split_a_csv_row(read):
    assert read("a.csv", "text\none\u2028still one\x85too\n").texts == ["one\u2028still one\x85too"]


def test_a_byte_order_mark_is_no_part_of_the_header(read):
    assert read("a.csv", b"\xef\xbb\xbftext,id\na cat,1\n", id_field="id").rows == [Row("1", "a cat", 2)]


def test_a_field_of_some_megabytes_is_read(read):
    assert len(read("a.csv", "text,id\n" + "x" * 3_000_000 + ",1\n").texts[0]) == 3_000_000


def test_the_csv_field_limit_is_never_lowered(read):
    before = csv.field_size_limit(50_000_000)
    try:
        read("a.csv", "text\na\n")
        assert csv.field_size_limit() == 50_000_000
    finally:
        csv.field_size_limit(before)


def test_a_missing_column_names_those_that_exist(read):
    with pytest.raises(ConfigError, match=r"no column 'text': .* it has 'key', 'body'"):
        read("a.csv", "key,body\n1,a cat\n")


def test_a_near_miss_of_a_column_is_suggested(read):
    with pytest.raises(ConfigError, match="did you mean 'body'"):
        read("a.csv", "key,body\n1,a cat\n", field="Body")


def test_a_column_that_is_there_twice_is_refused(read):
    with pytest.raises(ConfigError, match="2 columns named 'text'"):
        read("a.csv", "text,text\na,b\n")


def test_of_many_columns_the_first_are_named(read):
    with pytest.raises(ConfigError, match=r"it has 'column0', .*, 'column19', …$"):
        read("a.csv", ",".join(f"column{n}" for n in range(200)))


@pytest.mark.parametrize("name", ["text", "secret customer tex"])
@pytest.mark.parametrize(
    "line", ["42,secret customer text", "one,secret customer text", "mail@secret.example,words", "x" * 41 + ",words"]
)
def test_the_texts_of_a_table_without_header_are_no_names_of_columns(read, name, line):
    with pytest.raises(ConfigError) as caught:
        read("a.csv", f"{line}\n1,a cat\n", field=name)
    assert str(caught.value).endswith(
        f"a.csv has no column {name!r}: name one of its 2 columns with --field, "
        "and put a line with their names first if there is none"
    )


@pytest.mark.parametrize(
    ("content", "which"), [('{"a b": 1}', "its only field"), ('{"a b": 1, "c": 2}', "one of its 2")]
)
def test_fields_of_json_that_do_not_look_like_names_are_counted(read, content, which):
    with pytest.raises(ConfigError, match=f"a.jsonl has no field 'text': name {which}"):
        read("a.jsonl", content)


@pytest.mark.parametrize("name", ["review_text", "Bewertung-Größe", "本文", "meta.text", "ns:text", "_id", "a1", ""])
def test_what_looks_like_a_name_is_named(read, name):
    with pytest.raises(ConfigError, match=f"it has 'key', '{name}'$"):
        read("a.csv", f"key,{name}\n")


def test_a_broken_line_of_a_table_is_named_with_its_id(read):
    reading = read("a.csv", b'id,text\n1,ok\n2,"first\nb\xe9d"\n3,ok\n', id_field="id")
    assert reading.ids == ["1", "3"]
    assert reading.bad == [BadRow(4, "2", "broken UTF-8 at byte 2 (0xE9)")]


def test_a_row_with_too_few_fields_is_set_aside(read):
    reading = read("a.csv", "id,text,more\n1,a,x\n2,b\n3,c,x\n", id_field="id")
    assert reading.texts == ["a", "c"]
    assert reading.bad == [BadRow(3, "2", "too few fields: 2 of 3")]


def test_a_row_whose_text_was_split_by_a_comma_is_set_aside(read):
    reading = read("a.csv", "id,text\n1,a\n2,hello, world\n3,c,,\n")
    assert reading.texts == ["a", "c"]
    assert "too many fields" in reading.bad[0].reason


def test_an_empty_id_sets_the_row_aside(read):
    reading = read("a.csv", "id,text\n,a\n2,b\n", id_field="id")
    assert reading.ids == ["2"]
    assert reading.bad == [BadRow(2, None, "its id is empty")]


def test_a_quote_that_never_closes_costs_one_row_only(read):
    reading = read("a.csv", 'id,text\n1,"open\n2,b\n3,c\n', id_field="id")
    assert reading.ids == ["2", "3"]
    assert [bad.line for bad in reading.bad] == [2]


def test_text_behind_a_closing_quote_costs_one_row_only(read):
    reading = read("a.csv", 'id,text\n1,"a" b\n2,"she said "hello""\n3,c\n', id_field="id")
    assert reading.ids == ["3"]
    assert [bad.line for bad in reading.bad] == [2, 3]


def test_a_quote_that_swallows_more_than_a_text_may_have_costs_one_row_only(read, monkeypatch):
    monkeypatch.setattr("vecsmith.files.tables.MAX_BYTES", 1_000)
    before = csv.field_size_limit(1_000)
    try:
        reading = read("a.csv", 'id,text\n1,"open\n' + "2,row\n" * 2_000)
    finally:
        csv.field_size_limit(before)
    assert len(reading.rows) == 2_000
    assert [bad.line for bad in reading.bad] == [2]


def test_blank_lines_of_a_table_are_no_rows(read):
    assert read("a.csv", "text\n\na\n\n\nb\n\n").texts == ["a", "b"]


def test_semicolons_instead_of_commas_are_noticed(read):
    with pytest.raises(ConfigError, match="separated by semicolons"):
        read("a.csv", "id;text\n1;a\n")


def test_a_one_column_table_with_a_semicolon_in_its_name_can_be_read(read):
    assert read("a.csv", "what; why\na\n", field="what; why").texts == ["a"]


@given(st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.integers()), min_size=1))
def test_what_the_csv_module_writes_comes_back(tmp_path_factory, pairs):
    path = tmp_path_factory.getbasetemp() / "written.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "id"), *pairs])
    with path.open("rb") as file:
        rows = list(read_table(Lines(file, "written.csv"), Wanted(id="id"), delimiter=","))
    assert [(row.text, row.id) for row in rows] == [(text, str(number)) for text, number in pairs]


# --- files that are something else


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.csv", "a.tsv"])
def test_an_empty_file_has_no_rows(read, name):
    reading = read(name, b"")
    assert reading.rows == reading.bad == []


def test_a_table_with_nothing_but_a_header_has_no_rows(read):
    assert read("a.csv", "id,text\n").rows == []


@pytest.mark.parametrize(
    ("name", "content", "looks"),
    [
        ("a.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a PNG image"),
        ("a.csv", b"PK\x03\x04\x14\x00\x06\x00\x08\x00", "a ZIP archive, such as an Excel"),
        ("a.txt", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "gzip-compressed"),
        ("a.jsonl", b"PAR1\x15\x04\x15\x00\xff", "a Parquet file"),
        ("a.csv", "text\na cat\n".encode("utf-16-le"), "UTF-16 text"),
        ("a.txt", b"one\ntw\x00o\n", "binary data"),
        ("a.jsonl", b'[\n{"text": "a"},\n{"text": "b"}\n]\n', "one JSON array"),
        ("a.jsonl", b'{\n  "text": "a"\n}\n', "one JSON document over several lines"),
        ("a.csv", b'{"text": "a cat", "id": 1}\n', "JSON"),
        ("a.csv", b"<!DOCTYPE html>\n<html><body>not found</body></html>", "a web page"),
        ("a.csv", b"id,text\r1,a\r2,b\r", "bare carriage return"),
    ],
)
def test_a_file_that_is_something_else_says_what(read, name, content, looks):
    with pytest.raises(ConfigError, match=looks):
        read(name, content)


def test_a_text_that_begins_like_a_binary_file_is_a_text(read):
    assert read("a.txt", "PAR1 is a word\n").texts == ["PAR1 is a word"]


def test_a_file_of_another_encoding_is_read_as_far_as_it_can_be(read):
    reading = read("a.txt", "caf\xe9\nplain\n".encode("latin-1"))
    assert reading.texts == ["plain"]
    assert [bad.line for bad in reading.bad] == [1]


@pytest.mark.parametrize("name", ["a.text", "a.md", "a.markdown", "a.rst", "a.log"])
def test_plain_text_under_another_ending_is_one_text_per_line(read, name):
    assert read(name, "one\ntwo\n").texts == ["one", "two"]


@pytest.mark.parametrize("name", ["a.json", "a.parquet", "a"])
def test_an_unknown_ending_names_the_flag(read, name):
    with pytest.raises(ConfigError, match="--input-format txt, jsonl, csv or tsv"):
        read(name, "a\n")


def test_the_kind_given_wins_over_the_ending(read):
    assert read("a.csv", '"a, cat"\n', kind="jsonl").texts == ["a, cat"]


def test_the_ending_is_read_in_any_case(read):
    assert read("A.CSV", "text\na\n").texts == ["a"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.txt does not exist"):
        read_rows(tmp_path / "none.txt", on_bad=print)


def test_a_folder_without_texts_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="has no text files"):
        read_rows(tmp_path, on_bad=print)


def test_an_unreadable_file_is_refused(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("io.FileIO", refuse)
    with pytest.raises(ConfigError, match="check its permissions"):
        read_rows(tmp_path / "a.txt", on_bad=print)


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="a file of Linux")  # noqa: PTH110
def test_a_file_that_cannot_be_read_from_its_beginning_is_refused():
    with pytest.raises(ConfigError, match="/proc/self/mem cannot be read: "):
        read_rows("/proc/self/mem", kind="txt", on_bad=print)


def test_an_impossible_path_is_refused():
    with pytest.raises(ConfigError, match="cannot be opened"):
        read_rows("a\x00.txt", on_bad=print)


def test_how_far_a_file_is_read_is_known(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\n")
    with read_rows(path, on_bad=print) as rows:
        assert (rows.bytes_read, rows.bytes_total) == (4, 8)
        list(rows)
        assert rows.bytes_read == 8


def test_reading_takes_memory_for_one_line_only(tmp_path):
    path = tmp_path / "big.jsonl"
    with path.open("w") as file:
        file.writelines(json.dumps("text " * 200) + "\n" for _ in range(60_000))
    code = f"""
import resource
from vecsmith.files import read_rows
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with read_rows({str(path)!r}, on_bad=print) as rows:
    assert sum(1 for _ in rows) == 60_000
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    grown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert int(grown.stdout) < 20_000  # kilobytes; the file has 60,000
