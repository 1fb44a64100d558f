import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vecsmith.cli import app
from vecsmith.cli.doctor import optional, required
from vecsmith.errors import ConfigError
from vecsmith.local.catalog import BUNDLED


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_models_list_says_where_each_model_is(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    lines = run("models", "list").stdout.splitlines()
    assert lines[0].split() == ["NAME", "ALSO", "REPOSITORY", "REVISION", "WHERE"]
    assert any(line.startswith("minilm ") and line.endswith("inside vecsmith") for line in lines)
    assert any("not here: vecsmith models pull gte-small" in line for line in lines)


def test_models_list_as_json_is_one_object_per_model():
    rows = json.loads(run("models", "list", "--json").stdout)
    assert {"name", "also", "repository", "revision", "where"} == set(rows[0])


def test_models_show_tells_what_the_models_files_say():
    facts = json.loads(run("models", "show", "minilm", "--json").stdout)
    assert facts["dimensions"] == 384
    assert facts["max_tokens"] == 256
    assert facts["pooling"] == "mean"
    assert facts["normalized"] is True
    assert facts["sha256"] == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def test_models_show_for_people_has_a_line_for_each_fact():
    lines = run("models", "show", "minilm").stdout.splitlines()
    assert "max tokens      256" in lines
    assert "normalized      yes" in lines


def test_a_model_of_a_service_cannot_be_pulled():
    assert "openai:small is a model of openai, of which there is nothing to get" in str(
        run("models", "pull", "openai:small").exception
    )


def test_pulling_the_bundled_model_says_where_it_is():
    assert run("models", "pull", "minilm").stdout == f"{BUNDLED['minilm']}\n"


def test_models_show_of_an_unknown_model_is_an_error():
    assert isinstance(run("models", "show", "minilmm").exception, ConfigError)


def test_models_show_of_a_model_without_one_of_its_files_is_an_error(make_model):
    model = make_model()
    (model.path / "model.safetensors").unlink()
    index = {"weight_map": {"a": "model-00001-of-00001.safetensors"}}
    (model.path / "model.safetensors.index.json").write_text(json.dumps(index))
    shown = run("models", "show", str(model.path))
    assert isinstance(shown.exception, ConfigError)
    assert "model-00001-of-00001.safetensors cannot be read" in str(shown.exception)


def test_doctor_finds_everything_as_it_should_be():
    done = run("doctor", "--json")
    report = json.loads(done.stdout)
    assert done.exit_code == 0
    assert report["problems"] == []
    assert report["processor"]["threads used"] >= 1
    assert report["arithmetic"]["auto"] in {"f32", "bf16"}
    assert report["arithmetic"]["because"]
    assert report["embedding"]["space"].startswith("vs1-")


def test_doctor_looks_for_every_library_that_is_needed():
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {re.split("[^a-z-]", each)[0] for each in project["dependencies"]} == set(required())


WITHOUT = """
import importlib.metadata, sys
from importlib.metadata import PackageNotFoundError

class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] == gone:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

def version(name, known=importlib.metadata.version):
    if name == gone:
        raise PackageNotFoundError(name)
    return known(name)

gone = sys.argv.pop(1)
sys.meta_path.insert(0, Absent())
importlib.metadata.version = version
from vecsmith.cli import main
main()
"""


@pytest.mark.parametrize(
    "library", ["numpy", "openvino", "tokenizers", "orjson", "ftfy", "rich", "platformdirs", "regex"]
)
def test_doctor_says_once_which_library_is_not_there(library):
    done = subprocess.run([sys.executable, "-c", WITHOUT, library, "doctor"], capture_output=True, check=False)
    lines = done.stdout.decode().splitlines()
    assert (done.returncode, done.stderr) == (1, b"")
    advice = f"install vecsmith again, from a clone with `{sys.executable} -m pip install .` in it"
    assert lines.count(f"wrong: {library} is not installed: {advice}") == 1
    assert lines[-1].startswith("wrong: ")


def test_doctor_finds_hf_beside_python_too(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    hf = tmp_path / "bin" / ("hf.exe" if sys.platform == "win32" else "hf")
    hf.touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(hf.with_name("python")))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert list(optional().values()) == [str(hf)]


def test_doctor_for_people_ends_with_the_verdict():
    assert run("doctor").stdout.splitlines()[-1] == "all is well"


@pytest.fixture
def damaged(tmp_path, monkeypatch):
    for path in BUNDLED["minilm"].rglob("*"):
        if path.is_file() and path.suffix == ".json":
            copy = tmp_path / path.relative_to(BUNDLED["minilm"])
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(path.read_bytes())
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setitem(BUNDLED, "minilm", tmp_path)


@pytest.mark.usefixtures("damaged")
def test_doctor_names_files_that_changed_or_are_gone():
    done = run("doctor", "--json")
    problems = "\n".join(json.loads(done.stdout)["problems"])
    assert done.exit_code == 1
    assert "config.json of minilm is changed" in problems
    assert "model.safetensors of minilm is unreadable" in problems


@pytest.mark.usefixtures("damaged")
@pytest.mark.parametrize("content", ["", "[]", "{}", '{"files": 5}', '{"files": ["config.json"]}'])
def test_doctor_names_a_manifest_that_is_damaged(content):
    (BUNDLED["minilm"] / "manifest.json").write_text(content)
    done = run("doctor", "--json")
    assert done.exit_code == 1
    assert any(line.startswith("manifest.json of minilm is changed") for line in json.loads(done.stdout)["problems"])
