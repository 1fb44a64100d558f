"""The fake generator of `vecsmith.testing` as these tests use it, with a text that it refuses."""

from vecsmith import testing

WIDTH = 16
BAD = "bad"
"""A text that holds this cannot be embedded."""


class FakeGenerator(testing.FakeGenerator):
    def __init__(self, **settings):
        super().__init__(WIDTH, bad=BAD, **settings)


SPACE = FakeGenerator().space
vector_of = FakeGenerator().vector
