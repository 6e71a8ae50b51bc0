# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.


"""What a configuration says about the probing of the dispatcher module, read as its start reads it.

The server's side of it is C(mod_init) and C(ds_parse_reply_codes) of Kamailio's src/modules/dispatcher/dispatcher.c.
"""

from __future__ import annotations

import re
from typing import Collection, Iterator, List, Literal, NamedTuple, Optional, Sequence

from .._config.model import Evaluation, Load, Param, Place
from .._config.sockets import Sockets
from .._config.values import parse_number
from .._dispatcher.attributes import Attribute, Attributes, read_attrs
from .._dispatcher.document import leading_int
from .._text import quoted
from .._versions import Version
from .findings import Finding, found_at
from .modules import NO_SCHEME, WRITE_URL
from .routing import UNREAD, Routing, read_routing

# Bits of ds_dns_mode.
DNS_AT_LOAD, DNS_ALWAYS, DNS_BY_TIMER, DNS_SRV = 1, 2, 4, 8
MODE_ALL, MODE_INACTIVE, MODE_FLAGGED = 1, 2, 3
# tm's defaults, in milliseconds, and the ticks in which dispatcher gives tm a timeout of its own.
FR_TIMER, MAX_LIFETIME = 30000, 32000
TICKS_PER_SECOND = 16
_BLANKS = re.compile(rb"(?<=[;=])[ \t\r\n]+|(?<![ \t\r\n])[ \t\r\n]+(?=[;=])")
_QUOTED = re.compile(rb"\"[^\"]*\"|'[^']*'")
# What counts as an answer without being named.
_SUCCESS = b"class=2"
# The code with which tm says that no answer has come.
TIMEOUT = 408
_METHOD = re.compile(rb"[A-Z][A-Z0-9._!%*+`'~-]*\Z")
# Requests that open or end something, or that nobody answers.
_NO_PINGS = (b"INVITE", b"ACK", b"CANCEL", b"BYE", b"PRACK", b"UPDATE", b"REGISTER", b"SUBSCRIBE", b"PUBLISH", b"REFER")
_SIP_URI = re.compile(rb"(?i)sips?:[^\s<>\"]+\Z")
# Where tm is loaded: before dispatcher, after it, or nowhere.
TmState = Literal["first", "late", "missing"]


class Resolver(NamedTuple):
    """How the server finds hosts: whether C(at_load), by C(ds_dns_mode), and whether by its own cache.

    The C(cache) asks name servers only, and without it short addresses such as 127.1 are found too.
    """

    at_load: bool = True
    cache: bool = True


USUAL_RESOLVER = Resolver()


_NOT_SET = "ds_ping_interval is not set"


class Setup(NamedTuple):
    """What the configuration says about probing.

    C(obstacle) is why the list is not even used, None if it is; C(tm) is the state of tm, C(interval) in seconds (0 for
    none), C(answers) how many an inactive destination must give, C(lacks) is the parameter that is empty and lets no
    ping be built, C(proxy) the C(outbound_proxy), None if there is none; C(no_interval) is why there is no interval.
    C(strict) is where C(ds_load_mode) 1 is set, C(database) where C(db_url) is. C(routing) is what the script does.
    """

    obstacle: Optional[str]
    tm: TmState
    interval: int
    mode: int
    answers: int
    lacks: Optional[str]
    proxy: Optional[bytes]
    sockets: Sockets
    version: Version
    resolver: Resolver = USUAL_RESOLVER
    strict: Optional[Place] = None
    database: Optional[Place] = None
    routing: Routing = UNREAD
    no_interval: str = _NOT_SET


def read_setup(evaluation: Evaluation, version: Version) -> Setup:
    """The set-up of a configuration, as if the server started with it."""
    empty = [name for name in ("ds_ping_from", "ds_ping_method") if text_of(evaluation, name) == b""]
    return Setup(
        obstacle=_obstacle(evaluation),
        tm=tm_state(evaluation),
        interval=interval_of(evaluation),
        mode=number_of(evaluation, "ds_probing_mode", 0),
        answers=max(1, number_of(evaluation, "ds_inactive_threshold", 1)),
        lacks=empty[-1] if empty else None,
        proxy=text_of(evaluation, "outbound_proxy"),
        sockets=evaluation.sockets,
        version=version,
        resolver=_resolver(evaluation),
        strict=_place_of(evaluation, "ds_load_mode") if number_of(evaluation, "ds_load_mode", 0) == 1 else None,
        database=_place_of(evaluation, "db_url"),
        routing=read_routing(evaluation),
        no_interval=no_interval(evaluation),
    )


def _resolver(evaluation: Evaluation) -> Resolver:
    at_load = number_of(evaluation, "ds_dns_mode", DNS_AT_LOAD) & (DNS_AT_LOAD | DNS_BY_TIMER)
    return Resolver(bool(at_load), uses_dns_cache(evaluation))


def _place_of(evaluation: Evaluation, name: str) -> Optional[Place]:
    param = evaluation.param("dispatcher", name)
    return param.place if param else None


def _obstacle(evaluation: Evaluation) -> Optional[str]:
    if not evaluation.load("dispatcher"):
        return "the dispatcher module is not loaded"
    if evaluation.param("dispatcher", "db_url"):
        return "the server reads its database, not this file"
    return None


def number_of(evaluation: Evaluation, name: str, default: int) -> int:
    """A parameter of dispatcher that is a number."""
    param = evaluation.param("dispatcher", name)
    return param.value if param and isinstance(param.value, int) else default


def text_of(evaluation: Evaluation, name: str) -> Optional[bytes]:
    """A parameter of dispatcher that is a string, None where it is not set or not known."""
    param = evaluation.param("dispatcher", name)
    return param.value if param and isinstance(param.value, bytes) else None


def interval_of(evaluation: Evaluation) -> int:
    """The C(ds_ping_interval) in seconds, 0 for none."""
    return max(0, number_of(evaluation, "ds_ping_interval", 0))


def no_interval(evaluation: Evaluation) -> str:
    """Why nothing is pinged where C(interval_of) is 0."""
    value = number_of(evaluation, "ds_ping_interval", 0)
    return "ds_ping_interval is %d" % value if evaluation.param("dispatcher", "ds_ping_interval") else _NOT_SET


def tm_state(evaluation: Evaluation) -> TmState:
    """Where tm is loaded: C(first) (before dispatcher), C(late) or C(missing)."""
    return tm_state_of([load.name for load in evaluation.loads])


def tm_state_of(names: Sequence[str]) -> TmState:
    """The same for the names of modules in the order in which they were loaded."""
    if "tm" not in names:
        return "missing"
    return "late" if "dispatcher" in names and names.index("tm") > names.index("dispatcher") else "first"


def setup_findings(evaluation: Evaluation, dispatcher: Load) -> List[Finding]:
    """What is wrong with the parameters of dispatcher, which is loaded."""
    return [
        *_start(evaluation),
        *_database(evaluation, dispatcher),
        *_default_sockets(evaluation),
        *_reply_codes(evaluation),
        *_pings(evaluation),
        *_timing(evaluation),
    ]


def _start(evaluation: Evaluation) -> Iterator[Finding]:
    """The need for tm: C(load_tm_api) is called only with an interval."""
    interval = evaluation.param("dispatcher", "ds_ping_interval")
    if not interval or not interval_of(evaluation):
        return
    state, tm = tm_state(evaluation), evaluation.load("tm")
    if not tm:
        text = "ds_ping_interval is %d and tm is not loaded: kamailio -c passes, and the next start fails"
        yield found_at("interval-without-tm", interval.place, text % interval_of(evaluation))
    elif state == "late":
        text = (
            "tm is loaded after dispatcher, which needs it for ds_ping_interval %d: kamailio -c passes, and the next "
            "start fails"
        )
        yield found_at("tm-after-dispatcher", tm.place, text % interval_of(evaluation))


def _database(evaluation: Evaluation, dispatcher: Load) -> Iterator[Finding]:
    param = evaluation.param("dispatcher", "db_url")
    if not param or not isinstance(param.value, bytes):
        return
    scheme = param.value.split(b":")[0]
    if scheme and b":" not in param.value:
        yield found_at("database-module-missing", param.place, "db_url names no database: " + NO_SCHEME, WRITE_URL)
        return
    name = "db_" + quoted(scheme, 20)
    load = evaluation.load("db_" + scheme.decode("utf-8", "backslashreplace"))
    if not load:
        text = "db_url needs the module %s, which is not loaded: kamailio -c passes, and the next start fails"
        yield found_at("database-module-missing", param.place, text % name)
    elif name == "db_text" and evaluation.loads.index(load) > evaluation.loads.index(dispatcher):
        text = "db_text is loaded after dispatcher, whose db_url needs it: kamailio -c passes, and the next start fails"
        yield found_at("database-module-missing", load.place, text)


def _default_sockets(evaluation: Evaluation) -> Iterator[Finding]:
    sockets = evaluation.sockets
    named = _set(evaluation, "ds_default_sockname")
    if named and not sockets.may_be_named(_value(named)):
        text = "no listen of the configuration has the name %s: kamailio -c passes, and the next start fails"
        yield found_at("default-socket-not-listened", named.place, text % quoted(_value(named), 60))
    for name in ("ds_default_socket", "ds_ping_socket"):
        param = _set(evaluation, name)
        lack = sockets.lacks(_value(param)) if param and not (named and name == "ds_default_socket") else None
        if param and lack:
            text = "the server does not listen on %s, the %s (%s): kamailio -c passes, and the next start fails"
            yield found_at("default-socket-not-listened", param.place, text % (quoted(_value(param), 60), name, lack))


def _set(evaluation: Evaluation, name: str) -> Optional[Param]:
    """A parameter that is set to a string that is not empty."""
    return evaluation.param("dispatcher", name) if text_of(evaluation, name) else None


def _value(param: Param) -> bytes:
    return param.value if isinstance(param.value, bytes) else b""


def _reply_codes(evaluation: Evaluation) -> Iterator[Finding]:
    param = _set(evaluation, "ds_ping_reply_codes")
    if not param:
        return
    text = _value(param)
    try:
        codes = read_codes(text)
    except ValueError as exc:
        said = "ds_ping_reply_codes %s cannot be read, %s: kamailio -c passes, and the next start fails"
        yield found_at("reply-codes-broken", param.place, said % (quoted(text, 60), exc))
        return
    counted = {_SUCCESS, *(b"%s=%d" % (code.name.lower(), _code_of(code)) for code in codes.found if _code_of(code))}
    ignored = [_written(code) for code in codes.found if not _code_of(code)]
    ignored = [part for part in ignored if not _counts_anyway(part, counted)]
    rest = _plain(text)[codes.end :]
    if any(not _counts_anyway(part, counted) for part in rest.split(b",") if part):
        ignored.append(rest)
    if ignored:
        said = "the server ignores %s in ds_ping_reply_codes: a destination that answers so counts as dead"
        said += ", unless with 2xx"
        yield found_at("reply-codes-ignored", param.place, said % quoted(b" and ".join(ignored), 80))
    timeouts = [_written(code) for code in codes.found if _code_of(code) in (4, TIMEOUT)]
    if timeouts and interval_of(evaluation):
        said = "%s in ds_ping_reply_codes takes the 408 that tm makes of no answer for an answer: no destination that "
        said += "does not answer is ever marked as down"
        yield found_at("reply-codes-hide-timeouts", param.place, said % quoted(b" and ".join(timeouts), 60))


def _written(code: Attribute) -> bytes:
    return code.name if code.value is None else code.name + b"=" + code.value


def _counts_anyway(part: bytes, counted: Collection[bytes]) -> bool:
    """Whether the answers that are meant count always, such as a bare C(200), or by a part that is not ignored."""
    name, _equals, value = part.lower().rpartition(b"=")
    if value.isdigit() and len(value) == 3 and b"class=" + value[:1] in counted:
        return True
    return b"%s=%s" % (name or b"code", value) in counted


def _plain(text: bytes) -> bytes:
    return _BLANKS.sub(b"", text.strip(b" \t\r\n"))


def uses_dns_cache(evaluation: Evaluation) -> bool:
    """Whether the server has a DNS cache of its own and uses it."""
    # An unknown value is no reason to say that it does not.
    return all(parse_number(evaluation.settings.get(name, b"yes")) != 0 for name in ("use_dns_cache", "dns_cache_init"))


def read_codes(text: bytes) -> Attributes:
    """C(ds_ping_reply_codes) as the server splits them. Raises ValueError with the reason if it does not start."""
    plain = _plain(text)
    if plain and text[:1].isspace():
        raise ValueError("it begins with white space")
    if plain.endswith(b";"):
        raise ValueError("nothing follows its last semicolon")
    if re.search(rb"[ \t\r\n]", _QUOTED.sub(b"", plain)):
        raise ValueError("white space stands where a semicolon is due")
    return read_attrs(plain)


def _code_of(code: Attribute) -> int:
    """The reply code or class that the server takes from an entry, 0 for none."""
    number, name = leading_int(code.value or b""), code.name.lower()
    counts = (name == b"code" and 100 <= number < 700) or (name == b"class" and 1 <= number < 7)
    return number if counts else 0


def counts_as_answer(evaluation: Evaluation, code: int) -> bool:
    """Whether a destination that answers a ping with this code counts as alive."""
    if code // 100 == 2:
        return True
    try:
        codes = read_codes(text_of(evaluation, "ds_ping_reply_codes") or b"").found
    except ValueError:
        return False
    return any(_code_of(entry) in (code, code // 100) for entry in codes)


def _pings(evaluation: Evaluation) -> Iterator[Finding]:
    """The requests that are sent; empty ones cannot be, which is a matter of each destination."""
    sender, method = _set(evaluation, "ds_ping_from"), _set(evaluation, "ds_ping_method")
    if not interval_of(evaluation):
        return
    if sender and not _SIP_URI.match(_value(sender).rpartition(b"<")[2].partition(b">")[0]):
        text = "ds_ping_from %s is not a SIP URI, and the server writes it into the From of every ping unchanged"
        yield found_at("ping-from-odd", sender.place, text % quoted(_value(sender), 60))
    if method and (not _METHOD.match(_value(method)) or _value(method) in _NO_PINGS):
        text = "ds_ping_method %s is sent unchanged, and is not a request that only checks whether the peer answers"
        yield found_at("ping-method-odd", method.place, text % quoted(_value(method), 60))


def _timing(evaluation: Evaluation) -> Iterator[Finding]:
    interval = evaluation.param("dispatcher", "ds_ping_interval")
    timeout = ping_timeout(evaluation)
    if interval and timeout is not None and 0 < interval_of(evaluation) < timeout:
        text = (
            "a ping counts as unanswered only after %g s, though the next one follows after %d s: a dead destination "
            "is noticed that much later"
        )
        yield found_at("interval-shorter-than-timeout", interval.place, text % (timeout, interval_of(evaluation)))


def ping_timeout(evaluation: Evaluation) -> Optional[float]:
    """After how many seconds a ping counts as unanswered, None where that is not known."""
    own = [
        param
        for param in evaluation.all_params("dispatcher")
        if param.name in ("ds_ping_fr_timer", "ds_ping_fr_timeout")
    ]
    of_tm = [
        evaluation.param("tm", name) or default
        for name, default in (("fr_timer", FR_TIMER), ("max_noninv_lifetime", MAX_LIFETIME))
    ]
    answer, lifetime = (setting.value if isinstance(setting, Param) else setting for setting in of_tm)
    if not isinstance(answer, int) or not isinstance(lifetime, int) or (own and not isinstance(own[-1].value, int)):
        return None
    ticks = own[-1].value if own else 0
    seconds = ticks / TICKS_PER_SECOND if isinstance(ticks, int) and ticks > 0 else answer / 1000
    return min(seconds, lifetime / 1000)
