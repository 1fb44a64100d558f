"""Settings are of the types that they are declared with, wherever they come from."""

import pytest

from vecsmith import ConfigError, Embedder
from vecsmith.providers import RemoteSettings, Settings, setting
from vecsmith.providers.registry import find_provider


class BatchSettings(RemoteSettings):
    batch: int = setting("Batch", env="ACME_BATCH", positive=True)
    fast: bool | None = setting("Fast", default=None, env="ACME_FAST")
    share: float = setting("Share", default=0.5, env="ACME_SHARE", positive=True)
    key: str | None = setting("Key", default=None, env="ACME_KEY", secret=True)


def refusal(**given):
    with pytest.raises(ConfigError) as caught:
        BatchSettings.resolve({"batch": 1, **given})
    return str(caught.value)


def test_settings_are_known_by_the_types_they_are_annotated_with():
    kinds = {name: field.kind for name, field in BatchSettings.fields.items()}
    assert kinds["batch"] is int
    assert kinds["fast"] == (bool | None)
    assert kinds["concurrency"] == (int | None)


def test_the_text_of_a_variable_becomes_what_the_setting_is(monkeypatch):
    for variable, text in {"ACME_BATCH": "5", "ACME_FAST": "false", "ACME_SHARE": " 0.25\n", "ACME_KEY": "1"}.items():
        monkeypatch.setenv(variable, text)
    made = BatchSettings.resolve({})
    assert (made.batch, made.fast, made.share, made.key) == (5, False, 0.25, "1")


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("ACME_BATCH", "five", "ACME_BATCH must be a whole number from 1 up, not 'five'"),
        ("ACME_BATCH", "0", "ACME_BATCH must be a whole number from 1 up, not '0'"),
        ("ACME_SHARE", "-1", "ACME_SHARE must be a number above 0, not '-1'"),
        ("ACME_FAST", "perhaps", "ACME_FAST must be true or false, not 'perhaps'"),
    ],
)
def test_a_variable_that_holds_something_else_is_named(monkeypatch, variable, text, said):
    monkeypatch.setenv(variable, text)
    with pytest.raises(ConfigError, match=said):
        BatchSettings.resolve({})


def test_what_is_given_must_be_of_the_type_too():
    assert refusal(batch="5") == "batch must be a whole number from 1 up, not '5'"
    assert refusal(batch=True) == "batch must be a whole number from 1 up, not True"
    assert refusal(share="much") == "share must be a number above 0, not 'much'"
    assert BatchSettings(batch=5, share=2).share == 2.0


@pytest.mark.parametrize("name", ["concurrency", "request_timeout", "requests_per_minute", "tokens_per_minute"])
@pytest.mark.parametrize("value", [0, -1])
@pytest.mark.parametrize("provider", ["openai", "ollama"])
def test_a_limit_that_lets_nothing_through_is_refused(provider, name, value):
    kind = find_provider(provider).settings_type()
    words = "a whole number from 1 up" if name == "concurrency" else "a number above 0"
    with pytest.raises(ConfigError, match=f"{name} must be {words}, not {value}"):
        kind(**{"api_key": "k", name: value})


def test_an_embedder_refuses_it_too():
    with pytest.raises(ConfigError, match="concurrency must be a whole number from 1 up, not -1"):
        Embedder("m", base_url="http://127.0.0.1:1/v1", concurrency=-1)


def test_a_secret_of_another_type_is_not_shown():
    assert refusal(key=12345) == "key must be text, not something else"


def test_types_that_are_not_there_are_said_when_the_settings_are_made():
    with pytest.raises(ConfigError, match=r"the types of Odd are not known .*'Sequense' is not defined"):
        type("Odd", (Settings,), {"__annotations__": {"odd": "Sequense"}, "odd": setting("Odd")})
