"""`SentenceTransformer`, on vecsmith's embedder."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, Self

from vecsmith.compat.errors import ArgumentError
from vecsmith.compat.opened import check_devices
from vecsmith.compat.sentence_transformers.encoding import Told, encoded, texts_of
from vecsmith.compat.sentence_transformers.loading import load, loaded, shortened
from vecsmith.compat.sentence_transformers.prompting import check_default, prompt_for, prompts_of, task_of
from vecsmith.compat.sentence_transformers.returned import Wanted, number_named
from vecsmith.compat.sentence_transformers.similarity import SimilarityFunction
from vecsmith.compat.sentence_transformers.tokenizer import Tokenizer, padded
from vecsmith.prepare import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["SentenceTransformer"]

PAD = "pad_token_id"

OF_POOLS = ("prompt_name", "prompt", "batch_size", "chunk_size", "show_progress_bar", "precision")
"""The order of arguments of ``encode_multi_process``."""


class Device(str):
    """Where a model computes; PyTorch takes it as a device."""

    __slots__ = ()

    @property
    def type(self) -> str:
        """``cpu``."""
        return str(self)


class SentenceTransformer:
    """Turns texts into vectors with one model.

    Args:
        model_name_or_path: A folder; else a name that vecsmith knows (``all-MiniLM-L6-v2`` is inside the package), a
            Hugging Face id, or ``provider:model``; else a model of the organisation ``sentence-transformers``.
        modules: Not here.
        device: ``cpu``; another is warned of and not used.
        prompts: Texts to put before inputs, by name; they come before the model's own.
        default_prompt_name: Which of them ``encode`` puts where it names none.
        similarity_fn_name: ``cosine``, ``dot``, ``euclidean`` or ``manhattan``; None for what the model's files say.
        truncate_dim: Numbers of each vector that are kept; they are not normalised again.
        cache_folder: Warned of and not used where a model may be downloaded: HF_HUB_CACHE says where models are.
        trust_remote_code: Not used; code of a model's own is never run.
        revision: A branch, a tag or a commit.
        local_files_only: Whether nothing is downloaded.
        token: None or True; a token is read from HF_TOKEN alone.
        use_auth_token: As `token`.
        model_kwargs: ``torch_dtype`` or ``dtype``, float32, float16 or bfloat16; what changes no vector is not used.
        tokenizer_kwargs: As `processor_kwargs`.
        processor_kwargs: ``model_max_length``; what changes no vector is not used.
        config_kwargs: Not here.
        model_card_data: Not used.
        backend: ``torch``, ``onnx`` or ``openvino``; all are computed in the same way here.

    Raises `MissingModel`, a `ValueError` and an `OSError`, where there is no such model, and `ArgumentError`, a
    `ValueError`, for what is not here or cannot be honoured.
    """

    def __init__(
        self,
        model_name_or_path: str | Path | None = None,
        modules: object = None,
        device: object = None,
        *,
        prompts: Mapping[str, str | None] | None = None,
        default_prompt_name: str | None = None,
        similarity_fn_name: str | SimilarityFunction | None = None,
        truncate_dim: int | None = None,
        cache_folder: str | Path | None = None,
        trust_remote_code: bool = False,  # noqa: ARG002 (the original's)
        revision: str | None = None,
        local_files_only: bool = False,
        token: bool | str | None = None,
        use_auth_token: bool | str | None = None,
        model_kwargs: Mapping[str, Any] | None = None,
        tokenizer_kwargs: Mapping[str, Any] | None = None,
        processor_kwargs: Mapping[str, Any] | None = None,
        config_kwargs: Mapping[str, Any] | None = None,
        model_card_data: object = None,  # noqa: ARG002 (the original's)
        backend: str = "torch",
    ) -> None:
        if modules is not None or config_kwargs:
            given = "config_kwargs" if modules is None else "modules"
            raise ArgumentError(f"{given} cannot be honoured: a model is what its files say, so name its folder")
        self.similarity_fn_name = similarity_fn_name
        self._loaded = load(
            model_name_or_path,
            device=device,
            cache_folder=cache_folder,
            revision=revision,
            local_files_only=local_files_only,
            token=use_auth_token if token is None else token,
            backend=backend,
            model_kwargs=model_kwargs,
            processor_kwargs=tokenizer_kwargs if processor_kwargs is None else processor_kwargs,
        )
        saved, local = self._loaded.config, self._loaded.local
        self._number = number_named(model_kwargs or {}, {} if local is None else local.folder.config)
        self.prompts = prompts_of(prompts, {} if local is None else local.folder.prompts)
        self.default_prompt_name = default_prompt_name or saved.get("default_prompt_name")
        check_default(self.default_prompt_name, self.prompts)
        self.truncate_dim = saved.get("truncate_dim") if truncate_dim is None else truncate_dim
        if similarity_fn_name is None and saved.get("similarity_fn_name") in SimilarityFunction.possible_values():
            self.similarity_fn_name = saved["similarity_fn_name"]

    def encode(  # noqa: PLR0917 (the original's)
        self,
        inputs: Any = None,
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int = 32,
        show_progress_bar: bool | None = None,  # noqa: FBT001 (the original's, as those below)
        output_value: str | None = "sentence_embedding",
        precision: str = "float32",
        convert_to_numpy: bool = True,  # noqa: FBT001, FBT002
        convert_to_tensor: bool = False,  # noqa: FBT001, FBT002
        device: object = None,
        normalize_embeddings: bool = False,  # noqa: FBT001, FBT002
        truncate_dim: int | None = None,
        pool: object = None,  # noqa: ARG002 (it is computed here)
        chunk_size: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return the vectors of texts.

        Args:
            inputs: A string, or any iterable of strings; also by its older name, ``sentences``.
            prompt_name: Which of `prompts` stands before every text.
            prompt: What stands before every text, whatever `prompt_name`.
            batch_size: Not used: texts are put together as suits the model.
            show_progress_bar: Whether a bar shows how far it is; None is no.
            output_value: ``sentence_embedding``; ``token_embeddings`` for a list of (tokens, width); None for all that
                the model makes of a text, in a dictionary.
            precision: ``float32``, ``int8``, ``uint8``, ``binary`` or ``ubinary``, by `util.quantize_embeddings`.
            convert_to_numpy: Whether the vectors are one array, else a list of tensors.
            convert_to_tensor: Whether the vectors are one tensor, which needs PyTorch.
            device: As in the constructor; a list means here, too.
            normalize_embeddings: Whether each vector is divided by its length, after it was cut.
            truncate_dim: Numbers of each vector that are kept; None for the model's.
            pool: Not used, as `chunk_size`.
            chunk_size: Not used.
            **kwargs: ``task``, ``query`` or ``document``.

        Returns an array, (n, d), or (d,) for one string, of float32, or of float16 where the model's numbers are; no
        texts give ``np.array([])``. Raises `InputError`, a `ValueError`, for what is no text, and warns where one is
        cut.
        """
        texts, single = texts_of(kwargs.pop("sentences", inputs))
        task = task_of(kwargs, batch_size, chunk_size)
        check_devices(*(device if isinstance(device, list) else [device]))
        before = prompt_for(self.prompts, self.default_prompt_name, task, prompt_name, prompt)
        wanted = Wanted(
            output_value,
            precision or "float32",
            single=single,
            tensor=convert_to_tensor,
            numpy=convert_to_numpy,
            normalize=normalize_embeddings,
            width=self.truncate_dim if truncate_dim is None else truncate_dim,
            number=self._number,
        )
        return encoded(self._loaded, texts, Told(before, task, bool(show_progress_bar)), wanted)

    def encode_query(self, inputs: Any = None, *arguments: Any, **options: Any) -> Any:
        """Do what `encode` does, with the prompt ``query`` unless another is given."""
        return self.encode(inputs, *arguments, **{"task": "query", **options})

    def encode_document(self, inputs: Any = None, *arguments: Any, **options: Any) -> Any:
        """Do what `encode` does, with the prompt ``document``, ``passage`` or ``corpus`` unless another is given."""
        return self.encode(inputs, *arguments, **{"task": "document", **options})

    @property
    def similarity_fn_name(self) -> str:
        """How `similarity` compares: ``cosine`` unless the model or the caller says otherwise."""
        return self._similarity.value

    @similarity_fn_name.setter
    def similarity_fn_name(self, name: str | SimilarityFunction | None) -> None:
        names = SimilarityFunction.possible_values()
        value = name.value if isinstance(name, SimilarityFunction) else name
        if value is not None and value not in names:
            raise ArgumentError(f"similarity_fn_name must be one of {', '.join(names)}, not {name!r}")
        self._similarity = SimilarityFunction(value or "cosine")

    @property
    def similarity(self) -> Callable[[object, object], Any]:
        """Compares every vector (n, d) with every one of another side (m, d): (n, m), in the form they came in."""
        return SimilarityFunction.to_similarity_fn(self._similarity)

    @property
    def similarity_pairwise(self) -> Callable[[object, object], Any]:
        """Compares each vector (n, d) with its neighbour on another side (n, d): (n,), in the form they came in."""
        return SimilarityFunction.to_similarity_pairwise_fn(self._similarity)

    def get_embedding_dimension(self) -> int | None:
        """Return how many numbers a vector of `encode` has; None where a service does not say."""
        width = self._loaded.embedder.metadata.dimensions
        return self.truncate_dim if width is None else min(width, self.truncate_dim or width)

    get_sentence_embedding_dimension = get_embedding_dimension

    @contextmanager
    def truncate_embeddings(self, truncate_dim: int | None) -> Iterator[None]:
        """Keep so many numbers of each vector inside the block."""
        before, self.truncate_dim = self.truncate_dim, truncate_dim
        try:
            yield
        finally:
            self.truncate_dim = before

    truncate_sentence_embeddings = truncate_embeddings

    @property
    def max_seq_length(self) -> int | None:
        """Tokens that the model reads of a text, special tokens included; may be set."""
        return self._loaded.embedder.metadata.max_tokens

    @max_seq_length.setter
    def max_seq_length(self, most: int) -> None:
        self._loaded = shortened(self._loaded, most)

    def get_max_seq_length(self) -> int | None:
        """Return `max_seq_length`."""
        return self.max_seq_length

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer: ``encode``, ``decode``, ``tokenize``, and a call for one text or several."""
        if self._loaded.local is None:
            raise ArgumentError("a service does not tell how it cuts texts into tokens")
        return Tokenizer(self._loaded.local.tokenizer)

    def tokenize(self, texts: str | Sequence[str], **_: object) -> dict[str, Any]:
        """Return ``input_ids`` and ``attention_mask`` of what the model reads of each text, (texts, longest)."""
        own, config = self.tokenizer.own, self._loaded.local.folder.config if self._loaded.local else {}
        return padded(own.encode(prepare(texts_of(texts)[0]).texts).rows, int(config.get(PAD) or 0))

    preprocess = tokenize

    @property
    def device(self) -> Device:
        """``cpu``."""
        return Device("cpu")

    def to(self, device: object = None, dtype: object = None, *_: object, **__: object) -> Self:
        """Return the model, which computes on the processor; another device is warned of.

        A type of numbers, which may stand alone, becomes that of the vectors.
        """
        if str(device).startswith("torch."):
            device, dtype = None, device
        check_devices(device)
        if dtype is not None:
            self._number = number_named({"dtype": dtype}, {})
        return self

    def half(self) -> Self:
        """Return the model, whose vectors are of float16 from now on; it computes as before."""
        return self.to(dtype="float16")

    def bfloat16(self) -> Self:
        """Return the model, whose vectors are of float32 from now on, and its tensors of bfloat16."""
        return self.to(dtype="bfloat16")

    def float(self) -> Self:
        """Return the model, whose vectors are of float32 from now on."""
        return self.to(dtype="float32")

    def eval(self) -> Self:
        """Return the model, which is never trained here."""
        return self

    def start_multi_process_pool(self, target_devices: Sequence[object] | None = None) -> dict[str, Any]:
        """Return a pool without processes: `encode` uses all cores of this process."""
        check_devices(*(target_devices or ()))
        return {"input": None, "output": None, "processes": []}

    @staticmethod
    def stop_multi_process_pool(pool: object) -> None:
        """Do nothing."""

    def encode_multi_process(self, sentences: Any, pool: object = None, *arguments: Any, **options: Any) -> Any:
        """Do what `encode` does, here."""
        return self.encode(sentences, pool=pool, **dict(zip(OF_POOLS, arguments, strict=False)), **options)

    def evaluate(self, evaluator: Callable[..., Any], output_path: str | None = None) -> Any:
        """Return what an evaluator says of the model."""
        return evaluator(self, output_path)

    def close(self) -> None:
        """Give the model back; it is not in the original, and a model that is not closed stays loaded."""
        self._loaded.embedder.close()

    def fit(self, *_: object, **__: object) -> NoReturn:
        """Raise `ArgumentError`: models are not trained here."""
        raise ArgumentError("vecsmith trains no models: train it with sentence-transformers, and name its folder here")

    def save(self, *_: object, **__: object) -> NoReturn:
        """Raise `ArgumentError`: models are not written here."""
        raise ArgumentError("vecsmith writes no models: copy the folder that this one was loaded from")

    save_pretrained = save
    save_to_hub = save
    push_to_hub = save

    def __getstate__(self) -> dict[str, Any]:
        """Leave the open model out: another process opens its own."""
        mine = self._loaded
        most = None if mine.local is None else self.max_seq_length
        return {**self.__dict__, "_loaded": (mine.model, mine.revision, mine.compute, most)}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state, _loaded=loaded(*state["_loaded"]))

    def __repr__(self) -> str:
        return f"SentenceTransformer({self._loaded.embedder.metadata.model!r}, {self.get_embedding_dimension()} dims)"
