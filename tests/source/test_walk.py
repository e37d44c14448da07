"""Which files a search finds, and how the user sees them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tapelint.settings import EXCLUDED
from tapelint.source.walk import Discovery, discover, is_excluded, show

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, which is the current one."""
    home = tmp_path / "project"
    home.mkdir()
    monkeypatch.chdir(home)
    return home


def make(*names: str) -> None:
    """Make empty files, and folders for names that end in a slash."""
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir()
        else:
            path.write_text("")


def ignore(folder: str, *lines: str) -> None:
    """Write a `.gitignore`."""
    Path(folder, ".gitignore").write_text("\n".join(lines) + "\n")


def found(*paths: str, **settings: object) -> list[str]:
    """Return the files that are found, as the user sees them."""
    given = [Path(path) for path in paths or (".",)]
    discovery = discover(given, exclude=EXCLUDED, **settings)  # type: ignore[arg-type]
    assert discovery.missing == ()
    assert discovery.unlisted == ()
    return [shown for _, shown in discovery.files]


def test_only_python_files_are_found() -> None:
    make("a.py", "b.pyw", "c.PY", "d.pyc", "e.pyi", "f.txt", "py", "g.py.bak", "h.ipynb")
    assert found() == ["a.py", "b.pyw", "c.PY"]


def test_files_come_in_one_order_whatever_is_asked_for_first() -> None:
    make("b/z.py", "b.py", "a/y.py", "B.py")
    assert found() == found("b", "b.py", ".", "a") == ["B.py", "a/y.py", "b.py", "b/z.py"]


def test_a_folder_called_like_a_file_is_searched() -> None:
    make("x.py/y.py")
    assert found() == found("x.py") == ["x.py/y.py"]


@pytest.mark.parametrize("name", EXCLUDED)
def test_what_nobody_wants_checked_is_left_out(name: str) -> None:
    make(f"{name}/a.py", f"pkg/{name}/b.py", "c.py")
    assert found() == ["c.py"]


def test_an_environment_of_any_name_is_left_out() -> None:
    make("my-env/pyvenv.cfg", "my-env/lib/a.py", "c.py")
    assert found() == ["c.py"]
    assert found("my-env") == ["my-env/lib/a.py"]


def test_hidden_files_and_folders_are_found() -> None:
    make(".github/scripts/a.py", ".hidden.py")
    assert found() == [".github/scripts/a.py", ".hidden.py"]


def test_what_is_named_is_found_wherever_it_lies() -> None:
    make("build/sub/a.py", "build/sub/build/b.py", "notes.txt")
    assert found("build/sub/a.py", "notes.txt") == ["build/sub/a.py", "notes.txt"]
    assert found("build") == ["build/sub/a.py"]
    assert found("build/sub") == ["build/sub/a.py"]


def test_a_project_may_lie_in_an_excluded_folder(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("build/project/a.py", "build/project/build/b.py")
    monkeypatch.chdir("build/project")
    assert found() == ["a.py"]
    assert found(str(tree / "build" / "project")) == ["a.py"]


def test_exclusions_are_relative_to_the_root(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make("pkg/old/a.py", "pkg/new/a.py", "old/a.py")
    monkeypatch.chdir("pkg")
    discovery = discover([tree], exclude=("/pkg/old",), root=tree)
    assert [path.relative_to(tree).as_posix() for path, _ in discovery.files] == [
        "old/a.py",
        "pkg/new/a.py",
    ]


def test_an_exclusion_can_be_taken_back() -> None:
    make("gen/a.py", "gen/kept.py")
    discovery = discover([Path(".")], exclude=("gen/*", "!gen/kept.py"))
    assert [shown for _, shown in discovery.files] == ["gen/kept.py"]


def test_a_pattern_that_is_none_is_passed_over() -> None:
    make("a.py", "old/b.py")
    assert len(discover([Path(".")], exclude=("!", "", "old/")).files) == 1


def test_gitignore_is_obeyed_without_a_repository() -> None:
    make("a.py", "gen/b.py", "sub/c.py")
    ignore(".", "gen/", "c.py", "# a comment", "")
    assert found() == ["a.py"]
    assert found(respect_gitignore=False) == ["a.py", "gen/b.py", "sub/c.py"]


def test_a_nearer_gitignore_has_the_last_word() -> None:
    make("sub/a.py", "sub/b.py", "b.py")
    ignore(".", "*.py")
    ignore("sub", "!a.py")
    assert found() == ["sub/a.py"]


def test_what_lies_in_an_ignored_folder_cannot_be_asked_back() -> None:
    make("gen/a.py", "gen/kept.py")
    ignore(".", "gen/", "!gen/kept.py")
    assert found() == []


def test_a_gitignore_speaks_about_what_is_below_it() -> None:
    make("sub/a.py", "a.py")
    ignore("sub", "/a.py")
    assert found() == ["a.py"]


def test_gitignores_above_speak_within_a_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    make(".git/", "sub/a.py", "sub/gen/b.py")
    ignore(".", "gen/")
    assert found("sub") == ["sub/a.py"]
    monkeypatch.chdir("sub")
    assert found() == ["a.py"]


def test_gitignores_above_are_silent_where_there_is_no_repository() -> None:
    make("sub/a.py", "sub/gen/b.py")
    ignore(".", "gen/")
    assert found("sub") == ["sub/a.py", "sub/gen/b.py"]


def test_a_repository_within_a_repository_is_its_own() -> None:
    make(".git/", "vendor/.git/", "vendor/a.py", "b.py")
    ignore(".", "a.py", "b.py")
    assert found() == ["vendor/a.py"]


def test_an_ignored_folder_is_searched_if_it_is_named() -> None:
    make(".git/", "gen/a.py", "gen/b.py")
    ignore(".", "gen/")
    ignore("gen", "b.py")
    assert found() == []
    assert found("gen") == ["gen/a.py"]


def test_the_private_exclusions_of_a_repository_are_obeyed() -> None:
    make(".git/info/exclude", "a.py", "scratch/b.py")
    Path(".git/info/exclude").write_text("scratch\n")
    assert found() == ["a.py"]


def test_the_private_exclusions_of_a_worktree_are_those_of_its_repository() -> None:
    make("main/.git/info/exclude", "main/.git/worktrees/w/commondir", "w/a.py", "w/scratch/b.py")
    Path("main/.git/info/exclude").write_text("scratch\n")
    Path("main/.git/worktrees/w/commondir").write_text("../..\n")
    Path("w/.git").write_text("gitdir: ../main/.git/worktrees/w\n")
    assert found("w") == ["w/a.py"]


@pytest.mark.parametrize("content", [b"gitdir: nowhere\n", b"", b"\xff\xfe"])
def test_a_broken_repository_has_no_say(content: bytes) -> None:
    make("a.py")
    Path(".git").write_bytes(content)
    assert found() == ["a.py"]


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfgen/\n", b"gen/\r\n", b"caf\xe9\ngen/\n"])
def test_a_gitignore_may_be_written_in_any_way(content: bytes) -> None:
    make("a.py", "gen/b.py")
    Path(".gitignore").write_bytes(content)
    assert found() == ["a.py"]


@needs_links
def test_a_link_to_a_folder_is_not_followed_in_a_search() -> None:
    make("real/a.py", "sub/")
    Path("sub/link").symlink_to("../real")
    Path("sub/link.py").symlink_to("../real")
    assert found("sub") == []
    assert found("sub/link") == ["sub/link/a.py"]


@needs_links
def test_links_that_go_round_in_circles_end() -> None:
    make("a/b/c.py")
    Path("a/b/up").symlink_to("..")
    Path("a/self").symlink_to("self")
    assert found() == ["a/b/c.py"]


@needs_links
@pytest.mark.parametrize("paths", [["."], ["link.py", "real.py"], ["real.py", "link.py"]], ids=str)
def test_a_linked_file_is_found_once_under_its_own_name(paths: list[str]) -> None:
    make("real.py")
    Path("link.py").symlink_to("real.py")
    assert found(*paths) == ["real.py"]


@needs_links
def test_a_link_to_a_file_elsewhere_is_found_under_the_name_of_the_link() -> None:
    make("outside.txt", "pkg/")
    Path("pkg/link.py").symlink_to("../outside.txt")
    assert found("pkg") == ["pkg/link.py"]


@needs_links
def test_a_link_that_leads_nowhere_is_found_so_that_it_is_told() -> None:
    Path("a.py").symlink_to("gone.py")
    assert found() == found("a.py") == ["a.py"]


@needs_links
def test_the_lock_of_an_editor_is_no_file() -> None:
    Path(".#a.py").symlink_to("someone@somewhere.4711")
    assert found() == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_no_python_file_unless_it_is_named() -> None:
    os.mkfifo("a.py")
    assert found() == []
    assert found("a.py") == ["a.py"]


def test_what_does_not_exist_is_listed_and_the_rest_is_found() -> None:
    make("a.py")
    discovery = discover([Path("gone"), Path("a.py"), Path("sub/gone.py")])
    assert discovery.missing == ("gone", "sub/gone.py")
    assert [shown for _, shown in discovery.files] == ["a.py"]


def test_a_folder_that_cannot_be_searched_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    # A user who may read everything would not notice the permissions of a folder.
    make("a.py", "secret/b.py")
    scandir = os.scandir

    def guarded(path: Path) -> object:
        if path.name == "secret":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    with monkeypatch.context() as patched:
        patched.setattr("tapelint.source.walk.os.scandir", guarded)
        discovery = discover([Path(".")])
    assert discovery.unlisted == (("secret", "permission denied"),)
    assert [shown for _, shown in discovery.files] == ["a.py"]


def test_nothing_is_found_in_nothing() -> None:
    assert discover([]) == discover([Path(".")]) == Discovery(())


def test_forced_exclusions_speak_about_what_is_named() -> None:
    make("a.py", "build/b.py", "sub/build/c.py")
    named = ("a.py", "build/b.py", "build", "sub/build/c.py")
    assert found(*named) == ["a.py", "build/b.py", "sub/build/c.py"]
    assert found(*named, force_exclude=True) == ["a.py"]


def test_forced_exclusions_leave_other_projects_alone(tree: Path) -> None:
    make("build/b.py")
    assert is_excluded(Path("build/b.py"), ("build",))
    assert is_excluded(tree / "build" / "b.py", ("build",), tree)
    assert not is_excluded(Path("build/b.py"), ("build",), tree / "build")
    assert not is_excluded(tree, ("project",), tree)
    assert not is_excluded(Path("build/b.py"), ())


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a.py", "a.py"),
        ("./a.py", "a.py"),
        ("sub//a.py", "sub/a.py"),
        ("/work/here/sub/a.py", "sub/a.py"),
        ("/work/hereafter/a.py", "/work/hereafter/a.py"),
        ("/elsewhere/a.py", "/elsewhere/a.py"),
        ("../a.py", "../a.py"),
        ("sub/../a.py", "sub/../a.py"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="the paths are those of other systems")
def test_a_path_is_shown_relative_to_the_current_folder_or_as_given(given: str, shown: str) -> None:
    assert show(Path(given), "/work/here") == shown


@pytest.mark.skipif(os.name == "nt", reason="the paths are those of other systems")
def test_a_path_below_the_root_of_the_disk_is_shown_relative_to_it() -> None:
    assert show(Path("/etc/a.py"), "/") == "etc/a.py"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_bytes_that_are_no_utf_8_are_spelled_out() -> None:
    name = os.fsdecode(b"caf\xe9.py")
    Path(name).write_text("")
    assert found() == ["caf\\xe9.py"]
    assert discover([Path(".")]).files[0][0].exists()
