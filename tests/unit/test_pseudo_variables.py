# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts with pseudo-variables; tests/conformance/test_parameters.py holds them against servers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.pseudo_variables import (
    AVP,
    AVP_OR_NAME,
    AVP_OR_VAR,
    FORMAT,
    PAIRS,
    READABLE,
    WRITABLE,
    check_variables,
    variables_of,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

NEWEST = Version(6, 1, 5)
PIECES = st.sampled_from([b"$", b"(", b")", b"[", b"]", b"{", b"}", b"avp", b"rU", b"no_such", b" ", b"s.len", b"\xff"])


@given(st.lists(PIECES, max_size=30).map(b"".join))
def test_any_text_is_taken_or_refused_with_a_reason(text: bytes) -> None:
    for kind in (AVP, AVP_OR_NAME, AVP_OR_VAR, READABLE, WRITABLE, FORMAT, PAIRS):
        try:
            check_variables(text, kind, {"pv"}, NEWEST)
        except ValueError as exc:
            assert str(exc).isprintable()


@given(st.sampled_from(sorted(variables_of("6.1").items())), st.booleans())
def test_a_name_needs_its_module(entry: tuple, bracket: bool) -> None:
    name, variable = entry
    text = ("$(%s)" if bracket else "$%s") % (name + "(x)" * variable.named)
    check_variables(text.encode(), FORMAT, set(variable.modules), NEWEST)
    if "core" not in variable.modules:
        with pytest.raises(ValueError, match="which is not loaded"):
            check_variables(text.encode(), FORMAT, {"xlog"}, NEWEST)


# text, modules, version, what is said of it
CASES = [
    (b"$no_such", {"pv"}, NEWEST, "which no module of Kamailio 6.1.5 has"),
    # A module that is in no table may have it, and so may a version that no table has.
    (b"$no_such", {"pv", "own_module"}, NEWEST, None),
    (b"$no_such", {"pv"}, Version(6, 3), None),
    (b"$rU", {"own_module"}, NEWEST, None),
    (b"$dsg(count)", {"dispatcher"}, Version(5, 7), "which no module of Kamailio 5.7 has"),
    (b"$dsg(count)", {"dispatcher"}, Version(5, 8), None),
]


@pytest.mark.parametrize(("text", "loaded", "version", "said"), CASES)
def test_what_is_not_known_is_not_judged(text: bytes, loaded: set[str], version: Version, said: str | None) -> None:
    if said is None:
        check_variables(text, FORMAT, loaded, version)
        return
    with pytest.raises(ValueError, match=said):
        check_variables(text, FORMAT, loaded, version)


# kind, text, what is said of it
KINDS = [
    (AVP, b"$avp(x)", None),
    (AVP, b"$(avp(x))", None),
    (AVP, b"$avp(x) and more", None),
    (AVP, b"$var(x)", "is not an AVP"),
    (AVP, b"x", "is not a pseudo-variable"),
    (AVP, b"$no_such(x)", "which no module"),
    (AVP_OR_NAME, b"x", None),
    (AVP_OR_NAME, b"$var(x)", "is not an AVP"),
    (AVP_OR_VAR, b"$var(x)", None),
    (AVP_OR_VAR, b"$xavp(x)", None),
    (AVP_OR_VAR, b"$fU", "is neither"),
    (READABLE, b"$fU", None),
    (READABLE, b"", "is not a pseudo-variable"),
    (WRITABLE, b"$var(x)", None),
    (WRITABLE, b"$ci", "can only be read"),
    (PAIRS, b"a=$fU", None),
    (PAIRS, b" a = $fU ; b=$avp(x)", None),
    (PAIRS, b"a=$fU;", "is not NAME=VARIABLE"),
    (PAIRS, b"a=x", "is not NAME=VARIABLE"),
    (PAIRS, b"a=$fU b=$avp(x)", "is not NAME=VARIABLE"),
    (PAIRS, b"a=$no_such", "which no module"),
]


@pytest.mark.parametrize(("kind", "text", "said"), KINDS)
def test_a_parameter_takes_some_kinds_of_pseudo_variables(kind: int, text: bytes, said: str | None) -> None:
    if said is None:
        check_variables(text, kind, {"pv"}, NEWEST)
        return
    with pytest.raises(ValueError, match=said):
        check_variables(text, kind, {"pv"}, NEWEST)
