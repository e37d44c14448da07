"""Matches values with patterns, as far as the outcome is known."""

from __future__ import annotations

from tapelint.analysis import ir
from tapelint.analysis.binding import Binding
from tapelint.analysis.values import (
    ClassValue,
    Value,
)


class Patterns(Binding):
    """Structural pattern matching."""

    def matches(self, pattern: ir.Pattern, subject: Value) -> bool | None:
        """Bind what the pattern captures; True or False where the outcome is known."""
        match pattern:
            case ir.PatternBind():
                inner = True if pattern.pattern is None else self.matches(pattern.pattern, subject)
                if pattern.name is not None:
                    self.set_name(pattern.name, subject)
                return inner
            case ir.PatternValue():
                value = self.evaluate(pattern.value)
                return self.compared_known("==", subject, value)
            case ir.PatternOr():
                outcomes = [self.matches(p, subject) for p in pattern.alternatives]
                if True in outcomes:
                    return True
                return False if all(o is False for o in outcomes) else None
            case ir.PatternSequence():
                return self.matches_sequence(pattern, subject)
            case ir.PatternMapping():
                outcome: bool | None = True
                for key, inner_pattern in pattern.items:
                    item = self.item(subject, self.evaluate(key), pattern.at)
                    found = self.matches(inner_pattern, item)
                    outcome = found if outcome is True else outcome
                if pattern.rest is not None:
                    self.set_name(pattern.rest, subject)
                return None if outcome is not False else False
            case ir.PatternClass():
                cls = self.evaluate(pattern.cls)
                fields: tuple[str, ...] = ()
                if isinstance(cls, ClassValue):
                    fields = cls.fields
                for name, inner_pattern in (
                    *zip(fields, pattern.positional, strict=False),
                    *pattern.keywords,
                ):
                    self.matches(inner_pattern, self.attribute(subject, name, pattern.at))
                if not fields and len(pattern.positional) == 1:
                    self.matches(pattern.positional[0], subject)
                return self.is_instance(subject, cls)
            case ir.PatternStar():
                return True

    def matches_sequence(self, pattern: ir.PatternSequence, subject: Value) -> bool | None:
        values = self.unpacked(subject, len(pattern.elements), pattern.at)
        known = self.elements(subject)
        starred = any(isinstance(p, ir.PatternStar) for p in pattern.elements)
        outcome: bool | None = None
        if known is not None and known.rest is None:
            fits = len(known.values) == len(pattern.elements) or starred
            if not fits:
                return False
            outcome = True
        for inner, value in zip(pattern.elements, values, strict=False):
            if isinstance(inner, ir.PatternStar):
                if inner.name is not None:
                    self.set_name(inner.name, self.unknown("*", [subject], pattern.at))
                continue
            found = self.matches(inner, value)
            if found is not True and outcome is not False:
                outcome = found
        return outcome
