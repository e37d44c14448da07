"""What a witness does not do, although the program says so: wait, train for hours, load files.

Such calls are answered with something of the same kind, and told as an assumption.
"""

from __future__ import annotations

import builtins
import socket
import urllib.error
from collections.abc import Callable
from typing import Any

from tapelint.verify.worker.audit import Refused
from tapelint.verify.worker.runtime import TensorFlow

STEPS = 2
SAMPLES = 64
# Shapes of one sample, number of classes, by module of `keras.datasets`.
DATASETS: dict[str, tuple[tuple[int, ...], int]] = {
    "mnist": ((28, 28), 10),
    "fashion_mnist": ((28, 28), 10),
    "cifar10": ((32, 32, 3), 10),
    "cifar100": ((32, 32, 3), 100),
}
TABLES: dict[str, int] = {"boston_housing": 13, "california_housing": 8}
TEXTS = frozenset({"imdb", "reuters"})
# Functions and methods by name, where their module begins like this.
SILENT: dict[str, tuple[str, ...]] = {
    "sleep": ("time",),
    "show": ("matplotlib", "plotly", "PIL"),
    "pause": ("matplotlib",),
    "savefig": ("matplotlib",),
    "save": ("keras", "tensorflow", "tf_keras"),
    "save_weights": ("keras", "tensorflow", "tf_keras"),
    "load_weights": ("keras", "tensorflow", "tf_keras"),
    "export": ("keras", "tensorflow"),
    "summary": ("keras", "tf_keras"),
    "plot_model": ("keras", "tf_keras"),
}
# Their answer is used: it becomes an unknown.
UNKNOWN: dict[str, tuple[str, ...]] = {
    "get_file": ("keras", "tf_keras"),
    "load_model": ("keras", "tensorflow", "tf_keras"),
    "urlopen": ("urllib",),
    "urlretrieve": ("urllib",),
    "run": ("subprocess",),
    "Popen": ("subprocess",),
    "check_output": ("subprocess",),
    "check_call": ("subprocess",),
    "system": ("posix", "nt", "os"),
}
COMMAND_LINE = frozenset({"parse_args", "parse_known_args"})
TRAINING = frozenset({"fit", "fit_generator", "train_on_generator"})

Replacement = Callable[[tuple[Any, ...], dict[str, Any]], Any]


class Effects:
    """Knows the calls that a witness replaces; `unknown` makes an unknown, `say` tells of it."""

    def __init__(
        self,
        runtime: TensorFlow,
        unknown: Callable[[str, list[Any]], Any],
        say: Callable[[str], None],
    ) -> None:
        self.runtime = runtime
        self.unknown = unknown
        self.say = say

    def replacement(self, function: Any) -> Replacement | None:
        """Return what to call in place of `function`, None to call it as it is."""
        name = getattr(function, "__name__", None)
        if not isinstance(name, str):
            return None
        module = str(getattr(function, "__module__", None) or "")
        if function is builtins.input:
            return lambda arguments, keywords: ""
        if name in SILENT and module.startswith(SILENT[name]):
            return lambda arguments, keywords: self._left_out(name)
        if name in UNKNOWN and module.startswith(UNKNOWN[name]):
            return lambda arguments, keywords: self._unknown(name, arguments, keywords)
        if name == "load_data" and ".datasets." in module:
            dataset = module.rpartition(".")[2]
            return lambda arguments, keywords: self._dataset(dataset)
        if name in TRAINING and _is_keras(module):
            return lambda arguments, keywords: self._short_fit(function, arguments, keywords)
        if module == "argparse" and name in COMMAND_LINE:
            return lambda arguments, keywords: self._command_line(function, arguments, keywords)
        return self._without_download(function, name, module)

    def _left_out(self, name: str) -> None:
        if name in ("save", "save_weights", "load_weights", "export"):
            self.say(f"`{name}` is left out")

    def _unknown(self, name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        self.say(f"`{name}` is not run")
        return self.unknown(f"{name}()", [*arguments, *keywords.values()])

    def _short_fit(
        self, function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Any:
        """Train for two steps. Positions behind the data are batch size and epochs."""
        self.say(f"`{function.__name__}` is cut to {STEPS} steps")
        kept = {k: v for k, v in keywords.items() if not k.startswith("validation")}
        kept |= {"epochs": 1, "verbose": 0, "steps_per_epoch": STEPS}
        kept.pop("initial_epoch", None)
        if len(arguments) > 2:
            kept.setdefault("batch_size", arguments[2])
        return function(*arguments[:2], **kept)

    def _command_line(
        self, function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Any:
        """Parse a command line without a word; what it has to name is unknown."""
        given, *others = arguments or (keywords.pop("args", None),)
        if given is not None:
            return function(given, *others, **keywords)
        parser = function.__self__
        actions = [action for action in parser._actions if action.required]
        demanding = [*actions, *(g for g in parser._mutually_exclusive_groups if g.required)]
        for each in demanding:
            each.required = False
        try:
            parsed = function([], *others, **keywords)
        finally:
            for each in demanding:
                each.required = True
        options = parsed[0] if isinstance(parsed, tuple) else parsed
        for action in actions:
            if getattr(options, action.dest, True) is None:
                choices = list(action.choices or ())
                what = f"taken to be `{choices[0]}`" if choices else "invented"
                self.say(f"`{action.dest}` is {what}: the command line has to name it")
                value = choices[0] if choices else self.unknown(f"args.{action.dest}", [])
                setattr(options, action.dest, value)
        return parsed

    def _dataset(self, name: str) -> Any:
        """Return data of the right shape for one of `keras.datasets`."""
        self.say(f"the data of `{name}` is invented")
        numpy = __import__("numpy")
        random = numpy.random.default_rng(7)
        if name in DATASETS:
            shape, classes = DATASETS[name]
            images = random.integers(0, 256, (SAMPLES, *shape)).astype("uint8")
            labels = random.integers(0, classes, (SAMPLES,)).astype("uint8")
            if name.startswith("cifar"):
                labels = labels.reshape(-1, 1)
            return (images, labels), (images.copy(), labels.copy())
        if name in TABLES:
            table = random.random((SAMPLES, TABLES[name]))
            return (table, random.random(SAMPLES)), (table.copy(), random.random(SAMPLES))
        if name in TEXTS:
            texts = numpy.empty(SAMPLES, object)
            texts[:] = [list(map(int, random.integers(1, 100, 20))) for _ in range(SAMPLES)]
            labels = random.integers(0, 2, SAMPLES)
            return (texts, labels), (texts.copy(), labels.copy())
        return self.unknown("load_data()", [])

    def _without_download(self, function: Any, name: str, module: str) -> Replacement | None:
        """Let the models of `keras.applications` begin with random weights."""
        if ".applications" not in module or not name[:1].isupper():
            return None

        def build(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
            self.say(f"the weights of `{name}` are random")
            kept = dict(keywords)
            if kept.get("weights", "imagenet") is not None:
                kept["weights"] = None
            return function(*arguments, **kept)

        return build

    def is_failure_of_surroundings(self, error: BaseException) -> bool:
        """Tell whether a call failed for want of a file, the network or a permission."""
        errors = self.runtime.tf.errors
        return isinstance(
            error,
            (
                OSError,
                Refused,
                urllib.error.URLError,
                socket.error,
                errors.NotFoundError,
                errors.PermissionDeniedError,
                errors.UnavailableError,
            ),
        )


def _is_keras(module: str) -> bool:
    return module.startswith(("keras", "tf_keras", "tensorflow.python.keras"))
