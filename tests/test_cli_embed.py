"""The command ``vecsmith embed``, with the bundled model."""

from __future__ import annotations

import base64
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from processes import run_python
from vecsmith.cli import app
from vecsmith.cli.messages import NAMED, Tally, printable
from vecsmith.cli.progress import Pace, clock, rate, watching
from vecsmith.files import BadRow

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-c", "from vecsmith.cli import main; main()"]
posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@pytest.fixture
def plain(monkeypatch):
    """Take away the settings of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("VECSMITH_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def vecsmith(plain):
    """Run the command in this process."""
    return lambda *args, **options: CliRunner().invoke(app, [str(arg) for arg in args], **options)


@pytest.fixture
def process(plain):
    """Run the command in a process of its own."""
    return lambda *args, stdin=b"": subprocess.run(
        [*COMMAND, *map(str, args)], input=stdin, capture_output=True, check=False
    )


def lines_of(output: str | bytes | Path):
    """Read JSON lines."""
    content = output if isinstance(output, str | bytes) else output.read_bytes()
    return [json.loads(line) for line in content.split(b"\n" if isinstance(content, bytes) else "\n") if line]


# --- what comes in


def test_texts_given_are_embedded_as_json_lines(vecsmith):
    result = vecsmith("embed", "a cat", "a dog")
    rows = lines_of(result.stdout)
    assert result.exit_code == 0
    assert [row["id"] for row in rows] == [0, 1]
    assert [len(row["embedding"]) for row in rows] == [384, 384]
    assert [row["dropped"] for row in rows] == [0, 0]
    assert rows[0]["tokens"] == 4
    assert result.stderr == ""


def test_lines_of_stdin_are_embedded(vecsmith):
    assert [row["id"] for row in lines_of(vecsmith("embed", input="a cat\na dog\n").stdout)] == [0, 1]


def test_a_file_gives_the_same_vectors_as_arguments(vecsmith, tmp_path):
    (tmp_path / "rows.csv").write_text("key,body\nk1,a cat\nk2,a dog\n")
    of_file = lines_of(vecsmith("embed", "--input", tmp_path / "rows.csv", "--field", "body", "--id", "key").stdout)
    given = lines_of(vecsmith("embed", "a cat", "a dog").stdout)
    assert [row["id"] for row in of_file] == ["k1", "k2"]
    vectors = [np.array([row["embedding"] for row in rows]) for rows in (of_file, given)]
    assert np.allclose(*vectors, atol=5e-3)


def test_a_dash_is_stdin_and_may_be_of_any_kind(vecsmith):
    result = vecsmith("embed", "--input", "-", "--input-format", "jsonl", input='{"text": "a cat"}\n"a dog"\n')
    assert len(lines_of(result.stdout)) == 2


def test_real_standard_input_is_read(process):
    assert len(lines_of(process("embed", "--input", "-", stdin=b"a cat\na dog").stdout)) == 2


def test_a_file_without_rows_gives_nothing_and_is_no_failure(vecsmith, tmp_path):
    (tmp_path / "rows.csv").write_text("text\n")
    result = vecsmith("embed", "--input", tmp_path / "rows.csv")
    assert (result.exit_code, result.stdout) == (0, "")


def test_a_file_without_rows_gives_an_array_of_the_models_width(vecsmith, tmp_path):
    (tmp_path / "rows.txt").touch()
    vecsmith("embed", "--input", tmp_path / "rows.txt", "--output", tmp_path / "out.npy")
    assert np.load(tmp_path / "out.npy").shape == (0, 384)


@posix
def test_standard_input_that_is_open_for_writing_only_is_one_sentence(plain, tmp_path):
    with (tmp_path / "out.txt").open("wb") as written:
        result = subprocess.run([*COMMAND, "embed"], stdin=written, capture_output=True, check=False)
    assert result.returncode == 1
    assert result.stderr == b"error: standard input cannot be read: Bad file descriptor\n"


@posix
def test_no_text_on_a_terminal_is_wrong_usage_with_an_example(plain):
    import pty

    terminal, end = pty.openpty()
    try:
        result = subprocess.run([*COMMAND, "embed"], stdin=end, capture_output=True, check=False)
    finally:
        os.close(terminal)
        os.close(end)
    assert result.returncode == 2
    assert b'vecsmith embed "a cat"' in result.stderr
    assert result.stdout == b""


def test_texts_and_a_file_together_are_wrong_usage(vecsmith):
    result = vecsmith("embed", "a cat", "--input", "rows.txt")
    assert result.exit_code == 2
    assert "--input" in result.stderr


def test_an_input_without_a_name_is_wrong_usage_and_not_standard_input(vecsmith):
    result = vecsmith("embed", "--input", "", input="a cat\n")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--input names nothing" in result.stderr


def test_texts_given_win_over_a_file_named_by_the_environment(vecsmith):
    assert len(lines_of(vecsmith("embed", "a cat", env={"VECSMITH_INPUT": "none.txt"}).stdout)) == 1


def test_a_missing_file_is_one_sentence_and_exit_code_1(process):
    result = process("embed", "--input", "none.txt")
    assert result.returncode == 1
    assert result.stderr.decode().splitlines() == [
        "error: none.txt does not exist: check the path, or use - for standard input"
    ]


def test_an_unknown_model_is_one_sentence_and_exit_code_1(process):
    result = process("embed", "--model", "no-such-model", "a cat")
    assert result.returncode == 1
    assert result.stderr.startswith(b"error: unknown model 'no-such-model'")
    assert len(result.stderr.splitlines()) == 1


# --- how it is made


def test_dimensions_cut_the_vectors(vecsmith):
    assert len(lines_of(vecsmith("embed", "a cat", "--dimensions", 64, "--quiet").stdout)[0]["embedding"]) == 64


@pytest.mark.parametrize(
    "wrong",
    [("--dimensions", "0"), ("--threads", "none"), ("--on-long", "drop"), ("--compute", "f64"), ("--format", "xml")],
)
def test_an_impossible_option_is_wrong_usage_and_named(vecsmith, wrong):
    result = vecsmith("embed", "a cat", *wrong)
    assert result.exit_code == 2
    assert wrong[0] in result.stderr


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("VECSMITH_MODEL", "no-such-model", "no-such-model"),
        ("VECSMITH_INPUT", "none.txt", "none.txt"),
        ("VECSMITH_INPUT_FORMAT", "xml", "--input-format"),
        ("VECSMITH_FIELD", "body", "--field"),
        ("VECSMITH_ID", "key", "--id"),
        ("VECSMITH_DIMENSIONS", "0", "--dimensions"),
        ("VECSMITH_NORMALIZE", "perhaps", "--normalize"),
        ("VECSMITH_ON_LONG", "drop", "--on-long"),
        ("VECSMITH_COMPUTE", "f64", "--compute"),
        ("VECSMITH_THREADS", "0", "--threads"),
        ("VECSMITH_FORMAT", "xml", "--format"),
        ("VECSMITH_OUTPUT", "none/out.jsonl", "none/out.jsonl"),
        ("VECSMITH_QUIET", "perhaps", "--quiet"),
    ],
)
def test_every_option_is_read_from_the_environment(vecsmith, variable, value, message):
    result = vecsmith("embed", input="a cat\n", env={variable: value})
    assert result.exit_code != 0
    assert message in (result.stderr + str(result.exception))


def test_the_prompt_from_the_environment_is_put_before_the_text(vecsmith):
    prompted = lines_of(vecsmith("embed", "cat", env={"VECSMITH_PROMPT": "a "}).stdout)[0]
    assert prompted["tokens"] == lines_of(vecsmith("embed", "a cat").stdout)[0]["tokens"]


def test_an_option_wins_over_the_environment(vecsmith):
    result = vecsmith("embed", "a cat", "--dimensions", 32, "--quiet", env={"VECSMITH_DIMENSIONS": "64"})
    assert len(lines_of(result.stdout)[0]["embedding"]) == 32


# --- what comes out


@pytest.mark.parametrize("name", ["out.json", "out.jsonl", "out.npy", "out.b64", "out.hex"])
def test_the_outputs_ending_says_the_format(vecsmith, tmp_path, name):
    assert vecsmith("embed", "a cat", "--output", tmp_path / name).exit_code == 0
    path = tmp_path / name
    read = {
        "out.json": lambda: np.array(json.loads(path.read_text())[0]["embedding"]),
        "out.jsonl": lambda: np.array(lines_of(path)[0]["embedding"]),
        "out.npy": lambda: np.load(path)[0],
        "out.b64": lambda: np.frombuffer(base64.b64decode(path.read_text()), "<f4"),
        "out.hex": lambda: np.frombuffer(bytes.fromhex(path.read_text()), "<f4"),
    }[name]
    assert read().shape == (384,)


def test_an_array_and_its_ids_are_in_the_order_of_the_rows(vecsmith, tmp_path):
    texts = [f"{'word ' * (n * 7 % 40)}{n}" for n in range(300)]
    (tmp_path / "rows.jsonl").write_text(
        "".join(json.dumps({"text": t, "id": f"k{n}"}) + "\n" for n, t in enumerate(texts))
    )
    vecsmith("embed", "--input", tmp_path / "rows.jsonl", "--id", "id", "--output", tmp_path / "out.npy")
    assert [entry["id"] for entry in lines_of(tmp_path / "out.ids.jsonl")] == [f"k{n}" for n in range(300)]
    array = np.load(tmp_path / "out.npy")
    for n in (0, 17, 299):
        alone = np.array(lines_of(vecsmith("embed", texts[n]).stdout)[0]["embedding"])
        assert array[n] @ alone > 0.999


def test_npy_on_stdout_is_wrong_usage(vecsmith):
    result = vecsmith("embed", "a cat", "--format", "npy")
    assert result.exit_code == 2
    assert "--output" in result.stderr
    assert result.stdout == ""


def test_the_input_is_never_the_output(vecsmith, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('"a cat"\n')
    assert vecsmith("embed", "--input", path, "--output", path).exit_code == 2
    assert path.read_text() == '"a cat"\n'


def test_the_input_is_never_the_ids_beside_the_output(vecsmith, tmp_path):
    path = tmp_path / "rows.ids.jsonl"
    path.write_text('"a cat"\n')
    result = vecsmith("embed", "--input", path, "--output", tmp_path / "rows.npy")
    assert result.exit_code == 2
    assert "--output names the input itself" in result.stderr
    assert path.read_text() == '"a cat"\n'


@pytest.mark.parametrize("arguments", [(), ("--input", "-")], ids=["by default", "by its name"])
def test_standard_input_is_never_the_output(plain, tmp_path, arguments):
    path = tmp_path / "rows.txt"
    path.write_text("a cat\n")
    with path.open() as stdin:
        command = [*COMMAND, "embed", *arguments, "--output", path]
        result = subprocess.run(command, stdin=stdin, capture_output=True, check=False)
    assert result.returncode == 2
    assert result.stderr == b"error: --output names the input itself: name another file\n"
    assert path.read_text() == "a cat\n"


def test_texts_given_may_be_written_over_what_standard_input_is(plain, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("a cat\n")
    with path.open() as stdin:
        command = [*COMMAND, "embed", "a dog", "--output", path]
        assert subprocess.run(command, stdin=stdin, capture_output=True, check=False).returncode == 0
    assert len(lines_of(path)) == 1


# --- what goes wrong on the way


def test_bad_rows_are_set_aside_named_and_give_exit_code_3(vecsmith, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(
        b'{"text": "a cat", "id": "k1"}\n{"text": 5, "id": "k2"}\nnot json\n{"text": "a dog", "id": "k4"}\n'
    )
    result = vecsmith("embed", "--input", path, "--id", "id", "--output", tmp_path / "out.npy")
    assert result.exit_code == 3
    assert result.stderr.splitlines() == [
        "set aside: line 2 (id k2): its field 'text' is a number, not a string",
        "set aside: line 3: not JSON: Expecting value at column 1",
        "2 rows set aside",
    ]
    assert [entry["id"] for entry in lines_of(tmp_path / "out.ids.jsonl")] == ["k1", "k4"]
    assert np.load(tmp_path / "out.npy").shape == (2, 384)


def test_what_the_input_was_read_as_is_said(vecsmith):
    result = vecsmith("embed", input="Die Mühle und der Fluß, öde Gäste überall.\n".encode("cp1252") * 10)
    assert result.exit_code == 0
    assert result.stderr.startswith("input read as cp125")


def test_the_cache_is_used_by_the_next_call_and_the_explanation_tells(vecsmith, tmp_path):
    cache = str(tmp_path / "c.sqlite")
    first, second = (vecsmith("embed", "a cat", "a dog", "--cache", cache, "--explain") for _ in range(2))
    assert first.stdout == second.stdout
    assert "texts    2, 0 from the cache" in first.stderr
    assert "texts    2, 2 from the cache" in second.stderr
    assert [line.split()[-1] for line in second.stderr.splitlines()[1:3]] == ["yes", "yes"]


def test_long_texts_become_chunks_with_their_places(vecsmith):
    text = "The cat sat by the mill. The dog ran along the river."
    options = ("--on-long", "chunk", "--chunk-by", "sentence", "--chunk-tokens", "8")
    lines = [json.loads(line) for line in vecsmith("embed", text, "short", *options).stdout.splitlines()]
    assert [(line["id"], line["chunk"]) for line in lines] == [(0, 0), (0, 1), (1, 0)]
    assert "".join(text[line["start"] : line["end"]] for line in lines[:2]) == text


def test_ways_of_cutting_without_cutting_are_refused(vecsmith):
    result = vecsmith("embed", "a", "--chunk-tokens", "8")
    assert (result.exit_code, "--on-long chunk" in result.stderr) == (2, True)


def test_clean_task_and_encoding_reach_the_vectors(vecsmith):
    options = ("--clean", "whitespace", "--clean", "lower", "--task", "query", "--encoding", "int8")
    untidy, tidy = (vecsmith("embed", text, *options) for text in ("  A  CAT ", "a cat"))
    assert untidy.stdout == tidy.stdout
    assert all(isinstance(x, int) for x in json.loads(tidy.stdout)["embedding"])


def test_a_broken_utf8_line_is_named(vecsmith):
    result = vecsmith("embed", input=b"a cat\na d\xf6g\na bird\n")
    assert result.exit_code == 3
    assert "set aside: line 2 (id 1): broken UTF-8" in result.stderr
    assert [row["id"] for row in lines_of(result.stdout)] == [0, 2]


def test_a_text_that_the_model_refuses_is_set_aside_under_its_own_line(vecsmith, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("id,text\nk1,a cat\nk2,{}\nk3,a dog\n".format("word " * 600))
    result = vecsmith("embed", "--input", path, "--id", "id", "--on-long", "error")
    assert result.exit_code == 3
    assert "set aside: line 3 (id k2): " in result.stderr
    assert [row["id"] for row in lines_of(result.stdout)] == ["k1", "k3"]


def test_a_missing_column_names_those_that_exist(process, tmp_path):
    (tmp_path / "rows.csv").write_text("key,body\n1,a cat\n")
    result = process("embed", "--input", tmp_path / "rows.csv")
    assert result.returncode == 1
    assert b"'key', 'body'" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_what_was_cut_is_said_once_with_the_flag(vecsmith):
    result = vecsmith("embed", "word " * 600, "short")
    dropped = lines_of(result.stdout)[0]["dropped"]
    assert result.exit_code == 0
    assert result.stderr == f"1 text cut, {dropped} tokens dropped (see --on-long)\n"


def test_replaced_characters_are_said(vecsmith):
    result = vecsmith("embed", "--input", "-", "--input-format", "jsonl", input=r'"half \ud83d a pair"')
    assert result.stderr == "1 unreadable character replaced by U+FFFD\n"


def test_quiet_leaves_out_the_summary_but_not_the_rows_set_aside(vecsmith):
    result = vecsmith("embed", "--quiet", input=b"word " * 600 + b"\nd\xf6g\n")
    assert result.exit_code == 3
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["set aside"]


def test_a_warning_is_one_line(process):
    result = process("embed", "a cat", "--dimensions", "7")
    assert result.stderr.startswith(b"warning: ")
    assert len(result.stderr.splitlines()) == 1


# --- how it ends early


def interrupted(number: int, folder: Path) -> subprocess.Popen[bytes]:
    """Start the command on an input that does not end, and send it a signal once its output is begun.

    Without coverage, whose tracer keeps a lock for ever when a signal comes while it holds it.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has what runs behind it ignore Ctrl-C
    try:
        process = subprocess.Popen(
            [*COMMAND, "embed", "--output", folder / "out.jsonl"],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")},
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert process.stdin is not None
    process.stdin.write(b"a cat\n" * 5_000)
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size for path in folder.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [path.suffix for path in folder.iterdir()] == [".tmp"]
    process.send_signal(number)
    return process


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_leaves_no_file_behind(plain, tmp_path, number, code):
    with interrupted(number, tmp_path) as process:
        try:
            assert process.wait(timeout=60) == code
        finally:
            process.kill()
        assert process.stderr.read() == b""
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_closed_pipe_ends_quietly(plain):
    texts = b"a cat\n" * 6_000
    with subprocess.Popen(
        [*COMMAND, "embed"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdin.write(texts)
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 141
        assert process.stderr.read() == b""


# --- standard streams that are closed, full, or read by nobody


@pytest.fixture
def shell(plain, tmp_path):
    """Run the command as a shell does, in an empty folder; ``V`` stands for it."""

    def run(line):
        definition = f'V() {{ {shlex.join(COMMAND)} "$@"; }}; '
        return subprocess.run(["sh", "-c", definition + line], cwd=tmp_path, capture_output=True, check=False)

    return run


PRINTING = ["embed 'a cat'", "models list", "models list --json", "doctor", "--help", "embed --help", "--version"]


@posix
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a Linux device")  # noqa: PTH110
@pytest.mark.parametrize("command", PRINTING)
def test_a_full_disk_behind_stdout_is_one_sentence(shell, command):
    result = shell(f"V {command} >/dev/full")
    assert result.returncode == 1
    assert result.stderr == b"error: cannot write standard output: No space left on device\n"


@posix
@pytest.mark.parametrize("command", PRINTING)
def test_a_closed_stdout_is_one_sentence(shell, command):
    result = shell(f"V {command} >&-")
    assert result.returncode == 1
    assert result.stderr == b"error: cannot write standard output: it is closed\n"


@posix
@pytest.mark.parametrize("command", PRINTING)
def test_an_output_that_nobody_reads_ends_quietly(plain, command):
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as stdout:  # noqa: PTH123
        line = [*COMMAND, *shlex.split(command)]
        result = subprocess.run(line, stdout=stdout, stderr=subprocess.PIPE, check=False)
    assert (result.returncode, result.stderr) == (141, b"")


@posix
def test_a_closed_stdout_is_no_matter_where_nothing_is_written_to_it(shell, tmp_path):
    result = shell("V embed 'a cat' --output out.jsonl >&-")
    assert (result.returncode, result.stderr) == (0, b"")
    assert len(lines_of(tmp_path / "out.jsonl")) == 1


@posix
def test_an_output_file_never_takes_the_place_of_a_closed_stream(shell, tmp_path):
    result = shell("V embed 'a cat' --dimensions 7 --output out.jsonl <&- >&- 2>&-")  # which warns
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert [len(row["embedding"]) for row in lines_of(tmp_path / "out.jsonl")] == [7]


@posix
def test_a_closed_stderr_changes_no_exit_code(shell):
    assert shell("V embed 'a cat' 2>&-").returncode == 0
    assert shell("V embed --input none.txt 2>&-").returncode == 1


@posix
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a Linux device")  # noqa: PTH110
def test_a_full_stderr_changes_no_exit_code(shell):
    assert shell("V embed 'word word' --dimensions 7 2>/dev/full").returncode == 0
    assert shell("printf 'a\\n\\377\\n' | V embed 2>/dev/full").returncode == 3


@posix
def test_a_closed_stdin_is_one_sentence(shell):
    result = shell("V embed <&-")
    assert result.returncode == 1
    assert result.stderr == b"error: standard input is closed: give texts as arguments, or --input FILE\n"


# --- the command around it


def test_the_version_is_printed(vecsmith):
    result = vecsmith("--version")
    assert (result.exit_code, result.stdout.split()[0]) == (0, "vecsmith")


def test_help_names_the_environment_variable_of_every_option(vecsmith):
    text = " ".join(vecsmith("embed", "--help", env={"COLUMNS": "200"}).stdout.split())
    options = {word for word in text.replace(",", " ").split() if word.startswith("--")} - {
        "--help",
        "--no-normalize",
        "--no-keep-text",
    }
    missing = {name for name in options if "VECSMITH_" + name[2:].replace("-", "_").upper() not in text}
    assert missing == set()


def test_the_command_line_loads_no_heavy_library_before_it_needs_it():
    loaded = set(run_python("import sys, vecsmith.cli; print(*sys.modules)").split())
    assert "vecsmith.cli" in loaded
    assert loaded & {"rich", "asyncio", "numpy", "openvino", "orjson", "tokenizers"} == set()


def test_embedding_an_argument_never_loads_rich():
    code = (
        "import atexit, sys\n"
        "from vecsmith.cli import main\n"
        "atexit.register(lambda: print('rich' in sys.modules, file=sys.stderr))\n"
        "sys.argv = ['vecsmith', 'embed', 'a cat']\n"
        "main()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr == "False\n"


# --- messages and progress


def test_only_the_first_rows_set_aside_are_named():
    tally = Tally()
    for line in range(1, NAMED + 4):
        tally.refuse(BadRow(line, None, "broken"))
    said = list(tally.rows())
    assert said[0] == "set aside: line 1: broken"
    assert said[NAMED:] == ["set aside: 3 more rows"]


def test_a_text_among_the_arguments_is_called_a_text():
    tally = Tally("text")
    tally.refuse(BadRow(2, 1, "too long"))
    assert list(tally.rows()) == ["set aside: text 2 (id 1): too long"]


def test_an_id_cannot_disturb_the_terminal():
    assert printable("a\x1b[31m\nb") == "a\ufffd[31m\ufffdb"
    assert len(printable("x" * 1_000)) == 80


def test_the_pace_counts_and_estimates():
    pace = Pace(total=1_000, started=100.0)
    assert pace.describe(101.0) == "starting"
    pace.advance(texts=50, tokens=2_000, position=250)
    assert pace.describe(110.0) == "50 texts, 5.0 texts/s, 200 tokens/s, 0:30 left"


def test_the_pace_of_an_endless_input_has_no_end():
    pace = Pace(total=None, started=0.0)
    pace.advance(texts=5_000, tokens=20_000, position=99)
    assert pace.describe(2.0) == "5,000 texts, 2,500 texts/s, 10,000 tokens/s"


def test_durations_and_rates_are_short():
    assert [clock(0.4), clock(61), clock(7_322)] == ["0:00", "1:01", "2:02:02"]
    assert [rate(0.25), rate(9.96), rate(12_345.6)] == ["0.2", "10.0", "12,346"]


def test_the_bar_shows_how_far_the_work_is(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    with watching(shown=True, total=100) as watch:
        watch(texts=3, tokens=12, position=100)
    shown = capsys.readouterr()
    assert "3 texts" in shown.err
    assert "100%" in shown.err
    assert shown.out == ""


def test_nothing_is_shown_where_nobody_looks(capsys):
    with watching(shown=False, total=100) as watch:
        watch(texts=3, tokens=12, position=100)
    assert capsys.readouterr() == ("", "")
