"""Who may ask for how much: keys, limits, accounts."""
