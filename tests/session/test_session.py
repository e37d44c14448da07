"""Many files: none is forgotten, none costs the others anything, and what is reported is right."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from fakelint import program

from tapelint import registry, session, workers
from tapelint.model import Confidence, Finding
from tapelint.registry import UnknownRule
from tapelint.session import Job, Outcome, Result
from tapelint.settings import FileIgnore, Selection, Settings

pytestmark = pytest.mark.usefixtures("faked", "folder")
NO_TAPE = "import tensorflow as tf\n"
FINDS = program("f()  # finds: TAP201")


def run(files: dict[str, str], settings: Settings | None = None, **options: object) -> Result:
    """Check some files of the current folder."""
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    pairs = [(Path(name), name) for name in files]
    return session.run(pairs, settings or Settings(), **options)  # type: ignore[arg-type]


def lines(result: Result) -> list[str]:
    """Return the findings of a run, one a line."""
    return [line(found) for found in result.findings]


def line(found: Finding) -> str:
    """Return what matters of a finding."""
    return f"{found.span.path}:{found.span.line} {found.code} {found.message}"


def codes(result: Result) -> list[str]:
    """Return the codes of the findings of a run."""
    return [found.code for found in result.findings]


def test_no_files_give_nothing() -> None:
    result = run({})
    assert (result.findings, result.files_checked, result.suppressed) == ((), 0, 0)


def test_files_without_a_tape_are_checked_without_the_analysis(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "run", lambda *_, **__: pytest.fail("it was analysed"))
    result = run({"a.py": NO_TAPE, "b.py": ""})
    assert (result.findings, result.files_checked, result.files_skipped) == ((), 2, 2)


def test_a_clean_file_with_a_tape_is_not_skipped() -> None:
    result = run({"a.py": program(), "b.py": NO_TAPE})
    assert (result.findings, result.files_checked, result.files_skipped) == ((), 2, 1)
    assert result.sources == {}


def test_findings_come_by_file_and_line_whoever_is_done_first() -> None:
    two = program("f()  # finds: TAP301", "g()  # finds: TAP201")
    result = run({"c.py": FINDS, "a.py": two, "b.py": FINDS + "#" * 100_000})
    assert [(found.span.path, found.span.line) for found in result.findings] == [
        ("a.py", 2),
        ("a.py", 3),
        ("b.py", 2),
        ("c.py", 2),
    ]


def test_a_report_gets_the_text_of_files_with_findings() -> None:
    result = run({"a.py": FINDS, "b.py": program()})
    assert result.sources == {"a.py": FINDS}


@pytest.mark.parametrize("processes", [1, 2, 8, None])
def test_the_result_is_the_same_for_any_number_of_processes(processes: int | None) -> None:
    files = {f"f{number:02}.py": FINDS + "#" * number * 1000 for number in range(30)}
    result = run(files, processes=processes)
    assert [found.span.path for found in result.findings] == sorted(files)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("raises: Puzzled", "the analysis failed with an internal error (Puzzled)"),
        ("raises: Panic", "the analysis failed with an internal error (Panic)"),
        ("exits", "the analysis failed with an internal error (SystemExit)"),
        ("raises: RecursionError", "the code is nested too deeply to be analysed"),
        ("raises: MemoryError", "the analysis of this file ran out of memory"),
        ("crashes", "the analysis crashed on this file"),
        ("hangs", "the analysis of this file took longer than 0.5 seconds"),
    ],
)
def test_what_goes_wrong_with_a_file_is_a_finding_and_the_others_are_checked(
    command: str, message: str
) -> None:
    bad = program(f"f()  # {command}")
    settings = Settings(seconds=0.5) if command == "hangs" else Settings()
    result = run({"a.py": FINDS, "bad.py": bad, "z.py": FINDS}, settings)
    assert lines(result) == [
        "a.py:2 TAP201 the gradient is None",
        f"bad.py:1 TAP901 {message}",
        "z.py:2 TAP201 the gradient is None",
    ]
    assert result.files_checked == 3


@pytest.mark.parametrize("command", ["raises: Puzzled", "crashes"])
def test_a_bug_is_to_be_reported(command: str) -> None:
    (found,) = run({"a.py": program(f"f()  # {command}")}).findings
    assert found.help.startswith("please report this")


def test_a_timeout_says_what_can_be_done() -> None:
    (found,) = run({"a.py": program("f()  # hangs")}, Settings(seconds=0.2)).findings
    assert found.help == "raise `seconds-per-file` in the settings, or exclude the file"


def test_a_file_that_cannot_be_read_is_a_finding_and_the_others_are_checked() -> None:
    Path("b.py").write_bytes(b"GradientTape\n\xff")
    pairs = [(Path(name), name) for name in ("gone.py", "b.py", "a.py")]
    Path("a.py").write_text(FINDS)
    result = session.run(pairs, Settings())
    assert lines(result) == [
        "a.py:2 TAP201 the gradient is None",
        "b.py:2 TAP901 the file is no valid utf-8: byte 0xff",
        "gone.py:1 TAP901 the file disappeared while tapelint was running",
    ]
    assert (result.files_checked, result.files_skipped) == (3, 0)


def test_a_file_that_disappears_between_two_looks_is_a_finding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def seen(path: Path, words: object) -> bool:
        path.unlink()
        return True

    monkeypatch.setattr(session, "file_may_hold_tape", seen)
    assert lines(run({"a.py": FINDS})) == [
        "a.py:1 TAP901 the file disappeared while tapelint was running"
    ]


def test_a_folder_that_cannot_be_searched_is_a_finding() -> None:
    result = session.run([], Settings(), unlisted=[("secret", "permission denied")])
    assert lines(result) == ["secret:1 TAP901 the folder cannot be searched: permission denied"]
    assert result.files_checked == 1


def test_standard_input_is_one_more_file() -> None:
    result = run({"a.py": FINDS}, stdin=("new.py", FINDS.encode()))
    assert [found.span.path for found in result.findings] == ["a.py", "new.py"]
    assert result.files_checked == 2
    assert result.sources["new.py"] == FINDS


def test_standard_input_without_a_tape_is_skipped() -> None:
    result = run({}, stdin=("new.py", NO_TAPE.encode()))
    assert (result.findings, result.files_checked, result.files_skipped) == ((), 1, 1)


def test_comments_keep_findings_back_and_are_counted() -> None:
    text = program(
        "f()  # finds: TAP201  # tapelint: ignore[path]",
        "f()  # finds: TAP201  # tapelint: ignore[numpy-in-tape]",
        "f()  # finds: TAP201  # tapelint: ignore[TAP3]",
    )
    result = run({"a.py": text})
    assert (lines(result), result.suppressed) == (["a.py:4 TAP201 the gradient is None"], 2)


def test_what_is_not_selected_is_not_counted_as_suppressed() -> None:
    text = program("f()  # finds: TAP201  # tapelint: ignore")
    result = run({"a.py": text}, Settings(selections=(Selection(select=("TAP3",)),)))
    assert (result.findings, result.suppressed) == ((), 0)


def test_a_file_that_cannot_be_checked_can_be_suppressed() -> None:
    result = run({"a.py": "# tapelint: ignore-file[TAP901]\n" + program("f()  # raises: Puzzled")})
    assert (result.findings, result.suppressed) == ((), 1)


@pytest.mark.parametrize(
    ("selections", "expected"),
    [
        ([], "TAP201 TAP301"),
        ([Selection()], "TAP201 TAP301"),
        ([Selection(select=("TAP305",))], "TAP305"),
        ([Selection(extend_select=("TAP305",))], "TAP201 TAP301 TAP305"),
        ([Selection(ignore=("TAP2",))], "TAP301"),
        ([Selection(select=("ALL",), ignore=("TAP2",))], "TAP301 TAP305"),
        ([Selection(select=("TAP2",)), Selection(extend_select=("TAP3",))], "TAP201 TAP301 TAP305"),
        ([Selection(ignore=("TAP2",)), Selection(select=("TAP201",))], "TAP201"),
        ([Selection(ignore=("TAP2",)), Selection(extend_select=("TAP201",))], "TAP201 TAP301"),
    ],
)
def test_selections_apply_one_after_the_other(selections: list[Selection], expected: str) -> None:
    text = program(*(f"f()  # finds: {code}" for code in ("TAP201", "TAP301", "TAP305")))
    result = run({"a.py": text}, Settings(selections=tuple(selections)))
    assert codes(result) == expected.split()


def test_only_what_is_certain_may_be_wanted() -> None:
    text = program("f()  # finds: TAP201 likely", "f()  # finds: TAP301")
    assert codes(run({"a.py": text}, Settings(min_confidence=Confidence.CERTAIN))) == ["TAP301"]


def test_an_unknown_selector_is_refused() -> None:
    for selection in (Selection(("TAP999",)), Selection((), ("x",)), Selection((), (), ("y",))):
        with pytest.raises(UnknownRule):
            session.selected(Settings(selections=(selection,)))
    with pytest.raises(UnknownRule):
        session.selected(Settings(per_file_ignores=(FileIgnore("*", ("TAP999",)),)))


def test_the_usual_rules_and_unreadable_files_are_selected() -> None:
    assert session.selected(Settings()) == registry.default_codes()
    chosen = session.selected(Settings(selections=(Selection(("TAP3",)),)))
    assert "TAP901" in chosen
    assert "TAP901" not in session.selected(Settings(selections=(Selection((), (), ("ALL",)),)))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("tests/", ["a.py", "pkg/tests_a.py"]),
        ("tests/*", ["a.py", "pkg/tests_a.py"]),
        ("*.py", []),
        ("/a.py", ["pkg/tests_a.py", "tests/a.py"]),
        ("pkg/**", ["a.py", "tests/a.py"]),
        ("nothing", ["a.py", "pkg/tests_a.py", "tests/a.py"]),
        ("!a.py", ["a.py", "pkg/tests_a.py", "tests/a.py"]),
        ("", ["a.py", "pkg/tests_a.py", "tests/a.py"]),
    ],
)
def test_rules_can_be_ignored_in_some_files(pattern: str, expected: list[str]) -> None:
    settings = Settings(per_file_ignores=(FileIgnore(pattern, ("path",)),))
    result = run(dict.fromkeys(("a.py", "tests/a.py", "pkg/tests_a.py"), FINDS), settings)
    assert [found.span.path for found in result.findings] == expected


def test_rules_ignored_in_some_files_add_up(folder: Path) -> None:
    entries = (FileIgnore("a.py", ("TAP201",)), FileIgnore("*.py", ("TAP301",)))
    text = program("f()  # finds: TAP201", "f()  # finds: TAP301")
    result = run({"a.py": text, "b.py": text}, Settings(per_file_ignores=entries, root=folder))
    assert lines(result) == ["b.py:2 TAP201 the gradient is None"]


def test_progress_is_told_file_by_file() -> None:
    told: list[tuple[int, int]] = []
    files = {f"{name}.py": FINDS for name in "abc"} | {"d.py": NO_TAPE}
    run(files, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_large_files_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def noted(task: object, jobs: list[Job], **_: object) -> list[tuple[int, Outcome]]:
        order.extend(job.shown for job in jobs)
        return [(index, Outcome(())) for index, _ in enumerate(jobs)]

    monkeypatch.setattr(workers, "run", noted)
    run({"a.py": program(), "b.py": program("#" * 500), "c.py": program("#" * 50)})
    assert order == ["b.py", "c.py", "a.py"]


@pytest.mark.parametrize(
    ("size", "asked", "expected"), [(10, None, 1), (10, 4, 1), (700_000, 4, 4), (700_000, 1, 1)]
)
def test_processes_are_started_for_work_that_is_worth_them(
    monkeypatch: pytest.MonkeyPatch, size: int, asked: int | None, expected: int
) -> None:
    counts: list[int] = []

    def noted(*_: object, processes: int, **__: object) -> list[object]:
        counts.append(processes)
        return []

    monkeypatch.setattr(workers, "run", noted)
    run({"a.py": program("#" * size)}, processes=asked)
    assert counts == [expected]


def test_debugging_happens_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAPELINT_DEBUG", "1")
    monkeypatch.setattr(workers, "run", lambda *_, **__: pytest.fail("a process"))
    before = threading.active_count()
    assert codes(run({"a.py": FINDS, "b.py": FINDS})) == ["TAP201", "TAP201"]
    assert threading.active_count() == before


def test_the_most_frequent_rule_is_counted_first() -> None:
    text = program(
        *["f()  # finds: TAP301"] * 2, *["f()  # finds: TAP203"] * 2, "f()  # finds: TAP101"
    )
    assert session.count_by_code(run({"a.py": text}).findings) == [
        (2, "TAP203", "integer-cast"),
        (2, "TAP301", "exhausted-tape"),
        (1, "TAP101", "unwatched-tensor"),
    ]


def test_at_least_one_processor_is_there() -> None:
    assert 1 <= session.available_processors() <= (os.cpu_count() or 1)


def test_a_file_without_a_tape_is_looked_at_for_the_rules_that_need_none() -> None:
    files = {"a.py": "import tensorflow as tf\ntf.keras.optimizers.SGD().minimize(print, [])\n"}
    assert run(files).files_skipped == 0
    assert run(files, Settings(selections=(Selection(select=("TAP2",)),))).files_skipped == 1
    assert run(files, Settings(selections=(Selection(select=("TAP7",)),))).files_skipped == 0
