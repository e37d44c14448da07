"""How many witnesses run together depends on processors and memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tapelint.verify import capacity

GIGABYTE = 1 << 30


@pytest.mark.parametrize(
    ("processors", "memory", "expected"),
    [
        (8, None, 1),
        (8, 0, 1),
        (8, GIGABYTE // 2, 1),
        (8, 2 * GIGABYTE, 1),
        (8, 4 * GIGABYTE, 3),
        (2, 64 * GIGABYTE, 2),
        (32, 64 * GIGABYTE, 32),
    ],
)
def test_each_witness_needs_a_processor_and_memory(
    processors: int, memory: int | None, expected: int
) -> None:
    assert capacity.fitting(processors, memory) == expected


def machine(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kilobytes: str, limit: str, used: str
) -> int | None:
    """Return what is free on a machine, or in a container, with these files."""
    for name, text in (("info", kilobytes), ("limit", limit), ("used", used)):
        (folder / name).write_text(text, encoding="ascii")
    monkeypatch.setattr(capacity, "MEMORY", folder / "info")
    monkeypatch.setattr(capacity, "CONTAINERS", ((folder / "limit", folder / "used"),))
    return capacity.free_memory()


@pytest.mark.parametrize(
    ("information", "limit", "used", "expected"),
    [
        ("MemTotal: 9 kB\nMemAvailable:   8 kB\n", "max\n", "1024\n", 8 * 1024),
        ("MemAvailable: 8 kB\n", "5000\n", "1000\n", 4000),
        ("MemAvailable: 8 kB\n", "5000\n", "6000\n", 0),
        ("MemTotal: 9 kB\n", "5000\n", "1000\n", 4000),
        ("MemAvailable:\n", "max\n", "1000\n", None),
    ],
)
def test_a_container_may_use_less_than_its_machine_has(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    information: str,
    limit: str,
    used: str,
    expected: int | None,
) -> None:
    assert machine(tmp_path, monkeypatch, information, limit, used) == expected


def test_without_the_files_of_linux_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capacity, "MEMORY", tmp_path / "none")
    monkeypatch.setattr(capacity, "CONTAINERS", ((tmp_path / "none", tmp_path / "none"),))
    assert capacity.free_memory() is None
    assert capacity.witnesses() == 1
