"""A setting names a cache, and one sentence says so where it names none."""

from pathlib import Path

import pytest

from cached import entry, fill, keys
from vecsmith.cache import open_cache
from vecsmith.cache.address import Address, default_path, parse_address, parse_duration, parse_size
from vecsmith.cache.memory import MemoryCache
from vecsmith.cache.sqlite import SqliteCache
from vecsmith.errors import ConfigError


@pytest.mark.parametrize("where", [None, False])
def test_none_is_no_cache(where):
    assert open_cache(where) is None


def test_memory_is_in_memory():
    assert isinstance(open_cache("memory"), MemoryCache)
    assert open_cache("memory://?size=5MB&ttl=1h").size == 5_000_000
    assert open_cache("memory", size=77).size == 77


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_is_a_file(tmp_path, kind):
    cache = open_cache(kind(tmp_path / "deep" / "c.db"))
    fill(cache, [1])
    assert isinstance(cache, SqliteCache)
    assert (tmp_path / "deep" / "c.db").exists()
    cache.close()


def test_an_address_carries_size_and_time(tmp_path):
    cache = open_cache(f"sqlite://{tmp_path}/c%20d.db?size=1GB&ttl=30d")
    assert (cache.path, cache.size, cache.ttl) == (tmp_path / "c d.db", 10**9, 30 * 86_400)
    cache.close()


@pytest.mark.parametrize("where", [True, "default"])
def test_the_default_file_is_in_the_folder_that_the_environment_names(tmp_path, monkeypatch, where):
    monkeypatch.setenv("VECSMITH_HOME", str(tmp_path))
    cache = open_cache(where)
    assert cache.path == tmp_path / "cache.sqlite"
    cache.close()


def test_the_default_file_is_in_the_users_data_folder(monkeypatch):
    monkeypatch.delenv("VECSMITH_HOME", raising=False)
    assert default_path().parent.name == "vecsmith"
    assert default_path().is_absolute()


def test_a_home_sign_is_the_users_home():
    assert parse_address("~/c.db") == Address(Path.home() / "c.db")


def test_an_object_with_get_and_put_is_itself():
    cache = MemoryCache()
    assert open_cache(cache) is cache


@pytest.mark.parametrize("where", [3, object(), {}, b"memory", 1.5], ids=["number", "object", "dict", "bytes", "float"])
def test_anything_else_is_refused(where):
    with pytest.raises(ConfigError, match="cache must be a path"):
        open_cache(where)


@pytest.mark.parametrize(
    "where",
    ["", "\0", "redis://host", "memory://host", "memory:///file", "sqlite://", "sqlite:///", "sqlite://host/file"],
)
def test_an_address_that_names_no_cache_is_refused(where):
    with pytest.raises(ConfigError):
        open_cache(where)


@pytest.mark.parametrize("options", ["size=much", "size=0", "size=-1MB", "ttl=", "ttl=3y", "sise=1GB", "size=1GB&x="])
def test_an_option_that_cannot_be_read_is_refused(options):
    with pytest.raises(ConfigError):
        open_cache(f"memory://?{options}")


def test_sizes_and_times_are_read_with_their_units():
    assert [parse_size(text) for text in ("12", "1kb", "1.5 MB", "2GiB")] == [12, 1000, 1_500_000, 2 * 2**30]
    assert [parse_duration(text) for text in ("45s", "90m", "12h", "30d", "1w")] == [
        45,
        5400,
        43_200,
        2_592_000,
        604_800,
    ]


def test_a_file_opened_twice_is_shared_and_open_until_both_closed_it(tmp_path):
    first, second = open_cache(tmp_path / "c.db"), open_cache(tmp_path / "." / "c.db")
    assert first is second
    fill(first, [1])
    first.close()
    assert second.get(keys(1)) == [entry(1)]
    second.close()
    assert second.get(keys(1)) == [None]
    third = open_cache(tmp_path / "c.db")
    assert third is not first
    assert third.get(keys(1)) == [entry(1)]
    third.close()


def test_a_shared_file_cannot_have_two_sizes(tmp_path):
    cache = open_cache(tmp_path / "c.db", size=10**6)
    with pytest.raises(ConfigError, match="another size or ttl"):
        open_cache(tmp_path / "c.db", size=10**7)
    open_cache(tmp_path / "c.db").close()
    cache.close()
