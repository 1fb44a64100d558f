"""The HTTP server: every provider's wire format in front of one engine."""
