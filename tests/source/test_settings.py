"""Settings files: where they are found, what they may say, and how they are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tapelint import settings
from tapelint.model import Confidence
from tapelint.settings import EXCLUDED, FileIgnore, Selection, Settings, SettingsError, find, load

ALL = """\
select = ["TAP2", "path"]
extend-select = ["TAP305"]
ignore = ["numpy-in-tape"]
exclude = ["docs/"]
extend-exclude = ["*_pb2.py"]
respect-gitignore = false
force-exclude = true
min-confidence = "certain"
seconds-per-file = 5

[per-file-ignores]
"tests/*" = ["TAP201"]
"a.py" = []
"""


def write(path: Path, text: str, *, table: str = "") -> Path:
    """Write a settings file, in a pyproject.toml below its table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(table + text, encoding="utf-8")
    return path


def problems(path: Path) -> list[str]:
    """Return what is wrong with a settings file, without its name."""
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert all(problem.startswith(f"{path}: ") for problem in caught.value.problems)
    return [problem.removeprefix(f"{path}: ") for problem in caught.value.problems]


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "tapelint.toml", "")
    assert load(path) == Settings(root=tmp_path, path=path)
    assert load(path).exclude == EXCLUDED


def test_every_setting_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "tapelint.toml", ALL)
    assert load(path) == Settings(
        selections=(Selection(("TAP2", "path"), ("TAP305",), ("numpy-in-tape",)),),
        per_file_ignores=(FileIgnore("tests/*", ("TAP201",)), FileIgnore("a.py", ())),
        exclude=("docs/",),
        extend_exclude=("*_pb2.py",),
        respect_gitignore=False,
        force_exclude=True,
        min_confidence=Confidence.CERTAIN,
        seconds=5.0,
        root=tmp_path,
        path=path,
    )


def test_pyproject_has_the_same_settings_in_a_table(tmp_path: Path) -> None:
    alone = load(write(tmp_path / "tapelint.toml", ALL))
    text = ALL.replace("[per-file-ignores]", "[tool.tapelint.per-file-ignores]")
    shared = load(write(tmp_path / "pyproject.toml", text, table="[tool.tapelint]\n"))
    assert shared.path == tmp_path / "pyproject.toml"
    assert alone.path == tmp_path / "tapelint.toml"
    for field in ("selections", "per_file_ignores", "exclude", "seconds", "root"):
        assert getattr(shared, field) == getattr(alone, field)


def test_a_byte_order_mark_is_no_part_of_the_settings(tmp_path: Path) -> None:
    path = write(tmp_path / "tapelint.toml", "\ufeffselect = ['TAP2']\n")
    assert load(path).words == ("TAP2",)


def test_every_setting_has_an_option() -> None:
    # A key that is declared but filled into no field would be forgotten without a word.
    filled = {option.field for option in settings.OPTIONS.values()}
    known = {*Settings.__dataclass_fields__, *Selection.__dataclass_fields__}
    assert filled == known - {"selections", "root", "path"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("selct = []", "no setting is called `selct`, did you mean `select`?"),
        (
            "per_file_ignores = {}",
            "no setting is called `per_file_ignores`, did you mean `per-file-ignores`?",
        ),
        ("zzz = 1", "no setting is called `zzz`: there are `select`, `extend-select`, `ignore`,"),
        ("tool.tapelint = {}", "no setting is called `tool`: in tapelint.toml they stand without"),
        ("select = 'TAP2'", "`select` should be a list of rules"),
        ("select = [1]", "`select` should be a list of rules"),
        ("exclude = 'docs'", "`exclude` should be a list of patterns"),
        ("respect-gitignore = 1", "`respect-gitignore` should be true or false"),
        ("force-exclude = 'yes'", "`force-exclude` should be true or false"),
        ("min-confidence = 'sure'", '`min-confidence` should be "certain" or "likely"'),
        ("seconds-per-file = 0", "`seconds-per-file` should be a number of seconds above 0"),
        ("seconds-per-file = true", "`seconds-per-file` should be a number of seconds above 0"),
        ("seconds-per-file = '5'", "`seconds-per-file` should be a number of seconds above 0"),
        ("seconds-per-file = nan", "`seconds-per-file` should be a number of seconds above 0"),
        ("per-file-ignores = ['TAP2']", "`per-file-ignores` should be a table"),
        ("per-file-ignores = {a = 'TAP2'}", "`per-file-ignores` should be a table"),
    ],
    ids=lambda value: value.split(" should")[0],
)
def test_a_wrong_setting_is_refused_with_what_is_wanted(
    tmp_path: Path, text: str, expected: str
) -> None:
    (problem,) = problems(write(tmp_path / "tapelint.toml", text + "\n"))
    assert problem.startswith(expected)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "tapelint.toml", "selct = []\nexclude = 1\nselect = ['TAP2']\n")
    assert len(problems(path)) == 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"select = [", "this is no TOML: "), (b"a = '\xff'", "this is no TOML: ")],
)
def test_what_is_no_toml_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "tapelint.toml").write_bytes(content)
    (problem,) = problems(tmp_path / "tapelint.toml")
    assert problem.startswith(expected)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path / "gone.toml") == [
        "the settings cannot be read: no such file or directory"
    ]


def test_a_pyproject_that_is_named_must_have_the_table(tmp_path: Path) -> None:
    path = write(tmp_path / "pyproject.toml", "[project]\nname = 'x'\n")
    assert problems(path) == ["there is no `[tool.tapelint]` in this file"]


def test_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "pyproject.toml", "[tool]\ntapelint = 1\n")
    assert problems(path) == ["`tool.tapelint` should be a table"]


def test_no_file_is_found_where_there_is_none(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool.other]\nselect = ['TAP2']\n")
    write(tmp_path / "sub" / "pyproject.toml", "tool = 1\n")
    found = find(tmp_path / "sub")
    assert found is None or tmp_path not in found.parents


@pytest.mark.parametrize("start", ["", "sub", "sub/deep"])
def test_the_nearest_file_with_settings_is_found(tmp_path: Path, start: str) -> None:
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    write(tmp_path / "sub" / "pyproject.toml", "[project]\nname = 'x'\n")
    path = write(tmp_path / "pyproject.toml", "[tool.tapelint]\n")
    assert find(tmp_path / start) == path


def test_a_file_of_its_own_comes_before_pyproject(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool.tapelint]\n")
    path = write(tmp_path / "tapelint.toml", "")
    assert find(tmp_path) == path


def test_a_nearer_pyproject_comes_before_a_file_further_up(tmp_path: Path) -> None:
    write(tmp_path / "tapelint.toml", "")
    path = write(tmp_path / "sub" / "pyproject.toml", "[tool.tapelint]\n")
    assert find(tmp_path / "sub") == path


def test_a_folder_called_like_a_settings_file_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "sub" / "tapelint.toml").mkdir(parents=True)
    path = write(tmp_path / "tapelint.toml", "")
    assert find(tmp_path / "sub") == path


def test_a_broken_pyproject_is_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "tapelint.toml", "")
    write(tmp_path / "sub" / "pyproject.toml", "[tool.tapelint")
    with pytest.raises(SettingsError, match="this is no TOML"):
        find(tmp_path / "sub")


def test_the_command_line_comes_last() -> None:
    first, second = Selection(select=("TAP2",)), Selection(ignore=("TAP201",))
    both = Settings(selections=(first,)).overridden(second)
    assert both.selections == (first, second)
    assert both.words == ("TAP2", "TAP201")
