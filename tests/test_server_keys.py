"""Who is let in, over real HTTP, by whoever tries to."""

import http.client
import json
import threading
import time
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest

from asking import asked
from served import serving, started
from vecsmith.errors import ConfigError
from vecsmith.server.access import door as door_module
from vecsmith.server.access.door import door_of
from vecsmith.server.access.hosts import FORWARDED
from vecsmith.server.access.keys import Limits, make_key
from vecsmith.server.access.keystore import add_key, revoke_key
from vecsmith.server.access.ledger import by_key, today, usage
from vecsmith.server.inside.openapi import PART
from vecsmith.server.routes import ROWS
from vecsmith.server.settings import ServerSettings
from vecsmith.testing import FakeGenerator

SENTENCE = "marked text of a user"


class Here(FakeGenerator):
    """A model on this machine, which costs nothing."""

    answers_here = True


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("VECSMITH_HOME", str(tmp_path))
    monkeypatch.setattr(door_module, "EVERY", 0.02)
    return tmp_path


@contextmanager
def locked(models=None, **settings):
    """Serve behind the real door."""
    served = serving(models or {"here": Here(), "also": Here()}, **settings)
    with ExitStack() as behind, served as (address, service):  # the door is closed when the server has stopped
        door = behind.enter_context(door_of(service.settings))
        service.access = door.access(service.menu)
        service.witnesses.extend(door.witnesses)
        yield address


def made(kind="secret", lane=None, **limits):
    key, shown = make_key("", kind, Limits(**limits), lane, time.time())
    add_key(key)
    return key, shown


def post(address, key=None, headers=None, *, model="here", query="", texts=(SENTENCE,)):
    """Send one request; return status, headers and body, the headers in lower case."""
    where = urlsplit(address)
    told = {"content-type": "application/json", **({"authorization": f"Bearer {key}"} if key is not None else {})}
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
    try:
        body = json.dumps({"input": list(texts), "model": model})
        connection.request("POST", f"/v1/embeddings{query}", body, {**told, **(headers or {})})
        answer = connection.getresponse()
        said = json.loads(answer.read())
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, said
    finally:
        connection.close()


def until(address, key, status):
    """Ask until the answer has a status; the test's own limit ends what does not come."""
    while post(address, key)[0] != status:
        threading.Event().wait(0.01)


def test_without_any_key_everybody_on_this_machine_is_let_in_whatever_key_they_send():
    with locked() as address:
        for key in (None, "sk-anything", "vs_000000000000_0"):
            assert post(address, key)[0] == 200


def test_a_publishable_key_does_not_lock_the_server():
    made("publishable")
    with locked() as address:
        assert post(address)[0] == 200


def test_with_a_secret_key_only_who_has_one_is_let_in():
    _, shown = made()
    with locked() as address:
        assert post(address, shown)[0] == 200
        status, _, body = post(address)
        assert (status, "no key was sent" in body["error"]["message"]) == (401, True)


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"authorization": "bearer {}"}, ""),
        ({"authorization": "Bearer   {} "}, ""),
        ({"x-goog-api-key": "{}"}, ""),
        ({"api-key": "{}"}, ""),
        ({"x-api-key": "{}"}, ""),
        ({"apikey": "{}"}, ""),
        ({}, "?key={}"),
    ],
)
def test_a_key_is_taken_wherever_a_client_puts_it(headers, query):
    _, shown = made()
    with locked() as address:
        for key, status in ((shown, 200), (shown[:-1], 401)):
            sent = {name: value.format(key) for name, value in headers.items()}
            assert post(address, headers=sent, query=query.format(key))[0] == status


def test_a_wrong_key_is_refused_and_repeated_nowhere(caplog):
    key, shown = made()
    other, _ = made()
    wrong = [
        shown[:-1] + ("0" if shown[-1] != "0" else "1"),
        shown.replace(key.id, other.id),
        shown.replace(key.id, "0" * 12),
        f"vs_{key.id}",
        f"vs_pub_{key.id}",
        "sk-proj-marked",
        "vs_" + "a" * 60_000,
        "' OR 1=1 --",
    ]
    with locked() as address:
        for text in wrong:
            status, headers, body = post(address, text)
            assert status == 401
            assert text[3:] not in json.dumps(body) + json.dumps(headers) + caplog.text
        assert post(address, headers={"authorization": f"Basic {shown}"})[0] == 401
        assert post(address, headers={"authorization": "Bearer"})[0] == 401


def test_a_key_that_is_revoked_is_refused_by_a_server_that_runs():
    key, shown = made()
    with locked() as address:
        assert post(address, shown)[0] == 200
        revoke_key(key.id, time.time())
        until(address, shown, 401)
        assert "revoked" in post(address, shown)[2]["error"]["message"]
        assert post(address)[0] == 401  # the last one: and still nobody is let in without


def test_the_first_key_locks_a_server_that_runs():
    with locked() as address:
        assert post(address)[0] == 200
        _, shown = made()
        until(address, None, 401)
        assert post(address, shown)[0] == 200


def test_the_keys_file_gone_opens_nothing(home):
    _, shown = made()
    with locked() as address:
        (home / "keys.sqlite").unlink()
        until(address, shown, 401)
        assert post(address)[0] == 401


def test_a_key_is_for_its_models_by_any_of_their_names():
    _, shown = made(models=("other",))
    with locked(aliases={"other": "also"}) as address:
        assert post(address, shown, model="also")[0] == 200
        assert post(address, shown, model="other")[0] == 200
        status, _, body = post(address, shown, model="here")
        assert (status, "use other" in body["error"]["message"]) == (403, True)


LISTS = (
    "/v1/models",
    "/openai/v1/models",
    "/v1beta/models",
    "/cohere/v1/models",
    "/api/tags",
    "/api/ps",
    "/ready",
    "/",
)


@pytest.mark.parametrize("path", LISTS)
def test_a_key_is_told_of_its_models_and_of_no_other(path):
    _, shown = made(models=("also",))
    _, whole = made()
    with locked({"here": Here(), "also": Here()}) as address:
        headers = {"authorization": f"Bearer {shown}"}
        told = str(asked(address, path, headers=headers).body)
        assert ("also" in told, "here" in told) == (True, False)
        told = str(asked(address, path, headers={"authorization": f"Bearer {whole}", "accept": "text/html"}).body)
        assert "here" in told
        assert not {"also", "'here'"} & set(str(asked(address, path).body).split())


def test_a_key_learns_of_no_other_model_by_asking_for_it_or_for_one_that_is_not_there():
    _, shown = made(models=("also",))
    with locked({"here": Here(), "also": Here()}) as address:
        headers = {"authorization": f"Bearer {shown}"}
        assert asked(address, "/v1/models/here", headers=headers).status == 403
        assert asked(address, "/metrics", headers=headers).status == 403
        said = asked(address, "/v1/models/nowhere", headers=headers)
        assert (said.status, "here," in str(said.body), "also" in str(said.body)) == (404, False, True)
        said = asked(address, "/api/show", {"model": "here"}, headers)
        assert said.status == 403


OPEN = {row.path for row in ROWS if row.open}


@pytest.mark.parametrize("trick", [str, lambda path: path.replace("/", "//"), lambda path: path.replace("/", "%2f")])
def test_no_spelling_of_a_path_is_answered_without_a_key(trick):
    made()
    with locked() as address:
        for row in ROWS:
            if row.path not in OPEN:
                path = "/" + trick(PART.sub("here", row.path).removeprefix("/"))
                status = asked(address, path, {} if row.method == "POST" else None, method=row.method).status
                assert status in ({401, 403} if trick is str else {401, 403, 404, 405}), row


@pytest.mark.parametrize("name", FORWARDED)
def test_a_publishable_key_is_refused_where_a_proxy_stands_between(name):
    made()
    _, shown = made("publishable")
    with locked() as address:
        assert post(address, shown)[0] == 200
        assert post(address, shown, {name: "127.0.0.1"})[0] == 403


def test_a_publishable_key_is_for_local_models_only():
    made()
    _, shown = made("publishable")
    with locked({"here": Here(), "far": FakeGenerator()}) as address:
        assert post(address, shown)[0] == 200
        assert post(address, shown, model="far")[0] == 403


def test_a_publishable_key_is_refused_under_another_name():
    made()
    _, shown = made("publishable")
    with locked() as address:
        assert post(address, shown, {"host": "evil.example"})[0] == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8080", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:8080", 200),
        ("api.localhost", 200),
        ("mine.example:8080", 200),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("192.168.0.7", 403),
        ("", 403),
    ],
)
def test_an_open_server_is_reached_by_its_own_names_only(host, status):
    with locked(allow_hosts=("mine.example",)) as address:
        assert post(address, headers={"host": host})[0] == status


def test_with_keys_and_local_models_a_server_may_have_any_name():
    _, shown = made()
    with locked() as address:
        assert post(address, shown, {"host": "embeddings.example"})[0] == 200


def test_a_server_that_costs_money_needs_a_key_and_its_own_name():
    far = {"far": FakeGenerator()}
    with pytest.raises(ConfigError, match="far is computed by another service"), locked(far):
        pass
    made("publishable")
    with pytest.raises(ConfigError, match="vecsmith keys create"), locked(far):
        pass
    _, shown = made()
    with locked(far) as address:
        assert post(address, model="far")[0] == 401
        assert post(address, shown, model="far")[0] == 200
        assert post(address, shown, {"host": "evil.example"}, model="far")[0] == 403
    with locked(far, auth=False) as address:
        assert post(address, model="far")[0] == 200
        assert post(address, None, {"host": "evil.example"}, model="far")[0] == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.0.7", "nowhere.invalid"])
def test_a_server_that_others_reach_needs_a_key_or_the_word(host):
    with pytest.raises(ConfigError, match="say --no-auth"), door_of(ServerSettings(host=host)):
        pass
    made("publishable")
    with pytest.raises(ConfigError, match="say --no-auth"), door_of(ServerSettings(host=host)):
        pass
    with door_of(ServerSettings(host=host, auth=False)):
        pass
    key, _ = made()
    with door_of(ServerSettings(host=host)):
        pass
    revoke_key(key.id, time.time())
    with pytest.raises(ConfigError, match="say --no-auth"), door_of(ServerSettings(host=host)):
        pass


def test_with_no_auth_nobody_is_asked_for_a_key():
    made()
    with locked(auth=False) as address:
        assert post(address)[0] == 200


def test_a_key_has_its_requests_a_minute_and_every_answer_says_what_is_left():
    _, shown = made(requests_per_minute=2, tokens_per_minute=1_000)
    _, other = made()
    with locked() as address:
        _, headers, _ = post(address, shown)
        assert headers["x-ratelimit-limit-requests"] == "2"
        assert headers["x-ratelimit-remaining-requests"] == "1"
        assert int(headers["x-ratelimit-remaining-tokens"]) < 1_000
        assert headers["x-ratelimit-reset-requests"].endswith("s")
        assert post(address, shown, model="none")[0] == 404
        status, headers, body = post(address, shown)
        assert status == 429
        assert 1 <= int(headers["retry-after"]) <= 60
        assert headers["x-ratelimit-remaining-requests"] == "0"
        assert int(headers["x-ratelimit-reset"]) > time.time()
        assert "2 requests a minute" in body["error"]["message"]
        status, headers, _ = post(address, other)
        assert status == 200
        assert not any(name.startswith("x-ratelimit") for name in headers)


def test_a_key_that_used_more_tokens_than_it_has_waits_a_minute_at_most():
    _, shown = made(tokens_per_minute=3)
    with locked() as address:
        assert post(address, shown, texts=["a" * 90] * 3)[0] == 200
        status, headers, body = post(address, shown)
        assert (status, headers["retry-after"]) == (429, "60")
        assert "3 tokens a minute" in body["error"]["message"]


def test_a_day_s_tokens_outlast_the_server():
    key, shown = made(tokens_per_day=1)
    with locked() as address:
        assert post(address, shown)[0] == 200
        assert post(address, shown)[0] == 429
    assert by_key(usage(today()))[key.id].tokens >= 1
    with locked() as address:
        status, headers, body = post(address, shown)
        assert (status, headers["retry-after"]) == (429, "60")
        assert "of the day" in body["error"]["message"]


def test_a_key_has_so_many_requests_at_once_and_a_failed_one_gives_its_place_back():
    _, shown = made(concurrency=1)
    with locked({"here": Slow()}) as address:
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(post(address, shown)[0])) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [200, 429, 429, 429]
        for headers, model, status in (({}, "none", 404), ({"x-vecsmith-lane": "no"}, "here", 400)):
            assert post(address, shown, headers, model=model)[0] == status
        assert post(address, shown)[0] == 200


class Slow(Here):
    """Takes its time, while others knock."""

    async def generate(self, values, options=None):
        import asyncio

        await asyncio.sleep(0.5)
        return await super().generate(values, options)


def test_a_key_s_slow_lane_cannot_be_left_and_its_fast_one_can():
    (_, slow), (_, fast), (_, either) = made(lane="bulk"), made(lane="interactive"), made()
    fake = Here()
    with locked({"here": fake}) as address:
        for key, asked, lane in (
            *((slow, None, "bulk"), (slow, "interactive", "bulk"), (fast, None, "interactive"), (fast, "bulk", "bulk")),
            *((either, None, None), (either, "interactive", "interactive")),
        ):
            assert post(address, key, {"x-vecsmith-lane": asked} if asked else {})[0] == 200
            assert fake.calls[-1].lane == lane


def test_what_a_key_used_is_written_and_no_text_is():
    key, shown = made(requests_per_minute=3)
    with locked(aliases={"alias": "here"}) as address:
        post(address, shown, texts=[SENTENCE, "b"])
        post(address, shown, model="alias")
        post(address, shown, model="none")
        post(address, shown)
    found = {(use.key, use.model): use.count for use in usage(today())}
    assert found[(key.id, "here")].requests == 2
    assert found[(key.id, "here")].texts == 3
    assert found[(key.id, "here")].tokens > 3
    assert found[(key.id, "")].errors == 2
    assert set(found) == {(key.id, "here"), (key.id, "")}


def test_nothing_of_a_user_is_written(home):
    _, shown = made()
    with locked() as address:
        post(address, shown)
        post(address, shown[:-1])
        post(address)
    written = b"".join(path.read_bytes() for path in home.iterdir())
    assert SENTENCE.encode() not in written
    assert shown.split("_")[2].encode() not in written


def test_the_command_asks_for_the_keys_that_the_command_made(home):
    from typer.testing import CliRunner

    from vecsmith.cli import app

    shown = CliRunner().invoke(app, ["keys", "create"]).stdout.strip()
    with started("--host", "0.0.0.0", environment={"VECSMITH_HOME": str(home)}) as (address, process):
        here = address.replace("0.0.0.0", "127.0.0.1")
        assert post(here, shown, model="minilm")[0] == 200
        assert post(here, model="minilm")[0] == 401
        process.terminate()
        assert process.wait(30) == 0
    [row] = json.loads(CliRunner().invoke(app, ["keys", "list", "--json"]).stdout)
    assert row["month"]["requests"] == 1
