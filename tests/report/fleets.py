# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fleets for the page: one on which everything is wrong, one whose files were written by an enemy, and large ones."""

from __future__ import annotations

import random
from typing import Any

from report.made_up import files, finding, healthy, listed, running, server, silent

IMAGE = "<img src=x onerror=\"document.title='owned'\">"
EVIL = "</script><script>document.title='owned'</script>" + IMAGE
BROKEN = "a\u2028b\u2029c\u0000d\u202ee\ufffdf\u007fg\u00adh\u180ei\U000e0041"
TEMPLATE = "{{ 6 * 7 }}{% raw %}<!--"
NO_FLAG = "it has no P flag (8), and ds_probing_mode 0 probes only with it"


def uris(net: str, count: int) -> list[str]:
    return ["sip:10.%s.%d:5060" % (net, index + 1) for index in range(count)]


def _drift(kind: str, uri: str, text: str, line: int | None = None, setid: int = 1) -> dict[str, Any]:
    return {"kind": kind, "setid": setid, "uri": uri, "line": line, "text": text}


def _blind() -> Any:
    """Before Kamailio 6.1: flags that nothing obeys, on the four gateways of set 1 that have them."""
    asked, others = uris("1.1", 4), uris("1.2", 6)
    found = [
        finding(line=index + 2, destination="set 1, " + uri, source="1 %s 8" % uri) for index, uri in enumerate(asked)
    ]
    unprobed = [_drift("unprobed", uri, "it shows AP and nothing probes it: tm is not loaded", 2) for uri in asked]
    rows = [listed(1, uri, 8, "never", index + 2) for index, uri in enumerate(asked)]
    rows += [listed(2, uri, 0, "never", index + 6, reason=NO_FLAG) for index, uri in enumerate(others)]
    verdict = files(*rows, findings=found, kamailio_version="5.6.3")
    runs = [running(1, uri, "AP", "never") for uri in asked]
    runs += [running(2, uri, "AX", "never", reason=NO_FLAG) for uri in others]
    return verdict, server(*runs, rows=rows, drift=unprobed, kamailio_version="5.6.3")


def _cleared() -> Any:
    """Kamailio 6.1, which clears flags that it cannot obey: nothing shows them but the list."""
    asked = uris("3.1", 2)
    rest = uris("3.2", 2)
    rows = [listed(1, uri, 8, "never", reason="ds_ping_interval is not set") for uri in asked]
    found = [finding("probing-without-interval", destination="set 1, " + uri) for uri in asked]
    runs = [running(1, uri, "AX", "never", reason="ds_ping_interval is not set", watch="blind") for uri in asked]
    runs += [running(3, uri, "AX", "never", reason="ds_ping_interval is not set") for uri in rest]
    rows += [listed(3, uri, 0, "never", reason="ds_ping_interval is not set") for uri in rest]
    return files(*rows, findings=found), server(*runs, rows=rows)


def _once() -> Any:
    """Two that have answered, and are not watched any more, and one that has not."""
    waiting, *answered = uris("4.1", 3)
    rows = [listed(1, uri, 8, "until_first_answer") for uri in (waiting, *answered)]
    runs = [running(1, waiting, "AP", "until_first_answer")]
    cleared = "no more: its first answer has cleared its P flag"
    runs += [running(1, uri, "AX", "never", reason=cleared, watch="once") for uri in answered]
    note = finding("probing-until-first-answer", "note", text="the first answer ends its probing")
    return files(*rows, findings=[note]), server(*runs, rows=rows, drift=[_drift("state", answered[0], "AX for AP", 4)])


def _down() -> Any:
    found = uris("5.1", 5)
    letters = ["AP", "IP", "IP", "DX", "TP"]
    effects = ["continuously"] * 3 + ["never", "continuously"]
    latency = {"average": 1.25, "deviation": 0.1, "estimate": 1.2, "maximum": 3, "timeouts": 7}
    runs = [running(2, uri, *both, latency=latency) for uri, both in zip(found, zip(letters, effects))]
    runs[3]["reason"] = "flag 4 (disabled) switches its probing off"
    rows = [listed(2, uri) for uri in found]
    return files(*rows), server(*runs, rows=rows)


def _differs() -> Any:
    kept, missing, extra = uris("6.1", 3)
    drift = [
        _drift("missing", missing, "it is in the list and does not run", 4),
        _drift("extra", extra, "it runs and does not stand in the list"),
        _drift("priority", kept, "the list says priority 10, and it runs with 5", 3),
    ]
    runs = [running(1, kept, priority=5), running(1, extra)]
    rows = [listed(1, kept), listed(1, missing, line=4)]
    return files(*rows), server(*runs, rows=rows, drift=drift, reload_due=True)


def _stopped() -> Any:
    verdict, runs = healthy(4, 2, "10.8.1", pings_active=False)
    for destination in runs["destinations"]:
        destination.update(watch="blind", effect="never", reason="pings are stopped with dispatcher.ping_active")
    return verdict, runs


def _edited() -> Any:
    reason = (
        "the configuration was changed after the start of the server: /etc/kamailio/kamailio.cfg (40 minutes later)"
    )
    return files(), healthy(2, 1, "10.8.2", restart_reasons=[reason])[1]


def mixed() -> dict[str, Any]:
    """A host for each thing that can be wrong, and three on which nothing is."""
    dead = finding(
        "interval-without-tm",
        "error",
        file="/etc/kamailio/kamailio.cfg",
        line=22,
        column=1,
        text="ds_ping_interval is 1 and tm is not loaded: kamailio -c passes, and the next start fails",
        remedy='Put loadmodule "tm.so" before the dispatcher module, or take ds_ping_interval out',
        source='modparam("dispatcher", "ds_ping_interval", 1)',
    )
    why = "the server does not start"
    will_not = silent(False, *(listed(1, uri, 8, "never", reason=why) for uri in uris("9.1", 2)), findings=[dead])
    still_runs = (files(*will_not[0]["probing"], findings=[dead], will_start=False), healthy(2, 1, "10.9.1")[1])
    return {
        "fra-proxy1": will_not,
        "fra-proxy2": still_runs,
        "fra-proxy3": _blind(),
        "ber-edge1": _cleared(),
        "ber-edge2": _once(),
        "ber-edge3": _down(),
        "ber-edge4": _differs(),
        "ham-edge1": None,
        "ham-edge2": silent(True, *(listed(1, uri) for uri in uris("7.1", 3))),
        "ham-edge3": _stopped(),
        "ham-edge4": (
            {"failed": True, "msg": "/etc/kamailio/kamailio.cfg: is not there"},
            {"failed": True, "msg": "-"},
        ),
        "ham-edge5": (
            files(listed(1, uris("7.2", 1)[0])),
            {"failed": True, "msg": "db_url is set", "kamailio_version": "6.0.1"},
        ),
        "ham-edge6": _edited(),
        "muc-edge1": healthy(12, 3, "10.2.1"),
        "muc-edge2": healthy(12, 3, "10.2.2"),
        "muc-edge10": healthy(12, 3, "10.2.3"),
    }


def hostile() -> dict[str, Any]:
    """Every text of a result that comes out of a file, with markup, scripts, templates and odd characters in it."""
    fields = ("text", "remedy", "source", "destination", "file", "rule")
    evil = finding(severity="warning", **{name: name + EVIL + BROKEN + TEMPLATE for name in fields})
    uri = "sip:" + EVIL + BROKEN + TEMPLATE
    attrs = 'duid="' + EVIL + "';" + BROKEN + TEMPLATE
    row = running(1, uri, "AP", "never", attrs=attrs, reason="why" + EVIL)
    drift = [_drift("extra", uri, "text" + EVIL + BROKEN + TEMPLATE)]
    rows = [listed(1, destination, 8, "never", reason="why" + EVIL) for destination in (uri, uri + EVIL)]
    shown = files(*rows, findings=[evil], kamailio_version="6.1" + IMAGE)
    return {
        "evil" + IMAGE: (shown, server(row, rows=rows, drift=drift, kamailio_version="6.1" + IMAGE)),
        "__proto__": ({"failed": True, "msg": EVIL + BROKEN + TEMPLATE}, {"failed": True, "msg": EVIL}),
        "constructor": healthy(2, 1),
    }


def unwatched() -> dict[str, Any]:
    """Hosts on which nothing is wrong but that a destination may be blind, and hosts of which only files are known."""
    uri, disabled = uris("8.8", 2)
    asked = [listed(1, uri, 8, "never"), listed(1, disabled, 12, "never", letters="DP", watch="not_asked")]
    runs = [running(1, uri, "IX", "never", watch="blind"), running(1, disabled, "DP", "never", watch="not_asked")]
    return {
        "blind": (files(*asked), server(*runs, rows=asked)),
        "disabled": (files(asked[1]), server(dict(runs[1]), rows=asked[1:])),
        "not-in-the-server": (files(*asked), server(rows=asked)),
        "silent": silent(True, *asked),
        "dead": silent(False, *asked),
        "lost": (files(*asked), None),
        "well": healthy(),
    }


def large(hosts: int, destinations: int, sets: int = 10) -> dict[str, Any]:
    """A fleet on which some hosts have some of the troubles."""
    chance = random.Random(7)
    found: dict[str, Any] = {}
    for number in range(hosts):
        verdict, runs = healthy(destinations, sets, "10.%d.%d" % (number // 250, number % 250))
        trouble = chance.random()
        if trouble < 0.06:
            bad = chance.sample(range(destinations), max(1, destinations // 5))
            for index in bad:
                for row in (verdict["probing"][index], runs["destinations"][index]):
                    row.update(effect="never", reason="tm is not loaded", watch="blind")
            named = [runs["destinations"][index] for index in bad]
            verdict["findings"] = [
                finding(destination="set %d, %s" % (destination["setid"], destination["uri"])) for destination in named
            ]
            runs["drift"] = [
                _drift(
                    "unprobed",
                    destination["uri"],
                    "it shows AP and nothing probes it: tm is not loaded",
                    3,
                    destination["setid"],
                )
                for destination in named
            ]
        elif trouble < 0.16:
            for index in chance.sample(range(destinations), max(1, destinations // 12)):
                runs["destinations"][index].update(letters="IP", flags=9)
        elif trouble < 0.19:
            destination = runs["destinations"][-1]
            runs["drift"] = [
                _drift(
                    "priority",
                    destination["uri"],
                    "the list says priority 0, and it runs with 10",
                    3,
                    destination["setid"],
                )
            ]
        elif trouble < 0.21:
            verdict, runs = silent(False, *verdict["probing"], findings=[finding("interval-without-tm", "error")])
        name = "%s-edge%d" % (("fra", "ber", "ham", "muc")[number % 4], number // 4 + 1)
        found[name] = None if trouble > 0.99 else (verdict, runs)
    return found
