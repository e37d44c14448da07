"""The page on verification lists every attack, with the layers that stop it alone.

That a layer stops an attack proves something only if the attack works without it: each is run
behind no layer at all, and behind one at a time, where what it harms is the test's own.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import attacks
import pytest
from attacks import WORD

from tapelint.verify.installation import environment
from tapelint.verify.worker import landlock, seccomp

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "verification.md"
LAYERED = Path(__file__).with_name("layered.py")
SECTION = re.compile(r"^### (To .*)\n\n\| Attack \| Stopped by \|\n.*\n((?:\|.*\n)+)", re.MULTILINE)
LAYERS = ("base", "hook", "filter", "Landlock")
HEADINGS: Mapping[str, Mapping[str, str]] = {
    "To write, make or start something outside": attacks.WRITES,
    "To change a file of the project, which may be read": attacks.CHANGES,
    "To read a secret": attacks.READS,
    "To reach other processes, and what limits the own": attacks.REACHES,
    "To call somebody": attacks.CALLS,
    "To harm whoever comes after, or the machine": attacks.ENDS,
    "To print a verdict": attacks.PRINTED,
    "To forge what is seen": attacks.STOLEN,
}
# The base layer is about the process itself: it holds back no path and no port.
MEASURED = {
    "To write, make or start something outside": LAYERS[1:],
    "To change a file of the project, which may be read": LAYERS[1:],
    "To read a secret": LAYERS,
    "To reach other processes, and what limits the own": LAYERS,
    "To call somebody": LAYERS[1:],
}
# Signals are held back since version 6 of Landlock.
LANDLOCK = 6


def tables() -> dict[str, dict[str, tuple[str, ...]]]:
    """Return what the page says: heading, attack, what stops it."""
    found = {}
    for heading, rows in SECTION.findall(PAGE.read_text(encoding="utf-8")):
        cells = [row.strip("|").split("|") for row in rows.splitlines()]
        found[heading] = {
            name.strip(): tuple(word.strip() for word in stops.split(",")) for name, stops in cells
        }
    return found


TABLES = tables()
ATTACKS = [(heading, name) for heading in MEASURED for name in HEADINGS[heading]]


def test_the_page_and_the_tests_know_the_same_attacks() -> None:
    assert {h: list(rows) for h, rows in TABLES.items()} == {
        h: list(texts) for h, texts in HEADINGS.items()
    }


@pytest.mark.parametrize("heading", HEADINGS)
def test_what_stops_an_attack_is_a_layer_of_the_page(heading: str) -> None:
    is_lie = heading == "To forge what is seen"
    known = {"a lie about itself"} if is_lie else {*LAYERS, "channel"}
    assert {word for words in TABLES[heading].values() for word in words} <= known


@dataclass(slots=True)
class Behind:
    """A process that runs attacks, in an environment of its own."""

    process: subprocess.Popen[str]

    def run(self, **job: object) -> str:
        """Run one attack and return what it found."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        found: str = json.loads(self.process.stdout.readline())["found"]
        return found


@dataclass(slots=True)
class Listener:
    """A server on this machine that notes every visitor, over TCP and UDP."""

    port: int = 0
    heard: list[str] = field(default_factory=list)
    sockets: list[socket.socket] = field(default_factory=list)

    def start(self) -> None:
        """Listen in threads of its own."""
        tcp, udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        self.port = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", self.port))
        self.sockets = [tcp, udp]
        threading.Thread(target=self._note, args=(tcp.accept,), daemon=True).start()
        threading.Thread(target=self._note, args=(lambda: udp.recv(9),), daemon=True).start()

    def _note(self, wait: object) -> None:
        while True:
            try:
                wait()  # type: ignore[operator]
            except OSError:
                return
            self.heard.append("a visitor")


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    """Listen while the tests of this module run."""
    made = Listener()
    made.start()
    yield made
    for open_socket in made.sockets:
        open_socket.close()


def started(variables: Mapping[str, str]) -> Behind:
    """Start a process for attacks with an environment."""
    process = subprocess.Popen(
        [sys.executable, str(LAYERED)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**variables, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    return Behind(process)


@pytest.fixture(scope="module")
def behind() -> Iterator[Mapping[str, Behind]]:
    """Run attacks with the user's environment, and with that of a worker for the base layer."""
    if not seccomp.is_supported() or landlock.version() < LANDLOCK:
        pytest.skip("this kernel does not have all layers")
    bare = started({**os.environ, "TOKEN": WORD})
    scrubbed = started(environment(os.environ))
    yield {**dict.fromkeys(("none", *LAYERS), bare), "base": scrubbed}
    for each in (bare, scrubbed):
        assert each.process.stdin is not None
        each.process.stdin.close()
        each.process.wait()


def works(
    behind: Mapping[str, Behind],
    listener: Listener,
    folder: Path,
    attack: tuple[str, str],
    layer: str,
) -> bool:
    """Tell whether an attack has its effect behind a layer."""
    heading, name = attack
    texts = HEADINGS[heading]
    scratch, project, outside = (folder / part for part in ("scratch", "project", "outside"))
    out = outside / "made"
    if texts is attacks.CHANGES:
        out = project / "data" / "kept"
    elif texts is attacks.READS:
        out = outside / WORD
    for needed in (scratch, project, outside, out.parent):
        needed.mkdir(parents=True, exist_ok=True)
    if texts is not attacks.WRITES:
        out.write_text(WORD, encoding="utf-8")
        out.chmod(0o644)
    before = out.stat() if out.exists() else None
    listener.heard.clear()
    found = behind[layer].run(
        text=texts[name],
        out=str(out),
        port=listener.port,
        layer=layer,
        scratch=str(scratch),
        project=str(project),
    )
    if texts is attacks.WRITES:
        return list(outside.iterdir()) != []
    if texts is attacks.CALLS:
        return listener.heard != []
    if before is None or texts is not attacks.CHANGES:
        return WORD in found
    if not out.exists() or out.read_text(encoding="utf-8") != WORD:
        return True
    after = out.stat()
    return (after.st_mode, after.st_mtime) != (before.st_mode, before.st_mtime)


@pytest.mark.tensorflow
@pytest.mark.skipif(sys.platform != "linux", reason="the layers are Linux's")
@pytest.mark.parametrize("attack", ATTACKS, ids=" - ".join)
def test_the_layers_that_stop_an_attack_are_those_of_the_page(
    behind: Mapping[str, Behind], listener: Listener, tmp_path: Path, attack: tuple[str, str]
) -> None:
    heading, name = attack
    assert works(behind, listener, tmp_path / "none", attack, "none"), "the attack is none"
    stopping = tuple(
        layer
        for layer in MEASURED[heading]
        if not works(behind, listener, tmp_path / layer, attack, layer)
    )
    assert stopping == TABLES[heading][name]
