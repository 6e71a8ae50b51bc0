# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What running servers tell of the secrets of their configuration, and what leaves a task of it."""

from __future__ import annotations

import json
from pathlib import Path

from integration.playbook import run_tasks

from ansible_collections.sipfleet.kamailio.plugins.module_utils._exit import Seen
from ansible_collections.sipfleet.kamailio.plugins.module_utils._secrets import mask_secrets
from conformance.server import run_in_root
from conformance.setups import Setup

SECRETS = """#!define DBURL "mysql://kamailio:kamailiorw@localhost/kamailio"
#!substdef "!DB_PASSWORD!hunter22!g"
"""
BODY = """loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "transport", 2)
modparam("jsonrpcs", "fifo_name", "@DIR@/fifo")
modparam("jsonrpcs", "fifo_reply_dir", "@DIR@/")
loadmodule "corex.so"
loadmodule "tm.so"
loadmodule "dispatcher.so"
@LIST@
"""


def test_defines_of_a_server_are_masked(suite: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, SECRETS + BODY, "1 sip:127.0.0.1:9 0\n")
    given = {"config": str(setup.config), "defines": []}
    with setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        raw, info = run_tasks(
            tmp_path,
            [
                {"sipfleet.kamailio.rpc": {**given, "command": "core.ppdefines_full"}},
                {"sipfleet.kamailio.dispatcher_info": given},
            ],
        )
    assert "mysql://kamailio:********@localhost/kamailio" in json.dumps(raw["result"]), raw
    assert "mysql://kamailio:********@localhost/kamailio" in info["defines"]["DBURL"]
    assert "'DB_PASSWORD': '********'" in str(info["defines"]) and info["config"] == str(setup.config)
    for result in (raw, info):
        assert "kamailiorw" not in json.dumps(result) and "hunter22" not in json.dumps(result)


def test_passwords_of_destinations_are_masked(suite: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, BODY, "1 sip:alice:hunter22@127.0.0.1:9 0\n")
    given = {"config": str(setup.config), "defines": [], "record": str(tmp_path / "record")}
    wished = {"setid": 2, "uri": "sip:carol:hunter44@127.0.0.1:9", "flags": 0, "attrs": "pw=hunter55"}
    with setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        setup.list.write_text("1 sip:bob:hunter33@127.0.0.1:9 0 0 auth_pw=hunter55\n")
        results = run_tasks(
            tmp_path,
            [
                {"sipfleet.kamailio.dispatcher_runtime": {**given, "destinations": [wished]}, "check_mode": True},
                {"sipfleet.kamailio.dispatcher_reload": given},
            ],
        )
    assert "sip:carol:********@127.0.0.1:9" in results[0]["diff"][0]["after"], results[0]
    assert any("sip:bob:********@127.0.0.1:9" in reason for reason in results[1]["reasons"]), results[1]
    assert "hunter" not in json.dumps(results)


ASSIGNMENTS = """loadmodule "pv.so"
loadmodule "htable.so"
loadmodule "xlog.so"
modparam("htable", "htable", "auth=>size=4;")
modparam("pv", "shvset", "password=s:hunter22")
request_route {
    $var(password) = "hunter22";
    $var(password) =
        'hunter22';
    $(var(password)) = "hunter22";
    $avp(password) = "hunter" + "22";
    $avp(s:password) = $fU + "hunter22" + $var(x);
    $(avp(password)[0]) = /* again */ "hunter22";
    $xavp(a=>pass) = "hunter22";
    $xavp(a[0]=>pass[0]) = "hunter22";
    $xavu(a=>b=>pass) = "hunter22";
    $sht(auth=>key) = "hunter22";
    $sht(auth=>$fU::password) = "hunter22";
    $sht(auth=>$(fU{s.tolower})::password) = "hunter22";
    $shv(password) = "hunter22";
    if ($var(password) == "hunter22" && $(avp(password)[0]) != 'hunter22') { exit; }
}
"""


def test_every_assignment_that_a_server_accepts_is_masked(suite: str, tmp_path: Path) -> None:
    config = tmp_path / "kamailio.cfg"
    config.write_text(ASSIGNMENTS)
    done = run_in_root(suite, "kamailio", "-c", "-f", str(config))
    assert done.returncode == 0, done.stderr
    masked = mask_secrets(config.read_bytes()).decode()
    assert "hunter" not in masked and masked.count("********") == ASSIGNMENTS.count("hunter")


def test_a_check_quotes_a_secret_by_itself(suite: str, tmp_path: Path) -> None:
    """The server puts the values of substdef into strings, and the strings into its messages."""
    config = tmp_path / "kamailio.cfg"
    config.write_text(SECRETS + 'loadmodule "pv.so"\nmodparam("pv", "no_DB_PASSWORD", 1)\nrequest_route { exit; }\n')
    done = run_in_root(suite, "kamailio", "-c", "-f", str(config))
    said = done.stdout + done.stderr
    seen = Seen()
    seen.read(config.read_bytes())
    assert "no_hunter22" in said and done.returncode
    assert seen.clean(said) == said.replace("hunter22", "********")
