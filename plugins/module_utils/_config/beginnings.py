# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.


"""How a statement begins: what tells a configuration from a file that is none.

The server's parser knows every statement (C(statement) in Kamailio's src/core/cfg.y). This looks only where it is sure
that one begins - at the start, behind a block, a C(loadmodule), a C(modparam) and most core settings - and only at its
first words.
"""

from __future__ import annotations

import re
from typing import Literal, Optional

from .._text import quoted

# Bytes that stand in no token are passed over by the server, wherever they are; so are these.
_TOKENS = re.compile(rb"[%<>&~^()*@!/,:{}\[\]=+|.-]")
_NAME = re.compile(rb"[A-Za-z_]")
# Statements that do not go on with an equals sign, a dot or a bracket.
_OTHERS = re.compile(
    rb"(?:[a-z]+_)?route\Z|flags\Z|bool\Z|avpflags\Z|cfgengine\Z|loadpath\Z|mpath\Z|loadmodulex?\Z|modparamx?\Z"
)

# The kinds of items, which are tokens behind the preprocessor.
ItemKind = Literal["word", "punct", "string", "variable", "unknown"]


class Beginnings:
    """Takes the items outside of blocks; C(kind) and C(text) are those of an item."""

    def __init__(self) -> None:
        self._begins = True
        self._word = b""
        self._socket = False
        self.seen = False

    def begin(self) -> None:
        """A statement begins with the next item, for sure."""
        self._begins, self._word = True, b""

    def wants_more(self, kind: ItemKind, text: bytes) -> bool:
        """Whether the file cannot end here, behind this item."""
        return bool(self._word) or (kind, text) == ("punct", b"=")

    def feed(self, kind: ItemKind, text: bytes) -> Optional[str]:
        """What is wrong with this item; the server stops there, so it is only asked until the first time."""
        self.seen = True
        if kind == "punct" and text != b";" and not _TOKENS.match(text):
            return None
        begins, word, socket = self._begins, self._word, self._socket
        self._begins, self._word, self._socket = False, b"", False
        if begins:
            if kind == "word" and _NAME.match(text):
                self._word = text
            elif kind == "punct" and text == b";":
                self._begins = True
            elif kind != "unknown":
                return "no statement begins with %s" % _shown(kind, text)
        elif word and not _OTHERS.match(word):
            self._socket = word == b"socket"
            if kind != "unknown" and not (kind == "punct" and text in (b"=", b".", b"[")):
                return "%s is no statement: %s follows it" % (quoted(word, 40), _shown(kind, text))
        elif socket and text != b"{" and kind != "unknown":
            return "socket is followed by %s: Kamailio says listen, or socket = {…}" % quoted(text, 40)
        return None


def _shown(kind: ItemKind, text: bytes) -> str:
    """An item for a message; a string can be secret."""
    return "a string" if kind == "string" else quoted(text, 40)
