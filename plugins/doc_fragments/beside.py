# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the server gets beside its configuration."""

    DOCUMENTATION = r"""
options:
  defines:
    description:
      - The defines that the server gets on its command line with C(-A). They decide about C(#!ifdef).
      - V(auto) reads the systemd unit of the server on the host, with its drop-ins and environment files.
        If that starts the configuration in question, it takes the defines, the environment, C(-L), C(--loadmodule),
        C(--modparam), C(--subst) and its like from there. Where there is no such unit there are none;
        a running server that is asked says it for itself.
      - A list of V(NAME) or V(NAME=value) says it instead. The environment is not known then.
    type: raw
    default: auto
  instance:
    description:
      - The server, where a host has several. The name of an instance, which is the unit C(kamailio@NAME.service), or
        the name of a unit.
      - Left out, it is C(kamailio.service).
    type: str
"""
