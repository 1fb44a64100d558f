"""A hub of the tests' own on loopback: what huggingface_hub asks of one, and what may go wrong with it.

Small files are answered where they are asked for; large ones by a redirect to another address, as the hub's storage is.
"""

import hashlib
import json
import re
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

LARGE = (".safetensors", ".onnx", ".onnx_data", ".bin")


PIECE = 1 << 16
SENT = r"/[^/]+/[^/]+/resolve/\w+/(.+)|/cdn/[^/]+/[^/]+/\w+/(.+)"


@dataclass
class Repository:
    """The files of a repository at each of its revisions."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    token: str | None = None
    """Who may read it; None for everybody."""
    gated: bool = False
    hidden: tuple[str, ...] = ()
    """Files that are listed, and are not there."""

    def commit(self, files, branch="main"):
        """Make a commit, and let a branch mean it."""
        seen = repr(sorted((path, hashlib.sha1(data).hexdigest()) for path, data in files.items()))
        name = hashlib.sha1(seen.encode()).hexdigest()
        self.commits[name] = dict(files)
        self.branches[branch] = name
        return name


class Hub:
    """Repositories, and what was asked of them."""

    def __init__(self):
        self.address = self.storage = ""
        self.empty()

    def empty(self):
        """Forget everything."""
        self.repositories: dict[str, Repository] = {}
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        """Of each request the method, the path, and the headers in lower case; those of the storage begin ``/cdn``."""
        self.cuts: dict[str, list[int]] = {}
        """By file: after how many bytes each of the next answers ends, too early."""
        self.statuses: dict[str, list[int]] = {}
        """By file, or ``api``: what the next requests are answered instead."""
        self.pause = 0.0
        """Seconds before each further 64 KiB of a file that are sent."""
        self.spoilt: set[str] = set()
        """Files that arrive with other bytes than they should have."""

    def add(self, name, files, **changes):
        """Make a repository with one commit, and return that."""
        repository = self.repositories[name] = Repository(**changes)
        return repository.commit(files)

    def add_folder(self, name, folder, **changes):
        """Make a repository of a folder."""
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        return self.add(name, files, **changes)

    def fetched(self):
        """Return the files whose bytes were sent, in order."""
        found = (re.fullmatch(SENT, path) for method, path, _ in self.asked if method == "GET")
        return [each[1] or each[2] for each in found if each]


def digest(path, data):
    """What the hub calls a file: by the sha256 of its bytes, or as git does."""
    if path.endswith(LARGE):
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def sibling(path, data):
    """A file in the hub's listing."""
    told = {"rfilename": path, "size": len(data), "blobId": hashlib.sha1(data).hexdigest()}
    if path.endswith(LARGE):
        told["lfs"] = {"size": len(data), "sha256": digest(path, data), "pointerSize": 134}
    else:
        told["blobId"] = digest(path, data)
    return told


def entry(path, data):
    """A file in the hub's other listing, which other programs ask for."""
    told = {"type": "file", "path": path, "size": len(data), "oid": sibling(path, data)["blobId"]}
    return told | (
        {"lfs": {"oid": digest(path, data), "size": len(data), "pointerSize": 134}} if path.endswith(LARGE) else {}
    )


class Handler(BaseHTTPRequestHandler):
    """Answers as the hub does; `hub` is set by who serves."""

    hub: Hub
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body at once, or each waits for the other's acknowledgement

    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def answer(self):
        path = unquote(urlsplit(self.path).path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.hub.asked.append((self.command, path, headers))
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path):
            self.listing(found[1], found[2] or "main")
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/([^/]+)", path):
            self.tree(*found.groups())
        elif found := re.fullmatch(r"/cdn/([^/]+/[^/]+)/(\w+)/(.+)", path):
            self.file(found[3], self.hub.repositories[found[1]].commits[found[2]][found[3]])
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self.resolve(*found.groups())
        else:
            self.refuse(404, "EntryNotFound")

    def repository(self, name, revision):
        """Return a repository and the commit that a revision is; None where that was answered already."""
        repository = self.hub.repositories.get(name)
        token = self.headers.get("authorization")
        if repository is None or (repository.token and not repository.gated and token != f"Bearer {repository.token}"):
            return self.refuse(401, "RepoNotFound")
        commit = repository.branches.get(revision, revision)
        if commit not in repository.commits:
            return self.refuse(404, "RevisionNotFound")
        return repository, commit

    def listing(self, name, revision):
        if self.hub.statuses.get("api"):
            return self.refuse(self.hub.statuses["api"].pop(0), None)
        if found := self.repository(name, revision):
            repository, commit = found
            told = {
                "id": name,
                "sha": commit,
                "siblings": [sibling(*each) for each in repository.commits[commit].items()],
            }
            self.send(200, json.dumps(told).encode(), {"content-type": "application/json"})
        return None

    def tree(self, name, revision):
        if found := self.repository(name, revision):
            repository, commit = found
            told = [entry(*each) for each in repository.commits[commit].items()]
            self.send(200, json.dumps(told).encode(), {"content-type": "application/json"})

    def resolve(self, name, revision, path):
        found = self.repository(name, revision)
        if found is None:
            return None
        repository, commit = found
        if repository.gated and self.headers.get("authorization") != f"Bearer {repository.token}":
            return self.refuse(403, "GatedRepo")
        if path not in repository.commits[commit] or path in repository.hidden:
            return self.refuse(404, "EntryNotFound")
        if self.hub.statuses.get(path):
            return self.refuse(self.hub.statuses[path].pop(0), None)
        data = repository.commits[commit][path]
        known = {"x-repo-commit": commit, "etag": f'"{digest(path, data)}"'}
        if not path.endswith(LARGE):
            return self.file(path, data, known)
        linked = {"x-linked-etag": known["etag"], "x-linked-size": str(len(data))}
        return self.send(302, b"", {**known, **linked, "location": f"{self.hub.storage}/cdn/{name}/{commit}/{path}"})

    def file(self, path, data, headers=None):
        if path in self.hub.spoilt:
            data = data[:-1] + bytes([data[-1] ^ 1])
        headers, status, whole = dict(headers or {}), 200, len(data)
        if found := re.fullmatch(r"bytes=(\d+)-", self.headers.get("range", "")):
            headers["content-range"] = f"bytes {found[1]}-{whole - 1}/{whole}"
            data, status = data[int(found[1]) :], 206
        cut = self.hub.cuts[path].pop(0) if self.command == "GET" and self.hub.cuts.get(path) else None
        self.send(status, data, headers, cut)

    def refuse(self, status, code):
        told = {"x-error-code": code} if code else {}
        self.send(status, b"", told)

    def send(self, status, body, headers, cut=None):
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            body = body[:cut]
            for start in range(0, len(body), PIECE):
                if self.hub.pause and start:
                    self.wfile.flush()
                    time.sleep(self.hub.pause)
                self.wfile.write(body[start : start + PIECE])
        if cut is not None:
            self.close_connection = True


class Server(ThreadingHTTPServer):
    """Says nothing of clients that hang up, or are killed."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def hub_serving():
    """Serve a hub, and its storage at another address; yield it."""
    hub = Hub()
    handler = type("Handling", (Handler,), {"hub": hub})
    servers = [Server(("127.0.0.1", 0), handler) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    hub.address, hub.storage = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    try:
        yield hub
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def small_model(weights=b"w" * 50_000, **more):
    """The files of what could be a model, beside others that nobody needs."""
    return (
        {
            "config.json": b'{"hidden_size": 32}',
            "tokenizer.json": b'{"version": "1.0"}',
            "tokenizer_config.json": b"{}",
            "modules.json": json.dumps(
                [
                    {"type": "sentence_transformers.models.Transformer", "path": ""},
                    {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"},
                    {"type": "sentence_transformers.models.Normalize", "path": "2_Normalize"},
                ]
            ).encode(),
            "1_Pooling/config.json": b'{"pooling_mode_mean_tokens": true}',
            "sentence_bert_config.json": b'{"max_seq_length": 32}',
            "README.md": b"# A model",
            "pytorch_model.bin": b"pickle",
            "onnx/model.onnx": b"onnx",
            "openvino/openvino_model.bin": b"openvino",
        }
        | ({"model.safetensors": weights} if weights else {})
        | more
    )
