# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the demo prints: headings, paragraphs, tables, and the output of others set off by a margin."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 92
MARGIN = "    | "


def heading(text: str) -> None:
    """A short line, underlined."""
    print(f"\n\n{text}\n{'=' * len(text)}", flush=True)


def say(text: str) -> None:
    """A paragraph, wrapped."""
    print("\n" + textwrap.fill(" ".join(text.split()), WIDTH, break_on_hyphens=False), flush=True)


def command(text: str) -> None:
    """A command that is run now."""
    print(f"\n  $ {text}", flush=True)


def quote(text: str) -> None:
    """Somebody else's words, as they are but for long lines, which go on further in."""
    room = WIDTH - len(MARGIN)
    for line in text.rstrip("\n").split("\n"):
        indent = " " * (len(line) - len(line.lstrip()))
        parts = textwrap.wrap(
            line.lstrip(),
            room,
            initial_indent=indent,
            subsequent_indent=indent + "    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for part in [line] if len(line) <= room else parts:
            print((MARGIN + part).rstrip(), flush=True)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns as wide as they need to be; numbers to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[at]) for row in [list(head), *cells]) for at in range(len(head))]
    right = [all(row[at].isdigit() for row in cells) for at in range(len(head))]

    def line(row: Sequence[str]) -> str:
        parts = (cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(row, widths, right))
        return "  " + "  ".join(parts).rstrip()

    print("\n" + line(head))
    print("  " + "  ".join("-" * width for width in widths))
    for row in cells:
        print(line(row))
    print(end="", flush=True)
