"""How much a key may do, by a clock of the test's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecsmith.dialects.serving import Problem
from vecsmith.server.access.keys import Limits
from vecsmith.server.access.limits import Bucket, Meter, duration

NOON = 1_800_000_000.0 // 86_400 * 86_400 + 43_200


def refused(meter, now):
    with pytest.raises(Problem) as caught:
        meter.begin(now)
    return caught.value


def test_requests_are_let_in_until_the_minute_is_used_up_and_then_at_its_pace():
    meter = Meter(Limits(requests_per_minute=2), NOON)
    for _ in range(2):
        meter.begin(NOON)
        meter.end(0, NOON)
    problem = refused(meter, NOON)
    assert (problem.kind, problem.status) == ("rate", 429)
    assert problem.retry_after == pytest.approx(30, abs=0.01)
    refused(meter, NOON + 29)
    meter.begin(NOON + 30)


def test_what_a_request_cost_may_go_below_zero_and_then_nothing_is_let_in():
    meter = Meter(Limits(tokens_per_minute=60), NOON)
    meter.begin(NOON)
    meter.end(90, NOON)
    assert refused(meter, NOON).retry_after == pytest.approx(30, abs=0.01)
    assert "60 tokens a minute" in refused(meter, NOON).message
    meter.begin(NOON + 30)


def test_so_many_at_once_and_no_more():
    meter = Meter(Limits(concurrency=2), NOON)
    meter.begin(NOON)
    meter.begin(NOON)
    assert refused(meter, NOON).retry_after == 1
    meter.end(5, NOON)
    meter.begin(NOON)


def test_a_day_ends_at_midnight_and_begins_with_what_was_spent_before_the_server_started():
    meter = Meter(Limits(tokens_per_day=100), NOON, spent=99)
    meter.begin(NOON)
    meter.end(1, NOON)
    problem = refused(meter, NOON)
    assert (problem.kind, problem.retry_after) == ("quota", 43_200)
    meter.begin(NOON + 43_200)


def test_a_clock_that_is_set_back_starves_nobody():
    meter = Meter(Limits(requests_per_minute=60), NOON)
    for _ in range(60):
        meter.begin(NOON)
    refused(meter, NOON - 3600)
    meter.begin(NOON - 3599)


def test_a_key_without_limits_is_told_of_none():
    meter = Meter(Limits(), NOON)
    meter.begin(NOON)
    assert meter.headers(NOON) == {}


def test_what_is_left_is_told_as_the_clients_read_it():
    meter = Meter(Limits(requests_per_minute=60, tokens_per_minute=600), NOON)
    meter.begin(NOON)
    meter.end(660, NOON)
    assert meter.headers(NOON) == {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-limit-tokens": "600",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "1m6s",
        "x-ratelimit-reset": str(int(NOON) + 6),
    }


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0s"), (0.02, "20ms"), (0.9999, "1s"), (59.2, "1m0s"), (360, "6m0s"), (3601, "1h0m1s")]
)
def test_durations_are_written_as_openai_writes_them(seconds, words):
    assert duration(seconds) == words


@given(st.integers(1, 10_000), st.lists(st.floats(0, 100), max_size=50))
def test_a_bucket_never_holds_more_than_a_minute_and_never_gives_more_than_it_was_given(capacity, pauses):
    bucket, now, taken = Bucket(capacity, NOON), NOON, 0
    for pause in pauses:
        now += pause
        while bucket.wait(1, now) == 0 and taken < 20_000:
            bucket.level -= 1
            taken += 1
        assert -0.001 <= bucket.level <= capacity
    assert taken <= capacity + (now - NOON) * capacity / 60 + 0.01
