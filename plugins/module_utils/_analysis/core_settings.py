# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Findings about core settings: names that a version does not know, values that it does not take, places too late."""

from __future__ import annotations

import difflib
from typing import Dict, Iterator, List, Optional

from .._config.core_settings import EARLY, PROTOCOLS, TLS_METHODS, WORDS, CoreSettings, core_settings
from .._config.model import CoreSetting, Evaluation, Place
from .._text import quoted, show
from .._versions import Version
from .findings import Finding, found_at

_MOST_HINTS, _HINT_LETTERS = 100, 60
# The settings of sockets have rules of their own.
_OF_SOCKETS = ("socket", "listen")
# What a letter of the table accepts, what that is in words, and what to do.
_ACCEPTS = {
    "n": ("number",),
    "i": ("number", "negative"),
    "s": ("string",),
    "4": ("address",),
    "6": ("address", "punct"),
}
_IN_WORDS = {
    "n": "a number from 0 on (yes is 1, no is 0)",
    "i": "a number (yes is 1, no is 0)",
    "s": "a string in double quotes",
    "w": "a single word without quotes",
    "4": "an IPv4 address without quotes",
    "6": "an IPv6 address without quotes",
    "m": "SSLv23, SSLv2, SSLv3 or TLSv1, without quotes",
    "p": "udp, tcp, tls or sctp, without quotes",
}


def core_setting_findings(evaluation: Evaluation, version: Version) -> Iterator[Finding]:
    """What the server refuses of the core settings; nothing for a version whose settings are not known."""
    settings = core_settings(version)
    if settings is None:
        return
    meant = _meant(evaluation, settings)
    first = _first_use(evaluation)
    for setting in evaluation.core_settings:
        types = settings.types.get(setting.name)
        if types is None and _is_own(setting.name):
            yield from _reserved(setting, settings, version)
        elif types is None:
            yield from _unknown(setting, meant.get(setting.name, ""), settings, version)
        else:
            yield from _value(setting, types, settings)
            yield from _late(setting, first)


def unjudged_settings(evaluation: Evaluation, version: Version) -> Optional[List[str]]:
    """The names of settings that this version may have or not; None where none of its settings are known."""
    settings = core_settings(version)
    if settings is None:
        return None
    if settings.complete:
        return []
    names = dict.fromkeys(setting.name for setting in evaluation.core_settings if not _is_own(setting.name))
    known = {*settings.types, *settings.elsewhere, *_OF_SOCKETS}
    meant = _meant(evaluation, settings)
    return [name for name in names if name not in known and name not in meant]


def _is_own(name: str) -> bool:
    """Whether it is a value that the script declares for itself, C(GROUP.NAME)."""
    return "." in name and not name.startswith("kemi.")


def _reserved(setting: CoreSetting, settings: CoreSettings, version: Version) -> Iterator[Finding]:
    for part in setting.name.split("."):
        if part in settings.types:
            text = "%s is not a name for a value of the script: %s is a core setting of Kamailio %s"
            name = quoted(setting.name.encode("utf-8", "surrogateescape"), 60)
            yield found_at("core-setting-unknown", setting.place, text % (name, part, version), "Rename it")


def _unknown(setting: CoreSetting, meant: str, settings: CoreSettings, version: Version) -> Iterator[Finding]:
    name = setting.name
    # What begins with a digit is not a name.
    if name in _OF_SOCKETS or name[:1].isdigit():
        return
    text = "Kamailio %s has no core setting %s" % (version, quoted(name.encode("utf-8", "surrogateescape"), 60))
    if name in settings.elsewhere:
        since, _dash, last = settings.elsewhere[name].partition("-")
        remedy = "Take it out, or run a version that has it: it is there since " + since.replace("/", ", ")
        if last:
            remedy = "It is there up to %s. %s" % (last, "Is %s meant?" % meant if meant else "Take it out")
        yield found_at("core-setting-unknown", setting.place, text, remedy)
        return
    if settings.complete or meant:
        yield found_at("core-setting-unknown", setting.place, text, "Is %s meant?" % meant if meant else "")


def _meant(evaluation: Evaluation, settings: CoreSettings) -> Dict[str, str]:
    """The names of settings that are near those that are not known, by those; of a few names, since it takes long."""
    names = dict.fromkeys(setting.name for setting in evaluation.core_settings if setting.name not in settings.types)
    meant: Dict[str, str] = {}
    for name in [name for name in names if len(name) <= _HINT_LETTERS][:_MOST_HINTS]:
        near = difflib.get_close_matches(name, settings.types, 5, 0.8)
        alike = [known for known in near if known.split("_")[0] == name.split("_")[0]]
        if near:
            meant[name] = (alike or near)[0]
    return meant


def _value(setting: CoreSetting, types: str, settings: CoreSettings) -> Iterator[Finding]:
    if "h" in types or setting.kind == "unknown":
        return
    words = WORDS.get(setting.name)
    if not any(_accepts(kind, setting, settings) for kind in types):
        text = "%s takes %s" % (setting.name, " or ".join(_IN_WORDS[kind] for kind in types))
        yield found_at("core-setting-value", setting.value_place, text, _remedy(setting, types))
    elif words and show(setting.text).lower() not in [word.lower() for word in words]:
        text = "%s does not take %s" % (setting.name, quoted(setting.text, 40))
        yield found_at(
            "core-setting-value", setting.value_place, text, "Give another, such as %s or %s" % tuple(words[:2])
        )
    elif setting.name == "ipv6_hex_style" and setting.text[:1] not in (b"a", b"A", b"c"):
        text = "%s does not take %s" % (setting.name, quoted(setting.text, 40))
        yield found_at("core-setting-value", setting.value_place, text, 'Give "a", "A" or "c"')


def _accepts(kind: str, setting: CoreSetting, settings: CoreSettings) -> bool:
    if kind == "w":
        # A word that the server knows as something else is not a value.
        reserved = show(setting.text) in settings.types or setting.text in PROTOCOLS
        return setting.kind == "word" and not reserved and not setting.text[:1].isdigit()
    if kind in "mp":
        return setting.text in (TLS_METHODS if kind == "m" else PROTOCOLS) and setting.kind in ("word", "punct")
    return setting.kind in _ACCEPTS[kind]


def _remedy(setting: CoreSetting, types: str) -> str:
    if "s" in types:
        return "Put the value in double quotes"
    # What is in the quotes may be no value either.
    if setting.kind == "string":
        return "Write the value without quotes"
    return "Write a number, or yes or no" if types in ("n", "i") else ""


def _late(setting: CoreSetting, first: Optional[Place]) -> Iterator[Finding]:
    """A setting that comes when the memory it is about is there already, since the C(first) use of it."""
    if setting.name in EARLY and first and first.order < setting.place.order:
        text = "%s comes after the first modparam or route, in line %d of %s, where the server takes it no more"
        yield found_at("core-setting-late", setting.place, text % (setting.name, first.line, first.path))


def _first_use(evaluation: Evaluation) -> Optional[Place]:
    """The first modparam or route."""
    places = [param.place for param in evaluation.params if param.place.line]
    block = evaluation.first_block
    # It can be that of a socket, which needs no memory.
    if block and not evaluation.files[block.path].startswith(b"socket", block.start):
        places.append(block)
    return min(places, key=lambda place: place.order) if places else None
