# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The file of TLS domains that C(config) of the tls module names: what it means, and which files it names.

Source: Kamailio's src/core/cfg_parser.c. It has no includes.
"""

from __future__ import annotations

import re
from typing import Iterable, List, Tuple

# The options that name files and folders, in Kamailio's src/modules/tls/tls_config.c.
_NAMES_FILES = frozenset(
    (b"private_key", b"pkey_file", b"calist_file", b"certificate", b"cert_file", b"ca_list", b"crl", b"ca_path")
)
# The certificate of a domain that names none, and its key.
_DEFAULT = b"cert.pem"
_PIECE = re.compile(
    rb"""
    (?P<skipped>(?:[ \t\r]+|\\\n|\#(?:\\.|[^\\\n])*)+)
    | (?P<option>(?P<name>[A-Za-z0-9_]+)[ \t\r]*=[ \t\r]*
        (?:"(?P<string>(?:\\.|[^"\\])*)"|(?P<word>(?:\\.|[^\s\#\\"])(?:\\.|[^\s\#\\])*)))
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\n": b""}

Line = Tuple[Tuple[bytes, bytes], ...]


def tls_lines(data: bytes) -> Tuple[Line, ...]:
    """Return what each line of a file of TLS domains says: an option with its value, or what it is, without comments.

    Files that mean the same to the server have the same lines. Lines that say nothing are left out.
    """
    lines: List[Line] = []
    line: List[Tuple[bytes, bytes]] = []
    for found in _PIECE.finditer(data):
        if found.group("option"):
            string, word = found.group("string", "word")
            value = _ESCAPE.sub(lambda escape: _ESCAPED.get(escape.group(1), escape.group(1)), string or word or b"")
            line.append((found.group("name").lower(), value))
        elif found.group("other") == b"\n":
            lines += [tuple(line)] if line else []
            line = []
        elif found.group("other"):
            line.append((b"", found.group("other")))
    return (*lines, tuple(line)) if line else tuple(lines)


def files_named_in(lines: Iterable[Line]) -> Tuple[bytes, ...]:
    """Return the files and folders that the server reads for the domains, as they are written.

    What the parameters of the module name, such as C(certificate), is not read where there is a file of domains.
    """
    return (_DEFAULT, *(value for line in lines for name, value in line if name in _NAMES_FILES and value))
