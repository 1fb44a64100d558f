"""A model's name finds the provider that has it, and the configuration says what it is told."""

import os
from pathlib import Path

import pytest

from vecsmith import ConfigError, Embedder
from vecsmith.names import named
from vecsmith.providers import Provider, Settings, provider, setting
from vecsmith.providers.openai import OpenAI
from vecsmith.providers.plugin import registered


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A working directory and a home of its own, and no keys."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VECSMITH_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    for variable in [name for name in os.environ if name.endswith(("_API_KEY", "_BASE_URL", "VECSMITH_CONFIG"))]:
        monkeypatch.delenv(variable)


def write(text, folder="."):
    (Path(folder) / "vecsmith.toml").write_text(text)


def settings(model, **given):
    found = named(model)
    return found.settings(given)


def refusal(model, **given):
    with pytest.raises(ConfigError) as caught:
        settings(model, **given)
    return str(caught.value)


def test_a_provider_stands_before_the_first_colon():
    found = named("openai:ft:text-embedding-3-small:mine")
    assert (found.provider, found.model) == (OpenAI, "ft:text-embedding-3-small:mine")


@pytest.mark.parametrize("name", ["./a:b", "C:\\models\\x", "~/openai:x", "/a"])
def test_what_looks_like_a_path_is_one(name):
    assert named(name).provider.name == "local"


def test_a_misspelt_provider_and_a_slash_are_told_what_was_meant():
    assert "did you mean 'openai'?" in refusal("opnai:x")
    for name in ("openai/text-embedding-3-small", "OpenAI:text-embedding-3-small"):
        assert "did you mean openai:text-embedding-3-small?" in refusal(name)
    assert "did you mean together:x/y?" in refusal("Together:x/y")


def test_a_missing_key_names_its_variable(monkeypatch):
    assert "set OPENAI_API_KEY" in refusal("openai:x")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    assert settings("openai:x").api_key == "sk-1"
    assert settings("openai:x", api_key="sk-2").api_key == "sk-2"


def test_a_setting_that_the_provider_does_not_have_is_refused():
    assert "takes no threads" in refusal("openai:x", threads=2, api_key="k")
    assert "takes no api_key" in refusal("minilm", api_key="k")


def test_an_address_alone_means_a_service_that_copies_openai():
    found = named("m", base_url="http://127.0.0.1:1/v1")
    assert found.provider.name == "compatible"


def test_a_name_with_a_tag_is_a_plain_name_where_an_address_is_given():
    found = named("nomic-embed-text:v1.5", base_url="http://127.0.0.1:1/v1")
    assert (found.provider.name, found.model) == ("compatible", "nomic-embed-text:v1.5")
    assert named("openai:m", base_url="http://127.0.0.1:1/v1").provider is OpenAI
    write('[providers.mine]\nkind = "ollama"\n')
    assert named("mine:m:v1", base_url="http://127.0.0.1:1").model == "m:v1"


def test_a_key_or_an_address_that_is_empty_is_none(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    assert settings("openai:x", api_key="", base_url="").api_key == "sk-1"
    assert settings("openai:x", api_key="", base_url="").base_url == "https://api.openai.com/v1"
    monkeypatch.delenv("OPENAI_API_KEY")
    assert "set OPENAI_API_KEY" in refusal("openai:x", api_key="")
    assert named("minilm", base_url="").provider.name == "local"


def test_the_line_end_behind_a_key_is_left_out(monkeypatch):
    assert settings("openai:x", api_key=" sk-1\n").api_key == "sk-1"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-2\r\n")
    assert settings("openai:x").api_key == "sk-2"


def test_a_key_that_no_header_may_hold_is_said_and_not_shown(monkeypatch):
    said = refusal("openai:x", api_key="sk-1\nsk-2")
    assert "api_key holds a character that cannot be sent" in said
    assert "sk-" not in said
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1\u200b")
    assert "OPENAI_API_KEY holds a character" in refusal("openai:x")


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_password_in_an_address_is_refused_and_not_shown(scheme):
    with pytest.raises(ConfigError, match="base_url may hold no name and password") as caught:
        Embedder("openai:x", api_key="k", base_url=f"{scheme}u:secret@127.0.0.1:1/v1")
    assert "secret" not in str(caught.value)


def test_a_profile_says_what_calls_ask_for_unless_they_say_it():
    write('[profiles.docs]\nmodel = "minilm"\ndimensions = 8\ntask = "clustering"\n')
    with pytest.warns(match="not trained"), Embedder("docs") as embedder:
        assert embedder.embed("a").dimensions == 8
        assert embedder.embed("a", dimensions=4).dimensions == 4


def test_an_alias_is_another_name_for_a_model():
    write('[aliases]\nsmall = "openai:text-embedding-3-small"\n')
    assert named("small").model == "text-embedding-3-small"


def test_a_service_of_ones_own_speaks_the_format_of_another(monkeypatch):
    monkeypatch.setenv("MINE", "k1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:2")
    write('[providers.mine]\nkind = "openai"\nbase_url = "http://127.0.0.1:1/v1"\napi_key_env = "MINE"\n', "home")
    assert settings("mine:m").api_key == "k1"
    assert settings("mine:m", api_key="k2").base_url == "http://127.0.0.1:1/v1"
    with Embedder("mine:m") as embedder:
        assert embedder.metadata.provider == "mine"


ELSEWHERE = 'base_url = "http://127.0.0.1:1"\n'

THEFTS = {
    "a key that is given": (f"[providers.openai]\n{ELSEWHERE}", "openai:m", {"api_key": "sk-1"}),
    "a provider's own key": (f"[providers.openai]\n{ELSEWHERE}", "openai:m", {}),
    "a provider's own key, named": (
        f'[providers.mine]\nkind = "openai"\n{ELSEWHERE}api_key_env = "OPENAI_API_KEY"\n',
        "mine:m",
        {},
    ),
    "a plugin's key": (f'[providers.mine]\nkind = "acme"\n{ELSEWHERE}api_key_env = "ACME_API_KEY"\n', "mine:m", {}),
}


@pytest.fixture
def acme():
    """A plugin, imported."""

    class AcmeSettings(Settings):
        api_key: str = setting("Acme API key", env="ACME_API_KEY", secret=True)
        base_url: str = setting("Address", default="https://api.acme.example")

    class Acme(Provider[AcmeSettings]):
        pass

    provider("acme", "Acme")(Acme)
    yield
    del registered["acme"]


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("theft", THEFTS)
def test_a_file_that_anybody_may_have_written_has_no_key_sent_anywhere(monkeypatch, theft):
    text, name, given = THEFTS[theft]
    for variable in ("OPENAI_API_KEY", "ACME_API_KEY"):
        monkeypatch.setenv(variable, "sk-1")
    write(text)
    assert "may not send the key of" in refusal(name, **given)
    assert settings(name, base_url="http://127.0.0.1:2", **given).base_url == "http://127.0.0.1:2"
    monkeypatch.setenv("VECSMITH_CONFIG", "vecsmith.toml")
    assert (settings(name, **given).api_key, settings(name, **given).base_url) == ("sk-1", "http://127.0.0.1:1")
    monkeypatch.delenv("VECSMITH_CONFIG")
    Path("vecsmith.toml").unlink()
    write(text, "home")
    assert settings(name, **given).api_key == "sk-1"


def test_an_address_that_a_variable_names_counts_before_that_of_a_file(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:2")
    write(f"[providers.openai]\n{ELSEWHERE}")
    assert settings("openai:m", api_key="sk-1").base_url == "http://127.0.0.1:2"


def test_a_project_may_have_a_service_with_a_key_of_its_own(monkeypatch):
    monkeypatch.setenv("WORK_KEY", "k1")
    write(f'[providers.work]\nkind = "openai"\n{ELSEWHERE}api_key_env = "WORK_KEY"\n')
    assert (settings("work:m").api_key, settings("work:m").base_url) == ("k1", "http://127.0.0.1:1")
    assert settings("work:m", api_key="k2").api_key == "k2"


def test_a_plugin_that_is_not_there_is_named():
    write('plugins = ["no_such_module_here"]\n')
    assert "the plugin 'no_such_module_here' cannot be loaded" in refusal("openai:x", api_key="k")


def test_a_file_that_is_named_and_not_there_is_said(monkeypatch):
    monkeypatch.setenv("VECSMITH_CONFIG", "gone.toml")
    assert "there is no gone.toml, which VECSMITH_CONFIG names" in refusal("minilm")


def test_a_key_may_lie_in_a_file_that_nobody_else_can_read():
    path = Path("home/secrets.toml")
    path.write_text('OPENAI_API_KEY = "sk-3"\n')
    path.chmod(0o644)
    assert "can be read by others" in refusal("openai:x")
    path.chmod(0o600)
    assert settings("openai:x").api_key == "sk-3"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[profile.x]\n", "has no 'profile': did you mean 'profiles'?"),
        ('[profiles.x]\nmodel = "m"\ndimension = 3\n', "did you mean 'dimensions'?"),
        ("[profiles.x]\ntask = 'query'\n", "must name a model"),
        ("aliases = 3\n", "aliases must be a table"),
        ("[aliases\n", "is not TOML"),
        ('[providers.openai]\napi_key = "sk"\n', "a key does not belong here"),
        ('plugins = "x"\n', "plugins must be a list"),
        ('[providers.openai]\nadress = "x"\n', "there is no setting 'adress'"),
        ("[aliases]\nx = 5\n", "'x' of aliases must be text"),
        ("providers.x = 5\n", "'x' of providers must be a table"),
        ("models.x = 5\n", "'x' of models must be a table"),
        ("[providers.x]\napi_key_env = 5\n", "kind and api_key_env of 'x' must be text"),
        ("[providers.x]\nkind = 5\n", "kind and api_key_env of 'x' must be text"),
        ('[providers.openai]\nrequests_per_minute = "3000"\n', "requests_per_minute must be a number"),
        ("[providers.openai]\ntokens_per_minute = true\n", "tokens_per_minute must be a number"),
        ('[providers.openai]\nconcurrency = "8"\n', "concurrency must be a whole number"),
        ("[providers.openai]\nrequest_timeout = []\n", "request_timeout must be a number"),
        ("[providers.openai]\nbase_url = 5\n", "base_url must be text, not 5"),
        ("[providers.openai]\nrows = 5\n", "rows must be a table, not 5"),
    ],
)
def test_what_is_wrong_in_the_file_is_said_in_a_sentence(text, said):
    write(text)
    assert said in refusal("openai:x", api_key="k")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("limits = 5", "TypeError"),
        ("sizes = 5", "TypeError"),
        ("limits = { items = '5' }", "$.limits.items"),
        ("limits = { items = 0 }", "limits are above 0"),
        ("limits = { itms = 5 }", "there is no 'itms'"),
        ("sizes = { listed = [true] }", "$.sizes.listed"),
        ("dimensions = '5'", "$.dimensions"),
        ("price = '5'", "$.price"),
        ("tasks = 5", "$.tasks"),
        ("tasks = { shopping = 'x' }", "$.tasks"),
        ("cuts_long = 'truncate_start'", "$.cuts_long"),
        ("pric = 5", "there is no 'pric'"),
    ],
)
def test_what_is_wrong_in_a_row_of_ones_own_is_said_in_a_sentence(row, said):
    write(f'[models."openai:x"]\n{row}\n')
    with pytest.raises(ConfigError, match="the row of openai:x does not hold what it should") as caught:
        Embedder("openai:x", api_key="k")
    assert said in str(caught.value)


def test_a_row_of_ones_own_describes_a_model():
    write('[models."openai:new"]\ndimensions = 12\nsizes = { listed = [6] }\nprice = 1.5\n')
    with Embedder("openai:new", api_key="k") as embedder:
        assert embedder.metadata.dimensions == 12
        with pytest.raises(ValueError, match="openai:new does not give 7 dimensions: it gives 12 and 6"):
            embedder.embed("a", dimensions=7)
