"""Which of the user's lines stands behind a line that autograph wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapelint.verify.worker.patches import Patches

Frame = tuple[str, int]
AUTOGRAPH = "__autograph_generated"


class Converted:
    """The lines of all functions that were converted since `follow`."""

    def __init__(self) -> None:
        self.origins: dict[Frame, Frame] = {}

    def follow(self, autograph: Any, patches: Patches) -> None:
        """Hear of every function that autograph (its module `api`) converts."""
        convert: Callable[[Any, Any], Any] = autograph._convert_actual

        def converted(entity: Any, context: Any) -> Any:
            function = convert(entity, context)
            for place, origin in function.ag_source_map.items():
                found = (origin.loc.filename, origin.loc.lineno)
                self.origins[place.filename, place.lineno] = found
            return function

        patches.set(autograph, "_convert_actual", converted)

    def origin(self, file: str, line: int) -> Frame | None:
        """Return the user's line for a line of a generated file."""
        return self.origins.get((file, line)) if is_generated(file) else None

    def file(self, file: str) -> str | None:
        """Return the user's file for a generated one."""
        return next((origin[0] for place, origin in self.origins.items() if place[0] == file), None)


def is_generated(file: str) -> bool:
    """Tell whether autograph wrote a file."""
    return AUTOGRAPH in file
