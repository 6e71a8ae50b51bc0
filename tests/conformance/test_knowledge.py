# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection knows of Kamailio's modules, held against the servers: their parameters and requirements."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import own_name
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.parameters import (
    NEWEST,
    TABLE,
    VERSIONS,
    parameter_types,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.requirements import (
    Requirement,
    When,
    requirements_of,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.wants import databases_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version
from conformance.modules import ROUTES, URL, asking_value, given, url, write_files
from conformance.server import SUITES, as_version, free_ports, run_in_root, with_every_version
from conformance.setups import Setup

MADE_UP = "no_such_parameter"
MODULES = re.findall(r"^\w+", TABLE, re.MULTILINE)
PARTS = 4

# Not in one server with all others: they have variables or their own name in common with another module, or cannot
# take the functions of so many.
APART = {
    "app_perl",
    "app_python3",
    "app_python3s",
    "ims_dialog",
    "ims_qos_npn",
    "ims_registrar_scscf",
    "tls_wolfssl",
    "tlsa",
}
# Not in the first release of a version, or only with some versions of OpenSSL: they are not reported.
NOT_EVERYWHERE = {("geoip2", "resid")} | {
    (module, name)
    for module in ("tls", "tlsa")
    for name in ("engine", "engine_algorithms", "engine_config", "provider_quirks_config")
}

# What a module wants besides other modules, where it is not what test_alone gives it.
DATABASE = 'modparam("%s", "db_url", "text://@DIR@/db")\n'
EXTRAS = {
    "auth_db": DATABASE % "auth_db",
    "dialplan": 'modparam("dialplan", "db_url", "%s")\n' % URL,
    "dispatcher": "@LIST@\n",
    "dmq": 'listen=udp:127.0.0.1:@OTHER@\nmodparam("dmq", "server_address", "sip:127.0.0.1:@OTHER@")\n'
    'modparam("dmq", "notification_address", "sip:127.0.0.1:9")\n',
    "drouting": 'modparam("drouting", "db_url", "%s")\n' % URL,
    "imc": DATABASE % "imc",
    "jsonrpcs": 'modparam("jsonrpcs", "fifo_name", "@DIR@/fifo")\nmodparam("jsonrpcs", "dgram_socket", "@DIR@/rpc")\n',
    "lcr": 'modparam("lcr", "db_url", "%s")\n' % URL
    + 'modparam("lcr", "gw_uri_avp", "$avp(i:709)")\nmodparam("lcr", "ruri_user_avp", "$avp(i:500)")\n'
    + 'modparam("lcr", "tag_avp", "$avp(i:1)")\nmodparam("lcr", "flags_avp", "$avp(i:2)")\n'
    + 'modparam("lcr", "defunct_gw_avp", "$avp(i:3)")\nmodparam("lcr", "lcr_id_avp", "$avp(i:4)")\n'
    + 'modparam("lcr", "rule_id_avp", "$avp(i:5)")\n',
    "mohqueue": DATABASE % "mohqueue" + 'modparam("mohqueue", "mohdir", "@DIR@")\n',
    "msilo": DATABASE % "msilo",
    "mtree": 'modparam("mtree", "db_url", "%s")\nmodparam("mtree", "db_table", "mtrees")\n' % URL,
    "presence": 'modparam("presence", "subs_db_mode", 0)\n',
    "qos": 'modparam("qos", "qos_flag", 3)\n',
    "sca": DATABASE % "sca",
    "sipcapture": DATABASE % "sipcapture",
    "sms": 'modparam("sms", "modems", "M[d=/dev/null;p=1;m=new;l=10;r=5]")\nmodparam("sms", "networks", "N[m=10]")\n'
    + 'modparam("sms", "links", "M[N]")\n',
    "sst": 'modparam("sst", "sst_flag", 3)\n',
    "topos": DATABASE % "topos",
    "uid_auth_db": DATABASE % "uid_auth_db",
    "xhttp": "event_route[xhttp:request] { exit; }\n",
}
TABLES = {
    "version": "table_name(string) table_version(int)\nmohqcalls:1\nmohqueues:1\nsca_subscriptions:2\nsilo:8\n"
    "topos_d:2\ntopos_t:2\n",
    "imc_rooms": "name(string) domain(string) flag(int)\n",
    "imc_members": "username(string) domain(string) room(string) flag(int)\n",
}
VALUES = {"acc_function": "acc_log_request", "db_url": URL, "mt_pv_values": "$avp(i:9)", "ping_interval": 60}
# No start without a DIAMETER client that answers: what they need is in test_alone.
UNTRIED = {"acc_diameter", "auth_diameter"}
# These do not start with 5.4.4, 5.6.3 and 6.0.1, as test_alone says.
UNTRIED_WITH = {
    "5.4": {"app_perl", "db_perlvdb", "h350"},
    "5.6": {"app_perl", "db_perlvdb", "h350"},
    "6.0": {"presence_dfks"},
}

# Modules that a server starts with only if they are given more than other modules: a database, a parameter, a route.
DEMANDING = re.findall(
    r"\w+",
    "acc_diameter alias_db app_ruby auth_diameter call_obj carrierroute cfg_db db2_ldap dialplan domain "
    "domainpolicy drouting erlang file_out geoip2 group influxdbc lcr log_custom matrix mtree nghttp2 nosip "
    "p_usrloc pdb pdt prefix_route pvtpl seas secfilter siptrace sms speeddial uid_avp_db uid_domain uid_uri_db "
    "uri_db userblocklist",
)
# ctl is in every file already, ims_qos_npn has the name of ims_qos, a second Python cannot be loaded, and a question
# for tls ends the server.
NOT_LISTED = {"app_python3s", "ctl", "ims_qos_npn", "tls", "tlsa"}


@pytest.fixture(autouse=True)
def impatient_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server looks up the name of its host when it starts: a lost answer must not cost the usual 5 seconds."""
    monkeypatch.setenv("RES_OPTIONS", "timeout:1 attempts:1")


def test_the_packages_have_the_modules_of_the_table(suite: str, version: str) -> None:
    number = as_version(version)
    files = run_in_root(suite, "sh", "-c", "ls /usr/lib/*/kamailio/modules/*.so").stdout.split()
    # What ends in _proc is loaded by the module of that name, and cannot be loaded otherwise.
    shipped = sorted(Path(name).stem for name in files if not name.endswith("_proc.so"))
    assert [module for module in MODULES if parameter_types(module, number) is not None] == shipped


@with_every_version
@pytest.mark.parametrize("apart", [False, True])
def test_the_server_accepts_the_parameters_of_the_table_and_no_others(
    apart: bool, suite: str, version: str, tmp_path: Path
) -> None:
    number = as_version(version)
    # pv must be loaded before some of them.
    modules = {
        module: types
        for module in sorted(MODULES, key=lambda name: name != "pv")
        if (module in APART) is apart and (types := parameter_types(module, number)) is not None
    }
    names = {
        (module, name) for known in VERSIONS for module in modules for name in parameter_types(module, known) or {}
    }
    names |= {(module, MADE_UP) for module in modules}
    if number.release < (5, 5):
        # kamailio -c dies of it, or does not end.
        names.discard(("keepalive", "destination"))
    asked = [(module, name, kind) for module, name in sorted(names) for kind in "is"]
    lines = ['loadmodule "%s.so"' % module for module in modules]
    lines += [
        'modparam("%s", "%s", %s)' % (own_name(module), name, {"i": "1", "s": '"1"'}[kind])
        for module, name, kind in asked
    ]
    config = tmp_path / "kamailio.cfg"
    config.write_text("\n".join(lines) + "\nrequest_route { exit; }\n")
    more = ["--all-errors"] if number.release >= (6, 0) else []
    said = run_in_root(suite, "kamailio", "-c", "-f", str(config), *more).stderr
    assert "bad config file" in said, said[-2000:]
    refused = {
        asked[int(line) - len(modules) - 1]
        for line in re.findall(
            r"(?:not found in module|No module matching) .*\n.* parse error in .*, line (\d+),", said
        )
    }
    expected = {(module, name, kind) for module, name, kind in asked if kind not in modules[module].get(name, "")}
    assert sorted(one for one in refused ^ expected if one[:2] not in NOT_EVERYWHERE) == []


@pytest.mark.parametrize("apart", [False, True])
def test_the_table_has_all_parameters_that_the_newest_server_lists(apart: bool, tmp_path: Path) -> None:
    # Older ones have no command that lists parameters.
    suite, number = SUITES[-1], NEWEST
    order = ["db_text"]
    for module in MODULES:
        if module not in {*DEMANDING, *NOT_LISTED} and parameter_types(module, number) is not None:
            own = loading_order(module, number)
            if bool(APART & set(own)) is apart:
                order += [name for name in own if name not in order]
    with setup_of(order, "", number, tmp_path).server(suite) as server:
        assert server.exit_status is None, server.log_text()[-2000:]
        listed = [
            re.findall(r"^\s+param: (\S+)", server.rpc("modparam.list", own_name(name)), re.MULTILINE) for name in order
        ]
    tables = {module: sorted(parameter_types(module, number) or {}) for module in order}
    assert tables == {module: sorted(set(names)) for module, names in zip(order, listed)}


@pytest.mark.parametrize("part", range(PARTS))
def test_the_server_needs_what_the_requirements_say(part: int, suite: str, version: str, tmp_path: Path) -> None:
    number = as_version(version)
    untried = UNTRIED | UNTRIED_WITH.get(number.series, set())
    modules = [name for name in MODULES if parameter_types(name, number) is not None and name not in untried]
    rows = [row for module in modules for row in requirements_of(module, number)]
    wrong = []
    for row in rows[part::PARTS]:
        for need in row.needs:
            order = loading_order(need, number)
            order += [name for name in loading_order(row.module, number, row.when) if name not in order]
            order = [name for name in order if name == need or name not in row.needs]
            others = [name for name in order if name not in row.needs]
            attempts = {"without %s": (others, False)}
            # Not every module has a package in Debian.
            if need in MODULES:
                attempts |= {"%s before": (order, True), "%s behind": ([*others, need], not row.before)}
            for attempt, (loaded, expected) in attempts.items():
                started = starts(loaded, row, suite, number, tmp_path)
                if started != expected:
                    wrong.append((row.module, row.when, attempt % need, "started" if started else "died"))
    assert wrong == []


def loading_order(module: str, version: Version, whens: tuple[When, ...] = ()) -> list[str]:
    """The module behind all modules that it needs, by itself and with parameters that ask for more."""
    order: list[str] = []
    for row in requirements_of(module, version):
        if row.when == whens or all(when.asks(when.default) for when in row.when):
            order += [name for name in loading_order(row.needs[0], version) if name not in order]
    return [*order, module]


def starts(modules: list[str], row: Requirement, suite: str, version: Version, folder: Path) -> bool:
    """Whether a server starts with these modules, and with the parameters under which the row holds."""
    last = ""
    for when in row.when:
        is_number = "i" in (parameter_types(row.module, version) or {})[when.parameter]
        value = VALUES.get(when.parameter, asking_value(when))
        last += 'modparam("%s", "%s", %s)\n' % (row.module, when.parameter, value if is_number else '"%s"' % value)
    server = setup_of(modules, last, version, folder).server(suite)
    try:
        return server.start()
    finally:
        server.stop()


def setup_of(modules: list[str], last: str, version: Version, folder: Path) -> Setup:
    """The files of a server with these modules and all that they want besides, and with a last line."""
    wants = [EXTRAS[module] if module in EXTRAS else wanted(module, version) for module in modules]
    body = "".join('loadmodule "%s.so"\n%s' % pair for pair in zip(modules, wants))
    if "db_text" not in modules:
        body = 'loadmodule "db_text.so"\n' + body
    setup = Setup(folder, (body + last).replace("@OTHER@", str(free_ports(1)[0])), "1 sip:127.0.0.1:9\n")
    tables = setup.folder / "db"
    tables.mkdir()
    for name, content in TABLES.items():
        (tables / name).write_text(content)
    write_files(setup)
    return setup


def wanted(module: str, version: Version) -> str:
    """The parameters, the route and the database that a module does not start without."""
    rows = [row for row in databases_of(module, version) if row.default and all(w.asks(w.default) for w in row.when)]
    return given(module, version) + ROUTES.get(module, "") + "".join(url(row) for row in rows)
