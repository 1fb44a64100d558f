"""Where the original has what describes models."""
