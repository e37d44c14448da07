"""Runtime verification: run a finding's code under a real tape, and say what came out.

One half runs in tapelint's own process and never sees TensorFlow. The other half (`worker/`) runs
under the user's interpreter: the standard library and TensorFlow, nothing of tapelint beside it.
"""
