# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import re

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.findings import finding
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.message import Sources, render_findings
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.parameters import TABLE
from ansible_collections.sipfleet.kamailio.plugins.module_utils._exit import Seen
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rules import RULES
from ansible_collections.sipfleet.kamailio.plugins.module_utils._secrets import is_secret, mask_secrets, mask_text
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import named, no_text_in

SECRET = [
    'modparam("usrloc", "db_url", "mysql://kam:S3CRET@db/kamailio")',
    'modparam("usrloc", "db_url", "mysql://kam:S3C@RET@db/kamailio")',
    '#!define DBURL "mysql://kam:S3CRET@db/kamailio"',
    '#!define DB_PASSWORD "S3CRET"',
    'modparam("auth", "secret", "S3CRET")',
    'modparam("uac", "auth_password", "S3CRET \\" x")',
    '#!substdef "!DB_PASSWORD!S3CRET!g"',
    '#!subst "/DB_PASS/S3CRET/"',
    "#!trydef DBPASS S3CRET",
    'modparam("db_redis", "db_pass", S3CRET)',
    "modparam('tls', 'private_key_password', 'S3CRET')",
    'modparam("ndb_redis", "server", "name=r;addr=10.0.0.1;port=6379;db=1;pass=S3CRET")',
    'modparam("topoh", "mask_key", "S3CRET")',
    "#!define DB_PASS S3CRET",
    "#!define DB_PWD S3CRET",
    '#!define DB_PASSWORD "S3C" \\\n  "RET"',
    'modparam("auth", "secret", "a" # c\n "S3CRET")',
    'modparam("auth", /* the secret */ "secret", # of auth\n "S3CRET")',
    'modparam("auth_xkeys", "xkey", "S3CRET")',
    'modparam("uac", "auth_key", "S3CRET")',
    'modparam("uac", "credential", "S3CRET")',
    '#!define DBURL "mysql://kam:S3C\'RET@db/kamailio"',
    '#!define DBURL "mysql://kam:S3C RET@db/kamailio"',
    '#!define DBURL "mysql://k@m:S3CRET@db/kamailio"',
    "#  by hand, mysql://k@m:S3CRET@db/kamailio",
    'modparam("usrloc", "db_url", "mysql://u:" "S3CRET@h")',
    '#!define DBURL "mysql://u:S3C\\\nRET@h"',
    """# it's here: "mysql://u:S3C'RET@h\"""",
    '1 sip:a 0 0 auth_pw="S3CRET";duid=a',
    "1 sip:a 0 0 password='S3C RET';duid=a",
    'asterisk.password = "S3CRET" desc "x"',
    "1 sip:alice_wonder:S3CRET@10.0.0.1:5060 8",
    'modparam("dispatcher", "ds_ping_from", "sips:alice:S3CRET@example.org")',
    "#!define DBPW2 S3CRET",
    '#!define DBRWPW "S3CRET"',
    "#!substdef '!MYSQLROOTPASS!S3CRET!g'",
    'modparam("tls", "psk", "S3CRET")',
    "#!define HMAC S3CRET",
    '#!define USER_HA1 "S3CRET"',
    'modparam("http_client", "userpwd", "alice:S3CRET")',
    "encryption_key = 'S3CRET'",
    '#!define SHARED_KEY "S3CRET"',
    'modparam("x", "sign_key", "S3CRET")',
    '#!define AWS_ACCESS_KEY "S3CRET"',
    'modparam("snmpstats", "snmpCommunity", "S3CRET")',
    '#!define AUTHPARAM "S3CRET"',
    '$var(url) = "https://10.0.0.1/x?key=S3CRET"',
    '$var(url) = "https://10.0.0.1/x?user=a&token=S3CRET&b=1"',
    '$var(url) = "https://10.0.0.1/x?pwd=S3CRET#top"',
    '  $var(password) = "S3CRET";',
    "  $avp(s:secret) = 'S3CRET';",
    '  $sht(a=>password) = "S3CRET";',
    '  $xavp(caller=>auth_pw)="S3C\\"RET";',
    "ARGS=--modparam=auth:secret:s:S3CRET",
]


@pytest.mark.parametrize("line", SECRET)
def test_secrets_are_masked(line: str) -> None:
    masked = mask_secrets(b"# a\n" + line.encode() + b"\nb\n").decode()
    assert "S3C" not in masked and "RET" not in masked
    assert masked.startswith("# a\n" + line[:12]) and masked.endswith("\nb\n")
    assert mask_secrets(masked.encode()).decode() == masked


# Of them these are secret; the value of the last one can be the name of a file.
SECRET_PARAMETERS = {"auth_key", "credential", "mask_key", "password", "restore_passwd", "secret", "xkey"}


def test_the_secret_ones_among_the_parameters_of_kamailio() -> None:
    names = set(re.findall(r"(?<![\w:])(\w+)=[is]", TABLE))
    assert len(names) > 1200 and {one for one in names if is_secret(one)} == SECRET_PARAMETERS
    # Those of modules that Debian has in packages of their own.
    for name in ("db_pass", "auth_password", "snmpCommunity", "private_key_password", "userpwd", "api_key"):
        assert is_secret(name), name


def test_ordinary_names_are_not_secret() -> None:
    names = "ds_hash_size hash_size keepalive monkey authorize BYPASS bypass compass WITH_MULTIPASS key_name auth_user"
    names += " db_url PASSTHROUGH pwrite passive spawn keywords tokens_table KEY ds_ping_from upward h_entry ha1_column"
    names += " KEYFILE SERVER_KEY_FILE tls_key_path WITH_AUTH hostkey turkey donkey mypw_column"
    assert [one for one in names.split() if is_secret(one)] == []


def test_masking_is_linear() -> None:
    for piece in (
        b"://a:",
        b'modparam("a", /*',
        b'modparam("a","secret" #\n',
        b'"://a:@',
        b"#!def a \\\n",
        b'\\"',
        b"#modparam\n",
        b"def",
        b"$var(password",
        b"$password",
        b"?key=",
        b"&a",
        b"sip:a:",
        b"a-a:pw:s:",
        b"pw ",
        b"http://h:80 ",
        b'pass#!define \\"',
    ):
        mask_secrets(b'"#!' + piece * 40_000)
        mask_secrets(b"#!" + piece * 40_000)
        Seen().clean(["pw@" + piece.decode() * 40_000])


def test_half_of_a_character_is_named() -> None:
    assert no_text_in({"a": [{"b": "x\udc80\u00e9"}]}) == ""
    assert no_text_in({"a": 1, "b": [{"c": "S3CRET \ud800"}]}).startswith("b holds \\ud800, which is half of a char")
    assert no_text_in({"a": {datetime.date(2026, 1, 1): "x"}}) == ""
    assert named("\ud800") == "'\\ud800'" and "\\ud800" in mask_text("x\ud800")


def test_options_are_masked_and_left_as_they_are() -> None:
    options = {
        "modules": [{"name": "auth", "params": {"secret": "S3CRET", "nonce_expire": 300}}],
        "defines": ["DB_PASS=S3CRET", "PORT=5060"],
        "config_content": SECRET[0] + "\n",
        "token": ["S3CRET"],
        "included_content": {"/etc/kamailio/k.cfg": None},
    }
    masked = Seen().clean(options)
    assert masked == {
        "modules": [{"name": "auth", "params": {"secret": "********", "nonce_expire": 300}}],
        "defines": ["DB_PASS=********", "PORT=5060"],
        "config_content": 'modparam("usrloc", "db_url", "mysql://kam:********@db/kamailio")\n',
        "token": ["********"],
        "included_content": {"/etc/kamailio/k.cfg": None},
    }
    assert options["token"] == ["S3CRET"]


def test_other_text_is_not_masked() -> None:
    text = b'loadmodule "tm.so"\nmodparam("dispatcher", "ds_ping_from", "sip:a@b:5060")\n# http://x:8080/ a@b\n'
    text += b"1 sip:10.0.0.1:5060,sip:a@b:5060 8\n"
    text += b'#!define BYPASS 1\nif ($var(token)=="x") {}\n1 sip:a 8 0 weight=50;duid=a\n'
    text += b'$var(key) = "x"; $var(monkey) = "x"; $var(password) = $avp(x); # see https://h/?a=1&monkey=2\n'
    text += b'modparam("dispatcher", "ds_hash_size", 8)\nmodparam("auth_db", "password_column", "ha1")\n'
    text += b'modparam("auth_db", "load_credentials", "$avp(i:1)=rpid")\nmodparam("auth_db", "calculate_ha1", 1)\n'
    assert mask_secrets(text) == text


@pytest.mark.parametrize("line", ["#!ifdef WITH_PASSWORD", "#!ifndef WITH_PASSWORD_AUTH", "#!define DB_PASSWD"])
def test_the_name_of_a_define_without_a_value_is_not_masked(line: str) -> None:
    assert mask_secrets(line.encode() + b"\n") == line.encode() + b"\n"


def test_message_quotes_the_line_and_masks_it() -> None:
    found = finding("config-syntax", "k.cfg", 2, "this is wrong", "Mend it")
    message = render_findings([found], {"k.cfg": b'x\n y("mysql://a:S3CRET@b")\x07\n'})
    assert message.split("\n") == [
        "error: config-syntax",
        "  k.cfg:2: this is wrong",
        '      | y("mysql://a:********@b")\\x07',
        "  -> Mend it",
    ]


def test_many_findings_of_a_rule_are_one_group() -> None:
    found = [finding("probing-without-tm", "l", line, "text %d" % line) for line in range(1, 1001)]
    lines = render_findings(found, {"l": b"1 sip:a 8\n" * 1000}).split("\n")
    assert lines[0] == "warning: probing-without-tm (1000 times)"
    assert lines[-2] == "  … and 990 more, all of them in findings"
    assert len(lines) < 25


def test_any_number_of_rules_is_a_screen() -> None:
    found = [
        finding(rule, "l", number % 9 + 1, "text", "remedy %d" % number) for number, rule in enumerate([*RULES] * 9)
    ]
    lines = render_findings(found, {"l": b"1 sip:a 8\n" * 9}).split("\n")
    assert len(lines) <= 50
    assert "… and, all of them in findings:" in lines
    assert lines.count("      -> remedy 0") == 1


def test_findings_say_no_secret() -> None:
    one = finding(
        "parameter-unknown", "l", 1, "the attributes are password=S3CRET", "Write pwd=S3CRET", "set 1, sip:a:S3CRET@b"
    )
    assert one.text == "the attributes are password=********" and one.remedy == "Write pwd=********"
    assert one.destination == "set 1, sip:a:********@b"


def test_the_lines_of_findings() -> None:
    sources = Sources({"l": b"a\r\n  1 sip:a 8 0 pwd=S3CRET\nlast"})
    lines = [
        sources.line_of(finding("parameter-unknown", file, line, "")) for file in "lx" for line in (1, 2, 3, 4, None)
    ]
    assert lines == ["a", "1 sip:a 8 0 pwd=********", "last", "", "", *[""] * 5]


def test_a_secret_below_its_name_is_masked() -> None:
    text = b'modparam("auth",\n  "secret",\n  "S3CRET")\n'
    found = [finding("parameter-unknown", "k", line, "text") for line in (1, 2, 3, 4, 9)]
    message = render_findings(found, {"k": text})
    assert "S3CRET" not in message and '| "********")' in message
