"""What the server tells of itself: health, counts, lines, spans, routes."""
