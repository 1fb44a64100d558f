"""Whatever happens to a cache's file, the call goes on, and one sentence says what to do."""

import sqlite3
import warnings
from contextlib import closing as closing_db

import pytest

from cached import closing, entry, fill, keys
from processes import run_python
from vecsmith.cache import open_cache, rows
from vecsmith.cache.file import identity, set_aside
from vecsmith.cache.sqlite import SqliteCache
from vecsmith.errors import ConfigError, EmbedWarning


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache.sqlite"


@pytest.fixture
def full(path):
    """A file with a hundred entries of some width."""
    with closing(open_cache(path)) as cache:
        fill(cache, range(1000), width=512)
    return path


def aside(path):
    return [found for found in path.parent.iterdir() if ".damaged-" in found.name]


def garbage(content):
    return b"garbage " * 32 + content[256:]


def half(content):
    return content[: len(content) // 2]


def no_tables(content):
    return content[:100] + bytes(3996) + content[4096:]


def zeros_in_the_middle(content):
    return content[:8192] + bytes(len(content) - 16_384) + content[-8192:]


@pytest.mark.parametrize("damage", [garbage, half, no_tables, zeros_in_the_middle, lambda _: b"not a database"])
def test_a_damaged_file_is_set_aside_with_a_warning_and_a_new_one_begun(full, damage):
    damaged = damage(full.read_bytes())
    full.write_bytes(damaged)
    with pytest.warns(EmbedWarning, match="was damaged and is now cache.sqlite.damaged-") as said:
        cache = open_cache(full)
        for found, number in zip(cache.get(keys(*range(1000))), range(1000), strict=True):
            assert found in (None, entry(number, 512))
        fill(cache, range(500), width=512)
    assert len(said) == 1
    assert cache.get(keys(3)) == [entry(3, 512)]
    cache.close()
    assert len([found for found in aside(full) if not found.name.endswith(("-wal", "-shm"))]) == 1


def test_damage_while_the_file_is_open_is_no_different(full):
    with closing(open_cache(full)) as cache:
        cache.get(keys(1))
        content = zeros_in_the_middle(full.read_bytes())
        with full.open("r+b") as file:
            file.write(content)
        with pytest.warns(EmbedWarning, match="was damaged") as said:
            fill(cache, range(2000, 2500), width=512)
            cache.get(keys(*range(1000)))
        assert len(said) == 1
        fill(cache, [1])
        assert cache.get(keys(1)) == [entry(1)]


def test_a_file_set_aside_by_another_process_is_not_set_aside_again(full):
    seen = identity(full)
    assert set_aside(full, seen) is not None
    with closing(open_cache(full)) as cache:
        fill(cache, [1])
        assert set_aside(full, seen) is None
        assert cache.get(keys(1)) == [entry(1)]


def test_processes_that_find_the_damage_at_once_keep_one_new_file(full):
    full.write_bytes(garbage(full.read_bytes()))
    code = """
        import subprocess, sys, textwrap
        work = textwrap.dedent('''
            import sys, warnings
            sys.stdin.read(1)
            warnings.simplefilter("ignore")
            from hashlib import blake2b
            from vecsmith.cache import Entry, open_cache
            cache = open_cache(sys.argv[1])
            name = blake2b(sys.argv[2].encode(), digest_size=32).digest()
            cache.put([name], [Entry(b"1234", 1, 0)])
            cache.close()
            ''')
        started = [subprocess.Popen([sys.executable, "-c", work, sys.argv[1], str(n)], stdin=subprocess.PIPE)
                   for n in range(6)]
        for process in started:
            process.stdin.write(b"x")
            process.stdin.close()
        print([process.wait() for process in started])
        """
    assert run_python(code, full) == "[0, 0, 0, 0, 0, 0]\n"
    with closing(open_cache(full)) as cache:
        assert None not in cache.get(keys(*range(6)))
    assert len([found for found in aside(full) if not found.name.endswith(("-wal", "-shm"))]) == 1


ERRORS = [
    ("attempt to write a readonly database", sqlite3.SQLITE_READONLY, "make it and its folder writable"),
    ("database or disk is full", sqlite3.SQLITE_FULL, "free space on its disk"),
    ("disk I/O error", sqlite3.SQLITE_IOERR, "look after its disk"),
    ("something new", None, "look after its disk"),
]


@pytest.mark.parametrize(("message", "code", "advice"), ERRORS)
def test_a_failed_writing_is_said_once_and_reading_goes_on(full, monkeypatch, message, code, advice):
    def fail(*args, **kwargs):
        error = sqlite3.OperationalError(message)
        if code is not None:
            error.sqlite_errorcode = code
        raise error

    with closing(open_cache(full)) as cache:
        monkeypatch.setattr(rows, "write", fail)
        with pytest.warns(EmbedWarning, match=f"cannot be written .{message}.*: {advice}") as said:
            for _ in range(3):
                fill(cache, [1])
        assert len(said) == 1
        assert cache.get(keys(1)) == [entry(1, 512)]


def test_writing_is_tried_again_after_a_pause(full, monkeypatch):
    with closing(open_cache(full)) as cache:
        with monkeypatch.context() as patch, pytest.warns(EmbedWarning):
            patch.setattr(rows, "write", lambda *_, **__: (_ for _ in ()).throw(sqlite3.OperationalError("no")))
            fill(cache, [5000])
        fill(cache, [5000])
        assert cache.get(keys(5000)) == [None]
        monkeypatch.setattr("vecsmith.cache.sqlite.PAUSE", 0)
        cache._writing.rests_until = 0
        fill(cache, [5000])
        assert cache.get(keys(5000)) == [entry(5000)]


def test_a_place_where_no_file_can_be_is_said_once(tmp_path):
    (tmp_path / "file").touch()
    with pytest.warns(EmbedWarning, match="cannot be used .*name another file") as said:
        cache = open_cache(tmp_path / "file" / "below" / "cache.sqlite")
        for _ in range(3):
            fill(cache, [1])
            assert cache.get(keys(1)) == [None]
        cache.close()
    assert len(said) == 1


def test_a_folder_in_place_of_the_file_is_said_once(path):
    path.mkdir()
    with pytest.warns(EmbedWarning, match="cannot be used") as said, closing(open_cache(path)) as cache:
        fill(cache, [1])
        assert cache.get(keys(1)) == [None]
    assert len(said) == 1


def test_a_locked_file_is_said_once_and_read_all_the_same(full):
    with closing(SqliteCache(full, patience=0.01)) as cache, closing_db(sqlite3.connect(full)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.warns(EmbedWarning, match="database is locked.*another program holds it") as said:
            for _ in range(3):
                fill(cache, [1])
        assert len(said) == 1
        assert cache.get(keys(1)) == [entry(1, 512)]


def test_a_full_disk_is_said_once_and_what_was_kept_stays(path):
    pytest.importorskip("resource")
    code = """
        import resource, sys, warnings
        from vecsmith.cache import Entry, open_cache
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
        cache = open_cache(sys.argv[1])
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            for n in range(40):
                names = [bytes([n, m]) * 16 for m in range(100)]
                cache.put(names, [Entry(bytes([n, m]) * 768, n, m) for m in range(100)])
        found = [cache.get([bytes([n, m]) * 16 for m in range(100)]) for n in range(40)]
        right = all(e in (None, Entry(bytes([n, m]) * 768, n, m)) for n in range(40) for m, e in enumerate(found[n]))
        print(len(said), "cannot be written" in str(said[0].message), right, None in found[0], None in found[39])
        cache.close()
        """
    assert run_python(code, path).split() == ["1", "True", "True", "False", "True"]


def test_a_warning_turned_into_an_error_leaves_the_cache_usable(full, monkeypatch):
    with closing(open_cache(full)) as cache:
        with monkeypatch.context() as patch, warnings.catch_warnings():
            warnings.simplefilter("error")
            patch.setattr(rows, "find", lambda *_, **__: (_ for _ in ()).throw(sqlite3.OperationalError("no")))
            with pytest.raises(EmbedWarning):
                cache.get(keys(1))
            assert cache.get(keys(1)) == [None]
        fill(cache, [1])
        cache._reading.rests_until = 0
        assert cache.get(keys(1)) == [entry(1)]


def test_a_persons_own_file_named_by_mistake_stays_as_it_is(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text('{"text": "my own words"}\n' * 100)
    with pytest.raises(ConfigError, match="no cache of vecsmith"):
        open_cache(path)
    assert path.read_text().count("my own words") == 100
    assert path in tmp_path.iterdir()
