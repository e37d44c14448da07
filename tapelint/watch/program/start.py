"""Run a program as `python` would, watched: `python start.py SETTINGS TARGET [ARGUMENT]...`.

The interpreter may be any that has TensorFlow. It gets to see this package under its own name and
nothing else of the place where tapelint is installed.
"""

import os
import sys
import types


def main() -> None:
    """Make the package importable, and hand over to it."""
    here = os.path.dirname(os.path.abspath(__file__))
    folder = os.path.dirname(os.path.dirname(here))
    if sys.path and os.path.abspath(sys.path[0]) == here:
        del sys.path[0]
    if sys.hexversion < 0x030A0000:
        sys.stderr.write("error: the program needs a Python 3.10 or newer to be watched\n")
        sys.exit(2)
    package = types.ModuleType("tapelint")
    package.__path__ = [folder]
    package.__file__ = os.path.join(folder, "__init__.py")
    with open(package.__file__, encoding="utf-8") as file:
        exec(compile(file.read(), package.__file__, "exec"), package.__dict__)
    sys.modules["tapelint"] = package
    from tapelint.watch.program import running

    running.run(sys.argv[1], sys.argv[2:])


if __name__ == "__main__":
    main()
