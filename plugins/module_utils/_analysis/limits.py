# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Findings about values that a module refuses when it starts.

The sockets of dmq are those of C(mod_init) and C(make_socket_str_from_uri) of Kamailio's src/modules/dmq/dmq.c.
"""

from __future__ import annotations

import re
from typing import Dict, FrozenSet, Iterator, List, Optional, Set

from .._config.limits import CALLED, NAMED, Form, Limit, Named, Variables, forms_of, limits_of, variables_in
from .._config.model import Call, Evaluation, Param
from .._config.parameters import DEVELOPMENT
from .._config.pseudo_variables import FORMAT, PAIRS, WRITABLE, IncompleteError, check_variables
from .._config.requirements import asked_for
from .._text import quoted
from .._versions import Version
from .findings import Finding, found_at
from .setup import read_codes, uses_dns_cache

_DMQ_ADDRESS = re.compile(
    rb"sip:(?:[^@;?]*@)?(?P<host>\[[^\]]*\]|[^:;?]+)(?P<port>:[0-9]{1,5})?(?:;transport=(?P<protocol>\w+))?\Z"
)
_FAILS = "kamailio -c passes, and the next start fails"


def limit_findings(evaluation: Evaluation, version: Optional[Version]) -> Iterator[Finding]:
    """Yield the numbers and the pseudo-variables that a module refuses, each once."""
    # Of the development branch no name is certain to be all.
    known = version or DEVELOPMENT
    loaded = {load.name for load in evaluation.loads}
    seen: Set[Param] = set()
    for load in evaluation.loads:
        for limit in limits_of(load.name, known):
            param = evaluation.param(limit.of or load.name, limit.parameter)
            if param and param not in seen and asked_for(evaluation, load.name, limit.when):
                for finding in _number(param, limit):
                    seen.add(param)
                    yield finding
        for form in forms_of(load.name, known):
            for name in form.parameters.split():
                yield from _text(evaluation.param(load.name, name), form)
        for row in variables_in(load.name, known):
            for name in row.parameters.split():
                param = evaluation.param(load.name, name)
                if param and asked_for(evaluation, load.name, row.when):
                    yield from _variable(param, row, loaded, known)


def socket_findings(evaluation: Evaluation) -> Iterator[Finding]:
    """Yield the sockets of modules other than dispatcher on which the server does not listen."""
    for module, name in (("dmq", "server_socket"), ("dmq", "server_address"), ("uac", "default_socket")):
        param = evaluation.param(module, name) if evaluation.load(module) else None
        if not param or not isinstance(param.value, bytes) or not param.value:
            continue
        text: bytes = param.value
        if name == "server_address":
            address = _DMQ_ADDRESS.match(text)
            if not address or evaluation.param(module, "server_socket"):
                continue
            text = (address.group("protocol") or b"udp") + b":" + address.group("host") + (address.group("port") or b"")
        lack = evaluation.sockets.lacks(text)
        if lack:
            said = "the server does not listen on %s, the %s of %s (%s): %s"
            yield found_at(
                "default-socket-not-listened", param.place, said % (quoted(text, 60), name, module, lack, _FAILS)
            )


def other_findings(evaluation: Evaluation, version: Optional[Version]) -> Iterator[Finding]:
    """Yield values that a module refuses for a reason of its own."""
    if evaluation.load("tm") and (version or DEVELOPMENT).release >= (5, 7):
        yield from _codes(evaluation)
    if evaluation.load("call_obj"):
        yield from _objects(evaluation)
    record = evaluation.param("corex", "dns_cache") if evaluation.load("corex") else None
    if record and not uses_dns_cache(evaluation):
        text = "dns_cache of corex adds to the DNS cache of the server, which is off: %s" % _FAILS
        yield found_at("parameter-value", record.place, text)


def _codes(evaluation: Evaluation) -> Iterator[Finding]:
    codes = evaluation.param("tm", "failover_reply_codes")
    if not codes or not isinstance(codes.value, bytes):
        return
    try:
        read_codes(codes.value)
    except ValueError as exc:
        text = "failover_reply_codes %s of tm cannot be read, %s: %s" % (quoted(codes.value, 60), exc, _FAILS)
        yield found_at("parameter-value", codes.place, text)


def _objects(evaluation: Evaluation) -> Iterator[Finding]:
    """C(cobj_init) of Kamailio's src/modules/call_obj/cobj.c."""
    first, last = evaluation.param("call_obj", "start"), evaluation.param("call_obj", "end")
    if not first or not last or not isinstance(first.value, int) or not isinstance(last.value, int):
        return
    if not first.value or not last.value or first.value > last.value:
        text = "call_obj takes numbers other than 0 from its start to its end, and not %d to %d: %s"
        yield found_at("parameter-value", last.place, text % (first.value, last.value, _FAILS))


def call_findings(evaluation: Evaluation) -> Iterator[Finding]:
    """Yield calls that name what no parameter defines, or that need a parameter that is not set, each once."""
    calls: Dict[str, List[Call]] = {}
    for call in evaluation.calls:
        calls.setdefault(call.name, []).append(call)
    for row in NAMED:
        if evaluation.load(row.module) and not evaluation.param(row.module, row.elsewhere):
            yield from _undefined(evaluation, row, [call for name in row.functions for call in calls.get(name, ())])
    for needed in CALLED:
        there = calls.get(needed.function)
        param = evaluation.param(needed.module, needed.parameter)
        if there and evaluation.load(needed.module) and (not param or param.value == b""):
            text = "%s needs the parameter %s of %s, which is not set: %s"
            remedy = 'Set it, such as modparam("%s", "%s", %s)' % (needed.module, needed.parameter, needed.example)
            said = text % (needed.function, needed.parameter, needed.module, _FAILS)
            yield found_at("call-undefined", there[0].place, said, remedy)


def _undefined(evaluation: Evaluation, row: Named, calls: List[Call]) -> Iterator[Finding]:
    values = [param.value for param in evaluation.all_params(row.module, row.parameter)]
    defined: FrozenSet[bytes] = frozenset(
        value.partition(row.mark)[0].strip() if row.mark in value else row.default
        for value in values
        if isinstance(value, bytes)
    )
    if len([value for value in values if isinstance(value, bytes)]) < len(values):
        return
    seen: Set[bytes] = set()
    for call in calls:
        name = call.args[0] if call.args else None
        if not name or b"$" in name or name in defined or name in seen or (row.default and not name.isdigit()):
            continue
        seen.add(name)
        text = "%s names the %s %s, which no %s of %s defines: %s"
        said = text % (call.name, row.what, quoted(name, 40), row.parameter, row.module, _FAILS)
        yield found_at("call-undefined", call.place, said)


def _number(param: Param, limit: Limit) -> Iterator[Finding]:
    if not isinstance(param.value, int) or limit.accepts(param.value):
        return
    takes = "%s of %s takes %s%s" % (limit.parameter, limit.of or limit.module, _in_words(limit), _why(limit))
    if limit.doubtful and limit.doubtful[0] <= param.value <= limit.doubtful[1]:
        text = "%s: whether the server starts with %d cannot be told" % (takes, param.value)
        yield found_at("parameter-doubtful", param.place, text, "Set it to such a number")
    else:
        yield found_at("parameter-value", param.place, "%s, and not %d: %s" % (takes, param.value, _FAILS))


def _why(limit: Limit) -> str:
    """Which parameters it depends on, empty if on none."""
    names = ["%s of %s" % (when.parameter, limit.module) if limit.of else when.parameter for when in limit.when]
    return " with this %s" % " and ".join(names) if names else ""


def _in_words(limit: Limit) -> str:
    if limit.powers:
        return "a power of 2"
    if limit.bits:
        return "a number that has one of the bits of %d" % limit.bits
    if limit.least is None or limit.most is None:
        span = "%d or more" % limit.least if limit.least is not None else "up to %d" % (limit.most or 0)
    elif limit.least == limit.most:
        span = "%d" % limit.least
    else:
        span = "%d to %d" % (limit.least, limit.most)
    return " or ".join([*(str(number) for number in limit.also if number >= 0), span])


def _text(param: Optional[Param], form: Form) -> Iterator[Finding]:
    if param and isinstance(param.value, bytes) and not form.form.match(param.value):
        shown = quoted(param.value, 40) or "''"
        text = "%s of %s takes %s, and not %s: %s" % (param.name, form.module, form.words, shown, _FAILS)
        yield found_at("parameter-value", param.place, text)


def _variable(param: Param, row: Variables, loaded: Set[str], version: Version) -> Iterator[Finding]:
    if not isinstance(param.value, bytes) or (not param.value and row.can_be_empty):
        return
    try:
        if not param.value and row.kind in (FORMAT, PAIRS):
            raise ValueError("is empty")
        check_variables(param.value, row.kind, loaded, version)
    except ValueError as exc:
        if row.lenient and isinstance(exc, IncompleteError):
            return
        said = "%s %s %s: %s" % (param.name, quoted(param.value, 60) or "''", exc, _FAILS)
        need = "" if "pv" in loaded else 'Put loadmodule "pv.so" into the configuration, and name '
        written = " that can be written" if row.kind == WRITABLE else ""
        example = (
            "$fU" if row.kind in (FORMAT, PAIRS) else "$avp(%s)" % (param.name[:5] if row.kind == WRITABLE else "x")
        )
        remedy = (need or "Name ") + "a pseudo-variable%s, such as %s" % (written, example)
        yield found_at("pseudo-variable-bad", param.place, said, remedy)
