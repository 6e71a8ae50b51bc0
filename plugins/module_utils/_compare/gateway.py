# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Why calls do not reach a gateway: what a server knows of it, in lines to read."""

from __future__ import annotations

import re
import time
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from .._analysis.routing import Routing, place_of
from .._analysis.watch import Watch, WatchKind, without_pings
from .._dispatcher.attributes import read_attrs
from .._dispatcher.document import Destination
from .._rpc.dispatcher import Running
from .._secrets import mask_secrets
from .._text import quoted, readable_bytes, show
from .compare import Comparison, server_uri

_SERIAL = 8
_NAMED = 5
_WATCHES: Dict[WatchKind, str] = {
    "blind": "none, though they are asked for",
    "once": "until the first one has ended, or been answered",
    "not_asked": "none",
    "watched": "all the time",
    "unknown": "cannot be determined",
}
_STATES = {
    "A": "active, it can get calls",
    "T": "trying, its last pings have failed, and it still gets calls",
    "I": "inactive, it gets no calls: its pings have failed, or it was set so",
    "D": "disabled, it gets no calls until it is enabled",
}
# The host and the port of what follows the scheme and the user.
_HOST = re.compile(rb"(?:sips?:)?(?:[^@;?]*@)?(\[[^]]*\]|[^:;?]*)(?::([0-9]+))?")
_DEFAULT_PORT = b"5060"


def is_meant(gateway: bytes, uri: bytes, duid: Optional[bytes]) -> bool:
    """Return whether a gateway is this destination: by its C(duid), its URI, its host with a port, or its host alone.

    A URI with a user or parameters is only what it is.
    """
    wanted = gateway.strip().lower()
    if wanted in ((duid or b"").lower(), server_uri(uri).lower()):
        return bool(wanted)
    if re.search(rb"[;@?]", wanted):
        return server_uri(wanted).lower() == server_uri(uri).lower()
    host, port = _host_and_port(wanted)
    its_host, its_port = _host_and_port(server_uri(uri).lower())
    return bool(host) and host == its_host and port in (b"", its_port or _DEFAULT_PORT)


def _host_and_port(uri: bytes) -> Tuple[bytes, bytes]:
    found = _HOST.match(uri)
    return (found.group(1), found.group(2) or b"") if found else (b"", b"")


def names_of(gateway: bytes, running: Sequence[Running], compared: Comparison) -> Set[Tuple[int, bytes]]:
    """Return the sets and URIs of the destinations that are a gateway."""
    found = [(each.setid, each.uri, each.duid) for each in running]
    found += [
        (absent.listed.setid, server_uri(absent.listed.uri), duid_of(absent.listed.attrs)) for absent in compared.absent
    ]
    return {(setid, uri) for setid, uri, duid in found if is_meant(gateway, uri, duid)}


class Server(NamedTuple):
    """What is known of a server as a whole: the path of its list, the script, and C(troubles) that concern all.

    C(loaded) is a moment, in seconds since 1970, before which no state of now can have come up.
    """

    list_path: str
    loaded: float
    routing: Routing
    pings_active: bool
    troubles: Tuple[str, ...]


def explain(gateway: bytes, running: Sequence[Running], compared: Comparison, server: Server) -> List[str]:
    """Return what a server does with the destinations that are a gateway, and why, in lines to read."""
    lines: List[str] = []
    listed = {pair.running.start: pair.listed for pair in compared.pairs}
    drift: Dict[Tuple[int, Optional[int]], List[str]] = {}
    for difference in compared.differences:
        drift.setdefault((difference.setid, difference.line), []).append(difference.text)
    serving: Dict[int, List[Running]] = {}
    for destination, watch in zip(running, compared.watches):
        before = serving.setdefault(destination.setid, [])
        if is_meant(gateway, destination.uri, destination.duid):
            seen = watch if server.pings_active else without_pings(watch)
            lines += _of_running(destination, before, seen, listed.get(destination.start), drift, server)
        if destination.letters[0] in "AT":
            before.append(destination)
    for absent in compared.absent:
        if is_meant(gateway, absent.listed.uri, duid_of(absent.listed.attrs)):
            name = _name(absent.listed.setid, absent.listed.uri, duid_of(absent.listed.attrs))
            lines.append("%s: the server does not have it" % name)
            lines.append("  list: %s:%d: %s" % (server.list_path, absent.listed.line, absent.reason))
    if not lines:
        text = "%s is in no set of the server, and not in its list %s"
        lines.append(text % (quoted(gateway, 80), server.list_path))
    return [show(mask_secrets(readable_bytes(line))) for line in (*lines, *server.troubles)]


def duid_of(attrs: bytes) -> Optional[bytes]:
    """Return the C(duid) among attributes, None if there is none or they cannot be read."""
    try:
        return read_attrs(attrs).value(b"duid") or None
    except ValueError:
        return None


def _of_running(
    destination: Running,
    before: Sequence[Running],
    watch: Watch,
    listed: Optional[Destination],
    drift: Mapping[Tuple[int, Optional[int]], Sequence[str]],
    server: Server,
) -> Iterator[str]:
    """Say what is known of a destination; C(before) are those of its set that come before it and can get calls.

    C(drift) is what differs from the list, by the set and the line.
    """
    name = _name(destination.setid, destination.uri, destination.duid)
    yield "%s: %s, %s" % (name, destination.letters, _STATES[destination.letters[0]])
    if destination.letters[0] != "A":
        clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(server.loaded))
        yield "  since: not before %s; no server tells when a state has changed" % clock
    yield "  pings: %s: %s" % (_WATCHES[watch.kind], watch.effect.reason)
    if destination.latency:
        text = "  answers: a round trip of %g ms on average, and %d pings without an answer"
        yield text % (destination.latency.average, destination.latency.timeouts)
    if listed is None:
        yield "  list: %s does not have it, and a reload removes it" % server.list_path
    else:
        yield "  list: %s:%d: flags %d, priority %d" % (server.list_path, listed.line, listed.flags, listed.priority)
        yield from ("  drift: %s" % text for text in drift.get((destination.setid, listed.line), ()))
    yield from ("  calls: %s" % text for text in _calls(destination, before, server.routing))


def _calls(destination: Running, before: Sequence[Running], routing: Routing) -> Iterator[str]:
    """Say what the script and the other destinations of a set leave for one of them."""
    setid = destination.setid
    if routing.complete and not any(choice.setid in (None, setid) for choice in routing.choices):
        yield "no call in the routing script chooses from set %d" % setid
    call = routing.use_of(_SERIAL, setid, None)
    if before and routing.may_use(_SERIAL, setid):
        names = ", ".join("%s (priority %d)" % (quoted(other.uri, 80), other.priority) for other in before[:_NAMED])
        more = ", … and %d more" % (len(before) - _NAMED) if len(before) > _NAMED else ""
        by = "%s chooses by algorithm 8" % place_of(call) if call else "where the script chooses by algorithm 8"
        yield "%s, the first that is not out of service gets all calls, which is before this one: %s%s" % (
            by,
            names,
            more,
        )


def _name(setid: int, uri: bytes, duid: Optional[bytes]) -> str:
    return "set %d, %s%s" % (setid, quoted(uri, 80), " (duid %s)" % quoted(duid, 40) if duid else "")
