# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.


"""The core settings that decide who reads the files of a server, what it speaks and where its sockets are."""

from __future__ import annotations

from typing import Dict, Mapping

from .statements import Item
from .values import parse_number

# The value of disable_sctp, and of enable_sctp, for: where its module is loaded.
SCTP_AUTO = b"2"
# Their spellings in Kamailio's src/core/cfg.lex.
_NAMES = {
    b"user": "user",
    b"uid": "user",
    b"group": "group",
    b"gid": "group",
    b"disable_tcp": "disable_tcp",
    b"enable_tls": "enable_tls",
    b"tls_enable": "enable_tls",
    b"disable_tls": "not enable_tls",
    b"tls_disable": "not enable_tls",
    b"disable_sctp": "disable_sctp",
    b"enable_sctp": "not disable_sctp",
    b"use_dns_cache": "use_dns_cache",
    b"dns_use_cache": "use_dns_cache",
    b"ip_free_bind": "ip_free_bind",
    b"ipfreebind": "ip_free_bind",
    b"ip_nonlocal_bind": "ip_free_bind",
    b"workdir": "folder",
    b"wdir": "folder",
    b"run_dir": "run_dir",
    b"rundir": "run_dir",
}


class SettingsReader:
    """Takes the items of the configuration outside of its blocks, and finds C(NAME = VALUE)."""

    def __init__(self) -> None:
        self._found: Dict[str, bytes] = {}
        self._name = ""
        self._equals = False

    def feed(self, item: Item) -> None:
        """The next item."""
        # The first user counts, of the others the last one.
        first = self._name != "user" or "user" not in self._found
        if self._equals and first and (item.kind in ("word", "string") or self._name == "folder"):
            self._set(item)
        self._equals = bool(self._name) and not self._equals and item.kind == "punct" and item.text == b"="
        if not self._equals:
            self._name = _NAMES.get(item.text, "") if item.kind == "word" else ""

    def _set(self, item: Item) -> None:
        negated, _space, name = self._name.rpartition(" ")
        if name == "folder" and (item.kind == "unknown" or item.doubt):
            # No path is below a folder that is not known.
            self._found[name] = b""
        elif negated and item.text != SCTP_AUTO:
            self._found[name] = b"no" if parse_number(item.text) else b"yes"
        else:
            self._found[name] = item.text

    def result(self) -> Mapping[str, bytes]:
        """Return what was set, by the names on the right above."""
        return self._found
