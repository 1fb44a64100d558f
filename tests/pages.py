"""Runs what a page of the documentation shows, so that it stays true.

CONTRIBUTING.md says what a page may show, and by which marks.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tokenize
import warnings
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from typer.testing import CliRunner

import vecsmith
from processes import PATIENCE
from served import started
from vecsmith import EmbedError, EmbedWarning
from vecsmith.cli import app, show_warning
from vecsmith.local.catalog import BUNDLED
from vecsmith.server import background

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
MARK = re.compile(r"# (?:(?P<value>→) |(?P<raises>raises) |(?P<warns>warns) )(?P<shown>.*)")
CONTINUED = re.compile(r"#   +(\S.*)")
NUMBER = re.compile(r"(-?\d+\.\d+)")
ANY_NUMBER = r"(-?\d+(?:\.\d*)?(?:e-?\d+)?)"
PICTURE = re.compile(r"\]\(pictures/([\w.-]+)\)")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
EXIT_CODE = re.compile(r"# exit code (\d+)\s*$")

BEHIND = re.compile(r"^vecsmith (serve|functions serve)(.*) &$", re.MULTILINE)
START = re.compile(r"^(?:\$ )?vecsmith start", re.MULTILINE)
ADDRESSES = {"serve": "http://127.0.0.1:8080", "functions serve": "http://127.0.0.1:54321"}
"""Where a page says that its servers are."""

FILES = {
    "messages.csv": (ROOT / "examples" / "messages.csv").read_text(encoding="utf-8"),
    "many.txt": "one line\nanother line\n",
    "questions.txt": "where is my parcel?\nhow do I send it back?\n",
    "reviews.csv": "review_id,body\n7,Arrived quickly and works.\n8,Broke after a day.\n",
    "handbook.txt": "You may send anything back within thirty days. Keep the receipt. We ship on weekdays.\n",
}
"""What the examples read, under the names that they give it."""
TEXTS = ROOT / "docs" / "texts"
"""Longer texts of ours; a page that names one finds it in its folder."""

DATABASE = "postgresql://localhost/shop"
"""Where a page says that its database is."""


class Block(NamedTuple):
    """A piece of a page between fences."""

    language: str
    code: str
    line: int
    """The line of the page before its first."""


def blocks(page: str) -> list[Block]:
    """Return the pieces of a page between fences."""
    return [Block(found[1], found[2], page.count("\n", 0, found.start(2))) for found in BLOCK.finditer(page)]


def names_database(path: Path) -> bool:
    """Whether an example of a page asks for a database."""
    return any(DATABASE in block.code for block in blocks(path.read_text(encoding="utf-8")))


def run_page(path: Path, folder: Path, database: str | None = None) -> None:
    """Run a page's examples in their order, in a folder that has the files they read, and with a database of its own.

    The pictures that the page shows are those that its examples draw.
    """
    page = path.read_text(encoding="utf-8")
    prepare_folder(folder, page)
    namespace: dict[str, object] = {"__name__": path.stem}
    with ExitStack() as servers:
        try:
            there = {} if database is None else {DATABASE: database}
            for block in blocks(page):
                there |= serve(block, servers) | start(block, servers)
                code = block.code
                for shown, address in there.items():
                    code = code.replace(shown, address)
                run_block(block._replace(code=code), namespace, path.name)
        finally:
            for value in namespace.values():
                if isinstance(value, vecsmith.Embedder | vecsmith.Session | vecsmith.Store):
                    value.close()
    for picture in PICTURE.findall(page):
        assert (folder / picture).is_file(), f"{path.name} shows {picture}, and no example draws it"


def serve(block: Block, servers: ExitStack) -> dict[str, str]:
    """Start the server that a block starts behind the shell, at a free port; return where it is, by where it seems."""
    found = BEHIND.search(block.code) if block.language == "sh" else None
    if found is None:
        return {}
    address, _ = servers.enter_context(started(*shlex.split(found[2]), command=found[1].split()))
    return {ADDRESSES[found[1]]: address}


def start(block: Block, servers: ExitStack) -> dict[str, str]:
    """Do so for a server that the block starts by ``vecsmith start``, which begins when the block is run."""
    if not START.search(block.code):
        return {}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    os.environ["VECSMITH_PORT"] = port
    servers.callback(os.environ.pop, "VECSMITH_PORT")
    servers.callback(end)
    return {ADDRESSES["serve"]: f"http://127.0.0.1:{port}"}


def end() -> None:
    """End the server that a page started, unless it did so itself."""
    if (server := background.current()) is not None:
        background.kill(server)


def run_block(block: Block, namespace: dict[str, object], name: str) -> None:
    """Run what stands between two fences."""
    match block.language:
        case "python":
            run_python(block, namespace, name)
        case "sh":
            for command in block.code.replace("\\\n", " ").splitlines():
                run_command(command)
        case "console":
            for example in re.findall(r"^\$ .*\n(?:(?!\$ ).*\n)*", block.code, re.MULTILINE):
                command, _, shown = example[2:].partition("\n")
                assert_shown(shown, run_command(command), f"{name}: {command}")


def prepare_folder(folder: Path, page: str) -> None:
    """Write the files that a page's examples read, and ``my-model`` with the settings that the page shows."""
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    for text in TEXTS.iterdir():
        if (f"{text.name}/" if text.is_dir() else text.name) in page:
            place = folder / text.name
            shutil.copytree(text, place) if text.is_dir() else shutil.copy(text, place)
    settings = [block.code for block in blocks(page) if block.language == "json"]
    if "my-model" in page:
        shutil.copytree(BUNDLED["minilm"], folder / "my-model", ignore=shutil.ignore_patterns("manifest.json"))
    if settings:
        json.loads(settings[0])
        (folder / "my-model" / "config_sentence_transformers.json").write_text(settings[0], encoding="utf-8")


# --- Python


def run_python(block: Block, namespace: dict[str, object], name: str) -> None:
    """Run a block statement by statement, and hold each to its mark."""
    tree = ast.parse("\n" * block.line + block.code, name)
    marks = marks_of(block, tree.body)
    for statement in tree.body:
        kind, shown = marks.get(statement.lineno, (None, ""))
        place = f"{name}, line {statement.lineno}"
        if kind == "value":
            assert isinstance(statement, ast.Expr), f"{place}: a value is shown of an expression"
            value = eval(compile(ast.Expression(statement.value), name, "eval"), namespace)
            assert_shown(shown, repr(plain(value)), place)
        elif kind == "raises":
            with pytest.raises(EmbedError) as caught:
                execute(statement, namespace, name)
            assert_shown(shown, f"{type(caught.value).__name__}: {caught.value}", place)
        elif kind == "warns":
            with pytest.warns(EmbedWarning) as warned:
                execute(statement, namespace, name)
            assert_shown(shown, "\n".join(str(each.message) for each in warned), place)
        else:
            execute(statement, namespace, name)


def execute(statement: ast.stmt, namespace: dict[str, object], name: str) -> None:
    exec(compile(ast.Module([statement], []), name, "exec"), namespace)


def marks_of(block: Block, statements: list[ast.stmt]) -> dict[int, tuple[str, str]]:
    """Return the marks by the first line of the statement that they stand behind or beneath."""
    marks: dict[int, tuple[str, str]] = {}
    owner, line = 0, 0  # of the mark before
    for token in tokenize.generate_tokens(StringIO(block.code).readline):
        if token.type != tokenize.COMMENT:
            continue
        number = token.start[0] + block.line
        if found := MARK.fullmatch(token.string):
            before = [statement for statement in statements if statement.lineno <= number]
            assert before, f"line {number}: a mark stands behind or beneath a statement"
            inside = before[-1].end_lineno > number and hasattr(before[-1], "body")
            assert not inside, f"line {number}: a mark inside a block of statements is not looked at"
            owner, line = before[-1].lineno, number
            assert owner not in marks, f"line {number}: a statement has one mark"
            marks[owner] = (kind_of(found), found["shown"])
        elif number == line + 1 and (more := CONTINUED.fullmatch(token.string)):
            line = number
            marks[owner] = (marks[owner][0], f"{marks[owner][1]} {more[1]}")
        else:
            assert "→" not in token.string, f"line {number}: a mark is written '# → value'"
    return marks


def kind_of(found: re.Match[str]) -> str:
    return next(kind for kind in ("value", "raises", "warns") if found[kind])


def plain(value: object) -> object:
    """Return numpy's values as Python's own, which are printed without their type."""
    match value:
        case vecsmith.EmbedResult():
            return plain(value.vectors)
        case np.ndarray() | np.generic():
            return value.tolist()
        case tuple() if type(value) is tuple:
            return tuple(map(plain, value))
        case list():
            return list(map(plain, value))
        case dict():
            return {key: plain(each) for key, each in value.items()}
        case _:
            return value


def assert_shown(shown: str, actual: str, place: str) -> None:
    """Compare what a page shows with what came.

    ``…`` stands for anything, white space is all the same, and numbers with a decimal point may differ by 0.015,
    because processors differ in the last digits.
    """
    shown, actual = " ".join(shown.split()), " ".join(actual.split())
    parts = NUMBER.split(shown)  # text and numbers in turn
    pattern = "".join(ANY_NUMBER if i % 2 else re.escape(part).replace("…", ".*?") for i, part in enumerate(parts))
    found = re.fullmatch(pattern, actual)
    assert found, f"{place} shows\n  {shown}\nand it is\n  {actual}"
    there = [float(number) for number in found.groups()]
    assert there == pytest.approx([float(number) for number in parts[1::2]], abs=0.015), f"{place}: {actual}"


# --- the command line


def run_command(line: str) -> str:
    """Run a line's ``vecsmith`` command, and return what it prints; other programs' lines are left alone."""
    if BEHIND.fullmatch(line):
        return ""
    words = shlex.shlex(line, posix=True, punctuation_chars="|<>")
    words.whitespace_split = True
    command = list(words)
    given = None
    if command[:1] == ["cat"] and "|" in command:
        at = command.index("|")
        given, command = b"".join(Path(name).read_bytes() for name in command[1:at]), command[at + 1 :]
    settings = {}
    while command and re.fullmatch(r"[A-Z]\w*=.*", command[0]):
        name, _, settings[name] = command.pop(0).partition("=")
    if command[:1] != ["vecsmith"]:
        return ""
    if command[1] == "start":  # which leaves a process behind
        words = [sys.executable, "-m", *command]
        return subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    target = None
    if ">" in command:
        at = command.index(">")
        target, command = Path(command[at + 1]), command[:at]
    with warnings.catch_warnings():
        warnings.simplefilter("always", EmbedWarning)
        warnings.showwarning = show_warning
        done = CliRunner().invoke(app, command[1:], input=given, env=settings)
    if done.exception is not None and not isinstance(done.exception, EmbedError | SystemExit):
        raise done.exception
    if target is not None:
        target.write_bytes(done.stdout_bytes)
    error = f"error: {done.exception}\n" if isinstance(done.exception, EmbedError) else ""
    said = (done.output if target is None else done.stderr) + error
    expected = EXIT_CODE.search(line)
    assert done.exit_code == (int(expected[1]) if expected else 0), f"{line}\n{said}"
    return said


# --- links


def broken_links(path: Path) -> list[str]:
    """Return the relative links of a page that lead nowhere."""
    broken = []
    for target in LINK.findall(BLOCK.sub("", path.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    return broken


def anchors(path: Path) -> set[str]:
    """Return what a link may name behind ``#``: a page's headings as code hosts write them."""
    headings = HEADING.findall(BLOCK.sub("", path.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
