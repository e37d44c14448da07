"""The JSON report is the document that its schema describes."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from samples import ALL, NUMPY, context

from tapelint.model import Finding
from tapelint.report import render

SCHEMA = json.loads(files("tapelint.report").joinpath("json-v1.schema.json").read_text("utf-8"))


def documented(node: Any, schema: dict[str, Any]) -> bool:
    """Tell whether every field of `node` is one that the schema describes."""
    schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if isinstance(node, dict):
        properties = schema["properties"]
        return all(key in properties and documented(node[key], properties[key]) for key in node)
    if isinstance(node, list):
        return all(documented(child, schema["items"]) for child in node)
    return True


@pytest.mark.parametrize("findings", [(), ALL], ids=["clean", "findings"])
def test_the_schema_accepts_it_and_describes_every_field(findings: tuple[Finding, ...]) -> None:
    document = json.loads(render("json", findings, context()))
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert documented(document, SCHEMA)


def test_the_schema_refuses_another_version() -> None:
    document = json.loads(render("json", ALL, context())) | {"version": 2}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(document)


def test_a_finding_keeps_everything_it_says() -> None:
    document = json.loads(render("json", [NUMPY], context()))
    (found,) = document["findings"]
    assert found["message"] == NUMPY.message
    assert found["help"] == NUMPY.help
    assert found["span"] == {
        "path": "train.py",
        "line": 11,
        "column": 9,
        "end_line": 11,
        "end_column": 19,
    }
    assert [(s["role"], s["message"]) for s in found["steps"]] == [
        (s.role.value, s.message) for s in NUMPY.steps
    ]


def test_the_summary_counts() -> None:
    document = json.loads(render("json", ALL, context(checked=7, suppressed=2)))
    assert document["summary"] == {
        "findings": 5,
        "errors": 4,
        "warnings": 1,
        "notes": 0,
        "files_with_findings": 2,
        "files_checked": 7,
        "suppressed": 2,
        "refuted": 0,
    }
    assert document["tool"] == {"name": "tapelint", "version": "1.2.3"}
