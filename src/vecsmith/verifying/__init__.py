"""Whether vectors that somebody has are a model's own, and if not, what was done otherwise when they were made."""

from vecsmith.verifying.verdict import Verdict, verify

__all__ = ["Verdict", "verify"]
