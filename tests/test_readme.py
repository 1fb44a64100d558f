"""What the README shows is run, so that it stays true."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from vecsmith.cli import app

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = dict(enumerate(re.findall(r"```python\n(.*?)```", README, re.DOTALL)))


@pytest.mark.filterwarnings("ignore:.*was not trained to be cut")  # the example shows how to, not that one should
@pytest.mark.parametrize("number", BLOCKS)
def test_every_python_example_runs(number, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("many.txt").write_text("one line\nanother line\n", encoding="utf-8")
    exec(compile(BLOCKS[number], f"README example {number}", "exec"), {})


def test_the_similarities_shown_are_those_computed():
    import vecsmith

    shown = [float(x) for x in re.findall(r"cosines: \[\[(.*?)\]\]", README)[0].split(",")]
    texts = re.findall(r'vecsmith.embed\(\["(.*?)", "(.*?)"\]\)', README)[0]
    query = vecsmith.embed(re.findall(r'query = vecsmith.embed\("(.*?)"\)', README)[0])
    assert vecsmith.similarity(query, vecsmith.embed(texts))[0].round(2).tolist() == pytest.approx(shown, abs=0.01)


def test_what_the_installation_ends_with_embeds_a_line_a_vector(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("README.md").write_text(README, encoding="utf-8")
    line = re.findall(r"## Install\n.*?```sh\n(.*?)\n```", README, re.DOTALL)[0]
    program, *arguments = shlex.split(line.rpartition("&&")[2])
    assert program == ".venv/bin/vecsmith"
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    assert np.load("vectors.npy").shape == (len(README.splitlines()), 384)


def test_the_checks_are_the_command_that_ci_runs():
    ci = (Path(__file__).parent.parent / ".ci" / "run").read_text(encoding="utf-8")
    command = re.findall(r"## Work on it\n\n```sh\n(.*?)\n```", README, re.DOTALL)[0]
    assert command in ci.splitlines()
