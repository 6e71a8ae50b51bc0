# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import re
import time
from typing import Any, Callable

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.destinations import destination_findings
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.findings import found_in
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.listing import ListSource
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.message import Sources, render_findings
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.parameters import TABLE
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.document import parse_document
from ansible_collections.sipfleet.kamailio.plugins.module_utils._everywhere import mask_text
from ansible_collections.sipfleet.kamailio.plugins.module_utils._exit import Seen
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rules import RULES
from ansible_collections.sipfleet.kamailio.plugins.module_utils._secrets import is_secret, mask_secrets
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import CUT, named, no_text_in, quoted
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

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
    # Lists of options.
    'modparam("kafka", "configuration", "bootstrap.servers=a,sasl.password=S3CRET")',
    'modparam("kafka", "configuration", "bootstrap.servers=a,sasl.password=S3C,RET,acks=1")',
    "1 sip:a 0 0 cmd=password=S3CRET",
    'modparam("http_client", "httpcon", "a=>https://h/x;httpauth=basic;username=u;password=S3CRET;timeout=3")',
    'modparam("http_client", "httpcon", "a=>https://u:S3CRET@h/x;timeout=3")',
    'modparam("ndb_redis", "server", "name=r;addr=h;pass=S3C" "RET;db=1")',
    "#  host=db user=u password=S3CRET dbname=k",
    "#  host=db user=u password='S3C RET' dbname=k",
    "#  Driver={MySQL};Server=db;UID=u;PWD=S3CRET;Port=3306",
    "#  Driver={MySQL};Server=db;UID=u;Pwd={S3C;RET};Port=3306",
    "#  grant_type=x&client_secret=S3CRET&scope=y",
    "#  run --db-password=S3CRET --x-api-key=S3CRET",
    "1 sip:a 0 0 pw=S3C'RET;duid=a",
    'auth_password = """S3CRET"""',
    # A quote that nothing closes.
    '1 sip:a 0 0 pw="S3C RET',
    'modparam("auth", "secret", "S3C RET)',
    '$var(password) = "S3C RET;',
    # What an expression is assigned to.
    '$avp(password) = "S3C" + "RET";',
    '$avp(password) = $fU + "S3C" + $var(x) + "RET";',
    '$avp(password)="S3C"\n  # c\n  + "RET";',
    '$var(password) =\n   "S3CRET";',
    '$avp(s:password)  = /* c */ "S3CRET";',
    '$(avp(password)[0]) = "S3CRET";',
    '$(var(password)) = "S3CRET";',
    '$xavp(a=>pass[0]) = "S3CRET";',
    '$xavp(a[0]=>pass) = "S3CRET";',
    '$xavp(a[0]=>b=>pass) = "S3CRET";',
    '$xavu(caller => password) = "S3CRET";',
    "    $var(pw)='S3CRET';",
    '$sht(auth=>key) = "S3CRET";',
    '$sht(auth=>$fU::password) = "S3CRET";',
    '$sht(auth=>$(fU{s.tolower})::password) = "S3CRET";',
    '$uac_req(apasswd) = "S3CRET";',
    '$x_hdr(X-Api-Key) = "S3CRET";',
    'if ($var(password) == "S3CRET") {',
    "if ($au=='a' && $(avp(password)[0]) != 'S3CRET') {",
    # JSON, YAML and Python.
    '{"user": "a", "password": "S3CRET", "port": 1}',
    '{"user": "a", "password" : "S3C\\"RET"}',
    '{"a": "{\\"password\\": \\"S3CRET\\", \\"b\\": 1}"}',
    '{"a": "{\\"password\\":\\"S3C\\\\\\"RET\\"}"}',
    '{"a": "{\\"b\\": \\"{\\\\\\"password\\\\\\": \\\\\\"S3CRET\\\\\\"}\\"}"}',
    '{"passwords": ["S3C", "RET"], "credentials": {"user": "a", "x": "S3CRET"}}',
    '{"x-api-key": "S3CRET"}',
    "{'user': 'a', 'password': 'S3CRET'}",
    "{'password': b'S3CRET'}",
    "db_password: S3CRET",
    "  db_password: 'S3C RET'  # of the database",
    "- password: S3CRET # of the database",
    "{user: a, password: S3CRET}",
    "password: !vault |\n    S3C\n    RET",
    '"user: a\\npassword: S3CRET\\n"',
    '$http_req(hdr) = "Authorization: Bearer S3CRET";',
    "Proxy-Authorization: Basic S3CRET",
]


@pytest.mark.parametrize("line", SECRET)
def test_secrets_are_masked(line: str) -> None:
    masked = mask_secrets(b"# a\n" + line.encode() + b"\nb\n").decode()
    assert "S3C" not in masked and "RET" not in masked
    assert masked.startswith("# a\n" + line[:12]) and masked.endswith("\nb\n")
    assert mask_secrets(masked.encode()).decode() == masked


# Of them these are secret; the value of the last one can be the name of a file.
SECRET_PARAMETERS = {
    "auth_key",
    "credential",
    "db_pass",
    "flow_token_secret",
    "mask_key",
    "netio_key",
    "password",
    "private_key",
    "private_key_password",
    "restore_passwd",
    "secret",
    "snmpCommunity",
    "tls_private_key",
    "xkey",
    "xmpp_password",
}
# The name of an engine, which is masked all the same.
SECRET_PARAMETERS.add("hmac_engine")


def test_the_secret_ones_among_the_parameters_of_kamailio() -> None:
    names = set(re.findall(r"(?<![\w:])(\w+)=[is]", TABLE))
    assert len(names) > 1900 and {name for name in names if is_secret(name)} == SECRET_PARAMETERS
    # Those of modules that are in no table, and of files.
    for name in ("auth_password", "userpwd", "api_key"):
        assert is_secret(name), name


def test_ordinary_names_are_not_secret() -> None:
    names = "ds_hash_size hash_size keepalive monkey authorize BYPASS bypass compass WITH_MULTIPASS key_name auth_user"
    names += " db_url PASSTHROUGH pwrite passive spawn keywords tokens_table KEY ds_ping_from upward h_entry ha1_column"
    names += " password_column pass_column_2 pass_attr PASSWORD_COLUMN passwd_field token_name token_ttl secret_file"
    names += " KEYFILE SERVER_KEY_FILE tls_key_path WITH_AUTH hostkey turkey donkey mypw_column"
    assert [name for name in names.split() if is_secret(name)] == []


PIECES = [
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
    b"pw=,",
    b"pw=a,a",
    b'pw=a"',
    b"pw=\\",
    b"pw={",
    b"a=b=",
    b"$(avp(pw)[",
    b"$avp(pw)=+",
    b'$avp(pw)="a"+$a ',
    b"$avp(pw)= /*",
    b"$avp((",
    b'"pw": [',
    b'"pw": \\"',
    b'"pw\\\\',
    b"\npw: ",
    b"\npw: |\n ",
    b"\n - ",
    b"{pw: a ",
    b"authorization: ",
    b" ",
]


def seconds(work: Callable[[], Any]) -> float:
    """The processor time of the fastest of three runs."""
    found = []
    for _again in range(3):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


@pytest.mark.parametrize("before", [b'"#!', b"#!", b'password=x"'])
@pytest.mark.parametrize("piece", PIECES)
def test_masking_takes_time_in_proportion_to_the_text(piece: bytes, before: bytes) -> None:
    some, more = (before + piece * count for count in (5_000, 20_000))
    # Four times the text takes sixteen times as long where the time grows with its square.
    assert seconds(lambda: mask_secrets(more)) < 9 * seconds(lambda: mask_secrets(some)) + 0.05


@pytest.mark.parametrize("piece", PIECES)
def test_cleaning_takes_time_in_proportion_to_the_text(piece: bytes) -> None:
    some, more = ("pw@" + piece.decode() * count for count in (5_000, 20_000))
    assert seconds(lambda: Seen().clean([more])) < 9 * seconds(lambda: Seen().clean([some])) + 0.05


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


# What people need at night.
PLAIN = [
    "#!define STORE_PLAINTEXT_PW 0",
    "STORE_PLAINTEXT_PW=0",
    "-A WITH_PASSWORD=yes -A TOKEN=",
    '#!define STORE_PLAINTEXT_PW "0" # no',
    '#!substdef "!STORE_PLAINTEXT_PW!1!g"',
    'modparam("x", "use_token", 1)',
    'modparam("x", "db_pass", "")',
    'modparam("auth_db", "password_column_2", "ha1b")',
    'modparam("auth_db", "pass_column_2", "ha1b")',
    'modparam("x", "pass_attr", "userPassword")',
    "token_header=X-Token;token_ttl=3600;secret_name=db;password_file=/etc/pw",
    '{"store_password": false, "token": null, "password": "", "secret": 0}',
    'password: "{{ vault_password }}"',
    'has_secrets: "{{ text | mask != text }}"',
    "db_password={{ vault.db_password }} host=a",
    '$var(password) = ""; $var(password) = $null; $var(token) = 1; $sht(tokens=>$ci) = $null;',
    '$avp(password) = $(hdr(X-Pw){s.select,0,:}) + $fU; $avp(token_column) = "password";',
    'if ($var(token) == "x" || $var(token) =~ "^[0-9a-f]+$") {',
    "modules[0].params.password: must be a string",
    "password: see the vault",
    "password: wrong, try again",
    "tokens: Dict[str, int] = {}",
    "#!ifdef WITH_PASSWORD # by hand",
    'modparam("tls", "private_key", "/etc/kamailio/key.pem")',
    "private_key = ./server-key.pem",
    "password is missing: give one",
    "'password' is not known. The fields are name, params",
    "Access denied for user 'kamailio'@'localhost' (using password: YES)",
    "ERROR: <core> [core/cfg.y:1]: syntax error, unexpected token: IDENT, expecting ;",
    "/etc/kamailio/tokens/a.cfg:12: ssh_key.pem, db-secrets.example.org:5060",
]


@pytest.mark.parametrize("line", PLAIN)
def test_what_is_no_secret_stays(line: str) -> None:
    text = b"# a\n" + line.encode() + b"\nb\n"
    assert mask_secrets(text) == text


def test_only_the_secret_of_a_list_is_masked() -> None:
    for before, after in [
        ("a=1,sasl.password=S3CRET,acks=2", "a=1,sasl.password=********,acks=2"),
        ("cmd=password=S3CRET;x=1", "cmd=password=********;x=1"),
        ("a=>http://h/;username=u;password=S3CRET", "a=>http://h/;username=u;password=********"),
        ("host=x password=S3CRET dbname=z", "host=x password=******** dbname=z"),
        ("UID=u;PWD={S3C;RET};Port=3306", "UID=u;PWD=********;Port=3306"),
        ('"url=sip:a:5060 password=S3CRET" + "b"', '"url=sip:a:5060 password=********"'),
        ('{"password": "S3CRET", "port": 5060}', '{"password": "********", "port": 5060}'),
        ('"{\\"password\\": \\"S3CRET\\", \\"port\\": 5060}"', '"{\\"password\\": \\"********\\", \\"port\\": 5060}"'),
        ('{"tokens": ["S3C", "RET"], "pw": 123456}', '{"tokens": "********", "pw": "********"}'),
        ("{'password': b'S3CRET'}", "{'password': '********'}"),
        ("user: a\npassword: S3CRET\nhost: b", "user: a\npassword: ********\nhost: b"),
        ("password: |\n  S3C\n  RET\nhost: b", "password: ********\nhost: b"),
    ]:
        assert mask_secrets(before.encode()).decode() == after


def test_a_line_is_cut_behind_its_masked_secrets() -> None:
    for lead in ("sip:alice:", "mysql://kam:", '"mysql://k@m:', "$var(pw) = '", '{"password": "', "password: '"):
        end = "'\"" if lead[-1] in "'\"" else ""
        for size in range(10, 60):
            text = lead + "S3CRET" * 5 + end + "@host " + "x" * 50
            shown = quoted(text.encode(), size)
            assert "S3C" not in shown and len(shown) <= size
    assert quoted(b"x" * 50 + b" password=S3CRET", 40) == "x" * 39 + CUT


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"1 sip:a 0 0 password=S3C,RET;duid=a\n", "stops reading the attributes at ********;duid=a"),
        (b'1 sip:a 0 0 pw="S3C RET"\n', "are pw=********, and ******** is not read"),
        (b"1 sip:a 0 0 pw=S3C\0RET\n", "and ******** is not read"),
        (b'1 sip:a 0 0 pw="S3C"RET;duid=a\n', "'********;duid=a' follows the quoted value of pw"),
        (b"1 sip:a 0 0 pw=S3C" + b"S" * 1010 + b"RET;duid=a\n", "reads ********;duid=a as another line"),
        (b"1 sip:a 0 0 duid=a more text\n", "and more text is not read"),
    ],
)
def test_the_rest_of_a_line_shows_no_rest_of_a_secret(line: bytes, shown: str) -> None:
    version = Version(6, 1)
    found, _skipped = destination_findings(ListSource("list", parse_document(line, version)), version)
    texts = [finding.text for finding in found]
    assert any(shown in text for text in texts), texts
    assert not any("S3C" in text or "RET" in text for text in texts)


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
    found = found_in("config-syntax", "k.cfg", 2, "this is wrong", "Mend it")
    message = render_findings([found], {"k.cfg": b'x\n y("mysql://a:S3CRET@b")\x07\n'})
    assert message.split("\n") == [
        "error: config-syntax",
        "  k.cfg:2: this is wrong",
        '      | y("mysql://a:********@b")\\x07',
        "  -> Mend it",
    ]


def test_many_findings_of_a_rule_are_one_group() -> None:
    found = [found_in("probing-without-tm", "l", line, "text %d" % line) for line in range(1, 1001)]
    lines = render_findings(found, {"l": b"1 sip:a 8\n" * 1000}).split("\n")
    assert lines[0] == "warning: probing-without-tm (1000 times)"
    assert lines[-2] == "  … and 990 more, all of them in findings"
    assert len(lines) < 25


def test_any_number_of_rules_is_a_screen() -> None:
    found = [
        found_in(rule, "l", number % 9 + 1, "text", "remedy %d" % number) for number, rule in enumerate([*RULES] * 9)
    ]
    lines = render_findings(found, {"l": b"1 sip:a 8\n" * 9}).split("\n")
    assert len(lines) <= 50
    assert "… and, all of them in findings:" in lines
    assert lines.count("      -> remedy 0") == 1


def test_findings_say_no_secret() -> None:
    finding = found_in(
        "parameter-unknown", "l", 1, "the attributes are password=S3CRET", "Write pwd=S3CRET", "set 1, sip:a:S3CRET@b"
    )
    assert finding.text == "the attributes are password=********" and finding.remedy == "Write pwd=********"
    assert finding.destination == "set 1, sip:a:********@b"


def test_the_lines_of_findings() -> None:
    sources = Sources({"l": b"a\r\n  1 sip:a 8 0 pwd=S3CRET\nlast"})
    lines = [
        sources.line_of(found_in("parameter-unknown", file, line, "")) for file in "lx" for line in (1, 2, 3, 4, None)
    ]
    assert lines == ["a", "1 sip:a 8 0 pwd=********", "last", "", "", *[""] * 5]


def test_a_secret_below_its_name_is_masked() -> None:
    text = b'modparam("auth",\n  "secret",\n  "S3CRET")\n'
    found = [found_in("parameter-unknown", "k", line, "text") for line in (1, 2, 3, 4, 9)]
    message = render_findings(found, {"k": text})
    assert "S3CRET" not in message and '| "********")' in message
