"""Line hashes are those that GitHub's upload action computes for the same file."""

from __future__ import annotations

import pytest

from tapelint.report.fingerprint import line_hashes

END = "c129715d7a2bc9a3:1"
GREETINGS = [
    "e9496ae3ebfced30:1",
    "fb7c023a8b9ccb3f:1",
    "ce8ba1a563dcdaca:1",
    "e20e36e16fcb0cc8:1",
    "b3edc88f2938467e:1",
    "c8e28b0b4002a3a0:1",
    END,
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [END]),
        (
            " a\nb\n  \t\tc\n d",
            ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"],
        ),
        (
            " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End",
            [
                "8b7cf3e952e7aeb2:1",
                "b1ae1287ec4718d9:1",
                "bff680108adb0fcc:1",
                "c6805c5e1288b612:1",
                "b86d3392aea1be30:1",
                "e6ceba753e1a442:1",
            ],
        ),
        (" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n", GREETINGS),
        (" hello; \t\nworld!!!\r\r\r  \t\tGreetings\r End\r", GREETINGS),
        (" hello; \t\r\nworld!!!\r\n\r\n\r\n  \t\tGreetings\r\n End\r\n", GREETINGS),
        (" hello; \t\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n", GREETINGS),
        (
            "Lorem ipsum dolor sit amet.\n" * 10,
            [
                *(f"a7f2ff13bc495cf2:{n}" for n in range(1, 7)),
                "a7f2ff1481e87703:1",
                "a9cf91f7bbf1862b:1",
                "55ec222b86bcae53:1",
                "cc97dc7b1d7d8f7b:1",
                END,
            ],
        ),
        (
            "x = 2\nx = 1\nprint(x)\nx = 3\nprint(x)\nx = 4\nprint(x)\n",
            [
                "e54938cc54b302f1:1",
                "bb609acbe9138d60:1",
                "1131fd5871777f34:1",
                "5c482a0f8b35ea28:1",
                "54517377da7028d2:1",
                "2c644846cb18d53e:1",
                "f1b89f20de0d133:1",
                END,
            ],
        ),
    ],
    ids=["empty", "short", "no-end", "lf", "cr", "crlf", "mixed", "repeated", "alike"],
)
def test_the_published_vectors_hold(text: str, expected: list[str]) -> None:
    hashes = line_hashes(text.encode(), range(1, len(expected) + 2))
    assert hashes == dict(enumerate(expected, start=1))


def test_only_the_lines_that_are_wanted_are_hashed() -> None:
    text = b"a\na\n" + b"x" * 200
    assert line_hashes(text, {2}) == {2: line_hashes(text, {1, 2, 3})[2]}


def test_a_repeat_is_numbered_although_the_first_is_not_wanted() -> None:
    line = "Lorem ipsum dolor sit amet.\n"
    assert line_hashes((line * 10).encode(), {3}) == {3: "a7f2ff13bc495cf2:3"}


def test_indentation_and_lines_further_down_change_nothing() -> None:
    line, rest = "x = 1\n", "y" * 100 + "\n"
    plain = line_hashes((line + rest).encode(), {1})
    assert line_hashes((f"\t  {line}" + rest + "more\n").encode(), {1}) == plain
    assert line_hashes((line + "z" + rest).encode(), {1}) != plain


def test_a_character_beyond_16_bits_counts_as_its_two_units() -> None:
    # 0xD83D and 0xDE00 are the UTF-16 units of the character, 0xFFFF is the end of the file.
    value = (0xD83D * 37**2 + 0xDE00 * 37 + 0xFFFF) * 37**97 % 2**64
    assert line_hashes("😀".encode(), {1}) == {1: f"{value:x}:1"}


def test_bytes_that_are_no_text_are_hashed_all_the_same() -> None:
    assert line_hashes(b"\xff\xfe\n\x80", {1, 2}).keys() == {1, 2}
