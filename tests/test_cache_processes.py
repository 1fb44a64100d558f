"""A cache's file is shared by processes: many at once, killed at any moment, and after a fork."""

import os

import pytest

from cached import closing, entry, fill, keys
from killed import rounds
from processes import run_python
from vecsmith.cache import open_cache

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def test_processes_killed_at_any_moment_leave_a_sound_file(tmp_path):
    found = list(rounds(tmp_path / "cache.sqlite", 3))
    assert all(found)


def test_what_one_process_writes_another_finds(tmp_path):
    path = tmp_path / "cache.sqlite"
    code = """
        import sys
        from vecsmith.cache import Entry, open_cache
        open_cache(sys.argv[1]).put([b"k" * 32], [Entry(b"1234", 5, 6)])
        """
    with closing(open_cache(path)) as cache:
        assert cache.get([b"k" * 32]) == [None]
        run_python(code, path)
        assert cache.get([b"k" * 32])[0] == (b"1234", 5, 6)


FORK = """
    import os, sys, threading
    from vecsmith.cache import Entry, open_cache

    def key(*numbers):
        return bytes(numbers).ljust(32, b"-")

    def entry(*numbers):
        return Entry(bytes(numbers) * 50, *numbers)

    cache = open_cache(sys.argv[1])
    cache.put([key(0, 0)], [entry(0, 0)])
    stop = threading.Event()

    def work():
        while not stop.is_set():
            cache.put([key(9, n) for n in range(50)], [entry(9, n) for n in range(50)])
            assert cache.get([key(9, 7)]) == [entry(9, 7)]

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    """


@needs_fork
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_children_forked_while_threads_write_use_the_cache_too(tmp_path):
    code = (
        FORK
        + """
    children = []
    for n in range(1, 9):
        child = os.fork()
        if child == 0:
            cache.put([key(n, 1)], [entry(n, 1)])
            good = cache.get([key(0, 0), key(n, 1)]) == [entry(0, 0), entry(n, 1)]
            cache.close()
            os._exit(0 if good else 1)
        children.append(child)
    codes = [os.waitpid(child, 0)[1] for child in children]
    stop.set()
    for thread in threads:
        thread.join()
    found = cache.get([key(n, 1) for n in range(1, 9)])
    cache.close()
    print(codes, None in found)
    """
    )
    assert run_python(code, tmp_path / "cache.sqlite") == "[0, 0, 0, 0, 0, 0, 0, 0] False\n"


@needs_fork
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_opens_a_connection_of_its_own(tmp_path):
    with closing(open_cache(tmp_path / "cache.sqlite")) as cache:
        fill(cache, [1])
        child = os.fork()
        if child == 0:
            clean = all(lane.opened is None for lane in cache.lanes)
            right = cache.get(keys(1)) == [entry(1)]
            os._exit(0 if clean and right else 1)
        assert os.waitpid(child, 0)[1] == 0
        fill(cache, [2])
        assert cache.get(keys(1, 2)) == [entry(1), entry(2)]


@needs_fork
def test_a_child_that_outlives_its_parent_loses_nothing(tmp_path):
    code = """
        import os, sys, time
        from vecsmith.cache import Entry, open_cache
        cache = open_cache(sys.argv[1])
        cache.put([b"1" * 32], [Entry(b"one ", 1, 0)])
        done, told = os.pipe()
        if os.fork() == 0:
            cache.put([b"2" * 32], [Entry(b"two ", 2, 0)])
            os.read(done, 1)
            time.sleep(0.2)
            cache.put([b"3" * 32], [Entry(b"tri ", 3, 0)])
            os._exit(0)
        cache.get([b"1" * 32])
        cache.close()
        os.write(told, b"x")
        os.wait()
        """
    run_python(code, tmp_path / "cache.sqlite")
    with closing(open_cache(tmp_path / "cache.sqlite")) as cache:
        assert None not in cache.get([b"1" * 32, b"2" * 32, b"3" * 32])
