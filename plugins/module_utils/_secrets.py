# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Secrets in texts: found by their pattern or by the name of what has them, and masked at their place."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Dict, Iterator, List, Match, NamedTuple, Pattern

MASK = b"********"

# The parts of a name that tell of a secret, and names that hold one of them and are none: parameters of Kamailio that
# name a column or a variable, numbers, and words such as bypass.
_SECRET_NAME = re.compile(
    rb"passw|passphrase|secret|token|(?<!load_)credential|community|authparam|xkey"
    rb"|(?:private|mask|auth|api|netio|access|shared|sign|signing|signature|encrypt|encryption|decrypt|decryption"
    rb"|cipher|crypto|master|session)_?key"
    rb"|(?:_|db)pass(?:$|_)|^pass_(?!provisional)|(?:^|_|db)pwd?_"
    rb"|(?<!by)(?<!com)(?<!tres)(?<!over)(?<!under)(?<!multi)(?<!single)(?<!first)(?<!second)(?<!one)(?<!two)pass[0-9]*$"
    rb"|(?:pwd?|psk)[0-9]*$|(?:^|_)psk_|(?:^|_)hmac(?:$|_)|(?<!calculate_)(?<!check_all_)ha1b?$",
    re.IGNORECASE,
)
_NOT_SECRET_NAME = re.compile(
    rb"_(?:columns?|cols?|table|field|avp|attr|attribute|pvar|param|header|hdr|name|file|dir|path|url|type|format|scheme"
    rb"|size|mode|len|length|expires?|expiry|ttl|interval|timeout|count|limit|enabled?|disabled?|required)(?:_?[0-9]+)?$",
    re.IGNORECASE,
)
# Values under the name of a secret that are none: nothing at all, a switch, what a template puts in, and a file.
_NOT_SECRET_VALUE = re.compile(
    rb"""(?:[01]|yes|no|on|off|true|false|none|null|\$null|enabled?|disabled?|\{\{[^"'{}]*\}\}"""
    rb"|/(?:etc|usr|var|run|opt|srv|home|root)/[\w./-]+|\.{0,2}/[\w./-]+\.(?:pem|key|crt))?"
    rb"(?:\s+(?:\#|//|/\*).*)?\Z",
    re.IGNORECASE | re.DOTALL,
)
# Every text that has something to mask holds one of these, in capitals or not.
HINTS = ("@", "pass", "pw", "psk", "secret", "token", "cred", "key", "hmac", "ha1", "communit", "authparam", "authoriz")
# Values that are told of one text: far more than are ever masked everywhere, and so few that they take little memory.
_MOST_FOUND = 10_000
# How often all of a text may be looked at in values that are no secrets and have others in them; then they are masked.
_MOST_PASSES = 20
_HINTS = tuple(hint.encode() for hint in HINTS)

# user:password@ in a URL. In quotes the password may hold anything, elsewhere it ends at the first white space. Strings
# that follow each other are one; a quote that nothing closes goes on to the end of its line.
_STRINGS = re.compile(rb'(?:"(?:[^"\\\n]|\\.)*"?\s*)+', re.DOTALL)
_WORDS = re.compile(rb"'[^'\n]*'?|[^\s\"']+")
_USER = re.compile(rb"://[^\s:/]*:")

_GAP = rb"\s*(?:(?:/\*(?:(?!\*/).){0,500}\*/|(?:\#|//)[^\n]{0,500}\n)\s*){0,10}"
# A quote that nothing closes goes on to the end of the line here as well, unless nothing but punctuation follows it.
_QUOTED = rb"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|["'](?=[^\s"');,\]}])[^\n]*)"""
# A value without quotes. A comma or an ampersand belongs to it unless it ends it, or the next name=value follows. A
# quote belongs to it between other characters, and a quote behind backslashes unless it ends a string.
_BARE = (
    rb"""(?:[^;,&"'\s\\]|[,&](?!\s|\Z|[\w.-]{1,100}[ \t]*=)|(?<=[^\s=])["'](?=\w)"""
    rb"""|\\(?!\\{0,8}["'](?:[\s,;:}\])]|\Z))[^\n])"""
)
# A word that ends a line, or an entry in brackets. More words than one are prose.
_LAST_WORD = rb"""(?!\{\{)[^\s,;}\])"'\\]{1,4000}(?=[ \t]*(?:[%s\n\r]|\Z|\\[nr"']|[ \t]\#))"""
_LAST_IN_LINE, _LAST_IN_LIST = _LAST_WORD % b"", _LAST_WORD % rb",;}\])"


class _Kind(NamedTuple):
    """Where a secret can be in a text: behind a C(lead), which has the C(name) of the value where there is one.

    C(hint) is part of every text with such a place, in lower case; C(mask) is what the C(value) becomes, where it does
    not keep its quotes; C(also) is a name that is secret in such a place alone.
    """

    hint: bytes
    lead: Pattern[bytes]
    value: Pattern[bytes]
    mask: bytes = MASK
    also: bytes = b""


_SIP = _Kind(
    # sip:user:password@host
    b"sip",
    re.compile(rb"""\bsips?:[^\s:/@;?"']{1,200}:""", re.IGNORECASE),
    re.compile(rb"""[^\s@;,/"']{1,200}(?=@)"""),
)
_KINDS = (
    _Kind(
        # -----BEGIN PRIVATE KEY-----, up to the end of the key
        b"private key-----",
        re.compile(rb"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----"),
        re.compile(rb"[^-]+"),
    ),
    _Kind(
        # modparam("module", "name", "value")
        b"modparam",
        re.compile(
            rb"""modparamx?%(gap)s\(%(gap)s["'][^"'\n]*["']%(gap)s,%(gap)s["'](?P<name>[^"'\n]*)["']%(gap)s,%(gap)s"""
            % {b"gap": _GAP},
            re.IGNORECASE | re.DOTALL,
        ),
        re.compile(
            rb""""(?:[^"\\]|\\.)*"(?:%(gap)s"(?:[^"\\]|\\.)*")*|'[^']*'|["'][^\n]+|[^\s)]+""" % {b"gap": _GAP},
            re.DOTALL,
        ),
        b'"' + MASK + b'"',
    ),
    _Kind(
        # $var(name) = "value", $sht(table=>name) = "a" + $var(x) + "b", $(avp(name)[0]) = "value", and comparisons with
        # a string that is not very short.
        b"$",
        re.compile(
            rb"""\$\(?\w{1,100}\((?P<name>(?:[^()\n"';]|\([^()\n"';]{0,100}\)){1,200})\)"""
            rb"""(?:\[[^\]\n]{0,40}\])?\)?\s*(?:[=!]=(?=\s*["'][^"'\n]{6})|=(?![=>~]))%s""" % _GAP,
            re.DOTALL,
        ),
        re.compile(
            rb"""(?:%(other)s\+%(gap)s){0,10}%(quoted)s(?:%(gap)s(?:\+%(gap)s(?:%(other)s\+%(gap)s){0,10})?%(quoted)s){0,100}"""
            rb"""|[0-9]{6,}""" % {b"gap": _GAP, b"quoted": _QUOTED, b"other": rb"""[^\s"'+;\#/][^"'+;\n]{0,199}"""},
            re.DOTALL,
        ),
        b'"' + MASK + b'"',
    ),
    _Kind(
        # http://host/path?name=value&name=value
        b"=",
        re.compile(rb"[?&](?P<name>[\w-]+)="),
        re.compile(rb"[^&\s\"'#;]+"),
        also=b"key",
    ),
    _Kind(
        # name=value among others, as in the address of a Redis, in attributes and in a connection string, and
        # name = value of a setting.
        b"=",
        re.compile(rb"(?<![?&\w-])(?P<name>[\w-]+)[ \t]*=(?![=>~])[ \t]*"),
        re.compile(
            rb"""%(quoted)s+[^\s;,"')\]}&\\]*|\{{1,2}[^{}\n]*\}{1,2}|%(bare)s+(?:"\s*(?:\+\s*)?"%(bare)s+)*"""
            % {b"quoted": _QUOTED, b"bare": _BARE},
            re.DOTALL,
        ),
    ),
    _Kind(
        # "name": "value" and 'name': 'value', in JSON, YAML and Python, also where the quotes have backslashes.
        b":",
        re.compile(rb"""(?P<quote>["'])(?P<name>[\w.-]{1,100})(?P<close>\\{0,8}(?P=quote))\s*:\s*"""),
        re.compile(
            rb"""(?P<open>\\{1,8}["'])(?:[^\\\n]|(?!(?P=open))\\+[^\\])*(?:(?P=open))?|[bu]?%s"""
            rb"""|[\[{][^\[\]{}]{0,2000}[\]}]|%s""" % (_QUOTED, _LAST_IN_LIST),
            re.DOTALL,
        ),
        b"",
    ),
    _Kind(
        # name: value, as a line of YAML. Prose, as in "password: must be text", has more words.
        b": ",
        re.compile(rb"(?:\A|\n|\\n)[ \t+|>-]*(?P<name>\w[\w.-]{0,100})[ \t]*: [ \t]*(?:![\w/-]*[ \t]+)?"),
        re.compile(
            rb"""%s|[|>][0-9+-]{0,2}[ \t]*\n(?P<indent>[ \t]+)[^\n]*(?:\n(?P=indent)[^\n]*)*|%s"""
            % (_QUOTED, _LAST_IN_LINE),
            re.DOTALL,
        ),
        b"",
    ),
    _Kind(
        # {name: value, name: value}
        b": ",
        re.compile(rb"[{,][ \t]*(?P<name>\w[\w.-]{0,100})[ \t]*: [ \t]*"),
        re.compile(rb"%s|%s" % (_QUOTED, _LAST_IN_LIST), re.DOTALL),
        b"",
    ),
    _Kind(
        # Authorization: Bearer value
        b"authoriz",
        re.compile(rb"""authorization\\{0,8}["']?\s*[:=]\s*\\{0,8}["']?(?:basic|bearer|token)[ \t]+""", re.IGNORECASE),
        re.compile(rb"""[^\s"'\\,;]+"""),
    ),
    _Kind(
        # module:name:s:value, as --modparam takes it
        b":s:",
        re.compile(rb"\b(?<!:)[\w|.*-]{1,200}:(?P<name>\w{1,200}):s:"),
        re.compile(rb"[^\s\"']+"),
    ),
    _Kind(
        # #!define NAME value, #!substdef "!NAME!value!g"
        b"!",
        re.compile(
            rb"(?:#!|!!)(?!if)[a-z]{0,5}(?:def|subst)[a-z]{0,5}[ \t][^\w\n]*(?P<name>\w+)(?!\w)[ \t]*",
            re.IGNORECASE,
        ),
        re.compile(rb"(?:\\\n|[^\n])+"),
    ),
)
# NAME=value as a whole, as on the command line of the server.
_ASSIGNED = re.compile(r"\A(?P<lead>(?P<name>[\w.-]+)=)(?P<value>.+)\Z", re.DOTALL)

# A quote behind a backslash begins none.
_PIECES = re.compile(rb"""\\.|"((?:[^"\\]|\\.)*)"|'([^']*)'""", re.DOTALL)
_QUOTE = re.compile(rb"""[bu]?(\\{0,8}["'])""")
# Between strings that are one.
_JOINED = re.compile(rb'"\s*\+?\s*"')


def is_secret(name: str) -> bool:
    """Whether what has this name is secret."""
    return _is_secret(name.encode("utf-8", "replace"))


@lru_cache(maxsize=4096)
def _is_secret(name: bytes) -> bool:
    # As in htable=>name, in s:name or in list[0].
    parts = re.split(rb"=>|[:.\[\]()$]", name.replace(b"-", b"_"))
    if b"=>" in name:
        # $sht(auth=>key)
        parts.append(b"_".join(part.strip() for part in parts if part))
    return any(_SECRET_NAME.search(part) and not _NOT_SECRET_NAME.search(part) for part in map(bytes.strip, parts))


def is_secret_value(value: str) -> bool:
    """Whether a value under the name of a secret is one, and not a switch, empty or what a template puts in."""
    return not _NOT_SECRET_VALUE.match(value.strip().encode("utf-8", "replace"))


def mask_secrets(data: bytes) -> bytes:
    """The same text with passwords in URLs, and values whose name says that they are secret, masked."""
    return _mask(data, {})


def mask_from(data: bytes, start: int) -> bytes:
    """What mask_secrets makes of the text from C(start) on, also of a secret that begins before it."""
    whole, before = mask_secrets(data), mask_secrets(data[:start])
    same = next((at for at, pair in enumerate(zip(whole, before)) if pair[0] != pair[1]), min(len(whole), len(before)))
    rest = whole[same:]
    return rest if rest.startswith((data[start : start + 1], MASK)) else MASK + rest


def mask_value(name: str, value: bytes) -> bytes:
    """The value of a parameter, masked if its name says that it is secret, or in a URL that holds a password."""
    return MASK if is_secret(name) and not _NOT_SECRET_VALUE.match(value.strip()) else mask_secrets(value)


def mask_assigned(text: str) -> str:
    """C(NAME=value), masked up to its end if the name says that the value is secret; else the same text."""
    found = _ASSIGNED.match(text)
    if found and is_secret(found["name"]) and is_secret_value(found["value"]):
        return found["lead"] + MASK.decode()
    return text


def require_unmasked(value: object) -> None:
    """Refuse a value out of a result, whose secret is masked: it would be written. Raises ValueError."""
    if isinstance(value, (str, dict)) and MASK.decode() in str(value):
        raise ValueError("holds %s, as which results show a secret, and not the secret" % MASK.decode())


def collect_secrets(data: bytes) -> List[bytes]:
    """The values that mask_secrets masks, each once; of very many only some."""
    found: Dict[bytes, None] = {}
    _mask(data, found)
    return list(found)


def collect_url_passwords(data: bytes) -> List[bytes]:
    """Those of them that are passwords in URLs and SIP URIs."""
    found: Dict[bytes, None] = {}
    _mask_urls(data, data.lower(), found)
    return list(found)


def _add(found: Dict[bytes, None], *values: bytes) -> None:
    if len(found) < _MOST_FOUND:
        found.update(dict.fromkeys(values))


def _mask(data: bytes, found: Dict[bytes, None]) -> bytes:
    """The masked text; what is masked is added to C(found)."""
    lower = data.lower()
    if not any(hint in lower for hint in _HINTS):
        return data
    data = _mask_urls(data, lower, found)
    # The first hint alone is for URLs.
    if any(hint in lower for hint in _HINTS[1:]):
        for kind in _KINDS:
            if kind.hint in lower:
                data = _mask_kind(kind, data, found)
    return data


def _mask_urls(data: bytes, lower: bytes, found: Dict[bytes, None]) -> bytes:
    if b"@" not in data:
        return data
    if b"://" in data:
        for pattern in (_STRINGS, _WORDS):
            data = pattern.sub(lambda matched: _mask_url(matched[0], found), data)
    return _mask_kind(_SIP, data, found) if _SIP.hint in lower else data


def _mask_url(text: bytes, found: Dict[bytes, None]) -> bytes:
    user = _USER.search(text)
    end = text.rfind(b"@")
    if not user or end < user.end():
        return text
    password = text[user.end() : end]
    # Also the name of the user, of the host or of the database, it is not masked wherever it occurs.
    if password not in re.findall(rb"[\w.-]+", text[user.start() : user.end()] + text[end : end + 300]):
        _add(found, password)
    return text[: user.end()] + MASK + text[end:]


def _mask_kind(kind: _Kind, data: bytes, found: Dict[bytes, None]) -> bytes:
    named = "name" in kind.lead.groupindex
    pieces: List[bytes] = []
    done = at = again = 0
    while True:
        lead = kind.lead.search(data, at)
        if not lead:
            break
        at = lead.end()
        # What is no secret is looked into: it can be a list of others, as in options=name=value,name=value.
        if named and not _is_secret(lead["name"]) and not (kind.also and lead["name"].lower() == kind.also):
            continue
        value = kind.value.match(data, at)
        if not value:
            # A lead can begin inside of what looked like one.
            at = lead.start() + 1
            continue
        contents = list(_contents(kind, lead[0], value[0]))
        if _NOT_SECRET_VALUE.match(contents[0].strip()):
            # It can go on to the end of a line that has any number of them.
            again += len(value[0])
            if again < _MOST_PASSES * len(data):
                continue
        # A word without quotes in a modparam is a number or the name of a define.
        elif kind.hint != b"modparam" or value[0][:1] in (b'"', b"'"):
            _add(found, *contents)
        pieces += (data[done:at], kind.mask or _mask_in_quotes(lead, value[0]))
        done = at = value.end()
    return b"".join((*pieces, data[done:])) if pieces else data


def _mask_in_quotes(lead: Match[bytes], value: bytes) -> bytes:
    """The mask in the quotes of a value, else in those of its name."""
    own = _QUOTE.match(value)
    quote: bytes = own[1] if own else lead.groupdict().get("close", b"")
    return quote + MASK + quote


def _contents(kind: _Kind, lead: bytes, value: bytes) -> Iterator[bytes]:
    """What is secret in a value, without its quotes or delimiters; then its parts, which can occur alone."""
    value = value.replace(b"\\\n", b"").strip()
    if kind.hint == b"!" and b"subst" in lead.lower():
        yield value[1:].split(value[:1], 1)[0]
        return
    if kind.hint == b"$" or value.lstrip(b"bu")[:1] in (b'"', b"'", b"[", b"{"):
        pieces = [piece[piece.lastindex] for piece in _PIECES.finditer(value) if piece.lastindex]
        if pieces:
            yield b"".join(pieces)
            yield from pieces
            return
    plain = _JOINED.sub(b"", value).strip(b"\\\"'")
    yield plain
    yield value
    yield plain.strip(b"{}").rstrip(b")],.")
