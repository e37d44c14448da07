"""Watch the tapes of one test, in its own process."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Any

from tapelint.model import Finding
from tapelint.settings import Settings
from tapelint.watch.account import Account
from tapelint.watch.program.sites import UserFiles
from tapelint.watch.program.watcher import Watcher

ZEROS = "zeros"


class Watch:
    """Records every tape between entering and leaving."""

    def __init__(self, *, allow: Collection[str] = (), zero: bool = False) -> None:
        self.allow = {allow} if isinstance(allow, str) else set(allow)
        self.zero = zero
        self.found: list[Finding] = []
        self.account = Account(Settings(), Path.cwd(), self.found.append, in_process=True)
        self.watcher = Watcher(UserFiles(), self, is_traced=True, runs_eagerly=False)
        self.process = os.getpid()

    def __enter__(self) -> Watch:
        self.watcher.install()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.watcher.finish()
        self.watcher.uninstall()

    @property
    def is_ours(self) -> bool:
        """Whether this is the process of the test."""
        return os.getpid() == self.process

    def emit(self, event: dict[str, Any]) -> None:
        """Take in an event; findings are made when the test is over."""
        self.account.note(event)

    def count(self, site: int, *numbers: int) -> None:
        """Count nothing: one bad gradient fails a test."""

    def complaint(self) -> str:
        """Return what is wrong with the gradients, with the lines that are to blame."""
        self.account.finish()
        bad = [finding for finding in self.found if self._is_bad(finding)]
        return "\n".join(self._shown(finding) for finding in bad)

    def _is_bad(self, finding: Finding) -> bool:
        seen = finding.evidence.seen if finding.evidence else ()
        wanted = [s for s in seen if self.zero or s.gave != ZEROS]
        return any(not self._is_allowed(each.source) for each in wanted)

    def _is_allowed(self, name: str) -> bool:
        # for: allow=("bias",), where Keras says "dense/bias"
        return name in self.allow or name.rpartition("/")[2] in self.allow

    def _shown(self, finding: Finding) -> str:
        from tapelint.report import Context
        from tapelint.report.text import one

        return one(finding, Context(self.account.made.text, Path.cwd(), width=100))
