"""``vecsmith doctor``: is everything here as it should be, and if not, why."""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import typer

from vecsmith.cli.messages import FAILED
from vecsmith.cli.tables import AsJson, columns, print_json
from vecsmith.errors import EmbedError, damaged

__all__ = ["doctor"]

FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "bf16", "i8mm")
NAME = re.compile("[A-Za-z0-9._-]+")
FAILURES = (EmbedError, RuntimeError, ImportError)


def doctor(*, as_json: AsJson = False) -> None:
    """Check the processor, the libraries, the bundled model and one embedding; exit code 1 if something is wrong."""
    report = {
        "vecsmith": libraries(["vecsmith"])["vecsmith"],
        "python": f"{platform.python_version()} on {platform.platform()}",
        "processor": processor(),
        "arithmetic": arithmetic(),
        "libraries": libraries(required()),
        "optional": optional(),
        "models": model_files(),
        "embedding": timed_embedding(),
    }
    problems = list(dict.fromkeys(wrong(report)))  # what several parts lack is said once
    if as_json:
        print_json({**report, "problems": problems})
    else:
        for line in columns(list(flat(report))):
            typer.echo(line)
        typer.echo("\n".join(f"wrong: {problem}" for problem in problems) or "all is well")
    if problems:
        raise typer.Exit(FAILED)


def processor() -> dict[str, Any]:
    """Return what the processor is and which of its instructions matter here."""
    from vecsmith.local.cores import allowed, cgroup_quota, physical, usable_cores

    flags = processor_flags()
    return {
        "name": processor_name(),
        "features": [feature for feature in FEATURES if feature in flags],
        "allowed processors": len(allowed()),
        "physical cores": physical(allowed()),
        "quota": cgroup_quota() or "none",
        "threads used": usable_cores(),
    }


def processor_name() -> str:
    try:
        from vecsmith.local.runtime import core

        return str(core().get_property("CPU", "FULL_DEVICE_NAME"))
    except FAILURES:
        return platform.processor() or platform.machine()


def processor_flags() -> set[str]:
    """Return the instruction sets that the system names; none where it names none."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return {flag for line in lines if line.startswith(("flags", "Features")) for flag in line.split(":")[1].split()}


def arithmetic() -> dict[str, str]:
    """Return the arithmetic that ``auto`` chooses, and why; and what int8 would do."""
    try:
        from vecsmith.local.arithmetic import choose, int8_is_fast

        chosen, (fast, why) = choose("auto"), int8_is_fast()
    except FAILURES as error:
        return {"error": told(error)}
    return {
        "auto": chosen.precision,
        "because": chosen.reason,
        "int8": f"{'faster, where you ask for it' if fast else 'of no use'}: {why}",
    }


def told(error: Exception) -> str:
    """Return what went wrong, and what to do about a library that is not there."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return absent(error.name.partition(".")[0].replace("_", "-"))
    return str(error)


def absent(library: str) -> str:
    return f"{library} is not installed: {again()}"


def again() -> str:
    """Return how to repair an installation; pip puts back what is missing or changed."""
    return f"install vecsmith again, from a clone with `{sys.executable} -m pip install .` in it"


def required() -> list[str]:
    """Return the libraries that vecsmith needs here, as its own metadata name them; none where it has no metadata."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        rows = requires("vecsmith") or []
    except PackageNotFoundError:
        return []
    wanted = [row.partition(";") for row in rows if "extra ==" not in row]
    return [NAME.match(row)[0] for row, _, marker in wanted if "win32" not in marker or sys.platform != "win32"]  # type: ignore[index]  # each begins with a name


def libraries(names: Any) -> dict[str, str]:
    """Return each library's version, or that it is missing."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


def optional() -> dict[str, str]:
    """Return the parts that some uses need, present or missing."""
    beside = str(Path(sys.executable).parent)  # pip puts it there, which is not always where the shell looks
    return {"hf (downloads tokenizers)": shutil.which("hf") or shutil.which("hf", path=beside) or "missing"}


def model_files() -> dict[str, dict[str, str]]:
    """Compare every file of the bundled models with the sha256 they came with."""
    from vecsmith.local.catalog import BUNDLED

    return {
        name: {file: state_of(folder / file, sha256) for file, sha256 in listed(folder / "manifest.json").items()}
        for name, folder in BUNDLED.items()
    }


def listed(manifest: Path) -> dict[str, str]:
    """Return the sha256 of each file that a manifest names, or the manifest itself where it names none."""
    from vecsmith.local.modules import read_json

    try:
        with damaged(str(manifest)):
            return dict(read_json(manifest)["files"])
    except EmbedError:
        return {manifest.name: "unknown"}


def state_of(path: Path, expected: str) -> str:
    """Say whether a file is what it should be."""
    try:
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"unreadable ({error.strerror})"
    return f"sha256 {actual[:16]}… as it should be" if actual == expected else f"changed (sha256 {actual})"


def timed_embedding() -> dict[str, str]:
    """Embed one text and say how long it took."""
    try:
        from vecsmith.sync import Embedder

        start = time.perf_counter()
        with Embedder() as embedder:
            embedder.embed("hello")
            loaded = time.perf_counter()
            result = embedder.embed("one more short text")
            done = time.perf_counter()
    except FAILURES as error:
        return {"error": told(error)}
    return {
        "model loaded and first text": f"{1e3 * (loaded - start):.0f} ms",
        "one more text": f"{1e3 * (done - loaded):.1f} ms",
        "space": str(result.space),
    }


def wrong(report: dict[str, Any]) -> Any:
    """Yield what is not as it should be, a sentence each."""
    for part in ("arithmetic", "embedding"):
        if "error" in report[part]:
            yield report[part]["error"]
    for name, version in report["libraries"].items():
        if version == "missing":
            yield absent(name)
    for name, files in report["models"].items():
        for file, state in files.items():
            if not state.endswith("as it should be"):
                yield f"{file} of {name} is {state}: {again()}"


def flat(report: dict[str, Any], prefix: str = "") -> Any:
    """Yield (name, value) pairs as a person reads them."""
    for name, value in report.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}: ")
        else:
            yield prefix + name, ", ".join(value) if isinstance(value, list) else str(value)
