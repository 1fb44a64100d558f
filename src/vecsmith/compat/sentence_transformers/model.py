"""`SentenceTransformer`, on vecsmith's embedder."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, Self

from vecsmith.compat.errors import ArgumentError, ArgumentTypeError
from vecsmith.compat.opened import check_device
from vecsmith.compat.sentence_transformers.encoding import Wanted, sentence_vectors, texts_of, token_vectors
from vecsmith.compat.sentence_transformers.loading import load, loaded, shortened
from vecsmith.compat.sentence_transformers.prompting import check_default, prompt_for, prompts_of
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
        model_kwargs: ``torch_dtype`` or ``dtype``, float32 or bfloat16; what changes no vector is not used.
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

        Returns an array of float32, (n, d), or (d,) for one string; no texts give ``np.array([])``. Raises
        `InputError`, a `ValueError`, for what is no text, and warns where a text is cut.
        """
        texts, single = texts_of(kwargs.pop("sentences", inputs))
        task = task_of(kwargs, batch_size, chunk_size)
        for each in device if isinstance(device, list) else [device]:
            check_device(each)
        wanted = Wanted(
            prompt=prompt_for(self.prompts, self.default_prompt_name, task, prompt_name, prompt),
            task=task,
            output_value=output_value,
            precision=precision or "float32",
            tensor=convert_to_tensor,
            numpy=convert_to_numpy,
            normalize=normalize_embeddings,
            width=self.truncate_dim if truncate_dim is None else truncate_dim,
            shown=bool(show_progress_bar),
        )
        if single and wanted.precision in {"int8", "uint8"}:
            raise ArgumentError(f"{precision} needs the ranges of many vectors: encode a list, or quantise afterwards")
        if output_value == "sentence_embedding":
            found = wanted.finished(sentence_vectors(self._loaded, texts, wanted))
        else:
            found = token_vectors(self._loaded, texts, wanted)
        return found[0] if single else found

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

    def to(self, device: object = None, *_: object, **__: object) -> Self:
        """Return the model, which computes on the processor; another device is warned of."""
        check_device(device)
        return self

    def eval(self) -> Self:
        """Return the model, which is never trained here."""
        return self

    def start_multi_process_pool(self, target_devices: Sequence[object] | None = None) -> dict[str, Any]:
        """Return a pool without processes: `encode` uses all cores of this process."""
        for device in target_devices or ():
            check_device(device)
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


def task_of(options: Mapping[str, Any], batch_size: int, chunk_size: int | None) -> str | None:
    """Return the task; raise `ArgumentError` for a size below 1, and for an option that there is none of."""
    for name, size in (("batch_size", batch_size), ("chunk_size", 1 if chunk_size is None else chunk_size)):
        if size < 1:
            raise ArgumentError(f"{name} must be from 1 up, not {size}")
    unknown = [name for name in options if name != "task"]
    if unknown:
        raise ArgumentTypeError(f"encode has no option {unknown[0]!r} here: leave it out")
    task: str | None = options.get("task")
    if task not in {None, "query", "document"}:
        raise ArgumentError(f"task is 'query' or 'document', not {task!r}")
    return task
