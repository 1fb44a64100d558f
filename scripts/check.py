"""Run every check of the project, as CI does: set up, lint, types, import rules, tests with coverage.

    python3 scripts/check.py

needs Python 3.11 or newer and a package index, nothing else: it makes an environment in ``.venv-check`` with the versions
of ``constraints.txt``. Arguments go to pytest: ``python3 scripts/check.py -m "not network" -k plan``.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv-check"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

INSTALL = ("pip", "install", "--quiet", "--constraint", "constraints.txt", "--editable", ".[dev]")
CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("importlinter.cli", "lint"),
)
TESTS = ("coverage", "run", "-m", "pytest")
COVERAGE = (("coverage", "combine", "--quiet"), ("coverage", "report"))


def run(*module: str) -> None:
    """Run a module of the environment; end with its exit code if it fails."""
    print("+", "python -m", *module, flush=True)
    code = subprocess.run([PYTHON, "-m", *module], cwd=ROOT, check=False).returncode
    if code:
        raise SystemExit(code)


def main(arguments: list[str]) -> None:
    if not PYTHON.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    run(*INSTALL)
    if not arguments:
        for check in CHECKS:
            run(*check)
    run(*TESTS, *arguments)
    if not arguments:
        for step in COVERAGE:
            run(*step)


if __name__ == "__main__":
    main(sys.argv[1:])
