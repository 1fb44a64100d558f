"""Coroutines run from blocking code: on the portal's loop, or in the caller's own thread."""

import asyncio
import signal
import threading
from concurrent.futures import Future

import pytest

from processes import run_python
from vecsmith import EmbedError, portal
from vecsmith.portal import answer, aside, here, look, run, run_here, wait


async def thread_after(future):
    await answer(future)
    return threading.current_thread().name


def done(value=None):
    future = Future()
    future.set_result(value)
    return future


def test_a_coroutine_run_here_stays_in_its_callers_thread():
    assert run_here(thread_after(done())) == threading.current_thread().name
    assert run(thread_after(done())) == "vecsmith-loop"


def test_a_coroutine_run_here_waits_for_another_thread():
    future = Future()
    threading.Timer(0.05, future.set_result, [7]).start()
    assert run_here(answer(future)) == 7


def test_a_running_loop_is_no_hindrance():
    async def inside():
        return run_here(thread_after(done()))

    assert asyncio.run(inside()) == threading.current_thread().name


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()], ids=repr)
def test_an_error_passes_and_leaves_nothing_behind(error):
    class Interrupted(Future):
        def result(self, timeout=None):
            raise error

    future = Interrupted()
    with pytest.raises(type(error)):
        run_here(answer(future))
    assert future.cancelled()
    assert not here.driving


def test_waiting_for_a_loop_is_refused():
    async def napping():
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="event loop"):
        run_here(napping())
    assert not here.driving


def test_a_blocking_call_inside_the_portals_loop_is_refused():
    async def inside():
        run(asyncio.sleep(0))

    with pytest.raises(EmbedError, match="AsyncEmbedder"):
        run(inside())


def test_looking_at_a_shared_future_does_not_cancel_it():
    future = Future()

    async def main():
        looking = asyncio.create_task(look(future, 30))
        await asyncio.sleep(0)
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking

    asyncio.run(main())
    future.set_result(7)
    assert run_here(look(future, 30)) == 7


def test_work_beside_a_loop_is_done_in_another_thread_and_at_once_here():
    assert run(aside(threading.get_ident)) != threading.get_ident()
    assert run_here(aside(threading.get_ident)) == threading.get_ident()


def test_looking_ends_where_the_answer_does_not_come():
    for runner in (run, run_here):
        with pytest.raises(LookupError):
            runner(look(Future(), 0.01))


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="there a signal cannot be sent to one thread")
def test_ctrl_c_that_another_thread_got_ends_the_wait():
    told = run_python(
        """
        import asyncio, signal, threading
        from vecsmith.portal import run

        signal.signal(signal.SIGINT, signal.default_int_handler)
        own = lambda: signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        threading.Timer(0.3, own).start()
        try:
            run(asyncio.sleep(1000))
        except KeyboardInterrupt:
            print("ended")
        """
    )
    assert told == "ended\n"


def test_a_wait_goes_on_for_longer_than_a_glance_and_hands_on_a_time_out_of_the_work(monkeypatch):
    monkeypatch.setattr(portal, "GLANCE", 0.01)
    late, out = Future(), Future()
    threading.Timer(0.1, late.set_result, [7]).start()
    threading.Timer(0.1, out.set_exception, [TimeoutError("the work's own")]).start()
    assert wait(late) == 7
    with pytest.raises(TimeoutError, match="own"):
        wait(out)
