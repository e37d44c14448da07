"""What is written on the cards and not in the code yet. Every name here is a debt.

The tests fail as soon as a name can go: a rule that got its check, an example that now passes.
"""

from __future__ import annotations

# Rules whose card is there before their check.
NOT_IMPLEMENTED = frozenset(
    {
        "TAP109",
        "TAP110",
        "TAP111",
        "TAP304",
        "TAP305",
        "TAP306",
        "TAP307",
        "TAP401",
        "TAP402",
        "TAP403",
        "TAP404",
        "TAP405",
        "TAP406",
        "TAP407",
        "TAP408",
        "TAP409",
    }
)

# Examples of implemented rules that the abstract tape does not understand yet.
NOT_UNDERSTOOD = frozenset(
    {
        "TAP102-bad-3",
        "TAP107-bad-2",
        "TAP203-bad-3",
        "TAP211-bad-1",
        "TAP211-bad-2",
        "TAP212-bad-1",
        "TAP212-bad-2",
        "TAP302-bad-2",
    }
)
