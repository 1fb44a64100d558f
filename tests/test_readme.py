"""What the README shows is run, so that it stays true."""

import re
import shlex
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from pages import ROOT, run_page
from vecsmith.cli import app

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_what_the_readme_shows_is_so(page_folder):
    run_page(ROOT / "README.md", page_folder)


def test_what_the_installation_ends_with_embeds_a_line_a_vector(page_folder):
    Path("README.md").write_text(README, encoding="utf-8")
    line = re.findall(r"## Install\n.*?```sh\n(.*?)\n```", README, re.DOTALL)[0]
    program, *arguments = shlex.split(line.rpartition("&&")[2])
    assert program == ".venv/bin/vecsmith"
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    assert np.load("vectors.npy").shape == (len(README.splitlines()), 384)


def test_the_checks_are_the_command_that_ci_runs():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    command = re.findall(r"## Work on it\n\n```sh\n(.*?)\n```", README, re.DOTALL)[0]
    assert command in ci.splitlines()
