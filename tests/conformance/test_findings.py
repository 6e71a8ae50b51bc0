# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every other rule: a setup that breaks it, and what running servers make of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.analyse import Host
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Account, Load
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.parameters import NEWEST
from conformance.server import ROOTS, as_version, free_ports, run_in_root
from conformance.setups import Setup, add_database, rules

BASE = 'loadmodule "tm.so"\nloadmodule "dispatcher.so"\n@LIST@\nmodparam("dispatcher", "ds_ping_interval", 1)\n'
LIST = "1 sip:127.0.0.1:5099 8\n"

# name: rule, configuration, list, does kamailio -c pass, does it start
CASES = {
    "not_loaded_without_pv": (
        "module-missing",
        BASE + 'loadmodule "http_async_client.so"\n',
        LIST,
        False,
        False,
    ),
    "setid_only": ("list-line-incomplete", BASE, LIST + "2\n", True, False),
    "setid_and_comment": ("list-line-incomplete", BASE, LIST + "2 # sip:127.0.0.1\n", True, False),
    "no_list": ("list-missing", BASE, None, True, False),
    "letters": ("flags-not-a-number", BASE, LIST + "2 sip:127.0.0.1:5098 AP\n", True, True),
    "load_without_string": ("config-syntax", BASE + "loadmodule xlog\n", LIST, False, False),
    "modparam_cut": ("config-syntax", BASE + 'modparam("dispatcher", "flags")\n', LIST, False, False),
    "value_not_defined": (
        "config-syntax",
        BASE + 'modparam("dispatcher", "ds_probing_mode", MODE)\n',
        LIST,
        False,
        False,
    ),
    "value_not_defined_of_what_must_be_set": (
        "config-syntax",
        BASE + 'loadmodule "sl.so"\nloadmodule "dmq.so"\nmodparam("dmq", "server_address", ADDRESS)\n'
        'modparam("dmq", "notification_address", "sip:127.0.0.1:9")\n',
        LIST,
        False,
        False,
    ),
    "ifdef_open": ("config-syntax", BASE + "#!ifdef X\n", LIST, False, False),
    "endif_with_comment": ("config-syntax", BASE + "#!ifndef X\n#!endif # X\n", LIST, False, False),
    "endif_too_many": ("config-syntax", BASE + "#!endif\n", LIST, False, False),
    "define_twice": ("config-syntax", BASE + "#!define X 1\n#!define X 2\n", LIST, False, False),
    "string_open": ("config-syntax", BASE + 'loadmodule "xlog.so\n', LIST, False, False),
    "not_a_statement": ("config-syntax", BASE + "hello world\n", LIST, False, False),
    "no_statement_begins_so": ("config-syntax", BASE + "<html>\n", LIST, False, False),
    "template": ("config-syntax", "{% if x %}\n" + BASE, LIST, False, False),
    "brace_too_many": ("config-syntax", BASE + "route[X] { exit; } }\n", LIST, False, False),
    "value_without_name": ("config-syntax", BASE + '"x"\n', LIST, False, False),
    "cut_off": ("config-syntax", BASE + "route[X] {\n  if (1) {\n exit;\n }\n", LIST, False, False),
    "socket_of_opensips": ("config-syntax", BASE + "socket=udp:127.0.0.1:5060\n", LIST, False, False),
    "setting_misspelled": ("core-setting-unknown", BASE + "childern=4\n", LIST, False, False),
    "setting_behind_a_listen": ("core-setting-unknown", BASE + "alias=a.b.c no_such=4\n", LIST, False, False),
    "setting_from_a_define": ("core-setting-unknown", "#!define N no_such\nN=1\n" + BASE, LIST, False, False),
    "setting_of_a_name_in_use": ("core-setting-unknown", BASE + "gw.port=5060\n", LIST, False, False),
    "setting_in_quotes": ("core-setting-value", BASE + 'tcp_children="4"\n', LIST, False, False),
    "setting_without_quotes": ("core-setting-value", BASE + "workdir=/tmp\n", LIST, False, False),
    "setting_with_a_sign": ("core-setting-value", BASE + "tcp_children=-1\n", LIST, False, False),
    "setting_with_a_word_of_its_own": ("core-setting-value", BASE + "log_facility=LOG_X\n", LIST, False, False),
    "setting_behind_a_modparam": ("core-setting-late", BASE + 'user="root"\n', LIST, False, False),
    "setting_and_more": ("config-syntax", BASE + "tcp_children=4 5\n", LIST, False, False),
    "include_missing": ("include-missing", BASE + 'include_file "no_such.cfg"\n', LIST, False, False),
    "module_twice": ("module-twice", BASE + 'loadmodule "tm.so"\n', LIST, False, False),
    "modparam_first": ("modparam-without-module", 'modparam("tm", "fr_timer", 1)\n' + BASE, LIST, False, False),
    "modparam_no_module": (
        "modparam-without-module",
        BASE + 'modparam("rr", "append_fromtag", 1)\n',
        LIST,
        False,
        False,
    ),
    "number_quoted": ("parameter-type", BASE.replace(", 1)", ', "1")'), LIST, False, False),
    "parameter_unknown": ("parameter-unknown", BASE + 'modparam("tm", "fr_timers", 1)\n', LIST, False, False),
    "string_for_a_number": ("parameter-type", BASE + 'modparam("tm", "fr_timer", "1")\n', LIST, False, False),
    "number_for_a_string": ("parameter-type", BASE + 'modparam("tm", "fr_timer_avp", 1)\n', LIST, False, False),
    "module_missing": ("module-missing", BASE + 'loadmodule "sl.so"\nloadmodule "registrar.so"\n', LIST, True, False),
    "module_for_a_parameter": (
        "module-missing",
        BASE + 'loadmodule "htable.so"\nmodparam("htable", "enable_dmq", 1)\n',
        LIST,
        True,
        False,
    ),
    "module_late": (
        "module-too-late",
        BASE + 'loadmodule "sl.so"\nloadmodule "registrar.so"\nloadmodule "usrloc.so"\n',
        LIST,
        True,
        False,
    ),
    "comment_open": ("comment-unclosed", BASE + "/* see /etc/*.cfg */\n", LIST, True, True),
    "else_with_comment": ("directive-not-recognised", "#!ifdef X\n#!else # c\n#!endif\n" + BASE, LIST, True, True),
    "no_dispatcher": ("dispatcher-not-loaded", 'loadmodule "tm.so"\n', LIST, True, True),
    "default_socket": (
        "default-socket-not-listened",
        BASE + 'modparam("dispatcher", "ds_default_socket", "udp:127.0.0.1:1")\n',
        LIST,
        True,
        False,
    ),
    "default_sockname": (
        "default-socket-not-listened",
        BASE + 'modparam("dispatcher", "ds_default_sockname", "no_such")\n',
        LIST,
        True,
        False,
    ),
    "setid_word": (
        "pseudo-variable-bad",
        BASE + 'modparam("dispatcher", "setid_pvname", "setid")\n',
        LIST,
        True,
        False,
    ),
    "attrs_empty": ("pseudo-variable-bad", BASE + 'modparam("dispatcher", "attrs_pvname", "")\n', LIST, True, False),
    "codes_semicolon": (
        "reply-codes-broken",
        BASE + 'modparam("dispatcher", "ds_ping_reply_codes", "code=404;code=486;")\n',
        LIST,
        True,
        False,
    ),
    "codes_blank": (
        "reply-codes-broken",
        BASE + 'modparam("dispatcher", "ds_ping_reply_codes", "code=404 code=486")\n',
        LIST,
        True,
        False,
    ),
    "codes_begin_with_a_blank": (
        "reply-codes-broken",
        BASE + 'modparam("dispatcher", "ds_ping_reply_codes", " code=404")\n',
        LIST,
        True,
        False,
    ),
    "codes_open": (
        "reply-codes-broken",
        BASE + 'modparam("dispatcher", "ds_ping_reply_codes", "code=;code=404")\n',
        LIST,
        True,
        False,
    ),
    "list_file_empty": ("list-missing", BASE + 'modparam("dispatcher", "list_file", "")\n', LIST, True, False),
    "database_no_module": (
        "database-module-missing",
        'loadmodule "dispatcher.so"\nmodparam("dispatcher", "db_url", "mysql://u:secret@127.0.0.1/k")\n',
        None,
        True,
        False,
    ),
    "database_empty": (
        "database-module-missing",
        'loadmodule "dispatcher.so"\nmodparam("dispatcher", "db_url", "")\n',
        None,
        True,
        False,
    ),
    "database_without_a_scheme": (
        "database-module-missing",
        'loadmodule "dispatcher.so"\nmodparam("dispatcher", "db_url", "DBURL")\n',
        None,
        True,
        False,
    ),
    "database_of_permissions_without_a_scheme": (
        "database-module-missing",
        BASE + 'loadmodule "permissions.so"\nmodparam("permissions", "db_url", "DBURL")\n',
        LIST,
        True,
        False,
    ),
    "database_module_late": (
        "database-module-missing",
        'loadmodule "dispatcher.so"\nloadmodule "db_text.so"\nmodparam("dispatcher", "db_url", "text://@DIR@/db")\n',
        None,
        True,
        False,
    ),
    "database": (
        "list-file-ignored",
        'loadmodule "db_text.so"\nloadmodule "tm.so"\nloadmodule "dispatcher.so"\n@LIST@\n'
        'modparam("dispatcher", "db_url", "text://@DIR@/db")\n',
        None,
        True,
        True,
    ),
}
OF_TABLE = ("parameter_unknown", "string_for_a_number", "number_for_a_string", "number_quoted")
# Nothing to find: what looks like a fault and is none.
GOOD = {
    "import_missing": BASE + 'import_file "no_such.cfg"\n',
    "guarded_double_load": BASE + '#!ifndef MOD_tm\nloadmodule "tm.so"\n#!endif\n',
    "regular_expression": BASE + 'modparam("d.*r|tm", "flags", 2)\n'.replace('"d.*r|tm"', '"d.*r"'),
    "joined_strings": BASE + 'modparam("dispatcher", "ds_ping_from" , "sip:" "a@b")\n',
    "raw_string": BASE + "modparam('dispatcher', 'ds_ping_method', 'OPTIONS')\n",
    "define_as_module": '#!define M "tm.so"\nloadmodule M\n' + BASE.replace('loadmodule "tm.so"\n', ""),
    "number_words": BASE + 'modparam("dispatcher", "force_dst", yes)\nmodparam("dispatcher", "flags", 0x2)\n',
    "negative_number": BASE + 'modparam("dispatcher", "ds_hash_expire", -1)\n',
    "bytes_that_the_server_passes_over": "\\ ? \0 \x01 \x0b " + BASE.replace('tm.so"', 'tm.so" é') + "\x7f?\n",
    "semicolons": ";" + BASE + ";;\n",
    "setting_of_a_group": BASE + "mine.limit = 4\n",
    "old_declarations": BASE + "flags a:1, b:2;\navpflags c;\n",
    "crlf": BASE.replace("\n", "\r\n"),
    "nested_comments": BASE + '/* a /* loadmodule "tm.so" */ b */\n',
    "else_branch": '#!ifdef X\n#!else\nloadmodule "tm.so"\n#!endif\n' + BASE.replace('loadmodule "tm.so"\n', ""),
    "own_name_of_a_module": 'loadmodule "ss7ops.so"\n#!ifndef MOD_ss7\nno_such=1\n#!endif\n' + BASE,
    "version_define": '#!ifndef KAMAILIO_4\nloadmodule "tm.so"\n#!endif\n' + BASE.replace('loadmodule "tm.so"\n', ""),
}

DISPATCHER = 'loadmodule "dispatcher.so"\n@LIST@\n'
# What stands in a part of the configuration that is not read here, and what needs it.
HIDDEN = {
    "tm": ('loadmodule "tm.so"\n', DISPATCHER + 'modparam("dispatcher", "ds_ping_interval", 10)\n'),
    "module": ('loadmodule "sl.so"\nloadmodule "pv.so"\n', 'loadmodule "siputils.so"\n' + DISPATCHER),
    "module_of_a_parameter": ('loadmodule "tm.so"\n', 'modparam("tm", "fr_timer", 3000)\n' + DISPATCHER),
    "module_of_a_pseudo_variable": (
        'loadmodule "pv.so"\n',
        DISPATCHER + 'modparam("dispatcher", "hash_pvar", "$avp(x)")\n',
    ),
    "database": (
        'loadmodule "db_text.so"\n',
        DISPATCHER + 'modparam("dispatcher", "db_url", "text://@DIR@/db")\n',
    ),
    "define": (
        "#!define FAILOVER 2\n",
        DISPATCHER + 'modparam("dispatcher", "flags", FAILOVER)\n',
    ),
    "route": ("route[X] { return; }\n", DISPATCHER + "route[A] { route(X); }\n"),
    "event_route": (
        "event_route[xhttp:request] { exit; }\n",
        'loadmodule "sl.so"\nloadmodule "xhttp.so"\n' + DISPATCHER,
    ),
    "define_of_a_port": ("#!define PORT @PORT@\n", "listen=tcp:127.0.0.1:PORT\n" + DISPATCHER),
}


@pytest.mark.parametrize("case", CASES)
def test_rule_is_confirmed_by_the_server(case: str, suite: str, version: str, tmp_path: Path) -> None:
    rule, body, listing, passes, starts = CASES[case]
    if as_version(version) > NEWEST and case in OF_TABLE:
        # What a server that is newer than the table has is not judged; the table itself is held against it.
        version = str(NEWEST)
    setup = Setup(tmp_path, body, listing)
    if case in ("database", "database_module_late"):
        add_database(setup.folder / "db")
    outcome = setup.judge(version, listing=str(setup.list) if case == "no_dispatcher" else None)
    assert "secret" not in str(outcome.result["findings"])
    # Where the server only takes a directive for a comment, what follows from that is found as well.
    implied = {"directive-not-recognised"} | ({"list-file-ignored"} if rule == "database-module-missing" else set())
    assert set(rules(outcome)) - implied == {rule} - implied and rule in rules(outcome)
    assert outcome.result["will_start"] is starts
    server = setup.server(suite)
    assert (server.check() == 0) is passes
    try:
        assert server.start() is starts, server.log_text()
        if case == "letters":
            assert [
                (destination.flags, destination.attrs)
                for destination in server.destinations()
                if destination.setid == 2
            ] == [("AX", "AP")]
        elif case == "database":
            assert [destination.uri for destination in server.destinations()] == ["sip:127.0.0.1:5097"]
        elif case == "no_dispatcher":
            assert "not found" in server.rpc("dispatcher.list")
    finally:
        server.stop()


@pytest.mark.parametrize("case", GOOD)
def test_nothing_is_found_where_the_server_is_content(case: str, suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, GOOD[case], LIST)
    outcome = setup.judge(version)
    assert rules(outcome) == [] and outcome.result["will_start"]
    with setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()


@pytest.mark.parametrize("case", HIDDEN)
def test_nothing_is_missing_that_may_stand_where_nobody_reads(
    case: str, suite: str, version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if as_version(version).release < (5, 6):
        pytest.skip("nothing of a configuration is known to this version only")
    hidden, body = (text.replace("@PORT@", str(free_ports(1)[0])) for text in HIDDEN[case])
    branch = "#!trydefenv SIPFLEET_HIDDEN\n#!ifdef SIPFLEET_HIDDEN\n%s#!endif\n" % hidden
    setup = Setup(tmp_path, branch + body, "1 sip:127.0.0.1:5097\n")
    outcome = setup.judge(version)
    assert set(rules(outcome)) - {"list-file-ignored"} == {"config-undecided"} and outcome.result["will_start"] is None
    add_database(setup.folder / "db")
    with setup.server(suite) as server:
        assert server.exit_status
    monkeypatch.setenv("SIPFLEET_HIDDEN", "1")
    with setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()

    setup = Setup(tmp_path, 'include_file "no_such.cfg"\n' + body, "1 sip:127.0.0.1:5097\n")
    outcome = setup.judge(version)
    assert set(rules(outcome)) - {"list-file-ignored"} == {"include-missing"} and outcome.result["will_start"] is False
    assert setup.server(suite).check() != 0


@pytest.mark.parametrize("there", [False, True])
def test_a_list_that_is_not_there_is_not_said_to_be_ignored(
    there: bool, suite: str, version: str, tmp_path: Path
) -> None:
    body = 'loadmodule "db_text.so"\n' + DISPATCHER + 'modparam("dispatcher", "db_url", "text://@DIR@/db")\n'
    setup = Setup(tmp_path, body, LIST if there else None)
    add_database(setup.folder / "db")
    (finding,) = setup.judge(version).result["findings"]
    assert finding["rule"] == "list-file-ignored"
    assert (str(setup.list) in finding["text"]) is there
    with setup.server(suite) as server:
        assert [destination.uri for destination in server.destinations()] == ["sip:127.0.0.1:5097"]


def test_a_module_that_the_host_does_not_have(suite: str, version: str, tmp_path: Path) -> None:
    (folder,) = (ROOTS / suite).glob("usr/lib/*/kamailio/modules")

    def has_module(load: Load) -> bool:
        return (folder / (load.name + ".so")).exists()

    setup = Setup(tmp_path, BASE + 'loadmodule "db_oracle.so"\n', LIST)
    nobody = Account()
    outcome = setup.judge(version, Host(has_module, lambda _path, _account: None, nobody, nobody))
    assert rules(outcome) == ["module-file-missing"] and outcome.result["will_start"] is False
    assert setup.server(suite).check() != 0


def test_configuration_of_the_package_has_no_finding(suite: str, version: str, tmp_path: Path) -> None:
    text = run_in_root(suite, "cat", "/etc/kamailio/kamailio.cfg").stdout
    setup = Setup(tmp_path, "", None)
    setup.config.write_text(text)
    outcome = setup.judge(version)
    assert outcome.result["findings"] == [] and outcome.result["will_start"]


@pytest.mark.parametrize("text", ["", "# a comment\n", "#!ifdef NO\nchildren=1\n#!endif\n"])
def test_a_configuration_without_a_statement(text: str, suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, "", None)
    setup.config.write_text(text)
    outcome = setup.judge(version)
    assert rules(outcome) == ["config-empty"] and outcome.result["will_start"] is False
    assert setup.server(suite).check() != 0
