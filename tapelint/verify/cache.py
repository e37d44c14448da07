"""Keep what witnesses showed, so that code that did not change is not run again.

An entry holds for one witness under one TensorFlow, and as long as every file that the witness read
is what it was. Runs that something cut short are never kept, and an entry that cannot be read is
none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from tapelint import __version__
from tapelint.verify.installation import Installation
from tapelint.verify.observed import Run, run_from
from tapelint.verify.request import Request

FOLDER = ".tapelint_cache"
VERSION = 1
# A file that takes longer to read than a witness to run keeps its witness out.
MOST_BYTES = 256 << 20
# What lies there is not what it was when it is read again, or never ends.
NO_FILES = ("/dev/", "/proc/", "/sys/")
TAG = """\
Signature: 8a477f597d28d172789f06886806bc55
# This file marks a cache of tapelint: it can be deleted at any time.
# See https://bford.info/cachedir/
"""


class Cache:
    """The entries below the folder of a project."""

    def __init__(self, project: Path) -> None:
        self.folder = project / FOLDER
        self._listings: dict[str, Sequence[str]] = {}

    def get(self, request: Request, installation: Installation) -> Run | None:
        """Return what a witness showed before, None where it has to be run."""
        try:
            entry = json.loads(self._path(request, installation).read_bytes())
            files: Mapping[str, str] = entry["files"]
            if any(self._digest(path, request) != digest for path, digest in files.items()):
                return None
            return run_from(entry["events"], "ended", float(entry["seconds"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def put(
        self,
        request: Request,
        installation: Installation,
        events: Sequence[Mapping[str, object]],
        run: Run,
    ) -> None:
        """Keep what a witness showed that came to its end; a folder that is closed is no error."""
        if run.fate != "ended" or run.trouble:
            return
        read = {request.main}
        for event in events:
            files = event.get("files") if event.get("event") == "read" else None
            read.update(map(str, files) if isinstance(files, list) else ())
        digests = {path: self._digest(path, request) for path in sorted(read)}
        if None in digests.values():
            return
        entry = {
            "files": digests,
            "events": [e for e in events if e.get("event") != "read"],
            "seconds": run.seconds,
        }
        path = self._path(request, installation)
        with contextlib.suppress(OSError, ValueError):
            self._make()
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as stream:
                json.dump(entry, stream)
            os.replace(stream.name, path)

    def clean(self) -> bool:
        """Remove the folder; tell whether there was one."""
        if not self.folder.is_dir() or self.folder.is_symlink():
            return False
        shutil.rmtree(self.folder)
        return True

    def _make(self) -> None:
        """Make the folder, with the marks that keep it out of repositories and backups."""
        if self.folder.is_dir():
            return
        self.folder.mkdir(parents=True)
        (self.folder / ".gitignore").write_text("*\n", encoding="utf-8")
        (self.folder / "CACHEDIR.TAG").write_text(TAG, encoding="utf-8")

    def _path(self, request: Request, installation: Installation) -> Path:
        """Return where an entry is: its name stands for all that is known before a run."""
        message = {**replace(request, texts={}).message(), "texts": None}
        known = {
            "format": VERSION,
            "tapelint": __version__,
            "installation": {**asdict(installation), "seconds": 0, "is_second": request.is_second},
            "request": message,
            # A module that is new may be what an import failed for.
            "beside": [self._listing(root) for root in request.roots],
        }
        name = hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()
        return self.folder / "verify" / name[:2] / f"{name}.json"

    def _listing(self, root: str) -> Sequence[str]:
        if root not in self._listings:
            try:
                names = sorted(name for name in os.listdir(root) if name[:1] not in "._")
            except OSError:
                names = []
            self._listings[root] = names
        return self._listings[root]

    def _digest(self, path: str, request: Request) -> str | None:
        """Return what stands for the content of a file, "" for none, None where it is no file.

        The witness says which files it read, and may lie: a pipe would never be read to its end.
        """
        text = request.texts.get(path)
        if text is not None:
            return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        try:
            status = os.stat(path)
            is_file = stat.S_ISREG(status.st_mode) and not os.path.realpath(path).startswith(
                NO_FILES
            )
            if not is_file or status.st_size > MOST_BYTES:
                return None
            return hashlib.sha256(Path(path).read_bytes()).hexdigest()
        except (OSError, ValueError):
            return ""
