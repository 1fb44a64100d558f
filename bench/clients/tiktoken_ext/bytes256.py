"""A vocabulary of the 256 bytes, as tiktoken's plugins give theirs: text → its bytes in UTF-8."""


def bytes256():
    ranks = {bytes([byte]): byte for byte in range(256)}
    return {"name": "bytes256", "pat_str": r"[\s\S]", "mergeable_ranks": ranks, "special_tokens": {}}


ENCODING_CONSTRUCTORS = {"bytes256": bytes256}
