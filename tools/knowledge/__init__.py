"""Generates the knowledge table from TensorFlow; run as `python -m tools.knowledge`."""
