"""Findings as SARIF 2.1.0, in the form that GitHub code scanning reads.

The document is the same from every directory and in every run: it holds no absolute path of a
file in a repository, no time and no order but that of the findings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tapelint import cards, explain
from tapelint.cards import Card
from tapelint.model import Confidence, Finding, Role, Severity, Span, Step
from tapelint.report import verification
from tapelint.report.context import Context
from tapelint.report.fingerprint import span_hashes
from tapelint.report.uris import Roots

Json = dict[str, object]

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
ROOT = "%SRCROOT%"
# Code scanning cuts off what is longer.
LONGEST_DESCRIPTION = 1024
PRECISIONS = {Confidence.CERTAIN: "very-high", Confidence.LIKELY: "high"}
PROBLEMS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "recommendation",
}
LINK = re.compile(r"https://[^\s<>()\[\]]+")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
TOML = re.compile(r"^```toml\n.*?^```\n", re.MULTILINE | re.DOTALL)


def write(findings: Sequence[Finding], context: Context) -> str:
    """Return one SARIF log with one run, in which all rules are listed."""
    rules = cards.load()
    places = _Places(Roots(context))
    ordered = sorted(findings, key=lambda f: (places.roots.uri(f.span.path), f.sort_key[1:]))
    hashes = span_hashes(ordered, context)
    numbers = {card.code: number for number, card in enumerate(rules)}
    run: Json = {
        "tool": {
            "driver": {
                "name": "tapelint",
                "version": context.version,
                "semanticVersion": context.version,
                "rules": [_rule(card) for card in rules],
            }
        },
        "originalUriBaseIds": {ROOT: {"description": {"text": "the root of the repository"}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(f, places, numbers, hashes) for f in ordered],
    }
    # ASCII alone survives every terminal and pipe, whatever is in the sources.
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rule(card: Card) -> Json:
    wrong = _plain(card.section("What goes wrong"))
    rule: Json = {
        "id": card.code,
        "name": card.name,
        "shortDescription": {"text": _sentence(card.message)},
        "fullDescription": {"text": _shortened(wrong, LONGEST_DESCRIPTION)},
        "defaultConfiguration": {"level": card.severity.value},
        "help": {"text": explain.text(card), "markdown": _help_markdown(card)},
        "properties": {
            "tags": ["tensorflow", "gradient", card.group],
            "precision": PRECISIONS[card.confidence],
            "problem.severity": PROBLEMS[card.severity],
        },
    }
    if link := LINK.search(card.section("References")):
        rule["helpUri"] = link[0].rstrip(".,;")
    return rule


def _help_markdown(card: Card) -> str:
    return TOML.sub(f"*{explain.facts(card)}*\n", card.markdown, count=1).strip() + "\n"


def _plain(markdown: str) -> str:
    """Return the prose of a section, a paragraph a line."""
    paragraphs = FENCE.sub("", markdown).split("\n\n")
    return "\n".join(" ".join(text.split()) for text in paragraphs if text.strip())


def _shortened(text: str, limit: int) -> str:
    """Cut a text behind its last whole sentence, else its last whole word, within `limit`."""
    if len(text) <= limit:
        return text
    head = text[: limit - 3]
    end = max(head.rfind(". "), head.rfind(".\n"))
    return head[: end + 1] if end > 0 else head[: head.rfind(" ")] + "..."


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:]


@dataclass(frozen=True, slots=True)
class _Places:
    """Turn spans into SARIF locations."""

    roots: Roots

    def physical(self, span: Span) -> Json:
        uri = self.roots.uri(span.path)
        artifact: Json = {"uri": uri}
        if not uri.startswith("file:"):
            artifact["uriBaseId"] = ROOT
        region = {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.end_line,
            "endColumn": span.end_column,
        }
        return {"artifactLocation": artifact, "region": region}

    def step(self, step: Step) -> Json:
        return {"physicalLocation": self.physical(step.span), "message": {"text": step.message}}


def _result(
    finding: Finding,
    places: _Places,
    numbers: Mapping[str, int],
    hashes: Mapping[Span, str],
) -> Json:
    linked = _linked(finding)
    result: Json = {
        "ruleId": finding.code,
        "level": finding.severity.value,
        "message": {"text": _message(finding, linked)},
        "locations": [{"physicalLocation": places.physical(finding.span)}],
        "properties": {"confidence": finding.confidence.value},
    }
    if finding.evidence is not None:
        # Nothing in the document may change from run to run.
        lasting = {k: v for k, v in verification.data(finding.evidence).items() if k != "seconds"}
        confidence = finding.confidence.value
        result["properties"] = {"confidence": confidence, "verification": lasting}
    if finding.code in numbers:
        result["ruleIndex"] = numbers[finding.code]
    if linked:
        result["relatedLocations"] = [
            {"id": number, **places.step(step)} for number, step in enumerate(linked, start=1)
        ]
    if finding.steps:
        result["codeFlows"] = [{"threadFlows": [{"locations": _flow(finding, places)}]}]
    if finding.span in hashes:
        result["partialFingerprints"] = {"primaryLocationLineHash": hashes[finding.span]}
    return result


def _linked(finding: Finding) -> list[Step]:
    """Choose the steps that the message links to: where a chain is long, its turning points."""
    turning = [step for step in finding.steps if step.role is not Role.STEP]
    return turning or list(finding.steps)


def _message(finding: Finding, linked: Sequence[Step]) -> str:
    """Put the finding first: where there is little room only the first sentence is shown."""
    sentences = [_literal(finding.message)]
    if linked:
        links = (f"{s.role.value} [{_link(s.message)}]({n})" for n, s in enumerate(linked, start=1))
        sentences.append(_sentence(", ".join(links)))
    if finding.help:
        sentences.append(_literal(f"Help: {finding.help}"))
    if finding.evidence is not None:
        sentences.append(_literal(_sentence(verification.sentence(finding.evidence))))
    return ". ".join(sentences)


def _link(text: str) -> str:
    """Escape what would end the text of a link early."""
    return re.sub(r"([\\\[\]])", r"\\\1", text)


def _literal(text: str) -> str:
    """Escape what would be read as a link, such as the call in `steps[0](1)`."""
    return re.sub(r"\[([^\]]*)\]\((?=\d+\))", r"\\[\1\\](", text)


def _flow(finding: Finding, places: _Places) -> list[Json]:
    return [
        {
            "location": places.step(step),
            "kinds": [step.role.value],
            "importance": "important" if step.role is Role.STEP else "essential",
        }
        for step in finding.steps
    ]
