"""The pace of requests: budgets are spent and not overspent, and a refusal slows everyone."""

import asyncio

import pytest

from vecsmith.budgets import BURST, Bucket
from vecsmith.pacing import FIRST, KEPT, Pacer, pacer_for, pacers, retry_after, seconds_of
from vecsmith.wire import Limits


class Clock:
    """Time that passes when it is told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_budget_fills_steadily_and_no_higher_than_it_may():
    bucket = Bucket(600, now=0.0)
    bucket.level = 0.0
    assert bucket.wait(10, now=0.0) == pytest.approx(1.0)
    assert bucket.wait(10, now=1.0) == 0
    bucket.fill(1000.0)
    assert bucket.level == 600 * BURST / 60


def test_a_request_over_all_there_is_waits_for_all_there_is():
    bucket = Bucket(60, now=0.0)
    assert bucket.wait(1e9, now=0.0) == 0
    bucket.level = 0.0
    assert bucket.wait(1e9, now=0.0) == pytest.approx(bucket.capacity)


def test_what_the_service_says_is_left_counts_less_what_is_under_way():
    bucket = Bucket(None, now=0.0)
    bucket.learn(3000, 100, outstanding=7, now=0.0)
    assert (bucket.limit, bucket.level, bucket.capacity) == (3000, 93, 3000)


def in_loop(work):
    return asyncio.run(asyncio.wait_for(work, 30))


def test_requests_at_once_grow_with_each_answer_up_to_the_most(clock):
    async def work():
        pacer = Pacer(Limits(in_flight=6), clock)
        assert pacer.most == FIRST
        for _ in range(5):
            async with pacer.slot(1) as slot:
                slot.used(1)
        return pacer.most

    assert in_loop(work()) == 6


def test_no_more_requests_at_once_than_allowed():
    async def work():
        pacer, most = Pacer(Limits(in_flight=3)), 0

        async def request():
            nonlocal most
            async with pacer.slot(1) as slot:
                most = max(most, pacer.under_way)
                await asyncio.sleep(0)
                slot.used(1)

        await asyncio.gather(*(request() for _ in range(50)))
        return most, pacer.under_way, pacer.outstanding

    assert in_loop(work()) == (3, 0, 0)


def test_a_request_that_is_given_up_leaves_no_trace():
    async def work():
        pacer = Pacer(Limits(in_flight=1))

        async def request():
            async with pacer.slot(5):
                await asyncio.sleep(60)

        tasks = [asyncio.create_task(request()) for _ in range(4)]
        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with pacer.slot(5):  # does not wait
            return pacer.under_way

    assert in_loop(work()) == 1


def test_a_refusal_stops_all_for_as_long_as_it_says(clock):
    pacer = Pacer(Limits(), clock)
    pacer.refused(7.0)
    assert pacer.wait(1) == 7
    clock.now += 7
    assert pacer.wait(1) == 0


def refused_among(pacer, under_way, refusals):
    pacer.under_way = under_way
    for _ in range(refusals):
        pacer.refused(1.0)


def test_one_refusal_among_many_requests_does_not_lower_the_pace(clock):
    pacer = Pacer(Limits(in_flight=16), clock)
    pacer.most = 16
    refused_among(pacer, under_way=15, refusals=3)
    assert pacer.most == 16


def test_refusals_of_most_that_was_under_way_lower_it_once(clock):
    pacer = Pacer(Limits(in_flight=16), clock)
    pacer.most = 16
    refused_among(pacer, under_way=15, refusals=15)
    assert pacer.most == 8


def test_pauses_that_are_not_asked_for_grow_and_end_with_an_answer(clock):
    pacer = Pacer(Limits(), clock)
    pauses = []
    for _ in range(4):
        pauses.append(pacer.refused(None))
        clock.now += pauses[-1]
    assert pauses == [0.25, 0.5, 1, 2]
    pacer.succeeded()
    assert pacer.refused(None) == 0.25


def test_a_rate_that_is_not_told_is_learnt_from_refusals(clock):
    pacer = Pacer(Limits(), clock)
    for _ in range(100):
        clock.now += 0.1
        pacer.succeeded()
    refused_among(pacer, under_way=3, refusals=3)
    assert pacer.requests.limit == pytest.approx(0.95 * 600, rel=0.05)


def test_refusals_that_go_on_whatever_the_pace_are_not_taken_for_a_limit(clock):
    pacer = Pacer(Limits(), clock)
    for _ in range(100):
        clock.now += 0.1
        pacer.succeeded()
    refused_among(pacer, under_way=3, refusals=3)
    assert pacer.guess.active
    pacer.under_way = 15
    for _ in range(30):
        clock.now += 2
        pacer.succeeded()
        pacer.refused(0.1)
    assert (pacer.guess.active, pacer.requests.limit) == (False, None)


def test_a_guess_that_was_wrong_is_not_made_again_at_once(clock):
    pacer = Pacer(Limits(), clock)
    pacer.guess.believes = clock.now + 60
    for _ in range(100):
        clock.now += 0.1
        pacer.succeeded()
    refused_among(pacer, under_way=3, refusals=3)
    assert not pacer.guess.active


def test_refusals_that_ask_for_no_pause_get_one_all_the_same(clock):
    pacer = Pacer(Limits(), clock)
    pauses = []
    for _ in range(2000):
        pauses.append(pacer.refused(0.0))
        clock.now += pauses[-1]
    assert pauses[:5] == [0.0, 0.5, 1.0, 1.0, 1.0]
    assert pauses[-1] == 1.0


def test_an_embedder_has_no_more_requests_under_way_than_it_asked_for(clock):
    pacer = Pacer(Limits(in_flight=16), clock)
    pacer.most, pacer.under_way = 16, 1
    assert pacer.wait(1, 1) is None
    assert pacer.wait(1, 2) == 0


def test_another_embedder_of_the_same_key_may_have_more_at_once():
    async def work():
        narrow = pacer_for(("http://a", "key", "m"), Limits(in_flight=1))
        wide = pacer_for(("http://a", "key", "m"), Limits(in_flight=16))
        return narrow is wide, wide.ceiling

    assert in_loop(work()) == (True, 16)


def test_pacers_keep_no_key_and_are_not_kept_for_ever():
    async def work():
        for number in range(KEPT + 50):
            pacer_for(("http://a", f"sk-secret-{number}", "m"), Limits())
        here = pacers[asyncio.get_running_loop()]
        return len(here), any(b"secret" in name for name in here)

    assert in_loop(work()) == (KEPT, False)


def test_a_few_answers_tell_no_rate(clock):
    pacer = Pacer(Limits(), clock)
    for _ in range(8):
        clock.now += 0.01
        pacer.succeeded()
    refused_among(pacer, under_way=3, refusals=3)
    assert not pacer.guess.active


def test_an_expectation_is_corrected_by_what_was_counted():
    async def work():
        pacer = Pacer(Limits(tokens_per_minute=60_000))
        before = pacer.tokens.level
        async with pacer.slot(1000) as slot:
            slot.used(250)
        return before - pacer.tokens.level, pacer.ratio

    spent, ratio = in_loop(work())
    assert spent == pytest.approx(250, abs=100)  # it fills meanwhile
    assert ratio < 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "9"}, 9),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "Fri, 20 Nov 2026 10:00:30 GMT", "date": "Fri, 20 Nov 2026 10:00:00 GMT"}, 30),
        ({"retry-after": "Fri, 20 Nov 2026 10:00:30 GMT"}, None),
        ({"retry-after": "Fri, 20 Nov 2026 10:00:30 -0000", "date": "Fri, 20 Nov 2026 10:00:00 GMT"}, 30),
        ({"retry-after": "Fri, 20 Nov 2026 10:00:30 GMT", "date": "Fri, 20 Nov 2026 10:00:00 -0000"}, 30),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "-3"}, 0),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "2s"}, 2),
        ({"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "2s"}, None),
        ({}, None),
    ],
)
def test_the_wait_is_read_from_the_headers_in_their_order(headers, seconds):
    assert retry_after(headers) == seconds


@pytest.mark.parametrize(("text", "seconds"), [("1s", 1), ("6m0s", 360), ("20ms", 0.02), ("1h2m", 3720), ("7", 7)])
def test_a_span_of_time_is_read(text, seconds):
    assert seconds_of(text) == pytest.approx(seconds)
