# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role server writes into a file stays in its line, its statement and its quoted string."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cores import OLDEST_AND_NEWEST, playbook_program

from integration.playbook import PLAYBOOK, _environment

GOOD: dict[str, dict[str, Any]] = {
    "the defaults": {},
    "addresses": {
        "server_listen": [
            "udp:192.0.2.10:5060",
            "tcp:192.0.2.10:5060 advertise 203.0.113.5:5060",
            "udp:192.0.2.10:5060 advertise sip.example.com:5060",
            "tls:[2001:db8::1]:5061",
            "udp:(eth0, eth1):5060",
            "udp:*:5060",
            "eth0",
            'udp:192.0.2.10:5060 advertise "sip.example.com":5060 name "s 1"',
            "udp:192.0.2.10:5060 virtual",
            "udp:192.0.2.10:5060 tcp:192.0.2.10:5060",
            "MY_ADDRESS",
        ]
    },
    "defines": {
        "server_defines": ["WITH_TLS", "CODE=200", 'DB="mysql://a:b\\@c/d"', "TEXT=naïve = 'x' # y", "A b", "", 1]
    },
    "another facility": {"server_log_facility": "LOG_LOCAL0"},
    "users": {"server_user": "sip-proxy.1", "server_group": "1001"},
    "no sockets": {"server_rpc_ctl": "", "server_rpc_fifo": "", "server_rpc_dgram": ""},
    "modules": {
        "server_modules": [
            {"name": "tm.so"},
            {"name": "/opt/my modules/own.so", "params": {"a-b": 'any\n"text\\'}},
            {"name": "sl", "params": None},
        ]
    },
}
BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "listen, two lines": ("server_listen", {"server_listen": ["eth0", 'udp:a:5060\nloadmodule "evil"']}),
    "listen, last line end": ("server_listen", {"server_listen": ["udp:a:5060\n"]}),
    "listen, carriage return": ("server_listen", {"server_listen": ["udp:a:5060\rdebug=4"]}),
    "listen, assignment": ("server_listen", {"server_listen": ["udp:a:5060 debug=4"]}),
    "listen, module": ("server_listen", {"server_listen": ['udp:a:5060 loadmodule "evil"']}),
    "listen, define as module": ("server_listen", {"server_listen": ["udp:a:5060 loadmodule EVIL"]}),
    "listen, include": ("server_listen", {"server_listen": ["include_file a:b"]}),
    "listen, block": ("server_listen", {"server_listen": ["udp:a:5060 route{}"]}),
    "listen, comment": ("server_listen", {"server_listen": ["udp:a:5060 /*"]}),
    "listen, hash": ("server_listen", {"server_listen": ["udp:a:5060 #"]}),
    "listen, name": ("server_listen", {"server_listen": ['udp:a:5060 name "a\\"']}),
    "define, two lines": ("server_defines", {"server_defines": ["A=1\n#!define B"]}),
    "define, last backslash": ("server_defines", {"server_defines": ["A=1\\", "B"]}),
    "define, only a backslash": ("server_defines", {"server_defines": ["\\"]}),
    "define, separator": ("server_defines", {"server_defines": ["A=1\u2028B"]}),
    "facility": ("server_log_facility", {"server_log_facility": "LOG_DAEMON\ndebug=4"}),
    "facility, statement": ("server_log_facility", {"server_log_facility": "LOG_DAEMON debug=4"}),
    "user, two lines": ("server_user", {"server_user": "kamailio\nAmbientCapabilities=CAP_SYS_ADMIN"}),
    "user, quote": ("server_user", {"server_user": 'kamailio"'}),
    "user, specifier": ("server_user", {"server_user": "%i"}),
    "group, two lines": ("server_group", {"server_group": "kamailio\n"}),
    "group, backslash": ("server_group", {"server_group": "kamailio\\"}),
    "ctl": ("server_rpc_ctl", {"server_rpc_ctl": '/run/ctl")\nloadmodule "evil'}),
    "ctl, backslash": ("server_rpc_ctl", {"server_rpc_ctl": "/run/ctl\\"}),
    "fifo": ("server_rpc_fifo", {"server_rpc_fifo": '/run/fifo"'}),
    "dgram": ("server_rpc_dgram", {"server_rpc_dgram": "/run/sock\n"}),
    "mode": ("server_rpc_mode", {"server_rpc_mode": '0660)\nloadmodule "evil"'}),
    "module": ("name in server_modules", {"server_modules": [{"name": "tm"}, {"name": 'tm"\nloadmodule "evil'}]}),
    "parameter": ("params in server_modules", {"server_modules": [{"name": "tm", "params": {'a", 1)\n': 1}}]}),
}
TEMPLATE = Path(__file__).parents[2] / "roles" / "server" / "templates" / "kamailio.cfg.j2"
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
RESULTS = (
    "{% set found = {} %}{% for host in ansible_play_hosts_all %}"
    "{% set _ = found.update({host: [hostvars[host].said, hostvars[host].text]}) %}{% endfor %}{{ found | to_json }}"
)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the role says to each case, which is a host, and the configuration that it would write."""
    folder = tmp_path_factory.mktemp("texts")
    cases = {**GOOD, **{name: variables for name, (_variable, variables) in BAD.items()}}
    names = ["h%d" % index for index in range(len(cases))]
    inventory = folder / "inventory.json"
    inventory.write_text(json.dumps({"all": {"hosts": dict(zip(names, cases.values())), "vars": LOCAL}}))
    tasks = [
        {
            "block": [
                {"include_role": {"name": "sipfleet.kamailio.server", "tasks_from": "texts", "public": True}},
                {"set_fact": {"said": "", "text": "{{ lookup('template', '%s') }}" % TEMPLATE}},
            ],
            "rescue": [
                {"set_fact": {"said": "{{ ansible_failed_result.msg }}", "text": ""}},
            ],
        },
        {"copy": {"content": RESULTS, "dest": str(folder / "said.json")}, "run_once": True},
    ]
    book = folder / "book.json"
    book.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    line = [str(PLAYBOOK), "-i", str(inventory), "-f", "2", str(book)]
    done = subprocess.run(line, capture_output=True, text=True, env=_environment(folder), check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((folder / "said.json").read_text())
    return {case: found[name] for case, name in zip(cases, names)}


@pytest.mark.parametrize("case", GOOD)
def test_what_can_be_wanted_is_written(case: str, said: dict[str, Any]) -> None:
    text, written = said[case]
    assert text == "" and "request_route {" in written
    for listen in GOOD[case].get("server_listen", []):
        assert "\nlisten=%s\n" % listen in written


@pytest.mark.parametrize("case", BAD)
def test_what_would_add_a_line_or_a_statement_is_refused(case: str, said: dict[str, Any]) -> None:
    variable, _variables = BAD[case]
    assert re.match(r"Nothing has been written. %s must be .*This is not: " % variable, said[case][0]), said[case]


# As it would be with each ansible-core: texts of -e, results of filters, booleans.
TYPED = [
    {
        "name": "tm",
        "params": {
            "fr_timer": "{{ given }}",
            "fr_inv_timer": "{{ given | int + 1 }}",
            "wt_timer": "{{ number }}",
            "reparse_invite": "{{ flag | bool }}",
        },
    },
    {"name": "/opt/own.so", "params": {"level": "{{ given }}", "depth": "{{ number }}"}},
    {"name": "auth", "params": {"secret": "{{ given }}"}},
    {"name": "sl"},
]
WRITTEN = [
    'modparam("tm", "fr_timer", 5000)',
    'modparam("tm", "fr_inv_timer", 5001)',
    'modparam("tm", "wt_timer", 7)',
    'modparam("tm", "reparse_invite", 1)',
    'modparam("own", "level", "5000")',
    'modparam("own", "depth", 7)',
    'modparam("auth", "secret", "5000")',
]


@pytest.mark.parametrize(
    "program",
    [
        pytest.param([str(PLAYBOOK)], id="this"),
        *[pytest.param(core, id=core, marks=pytest.mark.nightly) for core in OLDEST_AND_NEWEST],
    ],
)
@pytest.mark.parametrize("native", ["false", "true"])
def test_texts_of_the_command_line_are_numbers_where_they_are_known_to_be(
    program: Any, native: str, tmp_path: Path
) -> None:
    words = playbook_program(program) if isinstance(program, str) else program
    variables = {"server_modules": TYPED, "number": 7, **LOCAL}
    show = [
        {"include_role": {"name": "sipfleet.kamailio.server", "tasks_from": "texts", "public": True}},
        {"copy": {"content": "{{ lookup('template', '%s') }}" % TEMPLATE, "dest": str(tmp_path / "kamailio.cfg")}},
        {"copy": {"content": "{{ server_untyped | to_json }}", "dest": str(tmp_path / "untyped.json")}},
    ]
    book = tmp_path / "book.json"
    book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": show}]))
    line = [*words, "-i", "localhost,", "-e", "given=5000", "-e", "flag=yes", str(book)]
    environment = {**_environment(tmp_path), "ANSIBLE_JINJA2_NATIVE": native}
    done = subprocess.run(line, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    written = (tmp_path / "kamailio.cfg").read_text().splitlines()
    assert [text for text in written if re.match(r'modparam\("(tm|own|auth)', text)] == WRITTEN
    # With native types ansible-core 2.17 shows a play the number, and the template the text.
    untyped = [] if (program, native) == ("2.17", "true") else ["own: level"]
    assert json.loads((tmp_path / "untyped.json").read_text()) == untyped
