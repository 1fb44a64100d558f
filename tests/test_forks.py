"""A fork waits for native calls, and not for ever."""

import threading
import time

from vecsmith.local.forks import REST, Native

PATIENCE = 30


def test_a_fork_waits_for_the_call_under_way_and_lets_none_begin():
    native = Native()
    events: list[str] = []
    leave = threading.Event()

    def call(name, until=None):
        with native:
            events.append(name)
            if until:
                until.wait(PATIENCE)

    def fork():
        native.before_fork()
        events.append("fork")
        native.after_fork_in_parent()

    first = threading.Thread(target=call, args=("first", leave))
    first.start()
    wait_for(lambda: events == ["first"])
    forking = threading.Thread(target=fork)
    forking.start()
    wait_for(lambda: native.forking)
    later = [threading.Thread(target=call, args=("later",)) for _ in range(3)]
    for thread in later:
        thread.start()
    leave.set()
    for thread in (first, forking, *later):
        thread.join(PATIENCE)
    assert events == ["first", "fork", "later", "later", "later"]


def test_calls_in_a_child_do_not_wait_for_the_parents():
    native = Native()
    native.before_fork()
    native.after_fork_in_child()
    with native:
        assert native.running == 1


def wait_for(condition):
    ticks = threading.Event()
    for _ in range(PATIENCE * 100):
        if condition():
            return
        ticks.wait(0.01)
    raise AssertionError("it never came about")


def test_a_fork_lets_the_helpers_of_the_last_call_go_to_sleep():
    native = Native()
    with native:
        pass
    native.before_fork()
    assert time.monotonic() - native.ended >= REST
    native.after_fork_in_parent()
