"""The mathematics of int8, and its file."""

import json

import numpy as np
import pytest

from vecsmith import ConfigError
from vecsmith.local.quantization import Quantization, Site, exponents, find, fitted, own_path, save, whole

RNG = np.random.default_rng(5)
WEIGHTS = RNG.normal(0, 0.3, (6, 8)).astype(np.float32)
VALUES = (RNG.normal(0.5, 1, (50, 8)) * [1, 1, 20, 1, 1, 0.2, 1, 1]).astype(np.float32)
SHA256 = "ab" * 32


def powers(alpha=0.75):
    return exponents(np.abs(VALUES).max(axis=0), np.abs(WEIGHTS).max(axis=0), alpha)


def in_steps(values, site):
    """Values as whole numbers and back, by the definition."""
    numbers = np.clip(np.rint(values / site.factors / site.scale) + site.zero, 0, 255)
    return (numbers - site.zero) * site.scale * site.factors


def loss(alpha):
    site = fitted(VALUES.min(axis=0), VALUES.max(axis=0), powers(alpha))
    return np.abs(in_steps(VALUES, site) @ WEIGHTS.T - VALUES @ WEIGHTS.T).mean()


def test_factors_are_those_of_the_paper_but_for_an_eighth_of_a_power_of_two():
    a, w = np.abs(VALUES).max(axis=0), np.abs(WEIGHTS).max(axis=0)
    wanted = a**0.75 / w**0.25
    found = Site(1.0, 0, powers()).factors
    ratio = np.log2(found / wanted)
    assert np.abs(ratio - ratio.mean()).max() <= 1 / 16 + 1e-6
    assert abs(np.mean(powers())) < 0.51


def test_a_channel_with_large_values_costs_the_others_less_with_smoothing():
    plain = fitted(VALUES.min(axis=0), VALUES.max(axis=0), (0,) * 8)
    lost = np.abs(in_steps(VALUES, plain) @ WEIGHTS.T - VALUES @ WEIGHTS.T).mean()
    assert loss(0.75) < lost / 2


def test_a_channel_that_was_silent_has_a_factor_nevertheless():
    largest = np.array([1, 0, 1], np.float32)
    found = Site(1.0, 0, exponents(largest, np.ones(3, np.float32), 1.0)).factors
    assert 1e-4 < found[1] < found[0]


def test_nothing_that_was_measured_is_cut_by_more_than_a_step():
    site = fitted(VALUES.min(axis=0), VALUES.max(axis=0), powers())
    assert np.abs(in_steps(VALUES, site) - VALUES).max(axis=0).max() <= 1.01 * site.scale * site.factors.max()
    assert (np.abs(in_steps(VALUES, site) - VALUES) <= 1.01 * site.scale * site.factors).all()


def test_nought_stays_nought():
    site = fitted(VALUES.min(axis=0), VALUES.max(axis=0), powers())
    assert (in_steps(np.zeros(8), site) == 0).all()


@pytest.mark.parametrize(("low", "high"), [(1, 2), (-2, -1), (-1, 1), (0, 0)])
def test_every_range_has_a_site(low, high):
    site = fitted(np.full(3, low, np.float32), np.full(3, high, np.float32), (0, 0, 0))
    assert site.scale > 0
    assert 0 <= site.zero <= 255
    assert site.zero != 128


def test_whole_weights_have_seven_bits_and_are_half_a_step_off_at_most():
    factors = Site(1.0, 0, powers()).factors
    numbers, scales = whole(WEIGHTS, factors)
    assert numbers.dtype == np.int8
    assert np.abs(numbers).max() == 63
    assert (np.abs(numbers * scales - WEIGHTS * factors) <= scales * 0.5001).all()


def test_weights_of_nought_are_no_trouble():
    numbers, scales = whole(np.zeros((2, 3), np.float32), np.ones(3, np.float32))
    assert (numbers == 0).all()
    assert np.isfinite(scales).all()


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.setenv("VECSMITH_HOME", str(tmp_path))
    made = Quantization(SHA256, {"a": Site(0.0123, 7, (3, -2, 0)), "b": None}, 0.99712, "cd" * 32)
    save(made, own_path(SHA256))
    return made


def test_a_file_is_read_as_it_was_written(made):
    found = find(SHA256)
    assert found == made
    assert (found.sites, found.left_out, found.texts) == (made.sites, ["b"], made.texts)
    assert found.cosine == pytest.approx(made.cosine, abs=1e-3)


def test_where_there_is_no_file_nothing_is_found(made):
    assert find("0" * 64) is None


def test_two_are_equal_that_give_the_same_vectors(made):
    assert made == Quantization(SHA256, dict(made.sites), 0.5, "")
    assert made != Quantization(SHA256, {**made.sites, "b": Site(1.0, 0, (1,))}, 0.99712, made.texts)
    assert made != Quantization("ff" * 32, made.sites, 0.99712, made.texts)
    assert made.id == Quantization(SHA256, dict(made.sites), 0.5, "").id


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: "",
        lambda _: "[]",
        lambda data: json.dumps(data)[:-9],
        lambda data: json.dumps({**data, "int8": 2}),
        lambda data: json.dumps({**data, "weights": "ff" * 32}),
        lambda data: json.dumps({**data, "sites": {"a": {"scale": 1, "zero": 300, "exponents": [1]}}}),
        lambda data: json.dumps({**data, "sites": {"a": {"scale": -1, "zero": 3, "exponents": [1]}}}),
        lambda data: json.dumps({**data, "sites": {"a": {"scale": 1, "zero": 3, "exponents": []}}}),
        lambda data: json.dumps({**data, "sites": {"a": {"scale": 1, "zero": 3}}}),
        lambda data: json.dumps({**data, "sites": {"a": {"scale": 1, "zero": 3, "exponents": [9999]}}}),
        lambda _: "ä",
    ],
)
def test_a_file_that_is_damaged_or_of_another_model_is_refused_by_its_name(made, damage):
    path = own_path(SHA256)
    path.write_text(damage(json.loads(path.read_text())), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"ababab\.json .*vecsmith models calibrate"):
        find(SHA256)


def test_a_file_that_cannot_be_written_is_an_error_that_names_it(tmp_path, made):
    with pytest.raises(ConfigError, match="cannot be written"):
        save(made, own_path(SHA256) / "beneath.json")
