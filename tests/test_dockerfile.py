"""The image's recipe, as far as it can be held to its word without building it."""

import json
import os
import re
import subprocess
import sys
from urllib.parse import urlsplit

from pages import ROOT
from served import serving

RECIPE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def checked(address):
    """Run the health check as the image does, and return its exit code."""
    (command,) = re.findall(r"^HEALTHCHECK .* CMD (\[.*\])$", RECIPE, re.MULTILINE)
    _, *arguments = json.loads(command)
    environment = {**os.environ, "VECSMITH_PORT": str(urlsplit(address).port)}
    done = subprocess.run([sys.executable, *arguments], env=environment, stderr=subprocess.DEVNULL, check=False)
    return done.returncode


def test_the_health_check_tells_a_server_that_is_ready_from_one_that_is_not():
    with serving() as (address, service):
        assert checked(address) == 0
        service.stopping = True
        assert checked(address) != 0
    assert checked(address) != 0


def test_what_the_recipe_copies_is_there_and_not_ignored():
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[0] == "!"}
    copied = {name for line in re.findall(r"^COPY (?!--)(.*) \S+$", RECIPE, re.MULTILINE) for name in line.split()}
    assert copied == kept
    assert all((ROOT / name).exists() for name in copied)


def test_it_does_not_run_as_root():
    assert re.findall(r"^USER (.*)$", RECIPE, re.MULTILINE) == ["vecsmith"]
