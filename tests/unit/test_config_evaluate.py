# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config import lexer
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Evaluation, Invocation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.values import (
    parse_number,
    parse_string,
    render_value,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import Problem
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

from .files import no_files

PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "loadmodule",
                "modparam",
                '"tm.so"',
                '("a", "b", 1)',
                "#!ifdef A\n",
                "#!else\n",
                "#!endif\n",
                "#!ifexp 1\n",
                "#!define A 1\n",
                "/*",
                "*/",
                '"',
                "'",
                "\\",
                "#",
                "//",
                "\n",
                "\r\n",
                "include_file",
                'import_file "x"',
                '#!subst "/a/b/"',
                "{",
                "}",
                "request_route",
                '!!define M "tm"\n',
                "loadmodule M\n",
                "#!endif # x\n",
                "#!defenv X\n",
                "#!define A A\n",
                "A",
            ]
        ).map(str.encode),
        st.binary(max_size=6),
    ),
    max_size=30,
).map(b"".join)


NEWEST = Version(6, 1, 5)


def run(text: str | bytes, version: Version | None = NEWEST, **files: str | Problem) -> Evaluation:
    def read(path: str) -> bytes | Problem | None:
        content = files.get(path.rpartition("/")[2].replace(".cfg", ""))
        return content.encode() if isinstance(content, str) else content

    return evaluate("/etc/k/main.cfg", text if isinstance(text, bytes) else text.encode(), read, version)


def names(evaluation: Evaluation) -> list[str]:
    return [load.name for load in evaluation.loads]


@given(PIECES)
def test_tokens_tile_the_file(data: bytes) -> None:
    for next_token in (lexer.next_token, lexer.next_inactive):
        for foreign in (frozenset(), frozenset([b"ifexp", b"undef"])):
            at = 0
            while at < len(data):
                token = next_token(data, at, foreign)
                assert token.start == at < token.end <= len(data)
                at = token.end


@given(PIECES)
def test_any_bytes_are_evaluated(data: bytes) -> None:
    evaluation = run(data, x="loadmodule 'x'")
    assert evaluation.files["/etc/k/main.cfg"] == data
    for load in evaluation.loads:
        assert b"load" in data[load.place.start : load.place.end] or load.place.path != "/etc/k/main.cfg"


LOADED = {
    'loadmodule "tm.so"': ["tm"],
    "loadmodule 'tm'": ["tm"],
    'loadmodule "/usr/lib/tm.so"': ["tm"],
    'loadmodule("tm.so")': ["tm"],
    'loadmodule\n\n "tm.so" loadmodule"sl.so"': ["tm", "sl"],
    'loadmodule "t" "m"': ["tm"],
    'loadmodule "t\\x6d"': ["tm"],
    'loadmodulex "tm.so"': ["tm"],
    '# loadmodule "tm.so"': [],
    '// loadmodule "tm.so"': [],
    '/* loadmodule "tm.so" */ loadmodule "sl"': ["sl"],
    '/* /* */ loadmodule "tm.so" */': [],
    'x="# no comment" loadmodule "tm.so"': ["tm"],
    "x='/*' loadmodule \"tm.so\"": ["tm"],
    'x="\\"" loadmodule "tm.so"': ["tm"],
    '#!ifdef A\nloadmodule "tm"\n#!endif\n': [],
    '#!ifndef A\nloadmodule "tm"\n#!endif\n': ["tm"],
    '#!define A\n#!ifdef A\nloadmodule "tm"\n#!else\nloadmodule "sl"\n#!endif\n': ["tm"],
    '#!ifdef A\n#!ifndef B\nloadmodule "tm"\n#!endif\n#!else\nloadmodule "sl"\n#!endif\n': ["sl"],
    '!!define M "tm"\nloadmodule M': ["tm"],
    '#!subst "/TM/tm/"\nloadmodule "TM.so"': ["tm"],
    '#!subst "/t(.)/s\\\\1/"\nloadmodule "tl"': ["sl"],
    '#!substdef "!M!tm!g"\nloadmodule "M.so"': ["tm"],
    '#!substdef "!M!loadmodule \\"tm\\"!g"\nM': ["tm"],
    '#!substdefs "!M!tm!g"\nloadmodule M': ["tm"],
    '#!subst "!x!a!"\ninclude_file "x.cfg"': ["tm"],
    '#!ifexp A\nloadmodule "tm"\n#!else\nloadmodule "sl"\n#!endif\n': ["sl"],
    '#!define A 5\n#!ifexp A == 5 && !B\nloadmodule "tm"\n#!endif\n': ["tm"],
    '#!define A "x"\n#!ifexp A + 1 == "x1"\nloadmodule "tm"\n#!endif\n': ["tm"],
    '#!ifexp KAMAILIO_VERSION >= 6000000\nloadmodule "tm"\n#!endif\n': ["tm"],
    '#!ifexp 2 * 3 ** 2 == 18 && -1 < 0 && 7 % 4 + (1 << 2) == 7\nloadmodule "tm"\n#!endif\n': ["tm"],
    '#!ifexp (5 & 4) == 4 && (1 | 2) == 3 && (5 ^ 1) == 4 && (8 >> 1) == 4\nloadmodule "tm"\n#!endif\n': ["tm"],
    '#!ifexp 4 / 2 == 2 && 3 - 1 == 2 && 1 != 2 && 2 <= 2 && 3 > 2 || 0\nloadmodule "tm"\n#!endif\n': ["tm"],
    '#!ifexp "a" < "b" && "a" + 1 == "a1" && 1 + "2" == 3\nloadmodule "tm"\n#!endif\n': ["tm"],
    'route[A] { $a = $(b{s.select,1,"}); }\nloadmodule "tm"\nroute[B] { $a = $(b{s.select,1,"}); }': ["tm"],
    'route[A] { $var(a) = $(ru{s.replace,$(var(b){s.len}),"{}) + $x$(y#) + $; }\nloadmodule "tm"': ["tm"],
    '#!define Q }\nroute[A] { $Q = $(Q") + $var(Q); }\nloadmodule "tm"': ["tm"],
    '#!defexp A 1 + 1\n#!ifexp A == 2\nloadmodule "tm"\n#!endif\n': ["tm"],
    '#!define N tm\n#!defexps A N + ".so"\nloadmodule A': ["tm"],
    '#!define M N\n#!define N "tm"\nloadmodule M': ["tm"],
    '#!define M "t\\\nm"\nloadmodule M': ["tm"],
    '#!define M \\\nloadmodule "tm"': ["tm"],
    '#!trydef M "tm"\n#!trydef M "sl"\nloadmodule M': ["tm"],
    '#!define M "tm"\n#!redefine M "sl"\nloadmodule M': ["sl"],
    'loadmodule "tm"\n#!ifdef MOD_tm\nloadmodule "sl"\n#!endif\n': ["tm", "sl"],
    'loadmodule "ss7ops"\n#!ifdef MOD_ss7ops\nloadmodule "sl"\n#!endif\n': ["ss7ops"],
    'loadmodule "ss7ops"\n#!ifdef MOD_ss7\nloadmodule "sl"\n#!endif\n': ["ss7ops", "sl"],
    '#!ifdef KAMAILIO_6\nloadmodule "tm"\n#!endif\n#!ifdef KAMAILIO_6_0\nloadmodule "sl"\n#!endif\n': ["tm"],
    'request_route { x("loadmodule"); }\nloadmodule "tm"': ["tm"],
    '#!define E\nE loadmodule "tm" E\nmodparam("tm", "a", E 5) E': ["tm"],
    'loadmodule "tm" loadmodule "sl"\nmodparam("tm|[(*]x", "a", 1)': ["tm", "sl"],
    'include_file "a.cfg"\nloadmodule "sl"': ["tm", "sl"],
    '#!import_file "a.cfg"\n#!import_file "no.cfg"\nloadmodule "sl"': ["tm", "sl"],
    '#!ifdef X\nimport_file "a.cfg"\n#!endif\nloadmodule "sl"': ["sl"],
}


@pytest.mark.parametrize("text", LOADED)
def test_modules_in_the_order_of_evaluation(text: str) -> None:
    evaluation = run(text, a='loadmodule "tm.so"\n')
    assert names(evaluation) == LOADED[text]
    assert not evaluation.problems and not evaluation.undecided


def test_places_and_conditions() -> None:
    evaluation = run('#!ifndef A\n  loadmodule "tm.so" # x\n#!endif\ninclude_file "a.cfg"\n', a='\n\nloadmodule "sl"')
    tm, sl = (load.place for load in evaluation.loads)
    assert (tm.path, tm.line, tm.column, [condition.text for condition in tm.conditions]) == (
        "/etc/k/main.cfg",
        2,
        3,
        ["#!ifndef A"],
    )
    assert (sl.path, sl.line, sl.column, sl.conditions) == ("/etc/k/a.cfg", 3, 1, ())
    assert evaluation.files["/etc/k/main.cfg"][tm.start : tm.end] == b'loadmodule "tm.so"'


def test_parameters() -> None:
    evaluation = run(
        'loadmodule "tm"\nloadmodule "sl"\nmodparam("tm", "a", 1)\nmodparam("tm|sl", "a", "x" "y")\n'
        'modparam("tm","b",-3) modparam("tm","c",yes)#!define V 0x10\nmodparam("tm", "d", V)modparamx("tm","e","$x(y)")'
        'modparamx("tm", "f", $var(x))'.replace("#!define", "\n#!define")
    )
    values = {name: evaluation.param("tm", name) for name in "abcdef"}
    assert {name: param and param.value for name, param in values.items()} == {
        "a": b"xy",
        "b": -3,
        "c": 1,
        "d": 16,
        "e": None,
        "f": None,
    }
    assert values["a"] and values["a"].modules == ("tm", "sl")
    assert values["d"] and values["d"].value_place.define == "V"
    assert not evaluation.problems and not evaluation.undecided
    assert evaluation.param("sl", "b") is None
    lowest = run('loadmodule "tm"\nmodparam("tm", "a", -2147483648)').param("tm", "a")
    assert lowest and lowest.value == -2147483648


def test_a_string_that_can_be_secret_is_not_told() -> None:
    for text in ('db_password "s3cret"', '"s3cret"', 'loadmodule "tm" modparam("tm", "x", s3cret)'):
        assert "s3cret" not in str(run(text).problems)


def test_what_to_do_about_an_endif_that_ends_the_file() -> None:
    remedies = [problem.remedy for rule, problem in run("#!ifdef X\n#!endif").problems if rule != "config-syntax"]
    assert remedies == ["End its line: the file ends right behind it"]
    (remedy,) = (problem.remedy for rule, problem in run("#!endif x\n").problems if rule != "config-syntax")
    assert remedy == "Put nothing behind #!endif but white space"


# text: rule, line and column of the first problem
PROBLEMS = {
    "\nloadmodule tm": ("config-syntax", 2, 1),
    "loadmodule": ("config-syntax", 1, 1),
    "loadmodule?": ("config-syntax", 1, 1),
    '#!define T\n#!ifdef !T\nloadmodule "nonesuch"\n#!endif\n': ("directive-not-recognised", 2, 1),
    "\n#!ifdef 123\n#!endif\n": ("directive-not-recognised", 2, 1),
    "".join("#!define D%d\n" % number for number in range(507)) + "#!redefine D1": ("config-syntax", 508, 1),
    "".join("#!define D%d 1\n" % number for number in range(507)): ("config-syntax", 507, 1),
    "".join("#!define D%d\n" % number for number in range(507)) + 'loadmodule "tm"': ("config-syntax", 508, 1),
    "\n#!ifdef \n#!endif\n": ("directive-not-recognised", 2, 1),
    'loadmodule "tm"\nmodparam("(?:tm)", "x", 1)': ("config-syntax", 2, 10),
    'loadmodule "tm"\nmodparam("*tm", "x", 1)': ("config-syntax", 2, 10),
    "".join("#!define D%d\n" % number for number in range(508)): ("config-syntax", 508, 1),
    "\nchildren": ("config-syntax", 2, 1),
    "debug=2\nchildren=\n# c\n": ("config-syntax", 2, 9),
    "\nrequest_route": ("config-syntax", 2, 1),
    'request_route { $var(x) = $(var(y){s.select,1,"}; }': ("config-syntax", 1, 27),
    'loadmodule "tm"\nmodparam("tm" "x", 1)': ("config-syntax", 2, 1),
    'loadmodule "tm"\nmodparam("tm", "x", word)': ("config-syntax", 2, 1),
    'loadmodule "tm"\n\nloadmodule "tm.so"': ("module-twice", 3, 1),
    'modparam("tm", "x", 1)': ("modparam-without-module", 1, 1),
    "\n/* a /* b */": ("comment-unclosed", 2, 1),
    '\n\n x="y': ("config-syntax", 3, 4),
    "#!define M\n#!undef M\n#!define M": ("directive-not-recognised", 2, 1),
    "\n#!else # note\n": ("directive-not-recognised", 2, 1),
    "#!ifdef X\n\n#!else # note\n#!endif\n": ("directive-not-recognised", 3, 1),
    "#!ifdef X-Y\n#!endif\n": ("config-syntax", 1, 1),
    "#!define X-Y\n": ("config-syntax", 1, 1),
    "\n#!define A B\n#!define B A\nA": ("config-syntax", 4, 1),
    '#!subst "xx"': ("config-syntax", 1, 1),
    '#!subst "/a/b/z"': ("config-syntax", 1, 1),
    '#!define X\n#!substdef "/X/b/"': ("config-syntax", 2, 1),
    "#!ifdef X\n": ("config-syntax", 1, 1),
    "\n#!endif\n": ("config-syntax", 2, 1),
    "#!define A\n#!define A\n": ("config-syntax", 2, 1),
    'include_file "no.cfg"': ("include-missing", 1, 1),
    "include_file no.cfg": ("config-syntax", 1, 1),
    'include_file "main.cfg"': ("config-syntax", 1, 1),
    'loadmodule "tm" loadmodule "tm.so"': ("module-twice", 1, 17),
    '/* é */ loadmodule "tm" loadmodule "tm"': ("module-twice", 1, 26),
    'loadmodule "tm"\n\tmodparam("tm", "x", word)': ("config-syntax", 2, 2),
    'x="y" modparam("tm", "x", 1)': ("modparam-without-module", 1, 7),
    "  #!ifdef X\n": ("config-syntax", 1, 3),
    "\n  #!endif\n": ("config-syntax", 2, 3),
    "\n\t #!else # note\n": ("directive-not-recognised", 2, 3),
    "#!ifdef X\n\n  #!else # note\n#!endif\n": ("directive-not-recognised", 3, 3),
    "x=1 #!define A-B\n": ("config-syntax", 1, 5),
    "x=1 /* a /* b */": ("comment-unclosed", 1, 5),
    'x=1 include_file "no.cfg"': ("include-missing", 1, 5),
}


@pytest.mark.parametrize("text", PROBLEMS)
def test_what_the_server_refuses(text: str) -> None:
    rule, problem = run(text, main='include_file "main.cfg"').problems[0]
    assert (rule, problem.line, problem.column) == PROBLEMS[text]


@pytest.mark.parametrize("written", ["ims_qos", "IMS_QOS", "ims_q.*|tm"])
def test_a_modparam_names_a_module_as_it_names_itself(written: str) -> None:
    text = 'loadmodule "ims_qos_npn.so"\nmodparam("%s", "recv_mode", 1)\n' % written
    evaluation = evaluate("/m", text.encode(), no_files, NEWEST)
    assert not evaluation.problems and [param.modules for param in evaluation.params] == [("ims_qos_npn",)]
    other = evaluate("/m", text.replace(written, "ims_qos_npn").encode(), no_files, NEWEST)
    assert [rule for rule, _problem in other.problems] == ["modparam-without-module"]


def test_a_problem_of_the_command_line_has_no_line() -> None:
    invocation = Invocation(params=(("tm", "x", 1),))
    ((rule, problem),) = evaluate("/m", b"", no_files, NEWEST, invocation).problems
    assert rule == "modparam-without-module"
    assert problem.render().startswith('the command line: modparam("tm", "x", …) is for a module')


# text: text of what is not known
UNDECIDED = {
    '#!ifexp A = 1\nloadmodule "tm"\n#!endif\n': "#!ifexp A = 1",
    '#!defenv A\n#!ifexp A > 1\nloadmodule "tm"\n#!endif\n': "#!ifexp A > 1",
    '#!trydefenv A\n#!ifdef A\n#!else\nloadmodule "tm"\n#!endif\n': "#!ifdef A",
    "#!defenv M\nloadmodule M": "M is known",
    'loadmodulex "$def(M)"': "$def(M) is known",
    '#!subst "/tm|x/sl/"\nloadmodule "tm"': "#!subst",
    '#!subst "/tm/$def(X)/"\nloadmodule "tm"': "#!subst",
    '#!subst "/[[:alpha:]]/x/"\nloadmodule "tm"': "#!subst",
    'import_file "secret.cfg"': "permission denied",
    'modparam("[[:alpha:]]+", "x", 1)': "is not an expression that can be read here",
    'modparam("(t+)+m", "x", 1)': "is not an expression that can be read here",
    '#!subst "/(a+)+x/b/"\nloadmodule "%s"' % ("a" * 60): "#!subst on line 1",
    '#!subst "/x*a?x*b?x*c?x*d?x*e?x*f?x*y/z/"\nloadmodule "%s"' % ("x" * 120): "#!subst on line 1",
    '#!subst "/(x*())*y/z/"\nloadmodule "%s"' % ("x" * 40): "#!subst on line 1",
    '#!subst "/%sy/z/"\nloadmodule "%s"' % ("(x|x)" * 22, "x" * 40): "#!subst on line 1",
    '#!subst "/.+/%s/"\nloadmodule "%s"' % ("\\\\0" * 500, "x" * 100_000): "#!subst on line 1",
    '#!define V $var\nroute[A] { V("x") = 1; }': "what the define V does to the text behind it",
    '#!subst "/a/aa/g"\n' * 30 + 'loadmodule "a"': "#!subst on line",
    'include_file "open.cfg"\nloadmodule "tm"\n*/': "this comment goes on in the file that includes",
    'modparam("(tm", "x", 1)': "is not an expression that can be read here",
}


def test_numbers_without_end_in_an_expression() -> None:
    for expression in ("9" * 400 + " % 2", "1 % " + "9" * 400, "9" * 5000 + " + 1", '"" + ' + "9" * 60):
        run("#!ifexp %s\n#!endif\n" % expression)


@pytest.mark.parametrize("text", UNDECIDED)
def test_what_only_the_server_knows_is_said_and_not_guessed(text: str) -> None:
    evaluation = run(text, secret=Problem("permission denied"), open="/* ")
    (problem,) = evaluation.undecided
    assert UNDECIDED[text] in problem.text
    assert names(evaluation) in ([], ["tm"] if "open.cfg" in text else [])


@pytest.mark.parametrize("text", ['#!define M "tm" # note\nx = M loadmodule "sl"', '#!define M "t"\nloadmodule M "m"'])
def test_a_define_that_changes_the_text_behind_its_name(text: str) -> None:
    (problem,) = run(text).undecided
    assert "the define M does to the text behind it" in problem.text


def test_undef_is_known_after_6_1() -> None:
    text = '#!def M "tm"\n#!undef M\n#!ifdef M\nloadmodule "tm"\n#!endif\n'
    assert names(run(text)) == ["tm"] and names(run(text, version=Version(6, 2, 0))) == []


def test_a_substitution_is_named_without_its_text() -> None:
    (problem,) = run('#!substdef "!t|m!S3CRET!g"\nloadmodule "tm"').undecided
    assert problem.text == "#!substdef on line 1 changes strings, perhaps this one"


def test_what_cannot_matter_is_not_undecided() -> None:
    text = '#!ifexp A = 1\nlog_stderror=yes\n#!endif\n#!substdef "!DBPASS!x!g"\n#!defenv HOME\nloadmodule "tm"\n'
    assert run(text).undecided == ()


def test_ifexp_is_a_comment_before_5_7() -> None:
    evaluation = run('#!ifexp 1 > 2\nloadmodule "tm"\n', version=Version(5, 6))
    assert names(evaluation) == ["tm"] and not evaluation.undecided
    (misread, problem) = run('#!ifexp 1 > 2\nloadmodule "tm"\n#!endif\n', version=Version(5, 6)).problems
    assert misread[0] == "directive-not-recognised" and "#!endif closes nothing" in problem[1].text


def test_what_5_4_reads_otherwise() -> None:
    text = '#!defenv X\n#!trydefenv Y\nloadmodule "tm"\n'
    assert [rule for rule, _problem in run(text, version=Version(5, 4)).problems] == ["directive-not-recognised"] * 2
    (problem,) = run('loadmodule "tm"\nmodparamx("tm", "fr_timer", 1)\n', version=Version(5, 4)).problems
    assert problem[0] == "config-syntax" and problem[1].text == "modparamx is a syntax error before Kamailio 5.5"
    assert problem[1].remedy == "Write modparam, without pseudo-variables"
    for version, problems in ((Version(5, 4), 1), (Version(5, 5), 0)):
        quoted = '#!substdefs "!NAME!tm!g"\nloadmodule NAME\n'
        assert len(run(quoted, version=version).problems) == problems
        known = run('#!substdef "!NAME!$x!g"\n#!ifdef NAME\nloadmodule "tm"\n#!endif\n', version=version)
        assert names(known) == ["tm"]


def test_unknown_version() -> None:
    assert len(run('#!ifdef KAMAILIO_6\nloadmodule "tm"\n#!endif\n', version=None).undecided) == 1


def test_defines_that_grow_without_end_are_cut() -> None:
    lines = ["#!define A%d A%d A%d\n" % (index, index + 1, index + 1) for index in range(60)]
    evaluation = run("".join(lines) + "children=A0\n")
    assert any("never ends" in problem.text for _rule, problem in evaluation.problems)


# What makes a careless reader run for hours: each is a file of a megabyte or less.
HOSTILE = {
    "quotes": b'"' * 1_000_001,
    "ticks": b"'\n" * 500_001,
    "comments_open": b"/*" * 500_000,
    "comments_closed": b"/**/" * 250_000,
    "slashes": b"/ " * 500_000,
    "braces": b"{" * 1_000_000,
    "quotes_in_a_block": b"route {" + b"' { } \"" * 100_001,
    "conditionals": b"#!ifdef A\n" * 100_000,
    "ends": b"#!endif\n" * 100_000,
    "inactive": b"#!ifdef A\n" + b"#!ifndef A\n#!else\n#!endif\n" * 30_000,
    "backslashes": b"#!define A " + b"\\\n" * 300_000,
    "strings": b'"a" ' * 250_000,
    "words": b"loadmodule " * 90_000,
    "directives": b"#! " * 300_000,
    "expression": b"#!ifexp " + b"(" * 100_000 + b"\n",
    "expression_of_operators": b"#!ifexp 1" + b"+1" * 100_000 + b"\n",
    "substitutions": b'#!subst "/b/c/g"\n' * 50_000,
    "includes": b'include_file "self.cfg"\n' * 30_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_input_runs_for_hours(name: str) -> None:
    data = HOSTILE[name]
    evaluation = evaluate("/k/self.cfg", data, lambda path: data, Version(6, 1, 5))
    assert evaluation.loads == () and len(evaluation.problems) < 200_000


def test_more_substitutions_than_are_obeyed_are_a_doubt() -> None:
    lines = b'#!subst "/aa/tm/"\n' + b'#!subst "/bb/c/"\n' * 499
    obeyed = evaluate("/k", lines + b'loadmodule "aa"\n', no_files, Version(6, 1))
    assert names(obeyed) == ["tm"] and not obeyed.undecided
    cut = evaluate("/k", lines + b'#!subst "/bb/c/"\nloadmodule "aa"\n', no_files, Version(6, 1))
    assert cut.undecided and "line 501 follows 500 others" in str(cut.undecided)


def test_a_tree_of_includes_is_cut() -> None:
    branches = {"/k/%d.cfg" % depth: b'include_file "%d.cfg"\n' % (depth + 1) * 20 for depth in range(9)}
    evaluation = evaluate("/k/0.cfg", branches["/k/0.cfg"], branches.get, Version(6, 1, 5))
    assert "files are included" in evaluation.problems[-1][1].text or "is not there" in evaluation.problems[0][1].text


def test_environment() -> None:
    text = '#!defenv A\n#!defenvs B=BB\n#!trydefenv C\nloadmodule A\nloadmodule B\n#!ifdef C\nloadmodule "x"\n#!endif\n'
    known = evaluate("/m", text.encode(), no_files, Version(6, 1), Invocation(environment={"A": '"tm"', "BB": "sl"}))
    assert names(known) == ["tm", "sl"] and not known.problems and not known.undecided
    ((rule, problem),) = evaluate("/m", b"#!defenv A\n", no_files, Version(6, 1), Invocation(environment={})).problems
    assert (rule, problem.line) == ("config-syntax", 1) and "environment variable A is not set" in problem.text


def test_what_the_command_line_gives() -> None:
    beside = Invocation(
        defines=("A", 'M="sl"'),
        modules=("tm.so",),
        params=(("tm", "x", 5),),
        substitutions=(("subst", "/R/rr/"),),
        load_path="/lib",
    )
    text = '#!ifdef A\nloadmodule M\n#!endif\nloadmodule "R"\nloadpath "/other"\n'
    evaluation = evaluate("/m", text.encode(), no_files, Version(6, 1), beside)
    assert names(evaluation) == ["tm", "sl", "rr"] and evaluation.load_path == "/other"
    param = evaluation.param("tm", "x")
    assert param and param.value == 5


def test_defines_know_their_value_and_their_uses() -> None:
    text = '#!define V  10 \nloadmodule "tm"\nmodparam("tm", "x", V)\n'
    evaluation = run(text + "#!ifdef V\nx = V\n#!endif\n")
    define = evaluation.defines["V"]
    assert text[define.start : define.end] == "10 " and evaluation.uses("V") == 2


@given(st.binary())
def test_strings_come_back(value: bytes) -> None:
    source = render_value(value)
    assert parse_string(source) == value
    assert b"\n" not in source
    token = lexer.next_token(source + b" x", 0, frozenset())
    assert (token.kind, token.end) == (lexer.STRING, len(source))


def test_numbers_are_cut_to_32_bits() -> None:
    words = (b"4294967301", b"9" * 5000, b"0x1fffffff0", b"0x" + b"f" * 5000, b"1" * 36 + b"01b", b"0777777777777")
    assert [parse_number(word) for word in words] == [5, -1, -16, -1, -3, -1]
    assert (parse_number(b"IPv4"), parse_number(b"inet6")) == (2, 10)


@given(st.integers(0, 2147483647))
def test_numbers_come_back(value: int) -> None:
    assert parse_number(render_value(value)) == value
