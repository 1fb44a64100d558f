"""Runs the checks of one module's clients, in whatever environment has them: ``python judge.py MODULE < WORLD``.

Prints a line of JSON for each check: client, version, check, and what failed (null where nothing did). MODULE is the
path of a file that has ``CLIENTS``; WORLD is the JSON of what `world.py` yields.
"""

import importlib
import json
import sys
import traceback
from importlib.metadata import version
from pathlib import Path

from checks import checks_of

ABSENT = 3
"""The exit code where a client's package is not installed."""


def main(path: Path) -> int:
    world = json.load(sys.stdin)
    sys.path.insert(0, str(path.parent))
    try:
        module = importlib.import_module(path.stem)
    except ImportError as error:
        print(error, file=sys.stderr)
        return ABSENT
    for name, client in module.CLIENTS.items():
        for check, run in checks_of(client):
            failed = None
            try:
                run(world)
            except Exception as error:  # noqa: BLE001 (whatever a client raises is what failed)
                failed = f"{type(error).__name__}: {error}" if str(error) else traceback.format_exc(limit=-1)
            row = {"client": name, "version": version(client.package), "check": check, "failed": failed}
            print(json.dumps(row), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
