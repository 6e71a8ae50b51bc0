# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Evaluation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.plan import plan_modules
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.wish import parse_module_wishes
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from unit.test_config_evaluate import PIECES

INCLUDES = {"/k/tm.cfg": b'loadmodule "tm.so"\n', "/k/ds.cfg": b'loadmodule "dispatcher.so"\n'}


def run(data: bytes) -> Evaluation:
    return evaluate("/k/main.cfg", data, INCLUDES.get)


def plan(text: str, *entries: dict[str, Any]) -> str:
    wishes = parse_module_wishes(entries)
    result = plan_modules(text.encode(), wishes, run)
    assert plan_modules(result, wishes, run) == result
    return result.decode()


TM, SL, DS = 'loadmodule "tm.so"\n', 'loadmodule "sl.so"\n', 'loadmodule "dispatcher.so"\n'
IV = 'modparam("dispatcher", "ds_ping_interval", 10)\n'
ROUTE = "request_route {\n\texit;\n}\n"

# wishes, before, after
EDITS: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    "tm_before_dispatcher": ([{"name": "tm"}], SL.replace("sl", "xlog") + DS, SL.replace("sl", "xlog") + TM + DS),
    "tm_before_sl": ([{"name": "tm"}], SL + DS, TM + SL + DS),
    "tm_alone": ([{"name": "tm.so"}], 'loadmodule "pv.so"\n' + ROUTE, 'loadmodule "pv.so"\n' + TM + ROUTE),
    "first_module_before_route": ([{"name": "tm"}], "debug=2\n\n" + ROUTE, "debug=2\n\n" + TM + ROUTE),
    "first_module_in_empty_file": ([{"name": "tm"}], "", TM),
    "no_final_newline": ([{"name": "pv"}], "debug=2", 'debug=2\nloadmodule "pv.so"\n'),
    "late_tm_moves": ([{"name": "tm"}], DS + TM + IV, TM + DS + IV),
    "late_tm_moves_with_its_comment": (
        [{"name": "tm"}],
        "  " + DS + '  loadmodule "tm.so" # transactions\n' + IV,
        '  loadmodule "tm.so" # transactions\n  ' + DS + IV,
    ),
    "tm_behind_sl_stays": ([{"name": "tm"}], SL + TM + DS, SL + TM + DS),
    "both_in_any_order": ([{"name": "dispatcher"}, {"name": "tm"}], SL, TM + SL + DS),
    "before_its_orphaned_modparam": ([{"name": "dispatcher"}], TM + IV, TM + DS + IV),
    "parameter_behind_loads": (
        [{"name": "dispatcher", "params": {"ds_ping_interval": 10}}],
        TM + DS + SL + ROUTE,
        TM + DS + SL + IV + ROUTE,
    ),
    "parameter_behind_its_like": (
        [{"name": "dispatcher", "params": {"ds_ping_interval": 10, "flags": 2}}],
        TM + DS + "\n" + IV + '# other\nmodparam("tm", "fr_timer", 5)\n',
        TM + DS + "\n" + IV + 'modparam("dispatcher", "flags", 2)\n# other\nmodparam("tm", "fr_timer", 5)\n',
    ),
    "value_only": (
        [{"name": "dispatcher", "params": {"ds_ping_interval": 30}}],
        TM + DS + 'modparam ( "dispatcher","ds_ping_interval" ,\t10 ) # s\n',
        TM + DS + 'modparam ( "dispatcher","ds_ping_interval" ,\t30 ) # s\n',
    ),
    "last_of_several": (
        [{"name": "dispatcher", "params": {"ds_ping_interval": 30}}],
        TM + DS + IV + IV,
        TM + DS + IV + IV.replace("10", "30"),
    ),
    "same_value": (
        [{"name": "dispatcher", "params": {"ds_ping_interval": 16}}],
        TM + DS + IV.replace("10", "0x10"),
        "",
    ),
    "over_a_group": (
        [{"name": "tm", "params": {"x": 2}}],
        TM + SL + 'modparam("tm|sl", "x", 1)\n' + ROUTE,
        TM + SL + 'modparam("tm|sl", "x", 1)\nmodparam("tm", "x", 2)\n' + ROUTE,
    ),
    "text_is_quoted": (
        [{"name": "tm", "params": {"x": 'a"b\\c\nloadmodule "y"'}}],
        TM,
        TM + 'modparam("tm", "x", "a\\"b\\\\c\\nloadmodule \\"y\\"")\n',
    ),
    "parameter_removed": (
        [{"name": "dispatcher", "params": {"ds_ping_interval": None}}],
        TM + DS + IV + SL,
        TM + DS + SL,
    ),
    "module_removed": ([{"name": "dispatcher", "state": "absent"}], TM + DS + "# c\n" + IV + SL, TM + "# c\n" + SL),
    "removed_beside_others": ([{"name": "sl", "state": "absent"}], TM.strip() + " " + SL + DS, TM.strip() + " \n" + DS),
    "comment_stays": ([{"name": "sl", "state": "absent"}], TM + 'loadmodule "sl.so" # c\n', TM + " # c\n"),
    "inserted_between_on_one_line": ([{"name": "tm"}], 'debug=2 loadmodule "sl.so"\n', "debug=2 " + TM + SL),
    "crlf": ([{"name": "tm"}], (SL + DS).replace("\n", "\r\n"), (TM + SL + DS).replace("\n", "\r\n")),
    "comment_that_looks_like_it": ([{"name": "tm"}], "# " + TM + SL, "# " + TM + TM + SL),
    "conditional_of_others": (
        [{"name": "tm"}],
        '#!ifdef X\nloadmodule "pv.so"\n#!endif\n' + SL,
        '#!ifdef X\nloadmodule "pv.so"\n#!endif\n' + TM + SL,
    ),
    "loaded_by_an_include_already": (
        [{"name": "tm"}, {"name": "dispatcher"}],
        'include_file "tm.cfg"\n' + SL,
        'include_file "tm.cfg"\n' + SL + DS,
    ),
    "named_by_a_define_already": ([{"name": "tm"}], '#!define M "tm.so"\nloadmodule M\n' + DS, ""),
}


@pytest.mark.parametrize("case", EDITS)
def test_edit(case: str) -> None:
    wishes, before, after = EDITS[case]
    assert plan(before, *wishes) == (after or before)


# wishes, file, message
REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "conditional": ({"name": "tm"}, "#!ifndef X\n" + TM + "#!endif\n", "main.cfg:2: tm stands under #!ifndef X"),
    "inactive": (
        {"name": "tm"},
        "#!ifdef X\n" + TM + "#!endif\n",
        "main.cfg:2: module tm is also loaded under #!ifdef X",
    ),
    "included": (
        {"name": "tm", "state": "absent"},
        'include_file "tm.cfg"\n',
        "/k/tm.cfg:1: tm is loaded or configured in this included",
    ),
    "dependant_included": (
        {"name": "tm"},
        'include_file "ds.cfg"\n',
        "/k/ds.cfg:1: dispatcher is loaded or configured",
    ),
    "define": (
        {"name": "tm", "state": "absent"},
        '#!define L loadmodule "tm.so"\nL\n',
        "main.cfg:2: tm comes from the define L",
    ),
    "parameter_of_an_included_module": (
        {"name": "tm", "params": {"x": 1}},
        'include_file "tm.cfg"\n',
        "main.cfg: no loadmodule stands in this file",
    ),
    "value_from_define": (
        {"name": "tm", "params": {"x": 1}},
        "#!define V 5\n" + TM + 'modparam("tm", "x", V)\n',
        "main.cfg:3: x of tm comes from the define V",
    ),
    "expression": ({"name": "tm"}, "#!ifexp A\n" + TM + "#!endif\n", "main.cfg:2:1: whether #!ifexp A holds is known"),
    "group_removed": (
        {"name": "sl", "state": "absent"},
        TM + SL + 'modparam("tm|sl", "x", 1)\n',
        'main.cfg:3: modparam("tm|sl", …) is for other modules too',
    ),
    "broken_file": ({"name": "tm"}, "loadmodule tm\n", "main.cfg:1:1: this loadmodule is not complete"),
    "open_comment": ({"name": "tm"}, SL + "/* /* */\n", "main.cfg:2: this comment never ends"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_this_version_does_not_edit_is_refused_with_its_place(case: str) -> None:
    wish, text, message = REFUSED[case]
    with pytest.raises(KamailioError) as caught:
        plan(text, wish)
    assert message in caught.value.render()


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([{"name": "a b"}], "modules[0].name 'a b' is not the name"),
        ([{}], "modules[0].name 'None' is not the name"),
        ([{"name": 'tm"\nx'}], r"modules[0].name 'tm\"\nx' is not".replace('\\"', '"')),
        ([{"name": "tm"}, {"name": "tm.so"}], "modules[0] and modules[1] are both tm"),
        ([{"name": "tm", "params": {'x"': 1}}], "modules[0].params: 'x\"' is not the name"),
        ([{"name": "tm", "params": {"x": [1]}}], "modules[0].params.x is neither a number nor text"),
        ([{"name": "tm", "params": {"x": 2**31}}], "does not fit into the server's 32 bits"),
        ([{"name": "tm", "params": {"x": "\0"}}], "holds a NUL byte"),
        ([{"name": "tm", "params": "x"}], "is not a mapping"),
        ([{"name": "tm", "state": "gone"}], "'gone' is neither present nor absent"),
        ([{"name": "tm", "state": "absent", "params": {"x": 1}}], "modules[0] has params, but is to be absent"),
        ([{"name": "tm", "parms": {}}], "modules[0].parms is not known"),
        (["tm"], "modules[0] is not a mapping"),
    ],
)
def test_bad_wishes(entries: Any, message: str) -> None:
    with pytest.raises(KamailioError) as caught:
        parse_module_wishes(entries)
    assert message in caught.value.render()


WISHES = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["tm", "sl", "dispatcher", "pv"])},
        optional={
            "params": st.dictionaries(
                st.sampled_from(["a", "b"]), st.one_of(st.none(), st.integers(-5, 5), st.text(max_size=5))
            ),
            "state": st.sampled_from(["present", "absent"]),
        },
    ),
    max_size=3,
)


@given(PIECES | st.permutations([TM, SL, DS, IV, "# c\n"]).map(lambda parts: "".join(parts).encode()), WISHES)
def test_any_wish_is_met_or_refused_and_met_once(data: bytes, entries: list[dict[str, Any]]) -> None:
    try:
        wishes = parse_module_wishes(entries)
        result = plan_modules(data, wishes, run)
    except KamailioError as exc:
        assert all(problem.text for problem in exc.problems)
        return
    assert plan_modules(result, wishes, run) == result
    after = run(result)
    loads = [load.name for load in after.loads]
    assert len(loads) == len(set(loads))
    for wish in wishes:
        assert (wish.name in loads) is wish.present
        for name, value in wish.params.items():
            param = after.param(wish.name, name)
            assert (param.value if param else None) == value
