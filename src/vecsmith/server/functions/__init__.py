"""Edge functions of a person's own: ``functions/NAME/index.py``, served at ``/functions/v1/NAME``."""
