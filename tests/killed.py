"""Processes that write into one cache, killed again and again at any moment."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
import warnings
from contextlib import closing
from pathlib import Path

from cache_writer import NUMBERS
from cached import entry, keys
from vecsmith.cache import open_cache

WRITER = Path(__file__).with_name("cache_writer.py")
PROCESSES = 4
SIZE = 700_000
"""Less than all the entries take, so that they also delete."""


def rounds(path, count, seed=0):
    """Start, kill and check so many times; yield the entries found after each."""
    pick = random.Random(seed)
    for turn in range(count):
        command = [sys.executable, str(WRITER), str(path)]
        started = [
            subprocess.Popen([*command, f"{turn}{n}", str(SIZE)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for n in range(PROCESSES)
        ]
        for process in started:
            process.stdout.readline()
        time.sleep(0.3 + pick.random() / 2)
        for process in pick.sample(started, PROCESSES):
            time.sleep(pick.random() / 50)
            process.kill()
        for process in started:
            _, said = process.communicate()
            assert process.returncode == -signal.SIGKILL, said.decode()
        yield check(path)


def check(path):
    """Assert that the file is sound and every entry right; return how many there are."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cache = open_cache(path)
        found = cache.get(keys(*range(NUMBERS)))
        cache.close()
    assert all(e in (None, entry(n, 96)) for n, e in enumerate(found))
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        lost = "SELECT count(*) FROM vectors WHERE row NOT IN (SELECT row FROM ledger)"
        assert db.execute(lost).fetchone() == (0,)
        assert db.execute("SELECT count(*) - count(DISTINCT row) FROM ledger").fetchone() == (0,)
    assert not list(path.parent.glob("*.damaged-*"))
    return sum(e is not None for e in found)
