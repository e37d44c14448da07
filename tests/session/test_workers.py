"""Processes that crash or hang cost their own item and no other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tasks import dive, dive_through_c, obey, stamped, unanswerable

from tapelint import workers
from tapelint.workers import Fate

ROOT = Path(__file__).parents[2]
needs_signals = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


def answers(items: list[str], processes: int = 2, seconds: float = 60) -> dict[str, object]:
    """Return the answer to each item."""
    done = list(workers.run(obey, items, processes=processes, seconds=seconds))
    assert sorted(index for index, _ in done) == list(range(len(items)))
    return {items[index]: answer for index, answer in done}


@pytest.mark.parametrize("processes", [1, 2, 9])
def test_every_item_is_answered(processes: int) -> None:
    items = [f"item {number}" for number in range(20)]
    assert answers(items, processes) == {item: item.upper() for item in items}


def test_nothing_to_do_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers._Pool, "_started", lambda self: pytest.fail("one was started"))
    assert list(workers.run(obey, [], processes=4, seconds=60)) == []


@pytest.mark.parametrize("end", ["exit 1", "exit 0", "raise it", "leave 0"])
@pytest.mark.parametrize("processes", [1, 2])
def test_a_crash_leaves_the_other_items_alone(end: str, processes: int) -> None:
    assert answers(["a", end, "b", "c"], processes) == {
        "a": "A",
        end: Fate.CRASHED,
        "b": "B",
        "c": "C",
    }


@needs_signals
def test_a_process_that_is_killed_is_noticed() -> None:
    assert answers(["a", "kill"]) == {"a": "A", "kill": Fate.CRASHED}


def test_all_may_crash() -> None:
    items = [f"exit {number}" for number in range(5)]
    assert set(answers(items).values()) == {Fate.CRASHED}


def test_an_item_that_crashed_once_gets_a_second_chance(tmp_path: Path) -> None:
    item = f"once {tmp_path / 'mark'}"
    assert answers([item, "a"]) == {item: item.upper(), "a": "A"}


def test_an_answer_that_cannot_be_sent_counts_as_a_crash() -> None:
    assert list(workers.run(unanswerable, ["a"], processes=1, seconds=60)) == [(0, Fate.CRASHED)]


@pytest.mark.parametrize("processes", [1, 2])
def test_an_item_that_takes_too_long_is_given_up_and_the_others_are_not(processes: int) -> None:
    assert answers(["hang", "a", "b"], processes, seconds=0.5) == {
        "hang": Fate.TIMED_OUT,
        "a": "A",
        "b": "B",
    }


def test_an_item_may_be_allowed_for_ever() -> None:
    assert answers(["a"], seconds=float("inf")) == {"a": "A"}


def test_deep_recursion_is_survived() -> None:
    # Fifteen times as deep as Python usually lets anyone go.
    assert answers(["deep 15000", "a"]) == {"deep 15000": "DEEP 15000", "a": "A"}


@pytest.mark.parametrize("fall", [dive, dive_through_c])
def test_endless_recursion_ends_in_an_error_and_no_crash(fall: Callable[[int], int]) -> None:
    errors: list[BaseException] = []

    def action() -> None:
        try:
            fall(1_000_000)
        except RecursionError as error:
            errors.append(error)

    before = sys.getrecursionlimit()
    workers.with_deep_stack(action)
    assert len(errors) == 1
    assert sys.getrecursionlimit() == before


def test_work_is_done_where_no_large_stack_is_granted(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(size: int = 0) -> int:
        if size:
            raise ValueError("size not valid")
        return 0

    done: list[str] = []
    monkeypatch.setattr("tapelint.workers.threading.stack_size", refused)
    workers.with_deep_stack(lambda: done.append("a"))
    assert done == ["a"]


def test_native_noise_is_kept_from_the_user(capfd: pytest.CaptureFixture[str]) -> None:
    assert answers(["shout"]) == {"shout": "SHOUT"}
    assert capfd.readouterr().err == ""


def test_noise_is_heard_on_request(capfd: pytest.CaptureFixture[str]) -> None:
    list(workers.run(obey, ["shout"], processes=1, seconds=60, is_quiet=False))
    assert "noise" in capfd.readouterr().err


@needs_signals
def test_ctrl_c_is_for_the_parent_alone() -> None:
    assert answers(["interrupt", "a"], processes=1) == {"interrupt": "INTERRUPT", "a": "A"}


@needs_signals
def test_who_stops_asking_leaves_no_process_behind(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    running = workers.run(stamped, [str(mark)], processes=1, seconds=1)
    assert list(running) == [(0, Fate.TIMED_OUT)]
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


@needs_signals
def test_a_process_whose_parent_was_killed_ends_itself(tmp_path: Path) -> None:
    code = (
        "import sys; from tapelint import workers; import tasks\n"
        "running = workers.run(tasks.obey, sys.argv[1:], processes=1, seconds=60)\n"
        "next(running)\n"
        "import multiprocessing, time\n"
        "print(multiprocessing.active_children()[0].pid, flush=True)\n"
        "time.sleep(3600)\n"
    )
    path = os.pathsep.join(map(str, (ROOT, Path(__file__).parent)))
    parent = subprocess.Popen(
        [sys.executable, "-c", code, "a", "b"],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    while is_alive(worker):
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be buried does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_macos_starts_processes_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert workers.start_method() == "spawn"


def test_processes_that_are_not_forked_do_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "start_method", lambda: "spawn")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (ROOT, Path(__file__).parent))))
    assert answers(["a", "exit 1", "b"]) == {"a": "A", "exit 1": Fate.CRASHED, "b": "B"}


def test_signal_masks_are_as_before() -> None:
    if not hasattr(signal, "pthread_sigmask"):
        pytest.skip("there are no signal masks here")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    answers(["a", "exit 1"])
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


def test_the_processor_time_of_a_process_is_known_where_the_system_tells() -> None:
    used = workers.processor_seconds(os.getpid())

    assert used is None or used > 0
    assert workers.processor_seconds(None) is None


def test_a_busy_machine_takes_no_time_from_an_item(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "processor_seconds", lambda pid: 0.0)

    assert answers(["wait 0.6"], seconds=0.2) == {"wait 0.6": "WAIT 0.6"}


def test_an_item_that_does_nothing_is_given_up_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "processor_seconds", lambda pid: 0.0)

    assert answers(["hang"], seconds=0.2) == {"hang": Fate.TIMED_OUT}
