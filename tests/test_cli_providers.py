"""``vecsmith providers``, and what ``embed`` says of providers."""

import json
import os

import pytest
from typer.testing import CliRunner

from stubs import stub
from vecsmith import ConfigError, Unavailable
from vecsmith.cli import app
from vecsmith.providers import lookup


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A working directory and a home of its own, and no keys."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VECSMITH_HOME", str(tmp_path))
    for variable in [name for name in os.environ if name.endswith(("_API_KEY", "_BASE_URL", "VECSMITH_CONFIG"))]:
        monkeypatch.delenv(variable)


def run(*arguments, code=0):
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def test_providers_are_listed_with_what_they_need(monkeypatch):
    rows = {row["name"]: row for row in json.loads(run("providers", "list", "--json"))}
    assert rows["local"]["needs"] == {}
    assert rows["openai"]["needs"] == {"OPENAI_API_KEY": False}
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    printed = run("providers", "list")
    assert "OPENAI_API_KEY (set)" in printed
    assert "sk-secret" not in printed


def test_a_provider_of_the_configuration_is_listed(tmp_path):
    (tmp_path / "vecsmith.toml").write_text('[providers.mine]\nkind = "compatible"\nbase_url = "http://127.0.0.1:1"\n')
    assert "mine" in run("providers", "list")


def test_a_provider_is_shown_with_its_settings_and_models(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    facts = json.loads(run("providers", "show", "openai", "--json"))
    key = next(setting for setting in facts["settings"] if setting["name"] == "api_key")
    assert (key["variable"], key["secret"], key["required"], key["value"]) == ("OPENAI_API_KEY", True, True, "set")
    assert facts["models"][0]["model"] == "text-embedding-3-small"
    assert "sk-secret" not in run("providers", "show", "openai")


def test_a_model_of_a_provider_is_shown(tmp_path):
    (tmp_path / "vecsmith.toml").write_text('[aliases]\ng = "gemini:gemini-embedding-001"\n')
    facts = json.loads(run("models", "show", "g", "--json"))
    assert (facts["dimensions"], facts["tasks"]["retrieval_query"]) == (3072, "RETRIEVAL_QUERY")
    with pytest.raises(ConfigError, match="nothing is known of gemini:nope"):
        run("models", "show", "gemini:nope")


def test_a_provider_is_tested_by_one_real_call():
    with stub() as service:
        told = json.loads(run("providers", "test", "compatible:m", "--base-url", f"{service.address}/v1", "--json"))
        assert service.seen()["texts"] == 1
    assert (told["model"], told["dimensions"]) == ("m", 16)


def test_the_default_model_is_tested_where_none_is_named():
    assert json.loads(run("providers", "test", "local", "--json"))["dimensions"] == 384


def test_the_model_of_a_server_at_the_address_that_a_variable_names_is_tested(monkeypatch):
    with stub() as service:
        monkeypatch.setenv("TEI_BASE_URL", service.address)
        assert json.loads(run("providers", "test", "tei", "--json"))["dimensions"] == 16
        monkeypatch.delenv("TEI_BASE_URL")
        told = run("providers", "test", "tei", "--base-url", service.address, "--json")
        assert json.loads(told)["address"] == service.address
    with pytest.raises(ConfigError, match=r"base_url is missing .*: set TEI_BASE_URL"):
        run("providers", "test", "tei")


def test_a_server_that_is_down_is_said_to_be(monkeypatch):
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:1")
    monkeypatch.setattr(lookup, "ATTEMPTS", 1)
    with pytest.raises(Unavailable, match=r"ollama: 127\.0\.0\.1:1 cannot be reached"):
        run("providers", "test", "ollama")


def test_a_provider_without_a_default_model_asks_for_one(tmp_path):
    (tmp_path / "vecsmith.toml").write_text('[providers.mine]\nkind = "compatible"\nbase_url = "http://127.0.0.1:1"\n')
    assert "mine has no default model" in run("providers", "test", "mine", code=2)


def test_a_service_of_ones_own_is_shown_with_its_own_variable_address_and_models(tmp_path, monkeypatch):
    monkeypatch.setenv("VECSMITH_CONFIG", "vecsmith.toml")
    text = 'kind = "openai"\nbase_url = "http://127.0.0.1:1"\napi_key_env = "WORK_KEY"\nconcurrency = 3\n'
    row = '[models."work:mine"]\ndimensions = 16\n'
    (tmp_path / "vecsmith.toml").write_text(f"[providers.work]\n{text}{row}")
    rows = {row["name"]: row for row in json.loads(run("providers", "list", "--json"))}
    assert rows["work"]["needs"] == {"WORK_KEY": False}
    monkeypatch.setenv("WORK_KEY", "w")
    assert "WORK_KEY (set)" in run("providers", "list")
    facts = json.loads(run("providers", "show", "work", "--json"))
    told = {setting["name"]: (setting["variable"], setting["value"]) for setting in facts["settings"]}
    assert told["api_key"] == ("WORK_KEY", "set")
    assert told["base_url"] == ("", "http://127.0.0.1:1")
    assert told["concurrency"] == ("", "3")
    assert [model["model"] for model in facts["models"]] == ["mine"]


def test_embed_reaches_a_provider():
    with stub() as service:
        printed = run("embed", "a", "b", "--model", "m", "--base-url", f"{service.address}/v1", "--format", "jsonl")
    assert len(printed.splitlines()) == 2


def test_a_dry_run_needs_no_key_sends_nothing_and_says_what_it_would_cost(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    with stub() as service:
        model = ("--model", "openai:text-embedding-3-small", "--base-url", f"{service.address}/v1")
        printed = run("embed", "a fish", "two fish", *model, "--dry-run")
        assert service.seen()["statuses"] == {}
    assert " ".join(printed.split()) == "tokens about 4 requests 1 seconds unknown cost about US$ 8.0e-08"


def test_a_dry_run_of_a_local_model_counts_its_own_tokens():
    assert run("embed", "a fish", "a fish", "--dry-run").split()[:4] == ["tokens", "4", "requests", "0"]
