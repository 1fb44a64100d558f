import json

import pytest
from typer.testing import CliRunner

from cached import fill, key
from vecsmith.cache import open_cache
from vecsmith.cli import app
from vecsmith.cli.cache import amount
from vecsmith.errors import ConfigError


def run(*arguments):
    return CliRunner().invoke(app, ["cache", *map(str, arguments)])


def facts(path):
    return json.loads(run("stats", path, "--json").stdout)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "cache.sqlite"
    cache = open_cache(path)
    fill(cache, range(1000), width=384)
    cache.close()
    return path


def test_stats_say_how_much_is_kept_and_since_when(path):
    found = facts(path)
    assert (found["path"], found["entries"]) == (str(path), 1000)
    assert found["file_bytes"] == path.stat().st_size >= found["bytes_in_use"] > 1_536_000
    assert found["oldest"] <= found["newest"] <= found["last_used"]


def test_stats_for_people_have_a_line_for_each_fact(path):
    lines = run("stats", path).stdout.splitlines()
    assert "entries       1,000" in lines
    assert any(line.startswith("file bytes    2.") and line.endswith(" MB") for line in lines)


@pytest.mark.parametrize("command", [["stats"], ["prune", "--size", "1MB"], ["clear"]])
def test_nothing_is_made_where_there_is_no_cache(tmp_path, monkeypatch, command):
    monkeypatch.setenv("VECSMITH_HOME", str(tmp_path / "home"))
    assert run(*command).exit_code == 0
    assert list(tmp_path.iterdir()) == []


def test_without_a_path_the_default_cache_is_meant(tmp_path, monkeypatch, path):
    monkeypatch.setenv("VECSMITH_HOME", str(tmp_path))
    assert json.loads(run("stats", "--json").stdout)["entries"] == 1000


def test_prune_to_a_size_makes_the_file_no_larger(path):
    said = run("prune", path, "--size", "1MB").stdout
    left = facts(path)["entries"]
    assert 300 < left < 600
    assert said == f"{1000 - left} entries deleted\n"
    assert path.stat().st_size <= 1_000_000


def test_prune_by_age_deletes_what_was_made_before(path):
    assert run("prune", path, "--older-than", "1h").stdout == "0 entries deleted\n"
    cache = open_cache(path)
    cache._clock = lambda: 1_000_000
    cache.put([key("old")], cache.get([key(1)]))
    cache.close()
    assert run("prune", path, "--older-than", "30d").stdout == "1 entry deleted\n"
    assert facts(path)["entries"] == 1000


def test_prune_without_a_bound_is_wrong_usage(path):
    done = run("prune", path)
    assert done.exit_code == 2
    assert "--size or --older-than" in done.stderr


def test_prune_with_a_size_that_cannot_be_read_is_an_error(path):
    assert isinstance(run("prune", path, "--size", "much").exception, ConfigError)


def test_clear_says_how_many_entries_went_and_gives_the_room_back(path):
    assert run("clear", path).stdout == "1,000 entries deleted\n"
    assert facts(path)["entries"] == 0
    assert path.stat().st_size < 50_000


def test_a_place_that_cannot_be_used_is_an_error(tmp_path):
    assert isinstance(run("stats", tmp_path).exception, ConfigError)


def test_bytes_are_shown_in_the_unit_that_suits_them():
    assert [amount(n) for n in (0, 999, 1000, 2_345_678, 10**16)] == [
        "0 bytes",
        "999 bytes",
        "1.0 kB",
        "2.3 MB",
        "10,000.0 TB",
    ]


def test_a_time_beyond_all_measure_is_for_ever(path):
    assert run("prune", path, "--older-than", "99999999999999999999d").exit_code == 0
    assert facts(path)["entries"] == 1000
    assert open_cache(f"sqlite://{path}?ttl=9999999999999999d").get([key(1)])[0] is not None
