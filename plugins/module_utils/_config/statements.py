# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The statements of kamailio.cfg that load and configure modules, found in the stream of active tokens.

Their grammar is that of C(module_stm) in Kamailio's src/core/cfg.y.
"""

from __future__ import annotations

import re
from typing import Iterator, List, NamedTuple, Optional, Tuple, Union

from .._errors import Problem
from .._text import show
from .beginnings import Beginnings, ItemKind
from .model import Place, problem_at


class Item(NamedTuple):
    """A token after the preprocessor: C(kind) is word, punct, string (with its value), variable or unknown.

    C(doubt) says why the server may see another text than this one, if it may.
    """

    kind: ItemKind
    text: bytes
    place: Place
    doubt: str = ""


class Statement(NamedTuple):
    """A complete statement; C(arguments) are all but its punctuation, with the minus of a number as one of them."""

    keyword: bytes
    arguments: Tuple[Item, ...]
    place: Place
    parenthesised: bool


# A shape is a letter per token: s(tring), w(ord), v(ariable) or the punctuation itself; an unknown fits any s or w.
_LOAD = ("s", "(s)", "(s,s)")
_PARAM = ("(s,s,s)", "(s,s,w)", "(s,s,-w)")
_PATH = ("s", "=s")
SHAPES = {
    b"loadpath": _PATH,
    b"mpath": _PATH,
    b"loadmodule": _LOAD,
    b"loadmodulex": _LOAD,
    b"modparam": _PARAM,
    b"modparamx": (*_PARAM, "(s,s,v)"),
}
_BLOCK = re.compile(rb"(?:[a-z]+_)?route\Z|socket\Z")


class Blocks:
    """How many braces are open; C(first) and C(last) are where the first and the last block begin.

    C(is_socket) says whether the open one is that of C(socket = {…}), which is read, and not passed over, C(in_call)
    whether the next token may belong to a call, C(skips_calls) that calls are not read any more.
    """

    def __init__(self) -> None:
        self.first: Optional[Place] = None
        self.last: Optional[Place] = None
        self.in_block = False
        self.is_socket = False
        self.in_call = False
        self.skips_calls = False
        self._depth = 0

    def deepen(self, braces: int) -> None:
        """More braces are open now, or less."""
        self._depth = max(0, self._depth + braces)
        self.in_block = self._depth > 0
        self.is_socket = self.is_socket and self.in_block


class StatementReader:
    """Takes items one by one and gives back the statements that they complete."""

    def __init__(self) -> None:
        self.blocks = Blocks()
        self._beginnings = Beginnings()
        self._strayed = False
        self._block_name: Optional[Item] = None
        self._last: Optional[Item] = None
        self._keyword: Optional[Item] = None
        self._arguments: List[Item] = []
        self._shape = ""

    def feed(self, item: Item) -> Iterator[Union[Statement, Problem]]:
        """The statement that this item completes, or what is wrong with the one that it breaks."""
        self._last = item
        if not self._keyword and not self.blocks.in_block and not self._strayed:
            stray = self._beginnings.feed(item.kind, item.text)
            if stray:
                self._strayed = True
                yield _stray(stray, item)
        if self._keyword:
            self._shape += show(item.text) if item.kind == "punct" else item.kind[0]
            if not any(_fits(self._shape, shape) for shape in SHAPES[self._keyword.text]):
                yield self._broken()
            else:
                if item.kind != "punct" or item.text == b"-":
                    self._arguments.append(item)
                if any(len(self._shape) == len(shape) and _fits(self._shape, shape) for shape in self._shapes()):
                    self._beginnings.begin()
                    yield self._complete(item)
                return
        if item.kind == "word" and not self.blocks.in_block:
            if item.text in SHAPES:
                self._keyword, self._arguments, self._shape = item, [], ""
            elif _BLOCK.match(item.text):
                self._block_name = item
        elif item.kind == "punct" and item.text == b"{":
            if not self.blocks.in_block:
                name, self._block_name = self._block_name or item, None
                self.blocks.last, self.blocks.is_socket = name.place, name.text == b"socket"
                self.blocks.first = self.blocks.first or self.blocks.last
            self.blocks.deepen(1)
        elif item.kind == "punct" and item.text == b"}":
            self.blocks.deepen(-1)
            self._beginnings.begin()

    def begin(self) -> None:
        """A statement begins with the next item, for sure."""
        self._beginnings.begin()

    @property
    def is_empty(self) -> bool:
        """Whether there was no statement at all."""
        return not self._beginnings.seen

    def finish(self) -> Iterator[Problem]:
        """What is wrong with a statement that the end of the file cuts off."""
        if self._keyword:
            yield self._broken()
        elif self.blocks.in_block and self.blocks.last:
            yield _cut_off("the block that begins here is not closed", self.blocks.last)
        elif self._last and not self._strayed and self._beginnings.wants_more(self._last.kind, self._last.text):
            yield _cut_off("this statement is not complete", self._last.place)

    def _shapes(self) -> Tuple[str, ...]:
        return SHAPES[self._keyword.text] if self._keyword else ()

    def _broken(self) -> Problem:
        keyword = self._keyword
        self._keyword = None
        if keyword is None:
            raise ValueError("no statement is open")
        name = show(keyword.text)
        form = '%s("MODULE", "NAME", VALUE)' % name
        if "param" not in name:
            form = '%s "%s"' % (name, "FOLDER" if "path" in name else "NAME.so")
        text = "this %s is not complete or not well-formed" % name
        return problem_at(keyword.place, text, "Its form is " + form)

    def _complete(self, last: Item) -> Statement:
        keyword = self._keyword
        self._keyword = None
        if keyword is None:
            raise ValueError("no statement is open")
        place = keyword.place
        if last.place.path == place.path and last.place.end > place.end:
            place = place._replace(end=last.place.end)
        return Statement(keyword.text, tuple(self._arguments), place, self._shape.startswith("("))


def _cut_off(text: str, place: Place) -> Problem:
    return problem_at(place, text, "Is the file cut off?")


def _stray(text: str, item: Item) -> Problem:
    template = item.text[:1] in (b"{", b"%")
    remedy = "Is it a template that was not rendered?" if template else "Is it a configuration of Kamailio?"
    return problem_at(item.place, text, remedy)


def _fits(seen: str, shape: str) -> bool:
    return len(seen) <= len(shape) and all(
        letter == other or (letter == "u" and other in "sw") for letter, other in zip(seen, shape)
    )
