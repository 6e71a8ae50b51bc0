# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.


"""The core settings of a configuration: all of them, and the values of those that others depend on.

These decide who reads the files of a server, what it speaks and where its sockets are.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, Tuple

from .._text import show
from .core_settings import SHORT
from .model import CoreSetting, Place
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
    b"dns_cache_init": "dns_cache_init",
    b"ip_free_bind": "ip_free_bind",
    b"ipfreebind": "ip_free_bind",
    b"ip_nonlocal_bind": "ip_free_bind",
    b"workdir": "folder",
    b"wdir": "folder",
    b"run_dir": "run_dir",
    b"rundir": "run_dir",
    b"cfgengine": "engine",
}


class SettingsReader:
    """Takes the items of the configuration outside of its blocks, and finds C(NAME = VALUE), and C(cfgengine VALUE)."""

    def __init__(self) -> None:
        self._found: Dict[str, bytes] = {}
        self._name = ""
        self._equals = False

    def feed(self, item: Item) -> None:
        """The next item."""
        # The first user counts, of the others the last one.
        first = self._name != "user" or "user" not in self._found
        if (
            (self._equals or self._name == "engine")
            and first
            and (item.kind in ("word", "string") or self._name == "folder")
        ):
            self._set(item)
        self._equals = bool(self._name) and not self._equals and item.kind == "punct" and item.text == b"="
        if not self._equals:
            self._name = _NAMES.get(item.text, "") if item.kind == "word" else ""

    def _set(self, item: Item) -> None:
        negated, _space, name = self._name.rpartition(" ")
        if name == "folder" and (item.kind == "unknown" or item.doubt):
            # No path is below a folder that is not known.
            self._found[name] = b""
        elif negated and not (name == "disable_sctp" and item.text == SCTP_AUTO):
            self._found[name] = b"no" if parse_number(item.text) else b"yes"
        else:
            self._found[name] = item.text

    def result(self) -> Mapping[str, bytes]:
        """Return what was set, by the names on the right above."""
        return self._found


# Statements that can have an equals sign and are no settings.
_STATEMENTS = (b"loadpath", b"mpath", b"cfgengine")
_NOTHING = Item("punct", b"", Place("", 0, 0, 0, 0))
# What continues a word or a number, as in www-data and 192.0.2.1.
_JOINTS = (b".", b"-", b":", b"/")


class CoreSettingReader:
    """Takes the items outside of blocks, and finds C(NAME = VALUE) and C(GROUP.NAME = VALUE)."""

    def __init__(self) -> None:
        self._found: List[CoreSetting] = []
        # The last items, three at most, and those that are the name of the setting that is read.
        self._last: Tuple[Item, ...] = (_NOTHING,)
        self._name: Tuple[Item, ...] = ()
        self._value: List[Item] = []

    def feed(self, item: Item) -> bool:
        """Take the next item; return whether a statement begins with it, since a setting surely ends before it."""
        begins = False
        if self._name and self._value and not self._is_sign():
            joined = self._is_joined(item)
            begins = self._close(joined)
        elif self._name:
            self._value.append(item)
        name = self._last[-1]
        if (item.kind, item.text) == ("punct", b"=") and name.kind == "word" and name.text not in _STATEMENTS:
            self._name, self._value = self._last, []
        self._last = (*self._last[-2:], item)
        return begins

    def result(self) -> Tuple[CoreSetting, ...]:
        """The settings, in their order."""
        if self._name and self._value:
            self._close(False)
        return tuple(self._found)

    def _is_sign(self) -> bool:
        return len(self._value) == 1 and (self._value[0].kind, self._value[0].text) == ("punct", b"-")

    def _is_joined(self, item: Item) -> bool:
        last = self._value[-1]
        if last.kind not in ("word", "unknown") or item.kind != "punct" or item.text not in _JOINTS:
            return False
        # What a define stands for is all at the place of its name.
        return last.place.path == item.place.path and (
            last.place.end == item.place.start or last.place[:3] == item.place[:3]
        )

    def _close(self, joined: bool) -> bool:
        """Add the setting that is complete; return whether its end is known for sure."""
        name, value = _name_of(self._name), self._value
        place = self._name[-1].place
        self._name, self._value = (), []
        kind = _kind_of(value)
        if joined and kind in ("number", "word"):
            kind = "address"
        self._found.append(CoreSetting(name, place, kind, value[-1].text, value[0].place))
        return name in SHORT and not joined and kind in ("number", "negative", "string", "word", "unknown")


def _name_of(items: Tuple[Item, ...]) -> str:
    """The name that ends with a word, with the part before its dot or its hyphen if it has one."""
    name = show(items[-1].text)
    if len(items) < 3 or items[1].kind != "punct" or items[1].text not in (b".", b"-"):
        return name
    # A group can have an index.
    group = show(items[0].text) if items[0].kind == "word" else "[…]"
    return group + show(items[1].text) + name


def _kind_of(value: List[Item]) -> str:
    last = value[-1]
    if last.doubt:
        return "unknown"
    is_number = last.kind == "word" and parse_number(last.text) is not None
    if len(value) > 1:
        return "negative" if is_number else "punct"
    return "number" if is_number else last.kind
