"""Start the worker: `python start.py [--no-fork]`, requests on standard input, answers on output.

The interpreter may be any that has TensorFlow. It gets to see this package under its own name and
nothing else of the place where tapelint is installed.
"""

import os
import sys
import types


def main() -> None:
    """Hide this script's folder from imports, make the package importable, and serve."""
    if sys.hexversion < 0x030A0000:
        sys.exit("it is no Python 3.10 or newer")
    here = os.path.dirname(os.path.abspath(__file__))
    tapelint = os.path.dirname(os.path.dirname(here))
    # A `tensorflow.py` beside the user's code must not be taken for TensorFlow.
    sys.path[:] = [p for p in sys.path if p and os.path.abspath(p) not in (here, os.getcwd())]
    package = types.ModuleType("tapelint")
    package.__path__ = [tapelint]
    sys.modules["tapelint"] = package
    import tapelint.verify.worker.child as child

    # The pipes are the protocol's alone: what is printed later goes nowhere.
    child.serve(os.dup(0), os.dup(1), may_fork="--no-fork" not in sys.argv[1:])


if __name__ == "__main__":
    main()
