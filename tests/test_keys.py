"""Keys on disk and in memory, and the command that makes them."""

import json
import os
import sqlite3
import stat
import time

import pytest
from typer.testing import CliRunner

from vecsmith.cli import app
from vecsmith.errors import ConfigError
from vecsmith.server.access import keys as keys_module
from vecsmith.server.access.keyring import Keyring
from vecsmith.server.access.keys import Limits, make_key, parse_key
from vecsmith.server.access.keystore import KEYS, add_key, all_keys, revoke_key
from vecsmith.server.access.ledger import USAGE


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setenv("VECSMITH_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    return home


def run(*arguments):
    return CliRunner().invoke(app, ["keys", *arguments])


def made(kind="secret", **limits):
    key, shown = make_key("", kind, Limits(**limits), None, time.time())
    add_key(key)
    return key, shown


def test_a_key_is_shown_once_and_kept_as_a_salted_hash(home):
    done = run("create", "--name", "web")
    shown = done.stdout.strip()
    number, secret = parse_key(shown)
    assert len(bytes.fromhex(secret)) == 32
    assert number in done.stderr
    assert secret not in done.stderr
    assert all(secret.encode() not in path.read_bytes() for path in home.iterdir())
    assert secret not in run("list").output + run("list", "--json").output
    assert Keyring().find(shown).name == "web"
    assert secret not in repr(all_keys())


def test_equal_secrets_would_be_kept_differently():
    (one, _), (two, _) = made(), made()
    assert one.salt != two.salt
    assert one.digest not in repr(one).encode()


def test_a_publishable_key_can_be_shown_again():
    shown = run("create", "--publishable").stdout.strip()
    assert shown.startswith("vs_pub_")
    assert json.loads(run("list", "--json").stdout)[0]["key"] == shown
    assert not Keyring().good


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
@pytest.mark.parametrize("file", [KEYS, USAGE], ids=lambda file: file.name)
def test_only_the_user_can_read_the_files_whatever_the_mask_and_the_mode(file, home):
    before = os.umask(0)
    try:
        with file.opened():
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    file.path.chmod(0o644)
    with file.opened():
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_limits_are_kept_and_listed():
    run(
        *("create", "--models", "a, b", "--requests-per-minute", "60", "--tokens-per-minute", "1000"),
        *("--tokens-per-day", "5000", "--concurrency", "2", "--lane", "bulk"),
    )
    [key] = all_keys()
    assert key.limits == Limits(("a", "b"), 60, 1000, 5000, 2)
    assert key.lane == "bulk"
    assert "60 requests a minute, 1,000 tokens a minute, 5,000 tokens a day, 2 at once" in run("list").stdout


@pytest.mark.parametrize("wrong", [["--models", " , "], ["--name", "a\nb"], ["--name", "a" * 101], ["--lane", "fast"]])
def test_wrong_usage_makes_no_key(wrong):
    assert run("create", *wrong).exit_code == 2
    assert all_keys() == []


def test_a_key_is_revoked_by_its_id_and_stays_so(home):
    key, shown = made()
    assert run("revoke", key.id).exit_code == 0
    first = all_keys()[0].revoked
    assert first is not None
    assert Keyring().find(shown).revoked == first
    assert not Keyring().good
    revoke_key(key.id, first + 100)
    assert all_keys()[0].revoked == first


def test_an_unknown_id_is_not_repeated():
    with pytest.raises(ConfigError) as caught:
        revoke_key("vs_abc_secret", 0)
    assert "secret" not in str(caught.value)


def test_listing_makes_no_file(home):
    assert run("list").exit_code == 0
    assert json.loads(run("list", "--json").stdout) == []
    assert not home.exists()


def test_another_programs_file_is_left_alone(home):
    home.mkdir()
    with sqlite3.connect(KEYS.path) as db:
        db.execute("CREATE TABLE mine (a)")
    db.close()
    before = KEYS.path.read_bytes()
    for call in (all_keys, Keyring, made):
        with pytest.raises(ConfigError, match="move it away"):
            call()
    assert KEYS.path.read_bytes() == before


def test_a_file_that_is_no_database_is_an_error_that_says_so(home):
    home.mkdir()
    KEYS.path.write_bytes(b"no database, and longer than a header of one" * 10)
    with pytest.raises(ConfigError, match="cannot be"):
        Keyring()


@pytest.mark.parametrize(
    "text",
    [
        *("", "vs_", "vs__", "vs_pub_", "sk-other", "vs_{id}", "vs_{id}_", "vs_{id}_0", "vs_{id}_{secret}0"),
        *("{id}_{secret}", "VS_{id}_{secret}", "vs_{id}_{other}", "vs_{other_id}_{secret}", "vs_pub_{id}"),
        *("vs_pub_{id}_{secret}", "vs_{id}_{secret} ", "vs_{id}_\x00{secret}", "vs_{id}_é", "vs_{id}_\udc80"),
        "vs_" + "a" * 10_000_000,
    ],
    ids=lambda text: text[:30].encode("unicode_escape").decode(),
)
def test_what_is_not_the_key_opens_nothing(text):
    (key, shown), (other, other_shown) = made(), made()
    _, secret = parse_key(shown)
    for mark, value in (
        *(("{id}", key.id), ("{secret}", secret), ("{other_id}", other.id)),
        ("{other}", parse_key(other_shown)[1]),
    ):
        text = text.replace(mark, value)
    keyring = Keyring()
    assert keyring.find(text) is None
    assert keyring.find(shown).id == key.id


def test_secrets_are_compared_in_constant_time_also_where_there_is_no_such_id(monkeypatch):
    _, shown = made()
    seen = []
    real = keys_module.compare_digest
    monkeypatch.setattr(keys_module, "compare_digest", lambda a, b: seen.append((a, b)) or real(a, b))
    keyring = Keyring()
    assert keyring.find(shown)
    assert keyring.find("vs_000000000000_0") is None
    assert [len(a) for pair in seen for a in pair] == [32] * 4


def test_a_long_text_is_not_hashed(monkeypatch):
    made()
    hashed = []
    monkeypatch.setattr(keys_module, "hashed", lambda _, secret: hashed.append(secret) or bytes(32))
    assert Keyring().find("vs_abc_" + "a" * 100_000) is None
    assert hashed == [""]


def test_a_keyring_sees_what_changes_and_never_opens_again():
    keyring = Keyring()
    assert not keyring.locked
    key, shown = made()
    assert keyring.find(shown) is None
    keyring.refresh()
    assert keyring.find(shown).id == key.id
    revoke_key(key.id, time.time())
    keyring.refresh()
    assert keyring.find(shown).revoked
    KEYS.path.unlink()
    keyring.refresh()
    assert keyring.find(shown) is None
    assert keyring.locked
    again, shown = made()
    keyring.refresh()
    assert keyring.find(shown).id == again.id
    keyring.close()


def test_keys_are_read_again_only_where_the_file_changed(monkeypatch):
    made()
    keyring = Keyring()
    monkeypatch.setattr("vecsmith.server.access.keyring.read_keys", lambda _: pytest.fail("read"))
    keyring.refresh()
    keyring.close()
