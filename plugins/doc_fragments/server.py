# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Where a running server is found."""

    DOCUMENTATION = r"""
options:
  config:
    description:
      - The configuration that the server runs with. It says where the server answers.
      - Left out, it is the one that the unit of O(instance) starts, or C(/etc/kamailio/kamailio.cfg). With O(socket)
        it is the one that the server says it was started with.
    type: path
  socket:
    description:
      - Where the server answers, instead of what the configuration says. As C(binrpc) of C(ctl) has it
        (V(unix:/run/kamailio/ctl), V(tcp:127.0.0.1:2049)), or V(dgram:/path) for the C(dgram_socket) of C(jsonrpcs).
    type: str
  timeout:
    description:
      - The seconds in which the server must answer a call. The flags of all sets, which a server from Kamailio 6.0 on
        shows set by set, count as one call.
      - Reading what has come can take twice as long besides.
    type: float
    default: 10
"""
