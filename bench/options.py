"""The command-line options that several scripts share."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from corpora import DATA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def parser(description: str | None) -> argparse.ArgumentParser:
    """Begin a script's command line with what all of them take."""
    options = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=DATA, help="the folder of public data (default: %(default)s)")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the raw numbers to this file")
    return options


def save(path: Path | None, numbers: Mapping[str, object]) -> None:
    """Write `numbers` where ``--json`` asked for them."""
    if path is not None:
        path.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


def judge(missed: Sequence[str]) -> None:
    """End with exit code 1 where a wanted figure was missed, and name each."""
    if missed:
        print(f"missed: {'; '.join(missed)}", file=sys.stderr)
        raise SystemExit(1)
