"""Judge the server by the official clients of all services: each in its own package, unmodified, by its address alone.

    python bench/clients.py [--only NAME…] [--json FILE]

Makes `bench/.clients/NAME` for each group of clients that can share an environment, and `tests/clients/node_modules`
for those that run on Node; what is there already is left alone. Then starts ``vecsmith serve`` behind keys and lets
each client do what `tests/clients/checks.py` lists. Needs a Python that has vecsmith, and the first time a package
index.

Ends with exit code 1 where a check failed, or a group of clients could not be judged; Node's are skipped where there is
no Node.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import venv
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from table import render

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BENCH = Path(__file__).resolve().parent
ENVIRONMENTS = BENCH / ".clients"
TESTS = BENCH.parent / "tests"
JUDGES = TESTS / "clients"
PROGRAMS = "Scripts" if os.name == "nt" else "bin"
LONGEST = 600
"""Seconds for one module's checks."""


class Group(NamedTuple):
    """Clients that can be installed together."""

    packages: tuple[str, ...]
    modules: tuple[Path, ...]


def here(*names: str) -> tuple[Path, ...]:
    return tuple(BENCH / "clients" / f"via_{name}.py" for name in names)


def tests(*names: str) -> tuple[Path, ...]:
    return tuple(JUDGES / f"via_{name}" for name in names)


GROUPS = {
    "shared": Group(
        ("openai", "google-genai>=3", "cohere", "voyageai", "mistralai", "ollama", "huggingface_hub", "numpy"),
        tests("openai.py", "google_genai.py", "cohere.py", "mistralai.py", "ollama.py", "huggingface_hub.py")
        + here("voyageai"),
    ),
    "google2": Group(
        ("google-genai>=2,<3", "langchain-google-genai"), tests("google_genai.py") + here("langchain_google_genai")
    ),
    "palm": Group(("google-generativeai==0.7.2",), here("generativeai")),
    "langchain": Group(("langchain-openai",), here("langchain_openai")),
    "litellm": Group(("litellm",), here("litellm")),
}
NODE = tests("openai.mjs", "google_genai.mjs", "ollama.mjs", "supabase.mjs")
"""Whose packages `tests/clients/package.json` names."""

Row = dict[str, str]


def python_of(name: str, group: Group) -> Path:
    """Return the Python that has a group's packages, installed unless they are."""
    folder = ENVIRONMENTS / name
    python, stamp = folder / PROGRAMS / "python", folder / "installed"
    wanted = "\n".join(group.packages)
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"installing {', '.join(group.packages)}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *group.packages], check=True)
        stamp.write_text(wanted)
    return python


def node() -> str | None:
    """Return Node with the packages installed; None where it is not here."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        print("there is no Node here: its clients are skipped", file=sys.stderr)
        return None
    if not (JUDGES / "node_modules").exists():
        command = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(command, cwd=JUDGES, check=True)
    return found


def judges(only: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the name of each module, and the command that runs its checks; the packages are there then."""
    for name, group in GROUPS.items():
        if not only or name in only:
            for module in group.modules:
                yield f"{name}/{module.stem}", [str(python_of(name, group)), str(JUDGES / "judge.py"), str(module)]
    if (not only or "node" in only) and (program := node()):
        for module in NODE:
            yield f"node/{module.stem}", [program, str(JUDGES / "judge.mjs"), str(module)]


def judged(name: str, command: list[str], world: str) -> list[Row]:
    """Run a module's checks; one that breaks down is a failure of its own."""
    try:
        done = subprocess.run(command, input=world, capture_output=True, text=True, check=False, timeout=LONGEST)
        rows, code, said = [json.loads(line) for line in done.stdout.splitlines()], done.returncode, done.stderr
    except subprocess.TimeoutExpired:
        rows, code, said = [], 1, f"not done after {LONGEST} seconds"
    if code or not rows:
        last = said.strip().splitlines()[-1:]
        rows.append({"client": name, "version": "", "check": "the module itself", "failed": f"{last or code}"})
    return rows


def table(rows: Sequence[Row]) -> str:
    """Return a line for each client."""
    lines = []
    for (client, version), group in groupby(rows, lambda row: (row["client"], row["version"])):
        checks = list(group)
        failed = [row["check"] for row in checks if row["failed"]]
        lines.append((client, version, str(len(checks) - len(failed)), str(len(failed)), "; ".join(failed)))
    return render(("client", "version", "passed", "failed", "what failed"), lines)


def main() -> int:
    """Judge, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=[*GROUPS, "node"], default=())
    parser.add_argument("--json", type=Path, help="write every check's outcome there")
    arguments = parser.parse_args()
    sys.path[:0] = [str(TESTS), str(JUDGES)]
    from world import world

    commands = list(judges(arguments.only))
    rows = []
    with world() as told:
        for name, command in commands:
            print(f"judging by {name}", file=sys.stderr)
            rows += judged(name, command, json.dumps(told))
    print(table(rows))
    wrong = [row for row in rows if row["failed"]]
    for row in wrong:
        print(f"\n{row['client']}: {row['check']}: {row['failed']}", file=sys.stderr)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))
    return 1 if wrong or not rows else 0


if __name__ == "__main__":
    raise SystemExit(main())
