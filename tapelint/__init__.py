"""tapelint finds the line that cuts a TensorFlow gradient."""

__version__ = "0.1.0"
