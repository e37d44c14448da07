"""What is written on the cards and not in the code yet. Every name here is a debt.

The tests fail as soon as a name can go: a rule that got its check, an example that now passes.
"""

from __future__ import annotations

# Rules whose card is there before their check.
NOT_IMPLEMENTED = frozenset[str]()

# Examples of implemented rules that the abstract tape does not understand yet.
NOT_UNDERSTOOD = frozenset[str]()
