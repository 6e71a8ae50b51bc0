# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Secrets in texts: found by their pattern or by the name of what has them, and masked there or wherever they occur."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Iterable, Iterator, List, Match, NamedTuple, Pattern, Sequence, Set

from ._text import readable_bytes, show, visible

MASK = b"********"

# The parts of a name that tell of a secret, and names that hold one of them and are none: parameters of Kamailio that
# name a column or a variable, numbers, and words such as bypass.
_SECRET_NAME = re.compile(
    rb"passw|passphrase|secret|token|(?<!load_)credential|community|authparam|xkey"
    rb"|(?:private|mask|auth|api|access|shared|sign|signing|signature|encrypt|encryption|decrypt|decryption"
    rb"|cipher|crypto|master|session)_?key"
    rb"|(?:_|db)pass(?:$|_)|^pass_(?!provisional)|(?:^|_|db)pwd?_"
    rb"|(?<!by)(?<!com)(?<!tres)(?<!over)(?<!under)(?<!multi)(?<!single)(?<!first)(?<!second)(?<!one)(?<!two)pass[0-9]*$"
    rb"|(?:pwd?|psk)[0-9]*$|(?:^|_)psk_|(?:^|_)hmac(?:$|_)|(?<!calculate_)(?<!check_all_)ha1b?$",
    re.IGNORECASE,
)
_NOT_SECRET_NAME = re.compile(
    rb"_(?:column|col|table|avp|pvar|file|dir|path|size|mode|len|length|expires?|interval|timeout|count|limit)"
    rb"(?:_?[0-9]+)?$",
    re.IGNORECASE,
)
# Every text that has something to mask holds one of these, in capitals or not.
HINTS = ("@", "pass", "pw", "psk", "secret", "token", "cred", "key", "hmac", "ha1", "communit", "authparam")
_HINTS = tuple(hint.encode() for hint in HINTS)

# user:password@ in a URL. In quotes the password may hold anything, elsewhere it ends at the first white space. Strings
# that follow each other are one; a quote that nothing closes goes on to the end of its line.
_STRINGS = re.compile(rb'(?:"(?:[^"\\\n]|\\.)*"?\s*)+', re.DOTALL)
_WORDS = re.compile(rb"'[^'\n]*'?|[^\s\"']+")
_PASSWORD_IN_URL = (re.compile(r"sips?:[^\s:/@;?\"']+:[^\s@;,/\"']{1,200}@"), re.compile(r"://[^\s:/]*:"))
_USER = re.compile(rb"://[^\s:/]*:")

_GAP = rb"\s*(?:(?:/\*(?:(?!\*/).){0,500}\*/|(?:\#|//)[^\n]*\n)\s*){0,10}"
_QUOTED = rb"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""


class _Kind(NamedTuple):
    """Where a secret can be in a text: C(lead), the C(name) of the value where there is one, and the C(value).

    C(hint) is part of every text with such a place, in lower case; C(mask) is what the value becomes; C(also) is a name
    that is secret in such a place alone.
    """

    hint: bytes
    pattern: Pattern[bytes]
    mask: bytes = MASK
    also: bytes = b""


_SIP = _Kind(
    # sip:user:password@host
    b"sip",
    re.compile(
        rb"""(?P<lead>\bsips?:[^\s:/@;?"']{1,200}:)(?P<value>[^\s@;,/"']{1,200})(?=@)""",
        re.IGNORECASE,
    ),
)
_KINDS = (
    _Kind(
        # modparam("module", "name", "value")
        b"modparam",
        re.compile(
            rb"""(?P<lead>modparamx?%(gap)s\(%(gap)s["'][^"'\n]*["']%(gap)s,%(gap)s["'](?P<name>[^"'\n]*)["']
            %(gap)s,%(gap)s)(?P<value>"(?:[^"\\]|\\.)*"(?:%(gap)s"(?:[^"\\]|\\.)*")*|'[^']*'|[^\s)]+)"""
            % {b"gap": _GAP},
            re.IGNORECASE | re.VERBOSE | re.DOTALL,
        ),
        b'"' + MASK + b'"',
    ),
    _Kind(
        # $var(name) = "value", $sht(table=>name) = "value"
        b"$",
        re.compile(
            rb"(?P<lead>\$\w+\((?P<name>[^()\s\"']{1,200})\)[ \t]*=[ \t]*)(?P<value>" + _QUOTED + rb")", re.DOTALL
        ),
        b'"' + MASK + b'"',
    ),
    _Kind(
        # http://host/path?name=value&name=value
        b"=",
        re.compile(rb"(?P<lead>[?&](?P<name>\w+)=)(?P<value>[^&\s\"'#;]+)"),
        also=b"key",
    ),
    _Kind(
        # name=value among others, as in the address of a Redis or in attributes, and name = value of a setting.
        b"=",
        re.compile(
            rb"(?P<lead>(?<![?&])\b(?P<name>\w+)[ \t]*=(?![=>~])[ \t]*)(?P<value>" + _QUOTED + rb"""|[^;"'\s]+)""",
            re.DOTALL,
        ),
    ),
    _Kind(
        # module:name:s:value, as --modparam takes it
        b":s:",
        re.compile(rb"(?P<lead>\b(?<!:)[\w|.*-]{1,200}:(?P<name>\w{1,200}):s:)(?P<value>[^\s\"']+)"),
    ),
    _Kind(
        # #!define NAME value, #!substdef "!NAME!value!g"
        b"!",
        re.compile(
            rb"(?P<lead>(?:#!|!!)[a-z]{0,5}(?:def|subst)[a-z]{0,5}[ \t][^\w\n]*(?P<name>\w+)(?!\w)[ \t]*)"
            rb"(?P<value>(?:\\\n|[^\n])+)",
            re.IGNORECASE,
        ),
    ),
)
# NAME=value as a whole, as on the command line of the server.
_ASSIGNED = re.compile(r"\A(?P<lead>(?P<name>\w+)=)(?P<value>.+)\Z", re.DOTALL)

# A quote behind a backslash begins none.
_PIECES = re.compile(rb"""\\.|"((?:[^"\\]|\\.)*)"|'([^']*)'""", re.DOTALL)
_WORD = re.compile(r"[\w.-]+")


def is_secret(name: str) -> bool:
    """Whether what has this name is secret."""
    return _is_secret(name.encode("utf-8", "replace"))


@lru_cache(maxsize=4096)
def _is_secret(name: bytes) -> bool:
    # As in htable=>name, or in s:name.
    return any(_SECRET_NAME.search(part) and not _NOT_SECRET_NAME.search(part) for part in re.split(rb"=>|[:.]", name))


def mask_secrets(data: bytes) -> bytes:
    """The same text with passwords in URLs, and values whose name says that they are secret, masked."""
    return _mask(data, [])


def mask_text(text: str) -> str:
    """The same for a text, which can hold bytes as surrogates."""
    return mask_secrets(readable_bytes(text)).decode("utf-8", "surrogateescape")


def mask_value(name: str, value: bytes) -> bytes:
    """The value of a parameter, masked if its name says that it is secret, or in a URL that holds a password."""
    return MASK if is_secret(name) else mask_secrets(value)


def mask_assigned(text: str) -> str:
    """C(NAME=value), masked up to its end if the name says that the value is secret; else the same text."""
    found = _ASSIGNED.match(text)
    return found["lead"] + MASK.decode() if found and is_secret(found["name"]) else text


def require_unmasked(value: object) -> None:
    """Refuse a value out of a result, whose secret is masked: it would be written. Raises ValueError."""
    if isinstance(value, (str, dict)) and MASK.decode() in str(value):
        raise ValueError("holds %s, as which results show a secret, and not the secret" % MASK.decode())


def hints_in(text: str) -> List[str]:
    """What a text has of what tells that it can hold something to mask; far cheaper than to look for that."""
    lower = text.lower()
    found = [hint for hint in HINTS if hint in lower]
    # Most of it are addresses of users.
    if found[:1] == ["@"] and not any(pattern.search(lower) for pattern in _PASSWORD_IN_URL):
        del found[0]
    return found


def has_hint(text: str, hints: Sequence[str] = HINTS) -> bool:
    """Whether a text has one of these hints."""
    lower = text.lower()
    return any(hint in lower for hint in hints)


def secret_values(data: bytes) -> Set[str]:
    """The values that mask_secrets masks, in the spellings in which messages can quote them."""
    found: List[bytes] = []
    _mask(data, found)
    return spellings(found)


def url_passwords(data: bytes) -> Set[str]:
    """Those of them that are passwords in URLs and SIP URIs."""
    found: List[bytes] = []
    _mask_urls(data, data.lower(), found)
    return spellings(found)


def mask_everywhere(text: str) -> str:
    """The text as mask_text gives it, with what that masks also masked wherever else it occurs."""
    data = readable_bytes(text)
    masked = mask_secrets(data).decode("utf-8", "surrogateescape")
    for value in tellable(sorted(secret_values(data)), [data]):
        masked = masked.replace(value, MASK.decode())
    return masked


def _mask(data: bytes, found: List[bytes]) -> bytes:
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


def _mask_urls(data: bytes, lower: bytes, found: List[bytes]) -> bytes:
    if b"@" not in data:
        return data
    if b"://" in data:
        for pattern in (_STRINGS, _WORDS):
            data = pattern.sub(lambda one: _mask_url(one[0], found), data)
    return _mask_kind(_SIP, data, found) if _SIP.hint in lower else data


def _mask_url(text: bytes, found: List[bytes]) -> bytes:
    user = _USER.search(text)
    end = text.rfind(b"@")
    if not user or end < user.end():
        return text
    password = text[user.end() : end]
    # Also the name of the user, of the host or of the database, it is not masked wherever it occurs.
    if password not in re.findall(rb"[\w.-]+", text[user.start() : user.end()] + text[end : end + 300]):
        found.append(password)
    return text[: user.end()] + MASK + text[end:]


def _mask_kind(kind: _Kind, data: bytes, found: List[bytes]) -> bytes:
    def masked(one: Match[bytes]) -> bytes:
        name = one["name"] if "name" in kind.pattern.groupindex else kind.also
        if name.lower() != kind.also and not _is_secret(name):
            return one[0]
        found.extend(_contents(kind, one))
        return one["lead"] + kind.mask

    return kind.pattern.sub(masked, data)


def _contents(kind: _Kind, one: Match[bytes]) -> Iterator[bytes]:
    """What is secret in a value, without its quotes or delimiters."""
    value = one["value"].replace(b"\\\n", b"").strip()
    if kind.hint == b"!" and b"subst" in one["lead"].lower():
        yield value[1:].split(value[:1], 1)[0]
    elif kind.hint != b"modparam" or value[:1] in (b'"', b"'"):
        # A word without quotes in a modparam is a number or the name of a define.
        pieces = [piece[piece.lastindex] for piece in _PIECES.finditer(value) if piece.lastindex]
        yield b"".join(pieces) if pieces else value


def spellings(values: Iterable[bytes]) -> Set[str]:
    """Each value as it is, without its backslashes, and as messages show bytes that are not UTF-8 or not printable."""
    plain = {spelled for value in values for spelled in (value, re.sub(rb"\\(.)", rb"\1", value))}
    texts = {text for value in plain for text in (show(value), value.decode("utf-8", "replace"))}
    # What is masked already is looked at again by the next pattern.
    return {one for text in texts for one in (text, visible(text)) if MASK.decode() not in one}


# Names of its own and words of messages, whatever else the texts hold.
_ORDINARY = frozenset(
    ("kamailio", "localhost", "dispatcher", "password", "passwd", "secret", "string", "number", "default", "server")
)
# What is part of a path or an address, a module, or the name of a define.
_NAMES = re.compile(
    rb"""[/@]([\w.-]+)|(?<![\w.-])([\w.-]+)[/@]|\bsips?:([\w.-]+)|load(?:modulex?|path)?[ \t("']{1,9}([\w.-]+)"""
    rb"""|modparamx?[ \t("']{1,9}([\w.-]+)|(?:\#!|!!)[a-z]{3,12}[ \t]\W{0,3}(\w+)"""
)
_MOST = 100


def tellable(values: Iterable[str], texts: Sequence[bytes]) -> List[str]:
    """The values to mask wherever they occur, in everything that leaves a task, the longest first.

    A value that would make messages unreadable is masked at its own place only: one of less than six characters, a
    number of less than eight digits, a path, a variable of the server, and a word that the C(texts) also have as part
    of a path or an address, or as the name of a module, a define, a user or a host, as in the URL
    C(mysql://kamailio:kamailio@localhost/kamailio). So is each after the first hundred: then they are those of
    destinations, of which there can be any number.
    """
    long = [one for one in values if len(one) >= 6 and not re.match(r"[0-9]{1,7}\Z|\$|/[\w.-]+/", one)]
    words = {one for one in long if _WORD.fullmatch(one)}
    ordinary = set(_ORDINARY)
    if words - ordinary:
        ordinary |= _names_in(texts, [one.encode() for one in words])
    told = [one for one in dict.fromkeys(long) if one.lower() not in _ORDINARY and one not in ordinary][:_MOST]
    # One can be part of another.
    return sorted(told, key=len, reverse=True)


def _names_in(texts: Sequence[bytes], words: Sequence[bytes]) -> Set[str]:
    """The names in those of the texts that have one of the words."""
    found: Set[bytes] = set()
    for data in (mask_secrets(text) for text in texts):
        if any(word in data for word in words):
            found.update(b"".join(groups) for groups in _NAMES.findall(data))
    return {show(part) for name in found for part in (name, *name.split(b"."))}
