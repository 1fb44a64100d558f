"""A model's name finds the provider that has it, and the configuration says what it is told."""

import os
from pathlib import Path

import pytest

from vecsmith import ConfigError, Embedder
from vecsmith.names import named
from vecsmith.providers.openai import OpenAI


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A working directory and a home of its own, and no keys."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VECSMITH_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    for variable in [name for name in os.environ if name.endswith(("_API_KEY", "_BASE_URL"))]:
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
    assert "did you mean openai:text-embedding-3-small?" in refusal("openai/text-embedding-3-small")


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
    write('[providers.mine]\nkind = "openai"\nbase_url = "http://127.0.0.1:1/v1"\napi_key_env = "MINE"\n')
    assert settings("mine:m").api_key == "k1"
    with Embedder("mine:m") as embedder:
        assert embedder.metadata.provider == "mine"


@pytest.mark.parametrize(
    "table",
    [
        '[providers.openai]\nbase_url = "http://127.0.0.1:1"\n',
        '[providers.mine]\nkind = "openai"\nbase_url = "http://127.0.0.1:1"\napi_key_env = "OPENAI_API_KEY"\n',
    ],
)
def test_a_file_that_anybody_may_have_written_cannot_have_a_key_sent_elsewhere(monkeypatch, table):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    name = "mine:m" if "mine" in table else "openai:m"
    write(table)
    assert "may not send the key of OpenAI to another address" in refusal(name)
    Path("vecsmith.toml").unlink()
    write(table, "home")
    assert settings(name).api_key == "sk-1"


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
        ('plugins = ["no_such_module_here"]\n', "the plugin 'no_such_module_here' cannot be loaded"),
    ],
)
def test_what_is_wrong_in_the_file_is_said_in_a_sentence(text, said):
    write(text)
    assert said in refusal("openai:x", api_key="k")


def test_a_row_of_ones_own_describes_a_model():
    write('[models."openai:new"]\ndimensions = 12\nsizes = { listed = [6] }\nprice = 1.5\n')
    with Embedder("openai:new", api_key="k") as embedder:
        assert embedder.metadata.dimensions == 12
        with pytest.raises(ValueError, match="openai:new does not give 7 dimensions: it gives 12 and 6"):
            embedder.embed("a", dimensions=7)
