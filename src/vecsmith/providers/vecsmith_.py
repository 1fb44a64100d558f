"""Another vecsmith, which serves what it has in OpenAI's format with members of our own."""

from __future__ import annotations

from vecsmith.dialects.extended import ExtendedClient
from vecsmith.providers.plugin import Provider, provider
from vecsmith.providers.remote import RemoteSettings
from vecsmith.providers.service import RemoteEmbeddings
from vecsmith.providers.settings import setting
from vecsmith.tasks import TASKS

__all__ = ["Vecsmith"]

CUTS = ("truncate", "truncate_start")
"""What it does by itself with a text that is too long, besides refusing it; one vector for each text."""


class VecsmithSettings(RemoteSettings):
    """Where it is, and who asks."""

    api_key: str | None = setting("Key, where it wants one", default=None, env="VECSMITH_API_KEY", secret=True)
    base_url: str = setting("Address", default="http://127.0.0.1:8080/v1", env="VECSMITH_BASE_URL")


class VecsmithEmbeddings(RemoteEmbeddings[VecsmithSettings]):
    """The models that it serves; the prompts of tasks are its own affair."""

    provider = "vecsmith"
    dialect = ExtendedClient(
        task="task", on_long="on_long", long_words={cut: cut for cut in (*CUTS, "error")}, prompt="prompt"
    )
    defaults = {  # noqa: RUF012 (declared ClassVar)
        "limits": {"items": 256, "tokens": 300_000},
        "encodings": ("float", "base64"),
        "tasks": {task: task for task in TASKS},
        "sends_prompt": True,
        "cuts_long": CUTS,
    }


@provider("vecsmith", "Another vecsmith")
class Vecsmith(Provider[VecsmithSettings]):
    """A vecsmith that serves."""

    capabilities = (VecsmithEmbeddings,)
