# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Evaluation, Invocation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.plan import plan_modules
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.wish import (
    parse_module_wishes,
    with_known_types,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version
from unit.test_config_evaluate import PIECES

from .files import no_files

INCLUDES = {"/k/tm.cfg": b'loadmodule "tm.so"\n', "/k/ds.cfg": b'loadmodule "dispatcher.so"\n'}


MAIN = "/k/main.cfg"


def evaluate_files(files: dict[str, bytes]) -> Callable[[Mapping[str, bytes]], Evaluation]:
    """Evaluates these files, with others in their place."""

    def run(texts: Mapping[str, bytes]) -> Evaluation:
        both = {**files, **texts}
        return evaluate(MAIN, both[MAIN], both.get, Version(6, 1, 5))

    return run


def plan_files(files: dict[str, bytes], *entries: dict[str, Any]) -> dict[str, bytes]:
    """All files afterwards."""
    wishes = parse_module_wishes(entries)
    result = {**files, **plan_modules(wishes, evaluate_files(files))}
    assert plan_modules(wishes, evaluate_files(result)) == {}
    return result


def plan(text: str, *entries: dict[str, Any]) -> str:
    """The main file afterwards, which is the only one that changes."""
    files = {**INCLUDES, MAIN: text.encode()}
    result = plan_files(files, *entries)
    assert {path for path in files if result[path] != files[path]} <= {MAIN}
    return result[MAIN].decode()


TM, SL, DS = 'loadmodule "tm.so"\n', 'loadmodule "sl.so"\n', 'loadmodule "dispatcher.so"\n'
IV = 'modparam("dispatcher", "ds_ping_interval", 10)\n'
ROUTE = "request_route {\n\texit;\n}\n"

# wishes, before, after
EDITS: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    "a module whose own name is another": (
        [{"name": "ims_qos_npn", "params": {"recv_mode": 1}}],
        'loadmodule "ims_qos_npn.so"\n',
        'loadmodule "ims_qos_npn.so"\nmodparam("ims_qos", "recv_mode", 1)\n',
    ),
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
    "list_that_is_there_by_a_define": (
        [{"name": "sl", "params": {"x": ["a"]}}],
        '#!define MP modparam("sl", "x", "a")\n' + SL + "MP\n",
        "",
    ),
    "comment_behind_its_neighbour": (
        [{"name": "pv"}],
        'loadmodule "sl.so" /* replies */\n' + ROUTE,
        'loadmodule "sl.so" /* replies */\nloadmodule "pv.so"\n' + ROUTE,
    ),
    "both_before_an_orphaned_modparam": ([{"name": "dispatcher"}, {"name": "tm"}], IV + SL, TM + DS + IV + SL),
    "name_in_capitals": (
        [{"name": "sl", "params": {"x": None, "y": 2, "z": [1, 2]}}],
        SL + 'modparam("SL", "x", 1)\nmodparam("SL", "y", 1)\nmodparam("SL", "z", 1)\n',
        SL + 'modparam("SL", "y", 2)\nmodparam("SL", "z", 1)\nmodparam("sl", "z", 2)\n',
    ),
    "define_that_an_expression_uses": (
        [{"name": "sl", "params": {"x": 2}}],
        "#!define V 1\n" + SL + 'modparam("sl", "x", V)\n#!ifexp V == 1\n#!endif\n',
        "#!define V 1\n" + SL + 'modparam("sl", "x", 2)\n#!ifexp V == 1\n#!endif\n',
    ),
    "text_in_another_branch_that_loads_nothing": (
        [{"name": "tm"}],
        DS + '#!ifdef X\n# loadmodule "tm.so"\nx="loadmodule" /* loadmodule "tm" */\n#!endif\n',
        TM + DS + '#!ifdef X\n# loadmodule "tm.so"\nx="loadmodule" /* loadmodule "tm" */\n#!endif\n',
    ),
    "another_branch_that_loads_it": (
        [{"name": "tm"}],
        DS + '#!ifdef X\nloadmodule("/usr/lib/tm", "o") # c\n#!endif\n',
        TM + DS + '#!ifdef X\n#!ifndef MOD_tm\nloadmodule("/usr/lib/tm", "o") # c\n#!endif\n#!endif\n',
    ),
    "named_by_a_define_already": ([{"name": "tm"}], '#!define M "tm.so"\nloadmodule M\n' + DS, ""),
}


@pytest.mark.parametrize("case", EDITS)
def test_edit(case: str) -> None:
    wishes, before, after = EDITS[case]
    assert plan(before, *wishes) == (after or before)


GUARD = "#!ifndef MOD_%s\n%s#!endif\n"
IF, END = "#!ifdef X\n", "#!endif\n"

# wishes, the files before (the first one is the main file), the files that change, afterwards
FILES: dict[str, tuple[list[dict[str, Any]], dict[str, str], dict[str, str]]] = {
    "before_its_dependant_in_an_include": (
        [{"name": "tm"}],
        {"main": 'include_file "ds.cfg"\n', "ds": "# d\n" + DS},
        {"ds": "# d\n" + TM + DS},
    ),
    "in_the_branch_of_its_dependant": (
        [{"name": "tm"}],
        {"main": "#!ifndef X\n  " + DS + END},
        {"main": "#!ifndef X\n  " + TM + "  " + DS + END},
    ),
    "behind_the_modules_of_an_include": (
        [{"name": "pv"}],
        {"main": 'include_file "mods.cfg"\n' + ROUTE, "mods": TM + SL},
        {"mods": TM + SL + 'loadmodule "pv.so"\n'},
    ),
    "late_tm_moves_out_of_an_include": (
        [{"name": "tm"}],
        {"main": DS + 'include_file "late.cfg"\n', "late": "# t\n" + TM},
        {"main": TM + DS + 'include_file "late.cfg"\n', "late": "# t\n"},
    ),
    "late_tm_moves_before_the_branch_of_its_dependant": (
        [{"name": "tm"}],
        {"main": SL.replace("sl", "pv") + "#!ifndef X\n" + DS + END + TM},
        {"main": SL.replace("sl", "pv") + TM + "#!ifndef X\n" + DS + END},
    ),
    "late_tm_of_a_branch_stays_for_the_case_that_it_is_alone": (
        [{"name": "tm"}],
        {"main": DS + "#!ifndef X\n" + TM + END},
        {"main": TM + DS + "#!ifndef X\n" + GUARD % ("tm", TM) + END},
    ),
    "late_tm_moves_within_its_branch": (
        [{"name": "tm"}],
        {"main": "#!ifndef X\n" + DS + TM + END},
        {"main": "#!ifndef X\n" + TM + DS + END},
    ),
    "usrloc_before_registrar": (
        [{"name": "usrloc"}],
        {"main": SL + 'loadmodule "registrar.so"\n'},
        {"main": SL + 'loadmodule "usrloc.so"\nloadmodule "registrar.so"\n'},
    ),
    "late_usrloc_moves": (
        [{"name": "usrloc"}],
        {"main": SL + 'loadmodule "registrar.so"\nloadmodule "usrloc.so"\n'},
        {"main": SL + 'loadmodule "usrloc.so"\nloadmodule "registrar.so"\n'},
    ),
    "dmq_stays_where_nobody_asks_for_it": (
        [{"name": "dmq"}],
        {"main": TM + SL + 'loadmodule "htable.so"\nloadmodule "dmq.so"\n'},
        {},
    ),
    "behind_what_it_needs_in_its_branch": (
        [{"name": "registrar"}],
        {"main": SL + '#!ifndef X\nloadmodule "usrloc.so"\n' + END},
        {"main": SL + '#!ifndef X\nloadmodule "usrloc.so"\nloadmodule "registrar.so"\n' + END},
    ),
    "another_branch_further_down_may_load_it": (
        [{"name": "tm"}],
        {"main": DS + IF + "\t" + TM + "x=1\n" + END},
        {"main": TM + DS + IF + GUARD % ("tm", "\t" + TM) + "x=1\n" + END},
    ),
    "another_branch_further_up_may_load_it": (
        [{"name": "tm"}],
        {"main": IF + TM + END + DS},
        {"main": IF + TM + END + GUARD % ("tm", TM) + DS},
    ),
    "a_guard_is_enough": (
        [{"name": "tm"}],
        {"main": DS + IF + GUARD % ("tm", TM) + END},
        {"main": TM + DS + IF + GUARD % ("tm", TM) + END},
    ),
    "removed_everywhere": (
        [{"name": "dispatcher", "state": "absent"}],
        {"main": 'include_file "ds.cfg"\n' + IV + SL, "ds": TM + DS},
        {"main": 'include_file "ds.cfg"\n' + SL, "ds": TM},
    ),
    "of_a_branch_that_does_not_hold_nothing_is_removed": (
        [{"name": "tm", "state": "absent"}],
        {"main": IF + TM + END + TM},
        {"main": IF + TM + END},
    ),
    "a_parameter_of_others_too_stays": (
        [{"name": "sl", "state": "absent"}],
        {"main": TM + SL + 'modparam("tm|sl", "x", 1)\n'},
        {"main": TM + 'modparam("tm|sl", "x", 1)\n'},
    ),
    "a_parameter_behind_its_module_in_an_include": (
        [{"name": "tm", "params": {"x": 1}}],
        {"main": 'include_file "mods.cfg"\n' + SL, "mods": TM + "# end\n"},
        {"mods": TM + 'modparam("tm", "x", 1)\n# end\n'},
    ),
    "the_value_of_a_define": (
        [{"name": "tm", "params": {"x": 1}}],
        {"main": "#!define V  5 \n" + TM + 'modparam("tm", "x", V)\n'},
        {"main": "#!define V  1 \n" + TM + 'modparam("tm", "x", V)\n'},
    ),
    "the_value_of_a_define_in_an_include": (
        [{"name": "tm", "params": {"x": "b"}}],
        {"main": 'include_file "d.cfg"\n' + TM + 'modparam("tm", "x", V)\n', "d": '#!define V "a"\n'},
        {"d": '#!define V "b"\n'},
    ),
    "a_define_that_others_use_stays": (
        [{"name": "tm", "params": {"x": 1}}],
        {"main": "#!define V 5\n" + TM + 'modparam("tm", "x", V)\nmodparam("tm", "y", V)\n'},
        {"main": "#!define V 5\n" + TM + 'modparam("tm", "x", 1)\nmodparam("tm", "y", V)\n'},
    ),
    "a_string_with_a_substitution": (
        [{"name": "tm", "params": {"x": "new"}}],
        {"main": '#!substdef "!IP!1.2.3.4!g"\n' + TM + 'modparam("tm", "x", "sip:IP")\n'},
        {"main": '#!substdef "!IP!1.2.3.4!g"\n' + TM + 'modparam("tm", "x", "new")\n'},
    ),
    "a_parameter_in_the_branch_that_holds": (
        [{"name": "tm", "params": {"x": 3}}],
        {"main": TM + IF + 'modparam("tm", "x", 1)\n#!else\nmodparam("tm", "x", 2)\n' + END},
        {"main": TM + IF + 'modparam("tm", "x", 1)\n#!else\nmodparam("tm", "x", 3)\n' + END},
    ),
    "several_values": (
        [{"name": "tm", "params": {"x": ["a", "b", "c"]}}],
        {"main": TM + 'modparam("tm", "x", "a")\n# other\nmodparam("tm", "x", "z")\n' + SL},
        {"main": TM + 'modparam("tm", "x", "a")\n# other\nmodparam("tm", "x", "b")\nmodparam("tm", "x", "c")\n' + SL},
    ),
    "fewer_values": (
        [{"name": "tm", "params": {"x": ["b"]}}],
        {"main": TM + 'modparam("tm", "x", "a")\nmodparam("tm", "x", "b")\n'},
        {"main": TM + 'modparam("tm", "x", "b")\n'},
    ),
    "other_parameters_go": (
        [{"name": "tm", "params": {"x": 1}, "purge": "params"}],
        {"main": TM + SL + 'modparam("tm", "x", 1)\nmodparam("tm", "y", 1)\nmodparam("sl", "y", 1)\n'},
        {"main": TM + SL + 'modparam("tm", "x", 1)\nmodparam("sl", "y", 1)\n'},
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_edit_of_several_files(case: str) -> None:
    wishes, files, after = FILES[case]
    before = {"/k/%s.cfg" % name: text.encode() for name, text in files.items()}
    assert plan_files(before, *wishes) == {
        **before,
        **{"/k/%s.cfg" % name: text.encode() for name, text in after.items()},
    }


# wishes, file, message
REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "define": (
        {"name": "tm", "state": "absent"},
        '#!define L loadmodule "tm.so"\nL\n',
        "main.cfg:2:1: tm comes from the define L, which holds the whole statement",
    ),
    "late_by_a_define": ({"name": "tm"}, '#!define L loadmodule "tm.so"\n' + DS + "L\n", "main.cfg:3:1: tm comes from"),
    "expression": ({"name": "tm"}, "#!ifexp A = 1\n" + TM + "#!endif\n", "main.cfg:2:1: whether #!ifexp A = 1 holds"),
    "another_branch_on_a_full_line": (
        {"name": "tm"},
        DS + "#!ifdef X\nx=1 " + TM + "#!endif\n",
        "main.cfg:3:5: module tm is also loaded under #!ifdef X, beside other statements on one line",
    ),
    "broken_file": ({"name": "tm"}, "loadmodule tm\n", "main.cfg:1:1: this loadmodule is not complete"),
    "open_comment": ({"name": "tm"}, SL + "/* /* */\n", "main.cfg:2:1: this comment never ends"),
    "removed_from_a_group": (
        {"name": "tm", "params": {"x": None}},
        TM + SL + 'modparam("tm|sl", "x", 1)\n',
        'main.cfg:3:1: x of tm is set by modparam("tm|sl", …), for other modules too',
    ),
    "purged_from_a_group": (
        {"name": "tm", "purge": "params"},
        TM + SL + 'modparam("tm|sl", "x", 1)\n',
        'main.cfg:3:1: x of tm is set by modparam("tm|sl", …), for other modules too',
    ),
    "list_in_a_group_of_a_new_module": (
        {"name": "sl", "params": {"x": [1, 2]}},
        TM + 'modparam("sl|tm", "x", 1)\n',
        'main.cfg:3:1: x of sl is set by modparam("sl|tm", …), for other modules too',
    ),
    "list_in_a_group": (
        {"name": "tm", "params": {"x": [1]}},
        TM + SL + 'modparam("tm|sl", "x", 1)\n',
        'main.cfg:3:1: x of tm is set by modparam("tm|sl", …), for other modules too',
    ),
    "substituted_value": (
        {"name": "tm", "params": {"x": "sip:IP"}},
        '#!substdef "!IP!1.2.3.4!g"\n' + TM,
        "the edit would not give x of tm its value",
    ),
}


def test_what_the_command_line_gives_is_not_edited() -> None:
    beside = Invocation(defines=("V=5",), modules=("tm",))

    def run(texts: Mapping[str, bytes]) -> Evaluation:
        main = (SL + 'modparam("sl", "x", V)\n').encode()
        return evaluate(MAIN, texts.get(MAIN, main), no_files, Version(6, 1, 5), beside)

    assert plan_modules(parse_module_wishes([{"name": "tm"}]), run) == {}
    for wish, message in (
        ({"name": "tm", "state": "absent"}, "tm is given on the command line of the server"),
        ({"name": "sl", "params": {"x": 1}}, "main.cfg:2:21: x of sl comes from the define V, which no file sets"),
    ):
        with pytest.raises(KamailioError) as caught:
            plan_modules(parse_module_wishes([wish]), run)
        assert message in caught.value.render()


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
        ([{"name": "tm", "params": {"x": [{}]}}], "modules[0].params.x is neither a number nor text"),
        ([{"name": "tm", "purge": "all"}], "modules[0].purge 'all' is neither none nor params"),
        ([{"name": "tm", "params": {"x": 2**31}}], "does not fit into the server's 32 bits"),
        ([{"name": "tm", "params": {"x": "\0"}}], "holds a NUL byte"),
        ([{"name": "tm", "params": "x"}], "is not a mapping"),
        ([{"name": "tm", "state": "gone"}], "'gone' is neither present nor absent"),
        ([{"name": "tm", "state": "absent", "params": {"x": 1}}], "modules[0] has params, but is to be absent"),
        ([{"name": "tm", "parms": {}}], "modules[0].parms is not known"),
        (["tm"], "modules[0] is not a mapping"),
        ([{"name": "x", "params": {"db_url": "mysql://u:********@h/d"}}], "modules[0].params.db_url holds ********"),
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
                st.sampled_from(["a", "b"]),
                st.one_of(st.none(), st.integers(-5, 5), st.text(max_size=5), st.lists(st.integers(0, 3), max_size=3)),
            ),
            "purge": st.sampled_from(["none", "params"]),
            "state": st.sampled_from(["present", "absent"]),
        },
    ),
    max_size=3,
)


@given(PIECES | st.permutations([TM, SL, DS, IV, "# c\n"]).map(lambda parts: "".join(parts).encode()), WISHES)
def test_any_wish_is_met_or_refused_and_met_once(data: bytes, entries: list[dict[str, Any]]) -> None:
    try:
        wishes = parse_module_wishes(entries)
        run = evaluate_files({MAIN: data, **INCLUDES})
        result = plan_modules(wishes, run)
    except KamailioError as exc:
        assert all(problem.text for problem in exc.problems)
        return
    after = run(result)
    assert plan_modules(wishes, lambda texts: run({**result, **texts})) == {}
    loads = [load.name for load in after.loads]
    assert len(loads) == len(set(loads))
    for wish in wishes:
        assert (wish.name in loads) is wish.present
        for name, value in wish.params.items():
            there = after.all_params(wish.name, name)
            if isinstance(value, tuple):
                assert [param.value for param in there if param.written_for == wish.name] == list(value)
            elif value is not None or not there or there[-1].written_for == wish.name:
                assert (there[-1].value if there else None) == value


@pytest.mark.parametrize(
    ("module", "name", "value", "typed"),
    [
        ("dispatcher", "ds_ping_interval", "10", 10),
        ("dispatcher", "ds_ping_interval", "-1", -1),
        ("dispatcher", "ds_ping_interval", "10 s", b"10 s"),
        ("dispatcher", "ds_ping_latency_stats", "True", 1),
        ("dispatcher", "ds_ping_latency_stats", ["no", "on"], (0, 1)),
        ("dispatcher", "ds_ping_interval", "9999999999", b"9999999999"),
        ("dispatcher", "ds_ping_from", "10", b"10"),
        ("dispatcher", "ds_ping_from", "yes", b"yes"),
        ("jsonrpcs", "fifo_user", "10", b"10"),
        ("dispatcher", "no_such", "10", b"10"),
        ("no_such", "x", "10", b"10"),
        ("dispatcher", "ds_ping_interval", ["10", 5], (10, 5)),
        ("dispatcher", "ds_ping_interval", None, None),
    ],
)
def test_a_text_is_a_number_where_the_parameter_takes_nothing_else(
    module: str, name: str, value: object, typed: object
) -> None:
    (wish,) = with_known_types(parse_module_wishes([{"name": module, "params": {name: value}}]))
    assert wish.params == {name: typed}
