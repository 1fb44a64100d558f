"""A process that writes into a cache and reads it until it is killed; ends with exit code 1 on a wrong entry."""

import random
import sys
import warnings

from cached import entry, keys
from vecsmith.cache import open_cache

NUMBERS = 3000


def work(path, seed, size):
    pick = random.Random(seed)
    cache = open_cache(path, size=size)
    while True:
        numbers = pick.sample(range(NUMBERS), 40)
        cache.put(keys(*numbers), [entry(n, 96) for n in numbers])
        asked = pick.sample(range(NUMBERS), 80)
        for number, found in zip(asked, cache.get(keys(*asked)), strict=True):
            if found is not None and found != entry(number, 96):
                return f"{found} is not of {number}"


if __name__ == "__main__":
    warnings.simplefilter("error")  # a warning too is a failure here
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    sys.exit(work(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
