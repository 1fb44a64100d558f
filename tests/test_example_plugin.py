"""The example of a plugin is as short as it says, and keeps the contract."""

import ast
import os
import subprocess
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "acme"
PLUGIN = EXAMPLE / "src" / "vecsmith_acme" / "__init__.py"
MOST = 40
QUIET = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def lines_of_code(path):
    """Return how many lines hold code, docstrings left out."""
    with path.open("rb") as file:
        tokens = [token for token in tokenize.tokenize(file.readline) if token.type not in QUIET][1:]
    coded = {line for token in tokens for line in range(token.start[0], token.end[0] + 1)}
    documented = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            documented |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(coded - documented)


def test_the_plugin_is_at_most_forty_lines():
    assert lines_of_code(PLUGIN) <= MOST


def test_lines_are_counted_without_docstrings_comments_and_blank_ones(tmp_path):
    path = tmp_path / "counted.py"
    path.write_text('"""Two\nlines."""\n\n# a comment\ndef f():\n    """One."""\n    return (\n        1\n    )\n')
    assert lines_of_code(path) == 4


def test_the_plugins_own_tests_pass():
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE)]
    done = subprocess.run(command, cwd=EXAMPLE, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_names_its_provider_where_vecsmith_looks(tmp_path):
    """As an installation would write it beside the package."""
    import tomllib

    points = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    told = tmp_path / "vecsmith_acme-0.1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: vecsmith-acme\nVersion: 0.1.0\n")
    lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in named.items()) for group, named in points.items()]
    (told / "entry_points.txt").write_text("".join(lines))
    code = "from vecsmith.names import named; print(named('acme:embedding-small').provider.title)"
    path = os.pathsep.join(map(str, (ROOT / "src", EXAMPLE / "src", tmp_path)))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "Acme AI", done.stderr
