"""The SARIF report is what GitHub code scanning reads, and the same wherever it is made."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from samples import ALL, ELSEWHERE, NUMPY, SOURCES, TRAIN, VARIABLE, context, finding, span, step
from sarif_schema import is_official, needs_schema, schema, violations

from tapelint import cards
from tapelint.model import Finding, Role, Severity, Span, Step
from tapelint.report import Context, git_root_of, render

LONGEST_DESCRIPTION = 1024


def log(*findings: Finding, given: Context | None = None) -> dict[str, Any]:
    """Return the run of a report as plain data."""
    document = json.loads(render("sarif", findings, given or context()))
    run: dict[str, Any] = document["runs"][0]
    return run


def regions(node: object) -> Iterator[dict[str, int]]:
    """Yield every region anywhere in a document."""
    if isinstance(node, dict):
        if "region" in node:
            yield node["region"]
        for child in node.values():
            yield from regions(child)
    elif isinstance(node, list):
        for child in node:
            yield from regions(child)


def uri(result: dict[str, Any]) -> str:
    """Return where a result points."""
    found: str = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    return found


def in_folder(root: Path, cwd: Path) -> Context:
    """Return a context for sources on disk, as a command run in `cwd` makes one."""

    def source(path: str) -> str | None:
        file = cwd / path
        return file.read_text(encoding="utf-8") if file.is_file() else None

    return Context(source=source, cwd=cwd, git_root=git_root_of(cwd), version="1.2.3")


@needs_schema
@pytest.mark.parametrize("findings", [(), ALL], ids=["clean", "findings"])
def test_the_official_schema_accepts_it(findings: tuple[Finding, ...]) -> None:
    document = render("sarif", findings, context())
    assert violations(document) == []
    assert json.loads(document)["$schema"] == json.loads(schema())["id"]


@needs_schema
def test_the_schema_is_the_published_one_and_refuses_what_is_wrong() -> None:
    assert is_official()
    document = json.loads(render("sarif", ALL, context()))
    document["runs"][0]["columnKind"] = "bytes"
    del document["runs"][0]["results"][0]["message"]
    assert len(violations(json.dumps(document))) == 2


def test_every_rule_is_listed_even_when_nothing_was_found() -> None:
    rules = log()["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [card.code for card in cards.load()]
    assert rules


@pytest.mark.parametrize("rule", log()["tool"]["driver"]["rules"], ids=lambda rule: rule["id"])
def test_a_rule_says_what_code_scanning_asks_for(rule: dict[str, Any]) -> None:
    card = cards.card(rule["id"])
    assert rule["name"] == card.name
    assert rule["shortDescription"]["text"].casefold() == card.message.casefold()
    assert 0 < len(rule["fullDescription"]["text"]) <= LONGEST_DESCRIPTION
    assert rule["defaultConfiguration"]["level"] == card.severity.value
    assert all(part.title in rule["help"]["text"] for part in card.sections)
    assert all(f"## {part.title}" in rule["help"]["markdown"] for part in card.sections)
    assert "```toml" not in rule["help"]["markdown"]
    assert rule["properties"]["precision"] in {"very-high", "high"}
    assert rule["properties"]["problem.severity"] in {"error", "warning", "recommendation"}
    assert card.group in rule["properties"]["tags"]
    # What code scanning takes of a rule; beyond that it cuts off or refuses the upload.
    assert len(rule["name"]) <= 255
    assert len(rule["shortDescription"]["text"]) <= LONGEST_DESCRIPTION
    assert len(rule["properties"]["tags"]) <= 10


def test_a_long_description_ends_with_a_whole_sentence() -> None:
    from tapelint.report.sarif import _shortened

    text = "This is one sentence. " * 100
    assert _shortened(text, 100) == "This is one sentence. " * 3 + "This is one sentence."
    assert _shortened("word " * 100, 22) == "word word word..."
    assert _shortened("short", 100) == "short"


def test_a_result_names_its_rule_twice_and_agrees_with_itself() -> None:
    run = log(*ALL)
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


@pytest.mark.parametrize("severity", list(Severity), ids=lambda severity: severity.value)
def test_the_level_is_the_severity_of_the_finding(severity: Severity) -> None:
    given = Finding("TAP201", "numpy-in-tape", "wrong", NUMPY.span, severity, NUMPY.confidence)
    assert log(given)["results"][0]["level"] == severity.value


def test_every_region_has_four_numbers() -> None:
    found = list(regions(log(*ALL)))
    assert len(found) > len(ALL)
    for region in found:
        assert region.keys() == {"startLine", "startColumn", "endLine", "endColumn"}
        assert all(isinstance(number, int) and number > 0 for number in region.values())


@pytest.mark.parametrize("before", ["", "日本語", "😀🚀", "👩‍🔬", "e\u0301", "\t"])
def test_columns_count_what_column_kind_says(before: str) -> None:
    line = f'label = "{before}"; y = np.mean(x)'
    start = line.index("np.mean") + 1
    at = Span("a.py", 1, start, 1, start + len("np.mean(x)"))
    run = log(finding(at), given=context(sources={"a.py": line}))
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    # The only other kind there is counts an emoji as two: the slice would be another text.
    assert run["columnKind"] == "unicodeCodePoints"
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == "np.mean(x)"


def test_the_chain_is_one_flow_in_its_order() -> None:
    (flow,) = log(NUMPY)["results"][0]["codeFlows"]
    (thread,) = flow["threadFlows"]
    texts = [place["location"]["message"]["text"] for place in thread["locations"]]
    assert texts == [s.message for s in NUMPY.steps]
    lines = [
        place["location"]["physicalLocation"]["region"]["startLine"]
        for place in thread["locations"]
    ]
    assert lines == [s.span.line for s in NUMPY.steps]


def test_the_message_links_to_the_related_locations() -> None:
    (result,) = log(ELSEWHERE)["results"]
    places = {
        place["id"]: place["physicalLocation"]["artifactLocation"]["uri"]
        for place in result["relatedLocations"]
    }
    assert places == {1: "train.py", 2: "lib/helper.py", 3: "train.py"}
    linked = re.findall(r"\[([^\]]*)\]\((\d+)\)", result["message"]["text"])
    assert [(text, int(number)) for text, number in linked] == [
        ("`w` is a variable", 1),
        ("`math.sqrt` leaves TensorFlow", 2),
        ("`loss`", 3),
    ]


def test_the_message_begins_with_the_sentence_of_the_finding() -> None:
    (result,) = log(NUMPY)["results"]
    assert result["message"]["text"].startswith(f"{NUMPY.message}. ")
    assert result["message"]["text"].endswith(f". Help: {NUMPY.help}")


def test_brackets_in_code_make_no_links() -> None:
    at = Step(NUMPY.span, Role.BREAK, "`a[0]` leaves")
    given = finding(NUMPY.span, at, message="cut by `layers[0](1)`", help="use `x[0]` or `f[1](2)`")
    text = log(given)["results"][0]["message"]["text"]
    assert re.findall(r"(?<!\\)\]\((\d+)\)", text) == ["1"]
    assert r"[`a\[0\]` leaves](1)" in text
    assert "use `x[0]`" in text


def test_a_finding_without_steps_has_no_flow() -> None:
    (result,) = log(finding(NUMPY.span))["results"]
    assert "codeFlows" not in result
    assert "relatedLocations" not in result


def test_a_result_carries_the_hash_of_its_line() -> None:
    from tapelint.report.fingerprint import line_hashes

    (result,) = log(NUMPY)["results"]
    expected = line_hashes(TRAIN.encode(), {NUMPY.span.line})[NUMPY.span.line]
    assert result["partialFingerprints"] == {"primaryLocationLineHash": expected}


def test_the_hash_is_that_of_the_bytes_on_disk(tmp_path: Path) -> None:
    # A mark at the start of the file is no part of the text that is analysed, but of the hash.
    (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbfx = 1\n")
    given = finding(Span("a.py", 1, 1, 1, 2))
    with_mark = log(given, given=in_folder(tmp_path, tmp_path))
    without = log(given, given=context(sources={"a.py": "x = 1\n"}))
    assert (
        with_mark["results"][0]["partialFingerprints"]
        != without["results"][0]["partialFingerprints"]
    )


def test_a_place_that_cannot_be_read_has_no_hash() -> None:
    (result,) = log(finding(Span("gone.py", 1, 1, 1, 1)))["results"]
    assert "partialFingerprints" not in result


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a repository with a source in a folder whose name needs encoding."""
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    folder = tmp_path / "repo" / "my src" / "été"
    folder.mkdir(parents=True)
    (folder / "a#1 100%.py").write_text(TRAIN, encoding="utf-8")
    (tmp_path / "repo" / "b.py").write_text(TRAIN, encoding="utf-8")
    return tmp_path / "repo"


def moved(path: str, *also: str) -> list[Finding]:
    """Return the sample finding, with its steps, at other paths."""

    def at(given: Span, path: str) -> Span:
        return Span(path, given.line, given.column, given.end_line, given.end_column)

    return [
        finding(
            at(NUMPY.span, p),
            *(Step(at(s.span, p), s.role, s.message) for s in NUMPY.steps),
        )
        for p in (path, *also)
    ]


def test_a_path_is_relative_to_the_root_of_the_repository_and_encoded(repository: Path) -> None:
    inner = repository / "my src"
    (result,) = log(*moved("été/a#1 100%.py"), given=in_folder(repository, inner))["results"]
    assert uri(result) == "my%20src/%C3%A9t%C3%A9/a%231%20100%25.py"
    assert (repository / unquote(uri(result))).is_file()


def test_it_is_byte_equal_from_two_directories_and_in_two_runs(repository: Path) -> None:
    inner = repository / "my src"
    below = moved("../b.py", "été/a#1 100%.py")
    above = moved("b.py", "my src/été/a#1 100%.py")
    outside = moved("repo/b.py", "repo/my src/été/a#1 100%.py")
    expected = render("sarif", above, in_folder(repository, repository))
    assert render("sarif", above, in_folder(repository, repository)) == expected
    assert render("sarif", below, in_folder(repository, inner)) == expected
    assert render("sarif", outside, in_folder(repository, repository.parent)) == expected
    assert str(repository.parent) not in expected


def test_without_a_repository_a_path_is_relative_to_the_current_directory(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(TRAIN, encoding="utf-8")
    given = in_folder(tmp_path, tmp_path)
    assert given.git_root is None, "the temporary directory is inside a repository"
    (result,) = log(*moved(str(tmp_path / "a.py")), given=given)["results"]
    assert uri(result) == "a.py"


def test_a_file_outside_of_everything_has_an_absolute_uri(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (result,) = log(*moved("../far away.py"), given=in_folder(here, here))["results"]
    assert uri(result) == "file://" + f"{tmp_path}/far%20away.py"
    location = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert "uriBaseId" not in location


def test_a_link_to_the_repository_is_the_repository(repository: Path) -> None:
    link = repository.parent / "link"
    link.symlink_to(repository)
    (result,) = log(*moved(str(link / "b.py")), given=in_folder(repository, repository))["results"]
    assert uri(result) == "b.py"


def test_standard_input_is_hashed_from_the_bytes_that_were_read(tmp_path: Path) -> None:
    given = Context(
        source={"<stdin>": TRAIN}.get, data={"<stdin>": TRAIN.encode()}.get, cwd=tmp_path
    )
    (result,) = log(*moved("<stdin>"), given=given)["results"]
    assert uri(result) == "%3Cstdin%3E"
    assert result["partialFingerprints"] == log(NUMPY)["results"][0]["partialFingerprints"]


def test_it_holds_ascii_alone() -> None:
    at = step(15, "😀", Role.SOURCE, "`😀`")
    assert render("sarif", [finding(at.span, at, VARIABLE)], context()).isascii()
    assert SOURCES["train.py"].isascii() is False
    assert span(15, "😀").column == at.span.column
