# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.


"""Which commands only show something, so that they can be called in check mode, and a second time."""

from __future__ import annotations

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
READS = frozenset("%s.%s" % (module, name) for module, names in _OF_MODULE.items() for name in names.split())


def only_reads(command: str) -> bool:
    """Whether a command is known to change nothing."""
    return command in READS
