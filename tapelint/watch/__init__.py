"""Watch the tapes of a whole program while it runs: `tapelint run`, and the plugin for pytest.

`program/` runs under the user's Python, inside the user's program. The rest turns what it tells
into findings, and imports no TensorFlow.
"""
