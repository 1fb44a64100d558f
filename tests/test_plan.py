"""Properties of the ladder of shapes and of the pool that fills them."""

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vecsmith.local.plan import FOR_MANY, FOR_ONE, OVERHEAD, SHAPES, Job, Ladder, Pool

MAX_TOKENS = st.one_of(st.integers(1, 600), st.integers(1, 32_768))
BUDGETS = st.one_of(st.integers(1, 2_000), st.sampled_from([1_024, 2_048, 4_096, 8_192, 32_768]))
GRAINS = st.sampled_from([FOR_MANY, FOR_ONE])
LADDER = Ladder.of(256, 1024)
LENGTHS = st.lists(st.integers(1, 256), max_size=60)
JOBS = st.lists(LENGTHS.filter(bool), max_size=6)


def job(lengths):
    return Job.of([np.zeros(n, np.int32) for n in lengths])


def drain(pool):
    while (batch := pool.take()) is not None:
        yield batch


@settings(deadline=None)
@given(MAX_TOKENS, BUDGETS, GRAINS)
def test_a_ladder_has_at_most_64_shapes(max_tokens, budget, grain):
    assert 1 <= len(Ladder.of(max_tokens, budget, grain).shapes) <= SHAPES == 64


@settings(deadline=None)
@given(MAX_TOKENS, BUDGETS, GRAINS)
def test_every_shape_holds_something_and_no_more_than_the_model_reads(max_tokens, budget, grain):
    for shape in Ladder.of(max_tokens, budget, grain).shapes:
        assert shape.rows >= 1
        assert 1 <= shape.length <= max_tokens


@settings(deadline=None)
@given(MAX_TOKENS, BUDGETS, GRAINS)
def test_no_shape_is_over_the_budget_but_that_of_one_long_text(max_tokens, budget, grain):
    for shape in Ladder.of(max_tokens, budget, grain).shapes:
        assert shape.rows == 1 or shape.rows * shape.length <= budget


@settings(deadline=None)
@given(MAX_TOKENS, BUDGETS, GRAINS, st.data())
def test_every_length_fits_into_a_shape_with_as_many_rows_as_make_a_full_batch(max_tokens, budget, grain, data):
    ladder = Ladder.of(max_tokens, budget, grain)
    length = data.draw(st.integers(1, max_tokens))
    rows = data.draw(st.integers(1, ladder.full(length)))
    shape = ladder.fit(rows, length)
    assert shape in ladder.shapes
    assert shape.rows >= rows
    assert shape.length >= length


@settings(deadline=None)
@given(MAX_TOKENS, BUDGETS, GRAINS, st.data())
def test_the_shape_is_the_smallest_that_fits(max_tokens, budget, grain, data):
    ladder = Ladder.of(max_tokens, budget, grain)
    length = data.draw(st.integers(1, max_tokens))
    rows = data.draw(st.integers(1, ladder.full(length)))
    fit = ladder.fit(rows, length)
    holding = [shape.rows * shape.length for shape in ladder.shapes if shape.rows >= rows and shape.length >= length]
    assert fit.rows * fit.length == min(holding)


@pytest.mark.parametrize("length", [8, 9, 13, 17, 21, 25, 40, 90, 200])
def test_a_single_text_is_hardly_padded(length):
    shape = Ladder.of(256, 512, FOR_ONE).fit(1, length)
    assert shape.rows == 1
    assert shape.length <= max(length + 3, 1.15 * length)


@pytest.mark.parametrize("max_tokens", [1, 7, 8, 9, 128, 256, 512, 8_192, 32_768])
def test_the_ladder_reaches_to_the_models_limit(max_tokens):
    assert max(shape.length for shape in Ladder.of(max_tokens, 1024).shapes) == max_tokens


def test_a_single_short_text_runs_in_a_small_shape():
    shape = LADDER.fit(1, 5)
    assert shape.rows == 1
    assert shape.length <= 16


@given(JOBS)
def test_every_row_is_planned_exactly_once(lengths):
    pool = Pool(LADDER)
    jobs = [job(each) for each in lengths]
    for each in jobs:
        pool.add(each)
    planned = [(jobs.index(row.job), row.index) for batch in drain(pool) for row in batch.rows]
    assert sorted(planned) == [(j, i) for j, each in enumerate(lengths) for i in range(len(each))]


@given(JOBS)
def test_no_batch_is_over_its_shape(lengths):
    pool = Pool(LADDER)
    for each in lengths:
        pool.add(job(each))
    for batch in drain(pool):
        assert batch.shape in LADDER.shapes
        assert 1 <= len(batch.rows) <= batch.shape.rows
        assert max(len(row.ids) for row in batch.rows) <= batch.shape.length


@given(LENGTHS)
def test_the_rows_of_a_batch_are_neighbours_in_length(lengths):
    pool = Pool(LADDER)
    pool.add(job(lengths))
    sizes = [[len(row.ids) for row in batch.rows] for batch in drain(pool)]
    for longer, shorter in pairwise(sizes):
        assert min(longer) >= max(shorter)


@given(JOBS.filter(bool), st.data())
def test_rows_of_a_removed_job_never_appear(lengths, data):
    pool = Pool(LADDER)
    jobs = [job(each) for each in lengths]
    for each in jobs:
        pool.add(each)
    before = [pool.take() for _ in range(data.draw(st.integers(0, 3)))]
    gone = data.draw(st.sampled_from(jobs))
    pool.remove(gone)
    after = list(drain(pool))
    assert all(row.job is not gone for batch in after for row in batch.rows)
    seen = sum(len(batch.rows) for batch in [*filter(None, before), *after])
    missing = len(gone.rows) if not any(before) else None
    assert seen <= sum(map(len, lengths))
    assert missing is None or seen == sum(map(len, lengths)) - len(lengths[jobs.index(gone)])
    assert len(pool) == 0


@given(JOBS.filter(bool), LENGTHS)
def test_removing_one_job_leaves_the_others_whole(lengths, others):
    pool = Pool(LADDER)
    gone = job(others)
    kept = [job(each) for each in lengths]
    for each in [*kept, gone]:
        pool.add(each)
    pool.remove(gone)
    planned = [(kept.index(row.job), row.index) for batch in drain(pool) for row in batch.rows]
    assert sorted(planned) == [(j, i) for j, each in enumerate(lengths) for i in range(len(each))]


@given(LENGTHS.filter(bool), LENGTHS.filter(bool))
def test_rows_added_between_batches_are_planned_too(first, second):
    pool = Pool(LADDER)
    pool.add(job(first))
    count = len(pool.take().rows)
    pool.add(job(second))
    assert count + sum(len(batch.rows) for batch in drain(pool)) == len(first) + len(second)


def test_an_empty_pool_has_no_batch():
    assert Pool(LADDER).take() is None


def test_len_is_the_number_of_rows_that_wait():
    pool = Pool(LADDER)
    pool.add(job([5, 200]))
    assert len(pool) == 2


def test_a_job_leads_with_its_longest_row():
    pool = Pool(LADDER)
    pool.add(job([5, 200, 30]))
    assert max(len(row.ids) for row in pool.take().rows) == 200


def test_a_short_job_is_not_starved_by_a_long_one():
    pool = Pool(LADDER)
    long, short = job([256] * 1000), job([8])
    pool.add(long)
    pool.add(short)
    batches = [pool.take(), pool.take()]
    assert any(row.job is short for batch in batches for row in batch.rows)


def test_a_long_job_is_not_starved_by_short_ones_that_come_without_end():
    pool = Pool(LADDER)
    long = job([256] * 30)
    pool.add(long)
    for _ in range(3 * 15):
        pool.add(job([8] * 64))
        pool.take()
    assert not any(row.job is long for row in pool.sorted)


def test_jobs_lead_in_turn_and_the_oldest_every_third_batch():
    pool = Pool(LADDER)
    jobs = [job([length] * 100) for length in (256, 200, 150)]
    for each in jobs:
        pool.add(each)
    leaders = [jobs.index(pool.take().rows[-1].job) for _ in range(6)]
    assert leaders == [0, 1, 0, 2, 0, 0]


def test_a_job_that_comes_later_has_its_turn_after_one_round():
    pool = Pool(LADDER)
    pool.add(job([256] * 100))
    pool.take()
    late = job([10])
    pool.add(late)
    assert any(row.job is late for batch in (pool.take(), pool.take(), pool.take()) for row in batch.rows)


def test_a_batch_is_filled_up_with_rows_of_other_jobs():
    pool = Pool(LADDER)
    for _ in range(4):
        pool.add(job([100]))
    assert len(pool.take().rows) == 4


@pytest.mark.parametrize("waiting", range(1, 65))
@pytest.mark.parametrize("length", [12, 13, 30, 100])
def test_rows_that_wait_together_are_not_padded_to_many_more(waiting, length):
    pool = Pool(Ladder.of(256, 512, FOR_ONE))
    for _ in range(waiting):
        pool.add(job([length]))
    batches = list(drain(pool))
    assert sum(len(batch.rows) for batch in batches) == waiting
    one = OVERHEAD + waiting * length
    assert sum(OVERHEAD + batch.shape.rows * batch.shape.length for batch in batches) <= 2 * one


def test_the_row_whose_turn_it_is_is_in_the_batch():
    chance = random.Random(1)
    for _ in range(200):
        pool = Pool(Ladder.of(256, 512, FOR_ONE))
        first = job([chance.randint(1, 256)])
        pool.add(first)
        for _ in range(chance.randint(0, 40)):
            pool.add(job([chance.randint(1, 256)]))
        assert any(row.job is first for row in pool.take().rows)


@pytest.mark.parametrize("budget", [1024, 2048, 8192])
@pytest.mark.parametrize("max_tokens", [128, 256, 512])
def test_little_of_sorted_bulk_is_padding(max_tokens, budget):
    lengths = random.Random(0).choices(range(3, max_tokens + 1), k=4_000)
    pool = Pool(Ladder.of(max_tokens, budget))
    pool.add(job(lengths))
    run = sum(batch.shape.rows * batch.shape.length for batch in drain(pool))
    assert run <= 1.15 * sum(lengths)


@pytest.mark.parametrize("count", range(1, 40))
def test_few_rows_are_padded_to_no_more_than_a_small_multiple(count):
    shape = LADDER.fit(min(count, LADDER.full(32)), 32)
    assert shape.rows * shape.length <= 5 * 32 * count
