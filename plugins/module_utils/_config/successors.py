# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Modules that Kamailio had once and that old configurations still load, with what to load today.

The source of no release from 5.0 on has any of them.
"""

from __future__ import annotations

from typing import Dict


def _renamed(name: str) -> str:
    return 'Load "%s.so", as the module is called now, and change the name in its modparam lines' % name


SUCCESSORS: Dict[str, str] = {
    "cpl-c": _renamed("cplc"),
    "dbtext": _renamed("db_text"),
    "dialog_ng": _renamed("ims_dialog"),
    "iptrtpproxy": 'Load "rtpengine.so" or "rtpproxy.so" instead, whose functions differ',
    "janssonrpc-c": _renamed("janssonrpcc"),
    "jsonrpc-c": _renamed("jsonrpcc"),
    "jsonrpc-s": _renamed("jsonrpcs"),
    "mi_datagram": 'Load "jsonrpcs.so" instead, and set its dgram_socket',
    "mi_fifo": 'Load "jsonrpcs.so" instead, and set its fifo_name',
    "mi_rpc": 'Take it out, with its modparam lines: RPC commands need "ctl.so" or "jsonrpcs.so" alone',
    "mi_xmlrpc": 'Load "xmlrpc.so" or "jsonrpcs.so" instead',
    "mysql": _renamed("db_mysql"),
    "postgres": _renamed("db_postgres"),
    "pua_mi": 'Load "pua_rpc.so" instead',
    "rtpproxy-ng": _renamed("rtpengine"),
    "uri": 'Load "siputils.so" and "uri_db.so" instead, which have its functions',
}
