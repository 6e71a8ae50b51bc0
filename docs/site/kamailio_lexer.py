# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours for kamailio.cfg on the site."""

from __future__ import annotations

import re
from typing import ClassVar

from pygments.lexer import RegexLexer, words
from pygments.token import Comment, Keyword, Name, Number, Operator, String, Text

STATEMENTS = ("loadmodule", "loadmodulex", "modparam", "modparamx", "include_file", "import_file", "listen", "children")
WORDS = ("if", "else", "switch", "case", "while", "return", "exit", "drop", "break", "route", "and", "or", "not")


class KamailioLexer(RegexLexer):
    """As much of the language as examples need."""

    name = "kamailio.cfg"
    flags = re.M
    tokens: ClassVar[dict[str, list[tuple[object, ...]]]] = {
        "root": [
            (r"^(#!|!!)\w+.*$", Comment.Preproc),
            (r"(#|//).*$", Comment.Single),
            (r"/\*", Comment.Multiline, "comment"),
            (r'"(\\.|[^"\\])*"', String.Double),
            (r"'[^']*'", String.Single),
            (words(STATEMENTS, prefix=r"\b", suffix=r"\b"), Keyword.Declaration),
            (r"\b\w+_route\b", Keyword.Namespace),
            (words(WORDS, prefix=r"\b", suffix=r"\b"), Keyword),
            (r"\$\w+(\([^)\n]*\))?", Name.Variable),
            (r"\b\d+\b", Number),
            (r"\w+", Name),
            (r"[-=!<>|&+*/~]+", Operator),
            (r".|\n", Text),
        ],
        "comment": [
            (r"/\*", Comment.Multiline, "#push"),
            (r"\*/", Comment.Multiline, "#pop"),
            (r"[^*/]+|[*/]", Comment.Multiline),
        ],
    }
