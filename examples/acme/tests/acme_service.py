"""A stand-in for Acme's service, in a process of its own: prints its port, and answers until it is killed."""

import hashlib
import json
import random
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WIDTHS = {"embedding-small": 16, "embedding-large": 32}
KEY = "acme-key"


def vector_of(text, width):
    chance = random.Random(hashlib.sha256(text.encode()).digest())
    return [chance.gauss(0, 1) for _ in range(width)]


class Acme(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    refused = False

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.answer(*self.answered(body))

    def answered(self, body):
        if self.headers["authorization"] != f"Bearer {KEY}":
            return 401, {"problem": "who are you?"}
        if body["engine"] not in WIDTHS:
            return 404, {"problem": "no such engine"}
        if len(body["passages"]) > 96:
            return 413, {"problem": "too many passages"}
        if "refuse me" in body["passages"]:
            return 400, {"problem": "a passage is not fit to be embedded"}
        if not Acme.refused:  # the first request of all
            Acme.refused = True
            return 429, {"problem": "slow down"}
        width = body.get("width") or WIDTHS[body["engine"]]
        rows = [vector_of(body.get("purpose", "") + text, width) for text in body["passages"]]
        return 200, {"engine": body["engine"], "rows": rows, "spent": sum(map(len, body["passages"]))}

    def answer(self, status, body):
        said = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        if status == 429:
            self.send_header("retry-after", "0")
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *said):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Acme)
    print(server.server_port, flush=True)
    server.serve_forever()
