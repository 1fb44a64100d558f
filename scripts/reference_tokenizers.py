"""Tokenizers of the kinds that published models have, trained on a few lines of text of our own."""

from collections.abc import Callable, Sequence

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

__all__ = ["TOKENIZERS"]

END = "<|endoftext|>"
"""What Qwen's puts behind a text."""

SIZE = 320
"""Tokens of a vocabulary, or a few more."""

BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
ROBERTA = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


def word_piece(texts: Sequence[str], special: Sequence[str], first: str, last: str, *, lower: bool) -> Tokenizer:
    """Return BERT's kind, or MPNet's, which has RoBERTa's special tokens."""
    unknown = next(token for token in special if "unk" in token.lower())
    tokenizer = Tokenizer(models.WordPiece(unk_token=unknown))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lower)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=SIZE, special_tokens=list(special), show_progress=False)
    return trained(tokenizer, trainer, texts, first, last)


def byte_level(texts: Sequence[str], special: Sequence[str], first: str, last: str) -> Tokenizer:
    """Return RoBERTa's kind: pairs of bytes, a space before a word being part of it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE + 60, special_tokens=list(special), initial_alphabet=alphabet, show_progress=False
    )
    return trained(tokenizer, trainer, texts, first, last)


def unigram(texts: Sequence[str], special: Sequence[str], first: str, last: str) -> Tokenizer:
    """Return XLM-RoBERTa's kind: SentencePiece's likeliest cut into pieces."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace("  ", " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=SIZE, special_tokens=list(special), unk_token=special[3], show_progress=False
    )
    return trained(tokenizer, trainer, texts, first, last)


def trained(tokenizer: Tokenizer, trainer: trainers.Trainer, texts: Sequence[str], first: str, last: str) -> Tokenizer:
    """Train a tokenizer, which then puts `first` before a text and `last` behind it, each of them empty for none."""
    tokenizer.train_from_iterator(texts, trainer)
    around = [token for token in (first, last) if token]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=" ".join(part for part in (first, "$A", last) if part),
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in around],
    )
    mask = "<mask>"
    if tokenizer.token_to_id(mask) is not None:
        tokenizer.add_special_tokens([AddedToken(mask, lstrip=True, special=True)])  # it takes the blank before it
    return tokenizer


TOKENIZERS: dict[str, Callable[[Sequence[str]], Tokenizer]] = {
    "wordpiece": lambda texts: word_piece(texts, BERT, "[CLS]", "[SEP]", lower=True),
    "wordpiece-cased": lambda texts: word_piece(texts, BERT, "[CLS]", "[SEP]", lower=False),
    "wordpiece-mpnet": lambda texts: word_piece(texts, (*ROBERTA[:3], "[UNK]", "<mask>"), "<s>", "</s>", lower=True),
    "bytes": lambda texts: byte_level(texts, ROBERTA, "<s>", "</s>"),
    "bytes-bert": lambda texts: byte_level(texts, BERT, "[CLS]", "[SEP]"),
    "bytes-end": lambda texts: byte_level(texts, (END,), "", END),
    "unigram": lambda texts: unigram(texts, ROBERTA, "<s>", "</s>"),
}
"""By name; each is trained on texts."""
