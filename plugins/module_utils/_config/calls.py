# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The blocks of the routing script, and the functions that they call.

Only names and literal arguments are read; what a block does with them is up to the server. A block begins as in
C(route_stm) of Kamailio's src/core/cfg.y.
"""

from __future__ import annotations

import re
from typing import Dict, List, Optional

from .._text import show
from .model import Call, Place
from .skip import KEYWORDS
from .statements import Blocks, Item

MAIN_BLOCK = "request_route"
# What is kept of a script: its calls, and the tokens of one of them. Larger scripts are not read to the end.
MOST_CALLS, MOST_TOKENS = 50_000, 2_000

_HEADER = re.compile(rb"(?:[a-z]+_)?route\Z")
_HEADER_TOKENS = 40
_NAME = re.compile(rb"[A-Za-z_]")


class _Open:
    """An open parenthesis: that of a call, or one within an argument, which has no C(name)."""

    def __init__(self, name: Optional[Item]) -> None:
        self.name = name
        self.arguments: List[Optional[bytes]] = []
        self.items: List[Item] = []

    def end_argument(self) -> None:
        """Take what has been read since the last comma as an argument."""
        self.arguments.append(_literal(self.items))
        self.items = []


class CallReader:
    """Takes all items, also those outside of blocks, and collects the calls, and where each block begins.

    C(hides_blocks) says whether the name of a block is known to the server only.
    """

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._header: List[Item] = []
        self._block = ""
        self._word: Optional[Item] = None
        self._open: List[_Open] = []
        self._tokens = 0
        self.calls: List[Call] = []
        self.routes: Dict[str, Place] = {}
        self.hides_blocks = False

    def feed(self, item: Item) -> None:
        """Take the next item; a brace is taken before it opens or closes a block."""
        if not self._blocks.in_block:
            self._outside(item)
        elif not self._blocks.skips_calls:
            self._inside(item)
            self._blocks.in_call = bool(self._open) or self._word is not None

    def _outside(self, item: Item) -> None:
        self._end_call()
        if item.kind == "word" and _HEADER.match(item.text):
            self._header = [item]
        elif item.kind == "punct" and item.text == b"{":
            self._block = _block_name([part.text for part in self._header])
            self.hides_blocks = self.hides_blocks or any(part.doubt for part in self._header)
            if self._block:
                self.routes.setdefault(self._block, self._header[0].place)
            self._header = []
        elif self._header and len(self._header) < _HEADER_TOKENS:
            self._header.append(item)

    def _end_call(self) -> None:
        self._word, self._open, self._tokens = None, [], 0

    def _inside(self, item: Item) -> None:
        word, self._word = self._word, None
        if item.kind == "punct" and item.text in (b";", b"{", b"}"):
            self._end_call()
        elif item.kind == "punct" and item.text == b"(" and (word or self._open):
            if word and self._open:
                self._open[-1].items.pop()
            self._open.append(_Open(word))
        elif item.kind == "punct" and item.text == b")" and self._open:
            self._close(item)
        elif item.kind == "punct" and item.text == b"," and self._open and self._open[-1].name:
            self._open[-1].end_argument()
        else:
            if item.kind == "word" and _NAME.match(item.text) and item.text not in KEYWORDS:
                self._word = item
            if self._open:
                self._open[-1].items.append(item)
        self._tokens += bool(self._open)
        if self._tokens > MOST_TOKENS:
            self._give_up()

    def _close(self, item: Item) -> None:
        closed = self._open.pop()
        if closed.name:
            if closed.items or closed.arguments:
                closed.end_argument()
            self._add(Call(show(closed.name.text), tuple(closed.arguments), self._block, closed.name.place))
        if self._open:
            # With a parenthesis in it, an argument is an expression.
            self._open[-1].items.append(item)
        else:
            self._tokens = 0

    def _add(self, call: Call) -> None:
        if len(self.calls) == MOST_CALLS:
            self._give_up()
        elif call.block:
            self.calls.append(call)

    def _give_up(self) -> None:
        self._end_call()
        self._blocks.skips_calls = True


def _literal(items: List[Item]) -> Optional[bytes]:
    """The value of an argument that is a string, a number or a word, None where it is anything else."""
    negative = len(items) == 2 and items[0].text == b"-" and items[1].kind == "word"
    if (len(items) != 1 and not negative) or any(item.doubt for item in items):
        return None
    return b"".join(item.text for item in items) if items[-1].kind in ("string", "word") else None


def block_named(text: str) -> str:
    """Return the name that C(Call) and C(Evaluation) have of a block with this keyword, such as C(onreply_route[X])."""
    return re.sub(r"\Aonreply_route", "reply_route", text)


def _block_name(header: List[bytes]) -> str:
    """The name of a block, such as C(failure_route[BUSY]); empty where it is not a route."""
    if not header:
        return ""
    keyword = block_named(show(header[0]))
    name = "".join(show(part) for part in header[2:-1]) if header[1:2] == [b"["] and header[-1] == b"]" else ""
    if keyword in ("route", MAIN_BLOCK) and name in ("", "0"):
        return MAIN_BLOCK
    return "%s[%s]" % (keyword, name) if name else keyword
