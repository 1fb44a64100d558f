"""For tests: a generator without a model, and suites that hold generators and providers to their contract.

A suite is a class with test methods; derive from it, say what it tests, and let pytest find it:

    class TestAcme(GeneratorSuite):
        def generator(self):
            return Acme.embeddings().create_generator(settings)
"""

from vecsmith.testing.fake import FakeGenerator
from vecsmith.testing.generators import GeneratorSuite
from vecsmith.testing.providers import ProviderSuite

__all__ = ["FakeGenerator", "GeneratorSuite", "ProviderSuite"]
