"""A program that is watched does what it does under Python alone, and ends as it ends there."""

from __future__ import annotations

import importlib.util
import signal
import sys
from pathlib import Path

import pytest
from watching import plain, start, watched, write

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(
        importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
    ),
]

PROGRAMS = {
    "names": """
        import os, sys
        print(__name__, __file__, __doc__, __spec__, __package__, __loader__.name)
        print(sys.argv, sys.path[0], os.getcwd(), sorted(vars()))
        print(sys.modules["__main__"].__dict__ is globals(), "tapelint" in sys.argv[0])
        """,
    "arguments": """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--trace", action="store_true")
        parser.add_argument("rest", nargs="*")
        print(parser.parse_args())
        """,
    "absl": """
        from absl import app, flags
        flags.DEFINE_integer("steps", 3, "how many")
        def main(argv):
            print(argv, flags.FLAGS.steps)
            return 5
        if __name__ == "__main__":
            app.run(main)
        """,
    "exit code": "import sys; sys.exit(3)",
    "exit message": "import sys; sys.exit('no data')",
    "exit at once": "import os; print('x', flush=True); os._exit(4)",
    "exit functions": """
        import atexit
        atexit.register(lambda: print("bye"))
        raise SystemExit
        """,
    "exception": """
        def inner():
            raise KeyError("missing")
        def outer():
            try:
                inner()
            except KeyError as error:
                raise RuntimeError("no such key") from error
        outer()
        """,
    "exception hook": """
        import sys
        sys.excepthook = lambda kind, value, trace: print(kind.__name__, trace.tb_lineno)
        1 / 0
        """,
    "syntax error": "def f(:\n    pass\n",
    "interrupted": "raise KeyboardInterrupt",
    "terminated": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "input": "print(input('? ')[::-1])",
    "threads": """
        import threading
        def work():
            raise ValueError("in a thread")
        thread = threading.Thread(target=work, name="worker")
        thread.start()
        thread.join()
        """,
    "processes": """
        import multiprocessing
        def square(number):
            return number * number
        if __name__ == "__main__":
            for method in ("spawn", "fork"):
                with multiprocessing.get_context(method).Pool(1) as pool:
                    print(pool.map(square, [1, 2, 3]))
        """,
    "pickled": """
        import pickle
        class Point:
            pass
        print(type(pickle.loads(pickle.dumps(Point()))) is Point)
        """,
    "closes everything": """
        import os
        os.closerange(3, 256)
        with open("out.txt", "w") as file:
            file.write("mine")
        print(open("out.txt").read())
        """,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_script(name: str, tmp_path: Path) -> None:
    path = write(tmp_path, PROGRAMS[name])
    arguments = (str(path), "--trace" if name == "arguments" else "one", "two")
    assert watched(tmp_path, "-q", *arguments, given="abc\n") == plain(
        tmp_path, *arguments, given="abc\n"
    )


def test_a_module_of_a_package(tmp_path: Path) -> None:
    write(tmp_path, "", "pack/__init__.py")
    text = (
        "import sys; print(__name__, __file__, __spec__.name, __package__, sys.argv, sys.path[0])"
    )
    write(tmp_path, text, "pack/train.py")
    arguments = ("-m", "pack.train", "--steps", "3")
    assert watched(tmp_path, "-q", *arguments) == plain(tmp_path, *arguments)


def test_a_folder_with_a_main_module(tmp_path: Path) -> None:
    write(tmp_path, "import sys; print(__name__, sys.argv, sys.path[0])", "pack/__main__.py")
    assert watched(tmp_path, "-q", "pack", "x") == plain(tmp_path, "pack", "x")


def test_a_signal_that_is_sent_to_us_reaches_the_program(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        import signal, sys, time
        def stop(number, frame):
            print("saving", flush=True)
            sys.exit(7)
        signal.signal(signal.SIGTERM, stop)
        print("ready", flush=True)
        time.sleep(60)
        """,
    )
    process = start([sys.executable, "-m", "tapelint", "run", str(path)], tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert (out, process.returncode) == ("saving\n", 7)


def test_an_interrupt_ends_both_as_it_ends_python(tmp_path: Path) -> None:
    path = write(tmp_path, "import time; print('ready', flush=True); time.sleep(60)")
    process = start([sys.executable, "-m", "tapelint", "run", str(path)], tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in err
    assert "tapelint/" not in err


def test_a_program_that_uses_no_tensorflow_is_told_so(tmp_path: Path) -> None:
    ran = watched(tmp_path, str(write(tmp_path, "print(1)")))
    assert (ran.code, ran.out) == (0, "1\n")
    assert ran.err == "tapelint: the program did not import TensorFlow\n"
