# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server needs for files that change; tests/conformance/test_reloads.py has the servers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.least import (
    Files,
    Least,
    Untouched,
    configuration_changes,
    reloads_of,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.parameters import parameter_types
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.reloads import COMMANDS, FILES, TABLES
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.tls_file import files_named_in, tls_lines
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

from .files import no_files

VERSION = Version(6, 1, 5)
CONFIG = "/srv/sip/kamailio.cfg"
NO_COMMAND = "no command is known that loads it"


def least(
    text: str,
    *changed: str,
    links: dict[str, str] | None = None,
    before: dict[str, bytes] | None = None,
    after: dict[str, bytes] | None = None,
    version: Version = VERSION,
) -> Least:
    def resolve(path: str) -> str:
        return (links or {}).get(path, path)

    evaluation = evaluate(CONFIG, text.encode(), no_files, version)
    present = dict.fromkeys(changed, b"")
    files = Files((before or {}).get, {**present, **(after or {})}.get, resolve)
    return reloads_of(evaluation, changed, version, files)


def calls(found: Least) -> list[str]:
    return [reload.call for reload in found.reloads]


def loaded(module: str, *params: str) -> str:
    """The statements that load a module with parameters, each written as name=value."""
    lines = ['loadmodule "%s.so"' % module]
    for param in params:
        name, _equals, value = param.partition("=")
        lines.append('modparam("%s", "%s", %s)' % (module, name, value if value.isdigit() else '"%s"' % value))
    return "\n".join(lines) + "\n"


TEXT_DB = loaded("db_text", "db_mode=1")
PATHS: dict[str, tuple[str, str, str]] = {
    "tls.cfg beside the configuration": (loaded("tls", "config=tls.cfg"), "/srv/sip/tls.cfg", "tls.reload"),
    "tls.cfg in the folder of the server": (loaded("tls", "config=./tls.cfg"), "/tls.cfg", "tls.reload"),
    "the usual certificate": (loaded("tls", "config=/a/tls.cfg"), "/srv/sip/cert.pem", "tls.reload"),
    "a folder of domains": (loaded("tls", "config=domains"), "/srv/sip/domains/one.cfg", "tls.reload"),
    "addresses beside the configuration": (
        loaded("permissions", "address_file=addresses"),
        "/srv/sip/addresses",
        "permissions.addressReload",
    ),
    "addresses in the folder of the server": (
        'workdir="/var/sip"\n' + loaded("permissions", "address_file=a/addresses"),
        "/var/sip/a/addresses",
        "permissions.addressReload",
    ),
    "routes by default": (loaded("carrierroute"), "/etc/kamailio/carrierroute.conf", "cr.reload_routes"),
    "the list by default": (loaded("dispatcher"), "/etc/kamailio/dispatcher.list", "dispatcher.reload"),
    "the first of two scripts": (loaded("app_lua", "load=/s/a.lua", "load=/s/b.lua"), "/s/a.lua", "app_lua.reload"),
    "a folder of scripts": (loaded("app_jsdt", "loaddir=/s/scripts/"), "/s/scripts/a.js", "app_jsdt.reload"),
    "a table": (TEXT_DB + loaded("dialplan", "db_url=text:///db"), "/db/dialplan", "dialplan.reload"),
    "a table by its name": (
        TEXT_DB + loaded("dialplan", "db_url=text:///db", "table_name=rules"),
        "/db/rules",
        "dialplan.reload",
    ),
    "a table of the folder of the package": (
        TEXT_DB + loaded("domain", "db_url=text://db"),
        "/etc/kamailio/db/domain_attrs",
        "domain.reload",
    ),
    "a hash table": (
        TEXT_DB + loaded("htable", "db_url=text:///db", "htable=a=>size=4;", "htable=b=>size=4;dbtable=t;cols=x"),
        "/db/t",
        "htable.reload b",
    ),
    "a tree": (
        TEXT_DB + loaded("mtree", "db_url=text:///db", "mtree=dbtable=t;name=n;type=0"),
        "/db/t",
        "mtree.reload n",
    ),
    "all trees": (TEXT_DB + loaded("mtree", "db_url=text:///db", "db_table=t"), "/db/t", "mtree.reload"),
}


@pytest.mark.parametrize("name", PATHS)
def test_path_and_its_command(name: str) -> None:
    text, path, call = PATHS[name]
    found = least(text, path)
    assert (calls(found), found.restarts, found.nothing) == ([call], (), ())
    assert found.reloads[0].reason == "%s changes: %s" % (path, call)
    assert found.by_time == ((path,) if "text://" in text else ())


RESTARTS: dict[str, tuple[str, str, str]] = {
    "a file that nobody is known to read": (loaded("tls", "config=tls.cfg"), "/srv/sip/README", NO_COMMAND),
    "a module that is not loaded": ("", "/etc/kamailio/dispatcher.list", NO_COMMAND),
    "a value that does not count": (
        loaded("regex", "file=/a", "file=/b"),
        "/a",
        NO_COMMAND,
    ),
    "a certificate without a file of domains": (loaded("tls", "certificate=a.pem"), "/srv/sip/a.pem", NO_COMMAND),
    "rules of permissions": (
        loaded("permissions"),
        "/srv/sip/permissions.allow",
        "no command loads the default_allow_file of permissions",
    ),
    "a script that is not to be reloaded": (
        loaded("app_lua", "load=/s/a.lua", "reload=0"),
        "/s/a.lua",
        "app_lua.reload does not load it, by the reload of app_lua",
    ),
    "a list that is not read": (
        loaded("dispatcher", "db_url=mysql://a/b", "list_file=/l"),
        "/l",
        "dispatcher.reload does not load it, by the db_url of dispatcher",
    ),
    "a table that stays in memory": (
        loaded("db_text") + loaded("dialplan", "db_url=text:///db"),
        "/db/dialplan",
        "a command does not load it, by the db_mode of db_text",
    ),
    "a table that is looked up in each call": (
        TEXT_DB + loaded("permissions", "db_url=text:///db"),
        "/db/trusted",
        "permissions.trustedReload does not load it, by the db_mode of permissions",
    ),
    "a table of another database": (loaded("dialplan", "db_url=mysql:///db"), "/db/dialplan", NO_COMMAND),
}


@pytest.mark.parametrize("name", RESTARTS)
def test_restart_and_its_reason(name: str) -> None:
    text, path, reason = RESTARTS[name]
    assert least(text, path) == Least(restarts=(Untouched(path, reason),))


def test_removed_table_needs_a_restart() -> None:
    text = TEXT_DB + loaded("dialplan", "db_url=text:///db")
    evaluation = evaluate(CONFIG, text.encode(), no_files, VERSION)
    nothing = Files(no_files, no_files, str)
    assert "whose file is removed" in reloads_of(evaluation, ["/db/dialplan"], VERSION, nothing).restarts[0].reason


def test_each_command_once_and_in_order() -> None:
    text = loaded("app_lua", "load=/s/a.lua", "load=/s/b.lua") + loaded("regex", "file=/r") + loaded("tls", "config=/t")
    found = least(text, "/s/b.lua", "/r", "/s/a.lua", "/t", "/srv/sip/cert.pem")
    assert calls(found) == ["tls.reload", "regex.reload", "app_lua.reload"]
    assert [reload.paths for reload in found.reloads] == [
        ("/t", "/srv/sip/cert.pem"),
        ("/r",),
        ("/s/b.lua", "/s/a.lua"),
    ]
    assert [bool(reload.unseen) for reload in found.reloads] == [False, False, True]


def test_many_files_in_a_reason() -> None:
    text = loaded("app_jsdt", "loaddir=/s")
    (reload,) = least(text, *("/s/%d.js" % number for number in range(9))).reloads
    assert reload.reason == "/s/0.js, /s/1.js, /s/2.js and 6 more change: app_jsdt.reload"


@pytest.mark.parametrize("changed", ["/live/cert.pem", "/archive/cert2.pem"])
def test_links(changed: str) -> None:
    links = {"/live/cert.pem": "/archive/cert2.pem"}
    domains = {"/t": b"[server:default]\ncertificate = /live/cert.pem\n"}
    found = least(loaded("tls", "config=/t"), changed, links=links, before=domains, after=domains)
    assert (calls(found), found.restarts) == (["tls.reload"], ())


def test_files_of_the_configuration_are_left_out() -> None:
    assert least("", CONFIG, "/srv/sip/../sip/kamailio.cfg") == Least()


def test_nothing_is_certain_in_a_configuration_that_cannot_be_evaluated() -> None:
    text = loaded("tls", "config=/t") + '#!substdef "!A!$env(B)!g"\n#!ifexp A\nloadmodule "pv.so"\n#!endif\n'
    evaluation = evaluate(CONFIG, text.encode(), no_files, VERSION)
    assert evaluation.undecided or evaluation.hides_statements
    found = reloads_of(evaluation, ["/t"], VERSION, Files(no_files, no_files, str))
    assert not found.reloads and "cannot be evaluated" in found.restarts[0].reason


def test_command_that_the_version_does_not_have() -> None:
    text = TEXT_DB + loaded("userblocklist", "db_url=text:///db")
    table, command = "/db/globalblocklist", "userblocklist.reload_blocklist"
    assert least(text, table, version=Version(5, 4)).restarts == ((table, "Kamailio 5.4 has no " + command),)
    assert calls(least(text, table, version=Version(5, 5))) == [command]


def test_file_with_two_uses_needs_both() -> None:
    text = loaded("regex", "file=/a") + loaded("app_lua", "load=/a")
    assert calls(least(text, "/a")) == ["regex.reload", "app_lua.reload"]
    stays = text + 'modparam("app_lua", "reload", 0)\n'
    found = least(stays, "/a")
    assert calls(found) == ["regex.reload"] and [restart.path for restart in found.restarts] == ["/a"]


def test_program_of_the_script_needs_nothing() -> None:
    text = loaded("exec") + 'request_route { exec_avp("/opt/ask  $rU", "$avp(a)"); exec_msg("cat /opt/other"); }\n'
    found = least(text, "/opt/ask", "/opt/other")
    assert found.nothing == (("/opt/ask", "exec_avp runs it anew for each call"),)
    assert [restart.path for restart in found.restarts] == ["/opt/other"]


def test_layout_of_the_domains_needs_nothing() -> None:
    text = loaded("tls", "config=/t")
    before = {"/t": b"[server:default]\ncertificate = a.pem\n"}
    after = {"/t": b'# new\n\n[server:default]  # x\n  Certificate="a.pem"\n'}
    found = least(text, "/t", before=before, after=after)
    assert found == Least(nothing=(Untouched("/t", "it means the same to the server as before"),))
    other = {"/t": b"[server:default]\ncertificate = b.pem\n"}
    both = least(text, "/t", "/srv/sip/a.pem", "/srv/sip/b.pem", before=before, after=other)
    assert calls(both) == ["tls.reload"] and len(both.reloads[0].paths) == 3


LAYOUT = st.lists(st.sampled_from([b"\n", b"# a = b\n", b" \t\n", b"#\n", b"# \\\n c\n"]), max_size=3).map(b"".join)
SPACE = st.sampled_from([b"", b" ", b"\t ", b"\\\n"])
OPTIONS = [(b"certificate", b"a/b.pem"), (b"ca_list", b"/c-d.pem"), (b"server_name", b"a.example.com")]


@given(st.data())
def test_domains_mean_the_same_in_any_layout(data: st.DataObject) -> None:
    text = data.draw(LAYOUT) + b"[server:127.0.0.1:5061]\n"
    for name, value in OPTIONS:
        quoted = b'"%s"' % value if data.draw(st.booleans()) else value
        parts = [
            data.draw(LAYOUT),
            data.draw(SPACE),
            name,
            b" = ",
            quoted,
            b" ",
            data.draw(st.sampled_from([b"", b"#x"])),
        ]
        text += b"".join(parts) + b"\n"
    lines = tls_lines(text + data.draw(LAYOUT))
    assert lines[1:] == tuple((option,) for option in OPTIONS)
    assert files_named_in(lines) == (b"cert.pem", b"a/b.pem", b"/c-d.pem")


@pytest.mark.parametrize(
    "text, value",
    [
        (b'ca_list = "a\\"b\\\\c\\\nd"', b'a"b\\cd'),
        (b'ca_list = "a # b"', b"a # b"),
        (b"ca_list = a\\ b#c", b"a b"),
        (b'ca_list = ""', b""),
        (b'ca_list = a"b"', b'a"b"'),
    ],
)
def test_values_of_options(text: bytes, value: bytes) -> None:
    assert tls_lines(text) == (((b"ca_list", value),),)


@given(st.text(st.sampled_from('ab=#"\\ \n[]'), max_size=30))
def test_each_byte_of_the_domains_counts_or_is_layout(text: str) -> None:
    data = text.encode()
    lines = tls_lines(data)
    assert all(lines)
    if not set(data) & set(b'\\"'):
        assert tls_lines(data + b"\n# end") == lines
        assert len(lines) == sum(bool(line.split(b"#")[0].strip()) for line in data.split(b"\n"))


def test_configuration_changes_with_its_meaning() -> None:
    first, same, other = (
        evaluate(CONFIG, text, no_files, VERSION)
        for text in (b"children=2\n", b"# two\nchildren = 2\n", b"children=3\n")
    )
    assert not configuration_changes(first, same, VERSION)
    assert configuration_changes(first, other, VERSION)


def test_tables_name_parameters_that_exist() -> None:
    rows = [(row.module, row.parameter) for row in FILES]
    rows += [(row.module, name) for row in TABLES for name in (row.parameter, row.each, *dict(row.tables)) if name]
    rows += [(row.module, when.parameter) for row in FILES for when in row.when]
    rows += [(row.module, when.parameter) for row in TABLES for when in row.when]
    for module, parameter in rows:
        found = [parameter_types(module, Version(*release)) or {} for release in ((5, 6), (6, 0), (6, 1))]
        assert any(parameter in types for types in found), (module, parameter)
    assert {row.command for row in FILES if row.command} | {row.command for row in TABLES} == set(COMMANDS)
