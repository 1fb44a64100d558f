"""The cache in a file keeps to its size, lets the least used go, and gives no wrong vector."""

import random
import sqlite3
from contextlib import closing as closing_db

import pytest

from cached import Clock, closing, entry, fill, key, keys
from vecsmith.cache import open_cache
from vecsmith.cache.file import open_existing
from vecsmith.cache.rows import ids, stats
from vecsmith.cache.sqlite import TOUCH_EVERY, SqliteCache
from vecsmith.errors import ConfigError

WIDE = 384


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache.sqlite"


def kept(cache, numbers):
    """The numbers whose entries are found, and are right."""
    found = {n: e for n, e in zip(numbers, cache.get(keys(*numbers)), strict=True) if e is not None}
    assert all(e == entry(n, len(e.vector) // 4) for n, e in found.items())
    return set(found)


def change(path, statement, *values):
    """Change a file behind the cache's back."""
    with closing_db(sqlite3.connect(path)) as db:
        changed = db.execute(statement, values).rowcount
        db.commit()
    assert changed == 1


def test_entries_are_there_when_the_file_is_opened_again(path):
    with closing(open_cache(path)) as cache:
        fill(cache, range(100))
    with closing(open_cache(path)) as cache:
        assert cache.get(keys(*range(100))) == [entry(n) for n in range(100)]


def test_the_file_does_not_outgrow_its_size(path):
    size = 2_000_000
    with closing(open_cache(path, size=size)) as cache:
        for start in range(0, 6000, 200):
            fill(cache, range(start, start + 200), width=WIDE)
        latest = range(5400, 6000)
        assert kept(cache, latest) == set(latest)
        assert not kept(cache, range(4000))
    assert 0.8 * size < path.stat().st_size < 1.4 * size


@pytest.mark.parametrize("width", [8, 384, 1024, 3072])
def test_the_file_keeps_to_its_size_where_use_is_random(path, width):
    clock, pick = Clock(), random.Random(width)
    size = 400 * (4 * width + 200)
    with closing(SqliteCache(path, size=size, clock=clock)) as cache:
        for turn in range(120):
            clock.now += 2 * TOUCH_EVERY
            cache.get([key(pick.randrange(turn * 20 + 1)) for _ in range(40)])
            fill(cache, range(turn * 20, turn * 20 + 20), width=width)
        assert len(kept(cache, range(2400))) > 100
    assert path.stat().st_size < 1.5 * size + 50_000


def test_what_was_used_longest_ago_goes_first(path):
    clock = Clock()
    with closing(SqliteCache(path, size=1_000_000, clock=clock)) as cache:
        fill(cache, range(300), width=WIDE)
        clock.now += 2 * TOUCH_EVERY
        used = set(range(0, 300, 10))
        assert kept(cache, used) == used
        fill(cache, range(1000, 1250), width=WIDE)
        assert kept(cache, used) == used
        assert len(kept(cache, range(300))) < 300


def test_rows_let_go_between_others_make_room_without_these_going_too(path):
    clock, size = Clock(), 1_000_000
    with closing(SqliteCache(path, size=size, clock=clock)) as cache:
        fill(cache, range(2300), width=64)
        clock.now += 2 * TOUCH_EVERY
        used = set(range(0, 2300, 2))
        assert kept(cache, used) == used
        for start in range(10_000, 10_800, 100):
            fill(cache, range(start, start + 100), width=64)
        assert kept(cache, used) == used
        assert kept(cache, range(10_000, 10_800)) == set(range(10_000, 10_800))
    assert path.stat().st_size < 1.1 * size


def test_reading_what_was_used_lately_writes_nothing(path):
    with closing(open_cache(path)) as cache:
        fill(cache, range(10))
        before = path.with_name("cache.sqlite-wal").read_bytes()
        for _ in range(3):
            cache.get(keys(*range(20)))
        assert path.with_name("cache.sqlite-wal").read_bytes() == before


def test_a_use_long_after_the_last_is_noted_when_the_cache_closes(path):
    clock = Clock()
    with closing(SqliteCache(path, clock=clock)) as cache:
        fill(cache, [1, 2])
        clock.now += TOUCH_EVERY + 1
        cache.get(keys(2))
    with open_existing(path, patience=1) as db:
        found = db.execute("SELECT id FROM ledger WHERE used = ?", [clock.now]).fetchall()
        assert found == [(ids(keys(2))[0],)]


def test_many_uses_are_noted_without_a_writing(path, monkeypatch):
    monkeypatch.setattr("vecsmith.cache.sqlite.MOST_TOUCHED", 5)
    clock = Clock()
    with closing(SqliteCache(path, clock=clock)) as cache:
        fill(cache, range(9))
        clock.now += TOUCH_EVERY + 1
        cache.get(keys(*range(9)))
        with open_existing(path, patience=1) as db:
            assert stats(db).last_used == clock.now


def test_an_entry_written_again_leaves_nothing_of_the_old(path):
    with closing(open_cache(path)) as cache:
        for _ in range(50):
            fill(cache, range(20), width=WIDE)
        with open_existing(path, patience=1) as db:
            assert db.execute("SELECT count(*) FROM vectors").fetchone() == (20,)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE vectors SET vector = zeroblob(16) WHERE row = 2",
        "UPDATE vectors SET vector = substr(vector, 1, 12) WHERE row = 2",
        "UPDATE vectors SET vector = 'text' WHERE row = 2",
        "UPDATE vectors SET tokens = tokens + 1 WHERE row = 2",
        "UPDATE vectors SET tokens = 'text' WHERE row = 2",
        "UPDATE vectors SET dropped = 1.5 WHERE row = 2",
        "UPDATE vectors SET guard = guard + 1 WHERE row = 2",
        "UPDATE vectors SET guard = 'text' WHERE row = 2",
        "UPDATE vectors SET key = zeroblob(32) WHERE row = 2",
        "UPDATE vectors SET key = 7 WHERE row = 2",
        "UPDATE ledger SET row = 1 WHERE row = 2",
        "UPDATE ledger SET row = 99 WHERE row = 2",
        "UPDATE ledger SET used = 'text' WHERE row = 2",
    ],
)
def test_a_damaged_row_is_not_found_and_its_neighbours_are(path, damage):
    with closing(open_cache(path)) as cache:
        fill(cache, [1, 2, 3])
        change(path, damage)
        found = cache.get(keys(1, 2, 3))
        assert found[::2] == [entry(1), entry(3)]
        assert found[1] is None or "used" in damage
        fill(cache, [1, 2, 3])
        assert cache.get(keys(1, 2, 3)) == [entry(1), entry(2), entry(3)]


def test_a_byte_flipped_on_disk_is_a_miss_and_never_a_wrong_vector(path):
    with closing(open_cache(path)) as cache:
        fill(cache, range(50), width=WIDE)
    content = bytearray(path.read_bytes())
    at = content.index(entry(7, WIDE).vector[:500]) + 250
    content[at] ^= 1
    path.write_bytes(content)
    with closing(open_cache(path)) as cache:
        assert kept(cache, range(50)) == set(range(50)) - {7}


def test_two_keys_with_the_same_first_half_are_not_mixed_up(path):
    one, other = key(1), key(1)[:16] + key(2)[16:]
    with closing(open_cache(path)) as cache:
        cache.put([one], [entry(1)])
        assert cache.get([one, other]) == [entry(1), None]
        cache.put([other], [entry(2)])
        assert cache.get([one, other]) == [None, entry(2)]


def test_another_programs_file_is_refused_and_left_as_it_is(path):
    with closing_db(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE mine (x)")
        db.commit()
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="another program's SQLite file"):
        open_cache(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_file_marked_by_another_program_is_refused(path):
    with closing_db(sqlite3.connect(path)) as db:
        db.execute("PRAGMA application_id = 7")
        db.commit()
    with pytest.raises(ConfigError, match="another program's SQLite file"):
        open_cache(path)


def test_a_cache_of_another_format_is_refused(path):
    open_cache(path).close()
    with closing_db(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
        db.commit()
    with pytest.raises(ConfigError, match="another version of vecsmith"):
        open_cache(path)


def test_an_empty_file_is_taken_for_a_new_cache(path):
    path.touch()
    with closing(open_cache(path)) as cache:
        fill(cache, [1])
        assert cache.get(keys(1)) == [entry(1)]


def test_a_file_that_is_deleted_is_begun_again(path):
    with closing(open_cache(path)) as cache:
        fill(cache, [1])
        for part in path.parent.iterdir():
            part.unlink()
        assert cache.get(keys(1)) == [None]
        fill(cache, [2])
        assert cache.get(keys(1, 2)) == [None, entry(2)]
        assert path.exists()
