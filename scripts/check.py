"""Run every check of the project, as CI does: set up, lint, types, import rules, tests.

    python3 scripts/check.py

needs Python 3.11 or newer and a package index, nothing else: it makes an environment in ``.venv-check`` with the
versions of ``constraints.txt``. Arguments go to pytest: ``python3 scripts/check.py -m "not network" -k plan``.

    python3 scripts/check.py --coverage

runs the tests alone, more slowly, and tells in the end which lines and branches none of them ran; arguments may follow.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv-check"
PROGRAMS = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")

INSTALL = ("python", "-m", "pip", "install", "--quiet", "-c", "constraints.txt", "--editable", ".[dev]")
CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports", "--no-logo"),
)
TESTS = ("python", "-m", "pytest")
COVERED = ("coverage", "run", "-m", "pytest")
PARALLEL = ("-n", "auto", "--dist", "worksteal")
"""On all cores; not with arguments, which are for looking at a few tests."""
REPORT = (("coverage", "combine", "--quiet"), ("coverage", "report"))


def run(program: str, *arguments: str) -> None:
    """Run a program of the environment; end with its exit code if it fails."""
    print("+", program, *arguments, flush=True)
    code = subprocess.run([PROGRAMS / program, *arguments], cwd=ROOT, check=False).returncode
    if code:
        raise SystemExit(code)


def main(arguments: list[str]) -> None:
    """Set up the environment, then run the checks and the tests, or with arguments the tests alone."""
    covered = arguments[:1] == ["--coverage"]
    chosen = arguments[covered:]
    if not PROGRAMS.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    run(*INSTALL)
    if not arguments:
        for check in CHECKS:
            run(*check)
    run(*(COVERED if covered else TESTS), *(chosen or PARALLEL))
    if covered:
        for step in REPORT:
            run(*step)


if __name__ == "__main__":
    main(sys.argv[1:])
