"""The simulator's known effects, read off control charts."""
