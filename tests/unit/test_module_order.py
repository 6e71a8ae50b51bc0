# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.filter.module_order import module_order
from ansible_collections.sipfleet.kamailio.plugins.filter.typed_params import typed_params
from ansible_collections.sipfleet.kamailio.plugins.filter.untyped_params import untyped_params
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.order import order_modules
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.requirements import REQUIREMENTS

NEEDS: dict[str, set[str]] = {}
for _row in REQUIREMENTS:
    NEEDS.setdefault(_row.module, set()).update(_row.needs)
KNOWN = sorted(set(NEEDS).union(*NEEDS.values()))
STRANGERS = ["xlog", "maxfwd", "own_module"]


def closed(names: list[str]) -> list[str]:
    """The names with all that they need behind them: the worst order."""
    found = list(names)
    for name in found:
        found += sorted(NEEDS.get(name, set()) - set(found))
    return found


MODULES = st.lists(st.sampled_from(KNOWN + STRANGERS), unique=True).map(closed).flatmap(st.permutations)


@given(MODULES)
def test_any_list_comes_out_in_order_with_nothing_lost(modules: list[str]) -> None:
    ordered = order_modules(modules)
    assert sorted(ordered) == sorted(modules)
    for index, name in enumerate(ordered):
        assert NEEDS.get(name, set()) <= set(ordered[:index])
    assert order_modules(ordered) == ordered


@given(MODULES)
def test_any_module_that_none_needs_keeps_its_order(modules: list[str]) -> None:
    needed = set().union(*(NEEDS.get(name, set()) for name in modules))
    free = [name for name in modules if name not in needed]
    assert [name for name in order_modules(modules) if name in free] == free


@given(MODULES)
def test_any_form_is_ordered_alike(modules: list[str]) -> None:
    names = order_modules(modules)
    assert [module["name"] for module in order_modules([{"name": name} for name in modules])] == names
    assert order_modules([name + ".so" for name in modules]) == [name + ".so" for name in names]
    assert order_modules(["/opt/" + name + ".so" for name in modules]) == ["/opt/" + name + ".so" for name in names]


# what is given, and the order that comes out
ORDERS: list[tuple[list[Any], list[Any]]] = [
    ([], []),
    (["xlog", "dispatcher", "tm"], ["xlog", "tm", "dispatcher"]),
    (["dispatcher", "xlog"], ["dispatcher", "xlog"]),
    (["siputils", "maxfwd", "sl", "pv"], ["pv", "sl", "siputils", "maxfwd"]),
    (["tsilo", "sl", "usrloc", "registrar", "tm"], ["sl", "usrloc", "registrar", "tm", "tsilo"]),
    (["async", "tm"], ["tm", "async"]),
]


@pytest.mark.parametrize(("modules", "ordered"), ORDERS)
def test_order(modules: list[Any], ordered: list[Any]) -> None:
    assert module_order(modules) == ordered


# what is given, and the message
ERRORS: list[tuple[Any, str]] = [
    (["tmx"], "tmx needs tm, which is not among the modules. Add tm"),
    (
        [{"name": "dispatcher", "params": {"ds_ping_interval": 10}}],
        "dispatcher needs tm for its parameter ds_ping_interval, which is not among the modules. Add tm",
    ),
    (
        ["siputils"],
        "siputils needs pv, which is not among the modules. Add pv\n"
        "siputils needs sl, which is not among the modules. Add sl",
    ),
    (
        ["tm", {"name": "tm.so"}],
        "modules[0] and modules[1] are both tm. The server refuses to load a module twice",
    ),
    ([5], "modules[0] is neither the name of a module nor a mapping with a name"),
    (["tm", {"params": {}}], "modules[1] is neither the name of a module nor a mapping with a name"),
    ("tm", "module_order takes a list of modules, not 'tm'"),
]


@pytest.mark.parametrize(("modules", "message"), ERRORS)
def test_error(modules: Any, message: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        module_order(modules)
    assert str(caught.value) == message


# Not missed: the parameter is off, not there, or a version can do without.
@pytest.mark.parametrize(
    "entry",
    [
        {"name": "dispatcher", "params": {"ds_ping_interval": 0}},
        {"name": "dispatcher", "params": {"ds_ping_interval": [10, 0]}},
        {"name": "dispatcher", "params": {"ds_ping_interval": "0"}},
        {"name": "dispatcher", "params": {"ds_ping_interval": [10, "0"]}},
        {"name": "dispatcher", "params": {"ds_ping_interval": None}},
        {"name": "dispatcher", "params": None},
        "dispatcher",
        "async",
    ],
)
def test_a_need_that_may_not_hold_is_not_missed(entry: Any) -> None:
    assert module_order([entry]) == [entry]


def test_texts_are_numbers_where_a_module_takes_nothing_else() -> None:
    given = [
        {"name": "tm.so", "params": {"fr_timer": "5000", "reparse_invite": "True"}, "more": 1},
        {"name": "/opt/own.so", "params": {"level": "3", "word": "x", "list": ["a", "4"], "number": 5}},
        {"name": "auth", "params": {"secret": "0123"}},
        {"name": "sl", "params": None},
        "pv",
        {"params": {"x": "1"}},
    ]
    tm, *others = typed_params(given)
    assert tm == {"name": "tm.so", "params": {"fr_timer": 5000, "reparse_invite": 1}, "more": 1}
    assert others == given[1:] and typed_params([tm]) == [tm]
    assert untyped_params(given) == ["own: level", "own: list"]


@pytest.mark.parametrize("of", [typed_params, untyped_params])
def test_typed_modules_are_a_list(of: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="%s takes a list of modules, not 'tm'" % of.__name__):
        of("tm")
