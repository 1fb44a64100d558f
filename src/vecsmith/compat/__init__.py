"""Drop-ins with the shape of what people call today, on any model that vecsmith has."""
