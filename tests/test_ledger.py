"""Who used how much, in a file that servers share."""

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from vecsmith.dialects.serving import Problem
from vecsmith.server.access.callers import Visitor
from vecsmith.server.access.ledger import USAGE, Count, Ledger, by_key, month, spent_today, today, usage
from vecsmith.server.visit import Visit


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("VECSMITH_HOME", str(tmp_path))
    return tmp_path


def visit(key="k", model="m", **counts):
    return Visit("/v1/embeddings", "openai", Visitor(key), model=model, status=200, **counts)


def test_answers_are_summed_by_key_and_model():
    with Ledger(every=1000) as ledger:
        ledger(visit(texts=2, tokens=10, cached=1), None)
        ledger(visit(texts=1, tokens=5), None)
        ledger(visit(model="n", texts=1, tokens=7), None)
        ledger(visit("", texts=1, tokens=3), None)
    found = {(use.key, use.model): use.count for use in usage(month())}
    assert found[("k", "m")] == Count(2, 3, 15, 1, 0)
    assert found[("k", "n")] == Count(1, 1, 7, 0, 0)
    assert found[("", "m")] == Count(1, 1, 3, 0, 0)
    assert by_key(usage(month()))["k"] == Count(3, 4, 22, 1, 0)
    assert spent_today() == {"": 3, "k": 22}


def test_what_failed_is_an_error_and_costs_nothing():
    with Ledger(every=1000) as ledger:
        ledger(visit(texts=2), Problem("timeout", "late"))
    assert by_key(usage(today()))["k"] == Count(1, 0, 0, 0, 1)


def test_who_asked_for_nothing_without_a_key_is_not_counted(home):
    with Ledger(every=1000) as ledger:
        ledger(visit("", None), Problem("key", "wrong"))
    assert list(home.iterdir()) == []


def test_days_can_be_told_apart():
    with Ledger(every=1000) as ledger:
        ledger.counts["k", "m", "2020-01-31"] = Count(1)
        ledger.counts["k", "m", "2020-02-01"] = Count(2)
    assert [use.count.requests for use in usage("2020-01-01", "2020-01-31")] == [1]
    assert [use.count.requests for use in usage("2020-01-01", "2020-12-31")] == [3]
    assert usage(today()) == []


def test_it_is_written_while_the_server_runs():
    with Ledger(every=0.01) as ledger:
        ledger(visit(texts=1), None)
        waited = threading.Event()
        for _ in range(1000):
            if usage(today()):
                break
            waited.wait(0.01)
        assert usage(today())[0].count.texts == 1


def test_two_servers_add_to_one_file():
    program = (
        "from test_ledger import *\n"
        "with Ledger(every=0.001) as ledger:\n"
        "    for _ in range(500):\n"
        "        ledger(visit(texts=1, tokens=2), None)\n"
        "        threading.Event().wait(0.0005)\n"
    )
    command = [sys.executable, "-c", program]
    processes = [subprocess.Popen(command, cwd=Path(__file__).parent) for _ in range(2)]
    assert [process.wait(120) for process in processes] == [0, 0]
    assert by_key(usage(today()))["k"] == Count(1000, 1000, 2000, 0, 0)


def test_what_cannot_be_written_is_kept_and_written_later():
    ledger = Ledger(every=1000)
    ledger(visit(tokens=1), None)
    USAGE.path.mkdir()
    with pytest.raises((OSError, sqlite3.Error)):
        ledger.flush()
    ledger(visit(tokens=2), None)
    USAGE.path.rmdir()
    ledger.flush()
    assert spent_today() == {"k": 3}


def test_a_file_that_is_locked_holds_up_no_request():
    ledger = Ledger(every=1000)
    ledger(visit(tokens=1), None)
    ledger.flush()
    with closing(sqlite3.connect(USAGE.path)) as db:
        db.execute("BEGIN EXCLUSIVE")
        ledger(visit(tokens=1), None)
        writer = threading.Thread(target=ledger.flush)
        writer.start()
        while ledger.counts:  # until the writer has taken them
            pass
        ledger(visit(tokens=1), None)
        assert writer.is_alive()
        db.execute("ROLLBACK")
        writer.join()
    ledger.flush()
    assert spent_today() == {"k": 3}


def test_a_server_that_cannot_write_its_account_still_ends_well(home, caplog):
    USAGE.path.mkdir()
    with Ledger(every=1000) as ledger:
        ledger(visit(tokens=1), None)
    assert "usage of the last seconds is lost" in caplog.text
