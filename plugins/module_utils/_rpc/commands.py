# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.


"""Which commands only show something, so that check mode can call them, and what commands take."""

from __future__ import annotations

import math
import re
from itertools import zip_longest
from typing import Any, List, Optional, Sequence

from .._errors import error
from .values import Param

_NUMBER = re.compile(r"-?[0-9]{1,9}\Z")
_OF_MODULE = {
    "core": (
        "aliases_list arg echo flags info modules ppdefines ppdefines_full ps psx pwd runinfo shmmem "
        "sockets_list tcp_info tcp_list tcp_options udp4_raw_info uptime version"
    ),
    "ctl": "connections listen who",
    "system": "listMethods methodHelp methodSignature",
    "cfg": "diff get help list",
    "dispatcher": "hash list oclist",
    "dlg": "briefing list list_ctx list_match profile_get_size profile_list stats_active",
    "htable": "dump get listTables stats",
    "pkg": "info stats",
    "stats": "fetch fetchn get_statistics",
    "tm": "list stats",
    "ul": "db_users dump lookup",
}
# The arguments of commands, as the server scans them: s is a text and d a number. Where a number may be left out, it
# takes a text for none, and answers as if nothing was asked.
ARGUMENTS = {
    "cfg.set_delayed_int": "ssd",
    "cfg.set_now_int": "ssd",
    "dispatcher.add": "dsdds",
    "dispatcher.hash": "dss",
    "dispatcher.ping_active": "d",
    "dispatcher.remove": "ds",
    "dispatcher.set_duid_state": "sds",
    "dispatcher.set_state": "sds",
    "htable.seti": "ssd",
    "htable.sets": "sss",
}
READS = frozenset("%s.%s" % (module, name) for module, names in _OF_MODULE.items() for name in names.split())


def only_reads(command: str) -> bool:
    """Whether a command is known to change nothing."""
    return command in READS


def arguments_of(values: List[Any]) -> List[Param]:
    """Numbers and strings, as the server gets them. Raises KamailioError for anything else."""
    if any(isinstance(value, (bool, dict, list)) or value is None for value in values):
        raise error("arguments holds something that is neither a number nor a string", "Put it in quotes")
    if any(isinstance(value, float) and not math.isfinite(value) for value in values):
        raise error("arguments holds a number that is not finite, which no call can hold", "Put it in quotes")
    return [value if isinstance(value, (int, float)) else str(value) for value in values]


def typed(command: str, arguments: Sequence[Param]) -> List[Param]:
    """The arguments as the server takes them, where that is known; any others as they are."""
    kinds = ARGUMENTS.get(command, "")
    return [_typed(argument, kind) for argument, kind in zip_longest(arguments, kinds[: len(arguments)])]


def _typed(argument: Param, kind: Optional[str]) -> Param:
    if kind == "d" and isinstance(argument, str) and _NUMBER.match(argument):
        return int(argument)
    return str(argument) if kind == "s" else argument
