"""Kill processes that write into one cache, again and again, and check every entry that is left.

    python bench/cache_kill.py
    python bench/cache_kill.py --rounds 200

Four processes write, read and delete in one file; all are killed at random moments; then the file must be sound, every
entry right, and nothing set aside. Ends with an AssertionError otherwise. 50 rounds take about two minutes.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from killed import rounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for turn, found in enumerate(rounds(Path(folder, "cache.sqlite"), given.rounds, given.seed), 1):
            print(f"round {turn}: {found:,} entries, all right")


if __name__ == "__main__":
    main()
