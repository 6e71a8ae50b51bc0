# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit of a fleet on which something is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from lab.fleet import Fleet
from report.data import data_of

from fleet.rollout import GOOD, KAMAILIO, MORE, Proxies


def test_audit(fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plays").mkdir()
    proxies = Proxies(fleet, tmp_path / "plays", KAMAILIO)
    config = proxies.configs["k1"]
    proxies.write("k1", "/etc/kamailio/kamailio.cfg", config.replace('loadmodule "tm.so"', "#"))
    proxies.write("k2", "/etc/kamailio/dispatcher.list", f"1 {MORE} AP\n")
    proxies.must("k3", "systemctl", "stop", "kamailio")
    proxies.must("k4", "rm", "/etc/kamailio/kamailio.cfg")
    before = {host: proxies.fleet.run(host, "sh", "-c", "ls -lR --full-time /etc/kamailio").stdout for host in KAMAILIO}
    report, page = tmp_path / "audit.json", tmp_path / "audit.html"
    fleet.cut("k5")
    try:
        status, printed = proxies.play(book="audit.yml", audit_file=str(report), audit_report=str(page))
        ignored = ["flags-not-a-number"]
        again, failing = proxies.play("--check", book="audit.yml", audit_fail_on="warning", audit_ignore=ignored)
        # The sockets of nobody, and a file that is named without its folder.
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PWD", str(tmp_path))
        elsewhere = {"audit_socket": "unix:/run/nobody", "audit_file": "here.json"}
        last, silent = proxies.play("--limit", "k6", book="audit.yml", audit_fail_on="error", **elsewhere)
        proxies.fleet.run("k1", "systemctl", "restart", "kamailio")
        proxies.play("--limit", "k1", book="audit.yml", audit_file=str(tmp_path / "dead.json"))
    finally:
        fleet.restore("k5")
    after = {host: proxies.fleet.run(host, "sh", "-c", "ls -lR --full-time /etc/kamailio").stdout for host in KAMAILIO}
    assert status == 0 and before == after, printed
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in re.findall(r'"(k\d .*?)"', printed)}
    assert "would not start" in rows["k1"] and rows["k1"].endswith(" 0 0 0 0 0 restart due"), printed
    assert "runs 0 1 2 0 0 0" in rows["k2"], printed
    assert "does not answer 0 0 0 0 0 0" in rows["k3"] and "files cannot be judged 0 0" in rows["k4"], printed
    assert "unreachable 0 0" in rows["k5"] and rows["k6"].endswith("runs 0 0 0 0 0 0"), printed
    # Below the table, what the numbers are about.
    assert re.search('"k2: warning: flags-not-a-number: /etc/kamailio/dispatcher.list:1: .*"', printed), printed
    assert '"k2: drift: set 1, %s: ' % GOOD in printed and '"k3: Kamailio does not answer."' in printed, printed
    found = {host["host"]: host for host in json.loads(report.read_text())["hosts"]}
    assert sorted(found) == sorted(KAMAILIO)
    assert found["k1"]["will_start"] is False and "interval-without-tm" in str(found["k1"]["findings"])
    assert found["k1"]["restart_due"] and not found["k2"]["restart_due"] and not found["k6"]["restart_reasons"]
    assert found["k2"]["reload_due"] and {difference["kind"] for difference in found["k2"]["drift"]} == {
        "missing",
        "extra",
    }
    assert found["k6"]["destinations"][0]["effect"] == "continuously" and "is not there" in found["k4"]["message"]
    shown = data_of(page)["hosts"]
    assert sorted(shown) == sorted(KAMAILIO) and page.stat().st_mode & 0o777 == 0o600
    assert {host: data["about"]["state"] for host, data in shown.items()} == {
        host: data["state"] for host, data in found.items()
    }
    assert (
        GOOD in shown["k6"]["words"] and MORE in shown["k2"]["words"] and "interval-without-tm" in shown["k1"]["words"]
    )
    assert again != 0 and failing.count("FAILED!") >= 5, failing
    assert re.search("k2 +[0-9.]+ +runs +0 +0 +2 +0 +0 +0", failing), failing
    (host,) = json.loads((tmp_path / "here.json").read_text())["hosts"]
    assert last != 0 and host["state"] == "does not answer" and "/run/nobody" in host["message"], silent
    assert "1 sip:" in found["k2"]["findings"][0]["source"]
    # What its unit, its journal and its files say of a server that does not answer, and what to do.
    stopped = found["k3"]["message"]
    assert "kamailio.service is inactive" in stopped and "systemctl start kamailio.service" in stopped, stopped
    (dead,) = json.loads((tmp_path / "dead.json").read_text())["hosts"]
    for said in ("kamailio.service is ", "failed to find command t_relay", "interval-without-tm", "Mend these files"):
        assert said in dead["message"], dead["message"]


def test_a_server_with_a_database_is_not_compared(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "plays").mkdir()
    proxies = Proxies(fleet, tmp_path / "plays", ["k1"])
    database = 'loadmodule "db_text.so"\nloadmodule "dispatcher.so"\nmodparam("dispatcher", "db_url", "text:///root")'
    config = proxies.configs["k1"].replace('loadmodule "dispatcher.so"', database)
    proxies.write("k1", "/etc/kamailio/kamailio.cfg", config)
    report = tmp_path / "audit.json"
    given = {"book": "audit.yml", "audit_file": str(report)}
    status, printed = proxies.play("--limit", "k1", audit_fail_on="error", **given)
    (host,) = json.loads(report.read_text())["hosts"]
    assert status == 0 and host["state"] == "not compared" and host["kamailio_version"].startswith("5.6"), printed
    status, printed = proxies.play("--limit", "k1", audit_fail_on="warning", **given)
    assert status != 0 and "the server reads its destinations from a database" in printed, printed
