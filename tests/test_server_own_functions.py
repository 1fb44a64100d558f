"""Edge functions of a person's own, as a real server runs them."""

import threading
import time
from pathlib import Path
from textwrap import dedent

import pytest

from asking import asked
from processes import PATIENCE
from served import started

URL = "/functions/v1/"

FILES = {
    "hello/index.py": """
        from vecsmith import AsyncSession

        session = AsyncSession()


        async def handler(request):
            body = await request.json()
            return {"embedding": await session.run(body["input"], mean_pool=True, normalize=True)}
    """,
    "echo/index.py": """
        async def handler(request):
            return {
                "method": request.method,
                "path": request.url.path,
                "tags": request.query_params.getlist("tag"),
                "body": (await request.body()).decode(),
                "said": request.headers.get("x-said"),
            }
    """,
    "kinds/index.py": """
        import numpy
        from starlette.exceptions import HTTPException
        from starlette.responses import Response, StreamingResponse

        async def parts():
            yield b"one, "
            yield b"two"

        async def handler(request):
            match request.query_params["kind"]:
                case "text": return "a cat"
                case "bytes": return bytes([1, 2])
                case "nothing": return None
                case "numbers": return numpy.float32([0.5, 1])
                case "response": return Response("tea", 418, {"x-own": "1", "access-control-allow-origin": "https://a"})
                case "stream": return StreamingResponse(parts(), media_type="text/event-stream")
                case "refused": raise HTTPException(409, "not now")
                case "no-json": return {1, 2}
                case "no-text":
                    from vecsmith import AsyncSession
                    return await AsyncSession().run(7)
                case "no-model":
                    from vecsmith import AsyncSession
                    return await AsyncSession("no-such-model").run("a")
    """,
    "shares/index.py": """
        from .._shared.words import WORD
        from .beside import OTHER

        async def handler(request):
            return WORD + OTHER
    """,
    "shares/beside.py": "OTHER = 'there'",
    "_shared/words.py": "WORD = 'here'",
    "slow/index.py": """
        import asyncio

        async def handler(request):
            await asyncio.sleep(100)
    """,
    "stuck/index.py": """
        import time

        async def handler(request):
            time.sleep(100)
    """,
    "broken/index.py": "value = secret_of_mine",
    "blocking/index.py": "def handler(request):\n    return 1",
    "not a name/index.py": "async def handler(request):\n    return 1",
}


def written(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = written(tmp_path_factory.mktemp("own") / "functions", FILES)
    with started("--functions", str(folder), "--timeout", "2") as (address, _):
        yield address


def test_a_function_embeds_with_a_session_of_its_own(address):
    said = asked(address, f"{URL}hello", {"input": "hello world"}, {"apikey": "any"})
    built_in = asked(address, f"{URL}embed", {"input": "hello world"})
    assert said.status == 200
    assert said.headers["content-type"] == "application/json"
    assert said.body["embedding"] == pytest.approx(built_in.body["embedding"], abs=2e-3)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_function_is_given_the_request(address, method):
    body = None if method == "GET" else b"raw"
    said = asked(address, f"{URL}echo/below?tag=a&tag=b", body, {"x-said": "yes"}, method=method)
    assert said.body == {
        "method": method,
        "path": f"{URL}echo/below",
        "tags": ["a", "b"],
        "body": "raw" if body else "",
        "said": "yes",
    }


@pytest.mark.parametrize(
    ("kind", "status", "content", "body"),
    [
        ("text", 200, "text/plain; charset=utf-8", b"a cat"),
        ("bytes", 200, "application/octet-stream", b"\x01\x02"),
        ("nothing", 204, None, b""),
        ("numbers", 200, "application/json", [0.5, 1.0]),
        ("stream", 200, "text/event-stream; charset=utf-8", b"one, two"),
        ("refused", 409, "application/json", {"code": 409, "message": "not now"}),
    ],
)
def test_what_a_handler_returns_is_sent_as_what_it_is(address, kind, status, content, body):
    said = asked(address, f"{URL}kinds?kind={kind}", method="POST", body={})
    assert (said.status, said.headers["content-type"], said.body) == (status, content, body)
    assert said.headers["access-control-allow-origin"] == "*"


def test_a_response_passes_through(address):
    said = asked(address, f"{URL}kinds?kind=response")
    assert (said.status, said.body, said.headers["x-own"]) == (418, b"tea", "1")
    assert said.headers.get_all("access-control-allow-origin") == ["https://a"]


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("no-json", 500, "return a dict, a list or a Response"),
        ("no-text", 400, "run takes one string"),
        ("no-model", 500, "no-such-model"),
    ],
)
def test_what_fails_says_whose_fault_it_is(address, kind, status, words):
    said = asked(address, f"{URL}kinds?kind={kind}")
    assert (said.status, said.body["code"]) == (status, status)
    assert words in said.body["message"]


def test_a_function_may_share_what_lies_beside_it(address):
    assert asked(address, f"{URL}shares").body == b"herethere"


def test_a_body_that_is_no_json_is_the_clients_fault(address):
    said = asked(address, f"{URL}hello", b"{", method="POST")
    assert (said.status, said.body) == (400, {"code": 400, "message": "the body is not JSON: send an object of JSON"})


@pytest.mark.parametrize("name", ["gone", "not%20a%20name", "_shared", "..", ""])
def test_what_is_no_function_is_not_found(address, name):
    said = asked(address, URL + name, {"input": "a"})
    assert (said.status, said.body["code"]) == (404, "NOT_FOUND")
    assert said.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("name", ["hello", "hello/below", "embed", "gone"])
def test_a_browser_may_call_every_function(address, name):
    said = asked(address, URL + name, method="OPTIONS", headers={"origin": "https://app.example"})
    assert (said.status, said.body) == (200, b"ok")
    assert "apikey" in said.headers["access-control-allow-headers"]


@pytest.mark.parametrize("name", ["slow", "stuck"])
def test_a_function_that_takes_too_long_is_ended_and_the_others_go_on(address, name):
    said = asked(address, f"{URL}{name}", {})
    assert (said.status, said.body["code"]) == (546, "WORKER_LIMIT")
    assert asked(address, f"{URL}echo").status == 200
    assert asked(address, f"{URL}embed", {"input": "a"}).status == 200


FROM_ELSEWHERE = [
    {"x-forwarded-for": "10.0.0.1"},
    {"via": "1.1 proxy"},
    {"origin": "https://page.example"},
    {"host": "rebound.example"},
]


def test_who_writes_a_function_sees_why_it_fails(address):
    said = asked(address, f"{URL}hello", {"inputs": "a"})
    assert said.status == 500
    assert said.body["message"] == "the function hello failed: KeyError: 'input'"
    assert "hello/index.py" in said.body["traceback"].replace("\\", "/")
    assert "vecsmith/server" not in said.body["traceback"].replace("\\", "/")
    broken = asked(address, f"{URL}broken", {}, {"origin": "http://localhost:3000"})
    assert (broken.status, "secret_of_mine" in broken.body["traceback"]) == (500, True)
    blocking = asked(address, f"{URL}blocking", {})
    assert "functions/blocking/index.py has no `async def handler(request)`" in blocking.body["message"]


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=lambda headers: next(iter(headers)))
@pytest.mark.parametrize("name", ["hello", "broken"])
def test_nobody_else_does(address, name, headers):
    said = asked(address, URL + name, {}, headers)
    assert said.status in {403, 500}
    assert set(said.body) == {"code", "message"}
    assert not {"secret_of_mine", "input", "KeyError"} & set(said.body["message"].replace("'", " ").split())


def answer_of(address, name, wanted):
    """Ask until the answer is what is wanted."""
    end = time.monotonic() + PATIENCE
    while (said := asked(address, URL + name)).body != wanted:
        assert time.monotonic() < end, said.body
        time.sleep(0.01)


def says(text):
    return {"word/index.py": f"async def handler(request):\n    return {text!r}\n"}


WAITS = """
    import asyncio
    from pathlib import Path

    async def handler(request):
        if Path({began!r}).exists():
            return "not the first"
        Path({began!r}).touch()
        while not Path({free!r}).exists():
            await asyncio.sleep(0.01)
        from .later import WORD
        return WORD
"""


def test_what_is_saved_counts_at_once_and_requests_under_way_keep_what_they_began_with(tmp_path):
    folder = tmp_path / "functions"
    began, free = tmp_path / "began", tmp_path / "free"
    written(folder, {"word/index.py": WAITS.format(began=str(began), free=str(free)), "word/later.py": "WORD = 'old'"})
    got = []
    with started("--functions", str(folder)) as (address, _):
        under_way = threading.Thread(target=lambda: got.append(asked(address, f"{URL}word").body))
        under_way.start()
        end = time.monotonic() + PATIENCE
        while not began.exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        for text in ("new", "now", "two"):  # saved within one second, and of one length
            written(folder, says(text))
            answer_of(address, "word", text.encode())
        free.touch()
        under_way.join(PATIENCE)
        assert got == [b"old"]

        written(folder, {"word/index.py": "async def handler(request:"})
        end = time.monotonic() + PATIENCE
        while (said := asked(address, f"{URL}word")).status != 500:
            assert time.monotonic() < end
        assert "SyntaxError" in said.body["message"]
        written(folder, says("mended"))
        answer_of(address, "word", b"mended")
        written(folder, {"embed/index.py": "async def handler(request):\n    return 'my own'"})
        answer_of(address, "embed", b"my own")
        (folder / "word" / "index.py").unlink()
        while asked(address, f"{URL}word").status != 404:
            assert time.monotonic() < end
    assert not list(folder.rglob("__pycache__"))


def test_what_functions_share_is_loaded_again_with_them(tmp_path):
    folder = written(tmp_path / "functions", {k: v for k, v in FILES.items() if "share" in k})
    with started("--functions", str(folder)) as (address, _):
        answer_of(address, "shares", b"herethere")
        written(folder, {"_shared/words.py": "WORD = 'then'"})
        answer_of(address, "shares", b"thenthere")


def test_a_function_needs_the_key_that_everything_else_needs(tmp_path):
    folder = written(tmp_path / "functions", says("let in"))
    home = str(tmp_path / "home")
    keys = {"VECSMITH_HOME": home}
    secret, publishable = (made(keys, *options) for options in ([], ["--publishable"]))
    with started("--functions", str(folder), environment=keys) as (address, _):
        assert asked(address, f"{URL}word").status == 401
        assert asked(address, f"{URL}word", headers={"apikey": "vs_pub_no"}).status == 401
        assert asked(address, f"{URL}word", headers={"apikey": secret}).body == b"let in"
        assert asked(address, f"{URL}word", headers={"apikey": publishable}).body == b"let in"
        away = {"apikey": publishable, "x-forwarded-for": "10.0.0.1"}
        assert asked(address, f"{URL}word", headers=away).status == 403
        assert asked(address, f"{URL}word", method="OPTIONS").status == 200


def made(environment, *options):
    from typer.testing import CliRunner

    from vecsmith.cli import app

    return CliRunner().invoke(app, ["keys", "create", *options], env=environment).stdout.split()[0]


def test_a_folder_that_is_none_is_refused(tmp_path):
    from typer.testing import CliRunner

    from vecsmith.cli import app

    done = CliRunner().invoke(app, ["serve", "--functions", str(tmp_path / "none"), "--port", "0"])
    assert "is no folder of functions" in str(done.exception)


def test_a_file_that_lies_where_a_server_is_started_cannot_name_functions():
    from vecsmith.config import parsed
    from vecsmith.errors import ConfigError
    from vecsmith.server.settings import ServerSettings

    text = "[server]\nfunctions = 'functions'"
    with pytest.raises(ConfigError, match="--functions"):
        ServerSettings.of({}, {}, parsed(text, Path("vecsmith.toml"), trusted=False))
    assert ServerSettings.of({}, {}, parsed(text, Path("vecsmith.toml"), trusted=True)).functions == "functions"
