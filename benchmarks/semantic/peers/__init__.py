"""Other semantic layers, each run by a Python of its own."""
