# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Where a server answers calls: one type for each transport of the modules ctl and jsonrpcs."""

from __future__ import annotations

from typing import NamedTuple, Union

from .._rights import NO_OTHERS, Writers


class CtlStream(NamedTuple):
    """C(modparam("ctl", "binrpc", "unix:/path")), the default of ctl."""

    path: str


class CtlDatagram(NamedTuple):
    """C(modparam("ctl", "binrpc", "unixd:/path"))."""

    path: str


class CtlTcp(NamedTuple):
    """C(modparam("ctl", "binrpc", "tcp:host:port"))."""

    host: str
    port: int


class CtlUdp(NamedTuple):
    """C(modparam("ctl", "binrpc", "udp:host:port"))."""

    host: str
    port: int


class JsonDatagram(NamedTuple):
    """C(modparam("jsonrpcs", "dgram_socket", "/path")), bit 4 of its C(transport)."""

    path: str


class JsonUdp(NamedTuple):
    """C(modparam("jsonrpcs", "dgram_socket", "udp:host:port")), bit 4 of its C(transport)."""

    host: str
    port: int


class JsonFifo(NamedTuple):
    """C(modparam("jsonrpcs", "fifo_name", "/path")), bit 2 of its C(transport).

    The server opens the FIFO for its reply in C(reply_dir) and puts the name behind it without a slash.
    C(namers) can change the configuration that says so.
    """

    path: str
    reply_dir: str = "/tmp/"  # noqa: S108  # the server's default
    namers: Writers = NO_OTHERS


class JsonTcp(NamedTuple):
    """C(modparam("jsonrpcs", "tcp_socket", "tcp:host:port")), bit 8 of its C(transport), from Kamailio 5.7 on."""

    host: str
    port: int


class JsonHttp(NamedTuple):
    """The module xhttp and a route that calls C(jsonrpc_dispatch), bit 1 of the C(transport) of jsonrpcs."""

    host: str
    port: int
    path: str = "/RPC"


CtlAddress = Union[CtlStream, CtlDatagram, CtlTcp, CtlUdp]
JsonAddress = Union[JsonDatagram, JsonUdp, JsonFifo, JsonTcp, JsonHttp]
Address = Union[CtlAddress, JsonAddress]
# For isinstance.
CTL = (CtlStream, CtlDatagram, CtlTcp, CtlUdp)


def show_address(address: Address) -> str:
    """An address for a message."""
    if isinstance(address, (CtlStream, CtlDatagram)):
        return "%s (ctl, %s)" % (address.path, "stream" if isinstance(address, CtlStream) else "datagrams")
    if isinstance(address, (JsonDatagram, JsonFifo)):
        return "%s (jsonrpcs, %s)" % (address.path, "datagrams" if isinstance(address, JsonDatagram) else "FIFO")
    if isinstance(address, JsonHttp):
        return "http://%s%s (jsonrpcs)" % (_host_port(address.host, address.port), address.path)
    module = "ctl" if isinstance(address, (CtlTcp, CtlUdp)) else "jsonrpcs"
    protocol = "tcp" if isinstance(address, (CtlTcp, JsonTcp)) else "udp"
    return "%s:%s (%s)" % (protocol, _host_port(address.host, address.port), module)


def _host_port(host: str, port: int) -> str:
    return "%s:%d" % ("[%s]" % host if ":" in host else host, port)
