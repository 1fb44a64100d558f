"""What comes with vecsmith keeps the contract that plugins are held to, and what breaks it is found."""

import numpy as np
import pytest

from stubs import PATHS, stub
from vecsmith import EmbedError
from vecsmith.adapters import adapted
from vecsmith.local.provider import Local
from vecsmith.middleware import Cached, Defaulted, Guarded, Limited, Logged, Retried, compose
from vecsmith.names import named
from vecsmith.providers import GeneratedEmbeddings, Metadata
from vecsmith.providers.registry import find_provider
from vecsmith.testing import FakeGenerator, GeneratorSuite, ProviderSuite
from vecsmith.types import Usage


@pytest.fixture(scope="class")
def service(request):
    with stub() as running:
        request.cls.address = f"{running.address}/v1"
        yield


class TestFake(GeneratorSuite):
    def generator(self):
        return FakeGenerator()


class TestLocalEngine(GeneratorSuite):
    many = 40

    async def generator(self):
        return await named("minilm").open({"compute": "f32"})


@pytest.mark.usefixtures("service")
class TestRemote(GeneratorSuite):
    async def generator(self):
        return await named("small", base_url=self.address).open({"base_url": self.address})


@pytest.fixture(scope="class")
def shaky_service(request):
    with stub(faults=0.3, kinds=["too_many", "reset", "truncated", "shuffled", "not_a_number", "fewer"]) as running:
        request.cls.address = f"{running.address}/v1"
        yield


@pytest.mark.usefixtures("shaky_service")
class TestRemoteThatFails(GeneratorSuite):
    async def generator(self):
        return await named("small", base_url=self.address).open({"base_url": self.address})


class TestNamedAdapted(GeneratorSuite):
    def generator(self):
        return adapted(lambda texts: [FakeGenerator().vector(text) for text in texts], model="named")


class TestAdapted(GeneratorSuite):
    def generator(self):
        return adapted(lambda texts: [FakeGenerator().vector(text) for text in texts])


class TestComposed(GeneratorSuite):
    def generator(self):
        return compose(FakeGenerator(), Logged, Guarded, Defaulted, Cached, Retried, Limited)


class TestLocalProvider(ProviderSuite):
    provider = Local


@pytest.fixture(scope="class")
def running(request):
    with stub() as service:
        address = service.address + request.cls.path
        fields = request.cls.provider.settings_type().fields
        request.cls.settings = {name: told for name, told in told_to(address).items() if name in fields}
        yield


def told_to(address):
    return {"base_url": address, "api_key": "k"}


def suites(name):
    """Return the two suites of a remote provider, both over HTTP with the stub."""

    async def generator(self):
        return await named(f"{name}:some-model").open(self.settings)

    model = None if name == "tei" else "some-model"  # TEI has one model, and tells which
    about = {"provider": find_provider(name), "path": PATHS[name], "model": model}
    word = name.title()
    return {
        f"Test{word}{suite.__name__}": pytest.mark.usefixtures("running")(
            type(f"Test{word}{suite.__name__}", (suite,), {**about, **more})
        )
        for suite, more in ((ProviderSuite, {}), (GeneratorSuite, {"generator": generator}))
    }


for each in PATHS:
    globals().update(suites(each))


class Wrong:
    """A generator with one thing wrong, which its subclasses say."""

    metadata = Metadata("wrong", "wrong", 16, 0)

    def __init__(self):
        self.closed = False

    def vectors(self, values):
        return np.array([FakeGenerator().vector(value) for value in values], np.float32).reshape(len(values), 16)

    async def generate(self, values, options=None):
        if self.closed:
            raise EmbedError("closed")
        return GeneratedEmbeddings(self.vectors(values), Usage(), "wrong")

    def get_service(self, kind, key=None):
        return self if key is None and isinstance(self, kind) else None

    async def aclose(self):
        self.closed = True


class Sorted(Wrong):
    def vectors(self, values):
        return super().vectors(sorted(values))


class Constant(Wrong):
    def vectors(self, values):
        return np.ones((len(values), 16), np.float32)


class Fewer(Wrong):
    def vectors(self, values):
        return super().vectors(values[:100])


class Wide(Wrong):
    metadata = Metadata("wrong", "wrong", 32, 0)


class Doubled(Wrong):
    def vectors(self, values):
        return super().vectors(values).astype(np.float64)


class NotANumber(Wrong):
    def vectors(self, values):
        return super().vectors(values) * np.float32("nan")


class Unhelpful(Wrong):
    def get_service(self, kind, key=None):
        return self


class Undying(Wrong):
    async def aclose(self):
        pass


class Nameless(Wrong):
    metadata = Metadata("", "", 16, 0)


@pytest.mark.parametrize(
    ("wrong", "test"),
    [
        (Sorted, "test_there_is_one_vector_for_each_text_in_order"),
        (Constant, "test_equal_texts_get_equal_vectors_and_different_texts_different_ones"),
        (Fewer, "test_many_texts_come_back_in_order"),
        (Wide, "test_vectors_are_finite_float32_of_the_width_that_is_told"),
        (Doubled, "test_vectors_are_finite_float32_of_the_width_that_is_told"),
        (NotANumber, "test_vectors_are_finite_float32_of_the_width_that_is_told"),
        (Unhelpful, "test_it_gives_itself_as_a_service_and_none_for_what_is_not_there"),
        (Undying, "test_it_closes_twice_and_then_takes_no_calls"),
        (Nameless, "test_the_metadata_name_the_provider_and_the_model"),
    ],
)
def test_the_suite_finds_a_generator_that_breaks_the_contract(wrong, test):
    class Suite(GeneratorSuite):
        texts = ("c", "b", "a")

        def generator(self):
            return wrong()

    with pytest.raises(AssertionError):
        getattr(Suite(), test)()


def test_the_suite_takes_a_generator_that_only_has_vectors_usage_and_a_model():
    class Suite(GeneratorSuite):
        def generator(self):
            return Wrong()

    for name in dir(Suite):
        if name.startswith("test_"):
            getattr(Suite(), name)()
