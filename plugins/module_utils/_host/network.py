# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""A network without a way out, with the interfaces and addresses of the host, so that a server can listen on them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from typing import Any, Dict, List, NamedTuple, Tuple

from .process import run_program

_SECONDS = 5.0
_FOLDERS = "/usr/sbin:/usr/bin:/sbin:/bin"
# What the kernel keeps for each network, and what decides where a program can listen.
_SWITCHES = (
    "ipv4/ip_unprivileged_port_start",
    "ipv4/ip_nonlocal_bind",
    "ipv4/ip_local_port_range",
    "ipv6/ip_nonlocal_bind",
    "ipv6/bindv6only",
)


class Network(NamedTuple):
    """The network of a host: what makes one like it, as lines for C(ip -batch), and switches of the kernel."""

    lines: Tuple[str, ...]
    switches: Tuple[Tuple[str, str], ...]


def read_network() -> Network:
    """Return the network of the host. Raises OSError."""
    found = _ip("-json", "address", "show")
    try:
        interfaces = json.loads(found)
    except ValueError as exc:
        raise OSError(0, "ip -json address show does not print JSON: is iproute2 too old?") from exc
    switches = []
    for name in _SWITCHES:
        with contextlib.suppress(OSError), open("/proc/sys/net/" + name, encoding="ascii") as file:
            switches.append((name, file.read().strip()))
    return Network(tuple(network_lines(interfaces)), tuple(switches))


def network_lines(interfaces: List[Dict[str, Any]]) -> List[str]:
    """Return the lines that make interfaces of these names with these addresses, as C(ip -json address) shows them.

    An address leads to no route, so what a program sends fails at once. One end of a pair stands for an interface; the
    other one makes it look connected, without which its IPv6 addresses could not be used.
    """
    lines = ["link set dev lo up"]
    first = ""
    for number, interface in enumerate(interfaces):
        name = interface.get("ifname", "")
        addresses = [address for address in interface.get("addr_info", []) if address.get("local")]
        loops = "LOOPBACK" in interface.get("flags", [])
        # Containers leave hundreds of interfaces without an address that anybody listens on.
        if not loops and all(address["local"].startswith("fe80:") for address in addresses):
            continue
        if not loops:
            lines.append("link add name %s type veth peer name sipfleet%d" % (name, number))
            if "UP" in interface.get("flags", []):
                lines += ["link set dev %s up" % name, "link set dev sipfleet%d up" % number]
                first = first or name
        for address in addresses:
            local = address["local"]
            if loops and local in ("127.0.0.1", "::1"):
                continue
            last = " nodad" if address.get("family") == "inet6" else ""
            text = "address replace %s/%s dev %s noprefixroute%s"
            lines.append(text % (local, address.get("prefixlen", 32), "lo" if loops else name, last))
    if first:
        # A server joins groups of multicast by the route to them.
        lines.append("route add multicast 224.0.0.0/4 dev %s" % first)
    return lines


def make_network(network: Network) -> None:
    """Make such a network in the network namespace of this process. Raises OSError."""
    for name, value in network.switches:
        with contextlib.suppress(OSError), open("/proc/sys/net/" + name, "w", encoding="ascii") as file:
            file.write(value)
    handle = os.memfd_create("network")
    try:
        os.write(handle, "\n".join(network.lines).encode())
        os.lseek(handle, 0, os.SEEK_SET)
        _ip("-batch", "-", given=handle)
    finally:
        os.close(handle)


def _ip(*arguments: str, given: int = subprocess.DEVNULL) -> bytes:
    program = shutil.which("ip", path=_FOLDERS)
    if not program:
        raise OSError(0, "this host does not have the program ip (package iproute2)")
    ended = run_program([program, *arguments], _SECONDS, given=given)
    if ended.status:
        said = (ended.complaint or ended.printed).decode("utf-8", "replace").strip()
        raise OSError(0, "a private network cannot be made here: ip %s: %s" % (arguments[0], said))
    return ended.printed
