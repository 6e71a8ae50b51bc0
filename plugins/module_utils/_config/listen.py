# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The sockets that a configuration listens on.

Only addresses are understood: where an interface or a host name is given, or no C(listen) at all, the sockets are
not known here.
"""

from __future__ import annotations

from typing import List, Mapping, Optional, Tuple

from .._text import show
from .sockets import Socket, Sockets, parse_socket
from .statements import Item
from .values import parse_number


class ListenReader:
    """Takes the items of the configuration outside of its blocks, and finds C(listen=…)."""

    def __init__(self) -> None:
        self._sockets: List[Socket] = []
        self._written: List[str] = []
        self._known = True
        self._texts = {"listen": b"", "advertise": b"", "name": b""}
        self._part = ""
        self._last: Optional[Item] = None

    def feed(self, item: Item) -> None:
        """The next item."""
        last, self._last = self._last, item
        if self._part:
            joined = not self._texts[self._part] or (
                last is not None
                and last.place.path == item.place.path
                and (last.place.end == item.place.start or last.place[:3] == item.place[:3])
            )
            if joined and (item.kind != "unknown") and item.text not in (b"(", b"{"):
                self._texts[self._part] += item.text
                return
            if joined:
                self.unsure()
            if item.kind == "word" and item.text in (b"advertise", b"name"):
                self._part = item.text.decode()
                return
            self._finish()
        if item.kind == "punct" and item.text == b"=" and last is not None and last.kind == "word":
            if last.text == b"listen":
                self._part = "listen"
            elif last.text in (b"socket", b"port"):
                self.unsure()

    def unsure(self) -> None:
        """There may be sockets that cannot be seen here."""
        self._known = False

    def texts(self) -> Tuple[str, ...]:
        """What stands behind each C(listen), as far as it was read."""
        if self._part:
            self._finish()
        return tuple(self._written)

    def result(self, settings: Mapping[str, bytes]) -> Optional[Sockets]:
        """The sockets with these core settings, None if not all of them are known."""
        if self._part:
            self._finish()
        if not self._known or not self._sockets:
            return None
        tcp, tls = parse_number(settings.get("disable_tcp", b"no")), parse_number(settings.get("enable_tls", b"no"))
        return Sockets(tuple(self._sockets), not tcp, bool(tls))

    def _finish(self) -> None:
        texts, self._texts = self._texts, {"listen": b"", "advertise": b"", "name": b""}
        self._part = ""
        self._written.append(show(texts["listen"]))
        socket = parse_socket(texts["listen"], texts["advertise"], texts["name"])
        if socket:
            self._sockets.append(socket)
        else:
            self.unsure()
