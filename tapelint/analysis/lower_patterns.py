"""Patterns of `match` -> the IR."""

from __future__ import annotations

import libcst as cst

from tapelint.analysis import ir
from tapelint.analysis.literals import identifier
from tapelint.analysis.lower_expressions import Expressions


def pattern(lower: Expressions, node: cst.CSTNode) -> ir.Pattern:
    """Lower one pattern and bind the names it captures."""
    at = lower.at(node)
    match node:
        case cst.MatchValue() | cst.MatchSingleton():
            return ir.PatternValue(at, lower.expression(node.value))
        case cst.MatchAs():
            inner = None if node.pattern is None else pattern(lower, node.pattern)
            return ir.PatternBind(at, inner, bound(lower, node.name))
        case cst.MatchStar():
            return ir.PatternStar(at, bound(lower, node.name))
        case cst.MatchSequenceElement():
            return pattern(lower, node.value)
        case cst.MatchList() | cst.MatchTuple():
            return ir.PatternSequence(at, tuple(pattern(lower, p) for p in node.patterns))
        case cst.MatchMapping():
            items = tuple(
                (lower.expression(item.key), pattern(lower, item.pattern)) for item in node.elements
            )
            return ir.PatternMapping(at, items, bound(lower, node.rest))
        case cst.MatchClass():
            positional = tuple(pattern(lower, p) for p in node.patterns)
            keywords = tuple(
                (identifier(item.key.value), pattern(lower, item.pattern)) for item in node.kwds
            )
            return ir.PatternClass(at, lower.expression(node.cls), positional, keywords)
        case cst.MatchOr():
            return ir.PatternOr(at, tuple(pattern(lower, p.pattern) for p in node.patterns))
    # A pattern of a newer Python may match anything.
    return ir.PatternBind(at, None, None)


def bound(lower: Expressions, node: cst.Name | None) -> str | None:
    """Return the captured name, which is bound from here on."""
    if node is None:
        return None
    name = identifier(node.value)
    lower.scope.bound.add(name)
    return name
