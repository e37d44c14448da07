"""What runs in the child process: witness programs, observed on real tapes.

Imports the standard library and itself only, and TensorFlow in `child` alone: it runs under the
user's interpreter, where neither LibCST nor the rest of tapelint need be installed.
"""
