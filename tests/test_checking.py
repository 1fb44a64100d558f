"""``vecsmith models check``: what a model's files say, with their names, and whether its vectors are right here."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from typer.testing import CliRunner

from reference_models import MODELS
from vecsmith import ConfigError
from vecsmith.checking import check
from vecsmith.cli import app


@pytest.fixture
def copied(tmp_path):
    """Copy a tiny model into a folder of a name."""

    def copy(name, to="model"):
        return shutil.copytree(MODELS / name, tmp_path / to)

    return copy


def row(report, what):
    return next(row for row in report.rows if row.what == what)


@pytest.mark.parametrize("name", ["bert", "qwen3", "bert-dense", "modernbert"])
def test_a_model_whose_files_say_all_is_ok(name):
    report = check(MODELS / name)
    assert report.verdict == "ok"
    assert row(report, "pooling").source == "modules.json and what it lists"


def test_the_files_word_on_each_thing_is_told():
    report = check(MODELS / "bert-dense")
    assert row(report, "pooling").seen.startswith("mean, dense")
    assert row(report, "normalised").seen == "yes"
    assert row(report, "longest text").seen == "40 tokens"
    assert row(report, "cut").seen.startswith("at 40 tokens")


@pytest.mark.filterwarnings("ignore:.*no modules.json")
def test_a_pooling_that_no_file_names_is_a_warning(copied):
    folder = copied("bert")
    (folder / "modules.json").unlink()
    report = check(folder)
    assert report.verdict == "warn"
    assert "no file says" in row(report, "pooling").seen


def test_prompts_that_the_family_wants_and_the_files_deny_are_a_warning(copied):
    report = check(copied("bert", "e5-small"))
    assert row(report, "prompts of its family").verdict == "warn"


def test_the_effect_of_prompts_is_measured():
    assert "cosine down to" in row(check(MODELS / "bert-prompts"), "effect of prompts").seen


def test_weights_that_give_no_numbers_fail_and_are_no_crash(copied):
    folder = copied("bert")
    tensors = load_file(folder / "model.safetensors")
    name = next(name for name in tensors if name.endswith("output.dense.weight"))
    tensors[name] = np.full_like(tensors[name], np.nan)
    save_file(tensors, folder / "model.safetensors")
    report = check(folder)
    assert report.verdict == "fail"


def test_weights_that_see_no_difference_fail(copied):
    folder = copied("bert")
    tensors = load_file(folder / "model.safetensors")
    words = next(name for name in tensors if name.endswith("word_embeddings.weight"))
    tensors[words] = np.zeros_like(tensors[words])
    for name in tensors:
        if "position_embeddings" in name:
            tensors[name] = np.zeros_like(tensors[name])
    save_file(tensors, folder / "model.safetensors")
    assert row(check(folder), "different texts").verdict == "fail"


def test_what_this_processor_has_not_is_not_shown(monkeypatch):
    from vecsmith.local import arithmetic

    monkeypatch.setattr(arithmetic, "bf16_is_fast", lambda: (False, "the processor has no bf16 instructions"))
    found = row(check(MODELS / "bert"), "bf16")
    assert found.verdict == "not shown"


def test_an_arithmetic_that_gives_no_numbers_is_a_row_and_no_crash(monkeypatch):
    from vecsmith import ModelError
    from vecsmith.checking import report

    def broken(embedder, texts, **options):
        if embedder.generator.arithmetic.precision == "bf16":
            raise ModelError("the vectors hold numbers that are none")
        return real(embedder, texts, **options)

    real = report.quietly
    monkeypatch.setattr(report, "quietly", broken)
    monkeypatch.setattr("vecsmith.local.arithmetic.bf16_is_fast", lambda: (True, "it is said to be"))
    assert row(check(MODELS / "bert"), "bf16").verdict == "fail"


@pytest.mark.parametrize("arithmetic", ["f32", "bf16", "int8"])
def test_every_arithmetic_has_a_row(arithmetic):
    assert row(check(MODELS / "bert"), arithmetic).verdict in {"ok", "not shown"}


def test_a_service_has_no_files_to_check():
    with pytest.raises(ConfigError, match="on this machine"):
        check("openai:text-embedding-3-small")


def test_the_command_prints_a_table_and_a_verdict():
    done = CliRunner().invoke(app, ["models", "check", str(MODELS / "bert")])
    assert done.exit_code == 0
    assert "VERDICT" in done.stdout
    assert done.stdout.strip().splitlines()[-1].startswith("ok: ")


def test_the_command_ends_with_1_where_a_row_fails(copied):
    folder = copied("bert")
    tensors = load_file(folder / "model.safetensors")
    save_file({name: np.zeros_like(tensor) for name, tensor in tensors.items()}, folder / "model.safetensors")
    done = CliRunner().invoke(app, ["models", "check", str(folder), "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["verdict"] == "fail"
