"""Keys and entries for the tests of the caches, and every kind of cache."""

from contextlib import contextmanager
from hashlib import blake2b

from vecsmith.cache import Entry

WIDTH = 16


def key(number):
    return blake2b(str(number).encode(), digest_size=32).digest()


def entry(number, width=WIDTH):
    """An entry of `width` numbers, from which its own can be told."""
    return Entry(blake2b(str(number).encode(), digest_size=32).digest() * (width // 8), number, number % 7)


def keys(*numbers):
    return [key(number) for number in numbers]


def entries(*numbers, width=WIDTH):
    return [entry(number, width) for number in numbers]


def fill(cache, numbers, width=WIDTH):
    numbers = list(numbers)
    cache.put(keys(*numbers), entries(*numbers, width=width))


class Clock:
    """A clock that tests set."""

    def __init__(self, now=1_000_000):
        self.now = now

    def __call__(self):
        return self.now


@contextmanager
def closing(cache):
    try:
        yield cache
    finally:
        cache.close()
