"""Hugging Face Inference (https://huggingface.co/docs/inference-providers)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vecsmith.dialects.huggingface import HuggingFaceClient
from vecsmith.providers.counting import HUB_ID
from vecsmith.providers.plugin import Provider, provider
from vecsmith.providers.remote import RemoteSettings
from vecsmith.providers.service import RemoteEmbeddings
from vecsmith.providers.settings import setting

if TYPE_CHECKING:
    from vecsmith.providers.remote import RemoteGenerator

__all__ = ["HuggingFace"]


class HuggingFaceSettings(RemoteSettings):
    """Where it is, and who asks."""

    api_key: str = setting("Hugging Face token", env=("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"), secret=True)
    base_url: str = setting(
        "Address: the router's, or an endpoint's own", default="https://router.huggingface.co/hf-inference"
    )


class HuggingFaceEmbeddings(RemoteEmbeddings[HuggingFaceSettings]):
    """Open models by their ids; prompts are put before texts here, and no widths but a model's own are to be had."""

    provider = "huggingface"
    dialect = HuggingFaceClient()
    defaults = {  # noqa: RUF012 (declared ClassVar)
        "limits": {"items": 32},
        "empty": False,
        "sizes": {},
        "cuts_long": ("truncate", "truncate_start"),
    }

    def create_generator(self, settings: HuggingFaceSettings, model: str | None = None) -> RemoteGenerator:
        """Make a generator for a model; its name tells its tokenizer, and the prompts that it was trained with."""
        generator = super().create_generator(settings, model)
        row = generator.model
        name = row.ref.name
        tokenizer = row.tokenizer or (name if HUB_ID.fullmatch(name) else None)
        return replace(generator, model=replace(row, prompts=row.prompts or name, tokenizer=tokenizer))


@provider("huggingface", "Hugging Face Inference")
class HuggingFace(Provider[HuggingFaceSettings]):
    """Models on Hugging Face's machines."""

    capabilities = (HuggingFaceEmbeddings,)
