# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Invocation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._everywhere import (
    mask_everywhere,
    secret_values,
    tellable,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._exit import Seen
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.service import as_config
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import quoted, visible

DEBIAN = b'#!define DBURL "mysql://kamailio:kamailiorw@localhost/kamailio"\nloadmodule "db_mysql.so"\n'
ANY_TEXT = st.text(st.characters(), max_size=30) | st.text(
    st.sampled_from("a\x1b\x7f\x85\x9b\u202e\u2028\udc9b\ud800\r\n\t")
)


@given(ANY_TEXT)
def test_visible_text_is_printable_and_stays_so(text: str) -> None:
    shown = visible(text)
    rest = shown.replace("\r\n", "").replace("\n", "").replace("\t", "")
    assert rest.isprintable() and visible(shown) == shown
    assert visible(text) == text or not text.replace("\n", "").replace("\t", "").isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;x\x07", "\\x1b]0;x\\x07"),
        ("a\u202eb\x9b31m\x7f", "a\\u202eb\\x9b31m\\x7f"),
        ("a\rb\r\nc\r\r\nd\te", "a\\rb\r\nc\\r\r\nd\te"),
        ("\u2028\U000e0041\ud800\udcff", "\\u2028\\U000e0041\\ud800\\xff"),
        ("Grüße 中文 …", "Grüße 中文 …"),
    ],
)
def test_what_becomes_of_characters(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_quoted_line_has_no_newline() -> None:
    assert quoted(b"a\nb\r\n\x1b\t\xff") == "a\\nb\\r\\n\\x1b\t\\xff"


def clean(value: Any, *texts: bytes, **options: Any) -> Any:
    seen = Seen()
    seen.read(*texts)
    seen.take(options)
    return seen.clean(value)


def test_results_are_printable_at_any_depth() -> None:
    result = {"msg": "a\x1b[2J", "n": 1, "list": [{"uri": "sip:\u202ea", "\x9bkey": "b"}, ("\x85",), None, True, 1.5]}
    shown = {"msg": "a\\x1b[2J", "n": 1, "list": [{"uri": "sip:\\u202ea", "\\x9bkey": "b"}, ["\\x85"], None, True, 1.5]}
    assert clean(result) == shown
    assert result["msg"] == "a\x1b[2J"


def test_corrected_texts_stay_exact() -> None:
    texts = {
        "corrected": {"config": '#!define DB_PASS "hunter22"\n\x1b', "included": {"/\x1b": "x\r"}},
        "msg": "hunter22\x1b",
    }
    cleaned = clean(texts, config_content=texts["corrected"]["config"])
    assert cleaned == {"corrected": texts["corrected"], "msg": "********\\x1b"}


SAYS = "0(1) ERROR: db [km_dbase.c:185]: could not log in with %s as user kamailio, see /etc/kamailio/kamailio.cfg"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (DEBIAN, "kamailiorw"),
        (b'#!define DB_PASSWORD "hunter22"\n', "hunter22"),
        (b'#!substdef "!DB_PASSWORD!hunter22!g"\n', "hunter22"),
        (b"#!define DB_PASSWORD hunter22\r\n", "hunter22"),
        (b'#!define DB_PASSWORD "hun" \\\n "ter22"\n', "hunter22"),
        (b'modparam("auth", "secret", "hun\\"ter22")\n', 'hun"ter22'),
        (b'modparam("auth", "secret", "hun\\"ter22")\n', 'hun\\"ter22'),
        (b'modparam("auth", "secret", "hunter \xff")\n', "hunter \ufffd"),
        (b'modparam("auth", "secret", "hunter \xff")\n', "hunter \\xff"),
        (b"1 sip:alice:hunter22@10.0.0.1 8\n", "hunter22"),
        (b'request_route {\n $var(password) = "hunter22";\n}\n', "hunter22"),
    ],
)
def test_a_secret_is_masked_wherever_it_occurs(text: bytes, value: str) -> None:
    assert clean({"msg": SAYS % value}, text) == {"msg": SAYS % "********"}
    assert clean([SAYS % value], config_content=text.decode("utf-8", "surrogateescape")) == [SAYS % "********"]


@pytest.mark.parametrize(
    "options",
    [
        {"defines": ["DB_PASS=hunter 22"]},
        {"modules": [{"name": "auth", "params": {"secret": "hunter 22"}}]},
        {"modules": [{"name": "auth", "params": {"secret": {"a": ["hunter 22"]}}}]},
        {"modules": [{"name": "auth", "params": {"db_url": ["x://a:b@c", '"mysql://kam:hunter 22@h/k"']}}]},
        {"destinations": [{"attrs": {"auth_pw": "hunter 22"}}, {"attrs": 'pwd="hunter 22"'}]},
    ],
)
def test_secrets_of_options_are_masked_everywhere(options: dict[str, Any]) -> None:
    found = clean({"msg": "is hunter 22 it", "invocation": options}, **options)
    assert "hunter" not in str(found) and found["msg"] == "is ******** it"


def test_secrets_of_replies_are_masked_everywhere() -> None:
    reply = [
        {"name": "DBPASS", "type": "string", "value": "hunter22"},
        {"name": "DBURL", "value": '"mysql://kam:hunter33@db/k"'},
        {"name": "PORT", "value": 5060},
        {"name": "API_TOKEN", "value": 1234567890},
        {"token": {"a": ["hunter44", None, True, 7]}, "x": "hunter22 hunter33 hunter44 1234567890"},
        ["-A", "DB_PASS=a b", "-A", "PORT=5060"],
    ]
    assert clean({"result": reply}) == {
        "result": [
            {"name": "DBPASS", "type": "string", "value": "********"},
            {"name": "DBURL", "value": '"mysql://kam:********@db/k"'},
            {"name": "PORT", "value": 5060},
            {"name": "API_TOKEN", "value": "********"},
            {"token": {"a": ["********", None, True, "********"]}, "x": "******** ******** ******** ********"},
            ["-A", "DB_PASS=********", "-A", "PORT=5060"],
        ]
    }


def test_secrets_in_names_are_masked() -> None:
    result = {
        "sip:alice:hunter22@h": {"password=hunter33": 1, "n": 2},
        "kamailiorw": {"see kamailiorw\x1b": None},
        "destinations": {5: "kamailiorw", "password": ""},
    }
    assert clean(result, DEBIAN) == {
        "sip:alice:********@h": {"password=********": 1, "n": 2},
        "kamailiorw": {"see ********\\x1b": None},
        "destinations": {5: "********", "password": ""},
    }


def test_names_that_differ_in_a_secret_stay_apart() -> None:
    result = {"sip:a:hunter22@h": 1, "sip:a:hunter33@h": 2, "sip:a:********@h (2)": 3, "sip:a:hunter44@h": 4}
    cleaned = clean({"states": result})["states"]
    assert list(cleaned.values()) == [1, 2, 3, 4] and "hunter" not in str(cleaned)


def test_the_fields_of_a_result_stay_even_if_a_secret_is_the_same_word() -> None:
    config = b'modparam("x", "db_pass", "changed")\n'
    assert clean({"changed": True, "msg": "changed"}, config) == {"changed": True, "msg": "********"}


def test_switches_under_the_name_of_a_secret_are_shown() -> None:
    result = {"STORE_PLAINTEXT_PW": "0", "token": [True, 1, "yes", ""], "defines": ["WITH_PW=no"], "password": None}
    assert clean(result) is result


@pytest.mark.parametrize("size", range(12, 40))
def test_what_remains_of_a_secret_where_a_message_is_cut_is_masked(size: int) -> None:
    text = quoted(b"cannot log in with kamailiorw as user kam", size)
    cleaned = clean({"msg": "It says '%s'. Look" % text}, DEBIAN)["msg"]
    assert "kama" not in cleaned and "cannot log" in cleaned and "'. Look" in cleaned
    assert clean(text) == text


def test_a_hundred_thousand_secrets_are_masked() -> None:
    found = clean([{"attrs": "auth_pw=hunter%06d" % number} for number in range(100_000)])
    assert {destination["attrs"] for destination in found} == {"auth_pw=********"}


def test_secrets_of_a_command_line_are_masked_everywhere() -> None:
    invocation = Invocation(
        defines=("DB_PASS=hunter 11", "WITH_TLS"),
        params=(("auth", "secret", b"hunter22"), ("tm", "fr_timer", 5)),
        substitutions=(("substdef", "!DB_PW!hunter33!g"),),
        environment={"DBPW": "hunter44", "PATH": None},
    )
    assert clean("hunter 11 hunter22 hunter33 hunter44", as_config(invocation)) == " ".join(["********"] * 4)


ORDINARY = {
    "short": (b'#!define DB_PASS "hunt5"\n', "hunt5"),
    "number": (b'#!define DB_PASS "1234567"\n', "1234567"),
    "user": (b'#!define DBURL "mysql://siprouter:siprouter@localhost/x"\n', "siprouter"),
    "name_of_the_server": (b'modparam("x", "db_pass", "kamailio")\n', "kamailio"),
    "path": (b'modparam("x", "db_pass", "openser")\nimport_file "/etc/openser/a.cfg"\n', "openser"),
    "host": (b'modparam("x", "db_pass", "sipserver")\nlisten=udp:a\nalias="x"\n# sip:sipserver:5060\n', "sipserver"),
    "module": (b'modparam("x", "db_pass", "usrloc")\nloadmodule "usrloc.so"\n', "usrloc"),
    "define": (b'modparam("x", "db_pass", "DB_PASSWORD")\n#!substdef "!DB_PASSWORD!x!g"\n', "DB_PASSWORD"),
    "define_without_quotes": (b'modparam("x", "db_pass", DB_PASSWORD)\n', "DB_PASSWORD"),
    "variable": (b"1 sip:a 8 0 password=$var(x)\n", "$var(x)"),
    "file": (b'modparam("x", "db_pass", "/data/kamailio")\n', "/data/kamailio"),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_a_value_that_messages_need_is_masked_at_its_place_only(name: str) -> None:
    text, value = ORDINARY[name]
    message = "%s %s /%s/a.cfg" % (value, value, value)
    assert clean({"msg": message}, text) == {"msg": message}
    assert clean(text.decode()) != text.decode()


def test_a_file_without_secrets_makes_no_word_secret() -> None:
    assert (
        tellable(sorted(secret_values(b'modparam("dispatcher", "ds_hash_size", 8)\n# the password is set below\n')), [])
        == []
    )


def test_the_configuration_of_debian_has_one_secret() -> None:
    assert tellable(sorted(secret_values(DEBIAN)), [DEBIAN]) == ["kamailiorw"]


def test_any_number_of_secrets() -> None:
    """Those of thousands of destinations are masked in place, and do not hide those of the configuration."""
    listing = "".join("1 sip:10.0.0.1 8 0 auth_pw=hunter%06d\n" % number for number in range(5000))
    found = clean({"before": listing, "msg": "kamailiorw hunter22"}, listing.encode(), DEBIAN)
    assert "hunter0" not in found["before"] and found["msg"] == "******** hunter22"


def test_what_needs_nothing_stays_the_same_object() -> None:
    value = {"destinations": [{"uri": "sip:a@10.0.0.1", "attrs": "duid=a;weight=50"}], "path": "/etc/kamailio/k.cfg"}
    assert clean(value, DEBIAN) is value


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | ANY_TEXT,
        lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner),
    )
)
def test_cleaning_twice_changes_nothing_more(value: Any) -> None:
    once = clean(value, DEBIAN)
    assert clean(once, DEBIAN) == once


def test_the_filter_masks_everywhere() -> None:
    text = 'modparam("auth", "secret", "hunter22")\n# it was hunter22\u202e \udcff\n'
    assert mask_everywhere(text) == 'modparam("auth", "secret", "********")\n# it was ********\u202e \udcff\n'


def test_the_type_before_the_text_of_a_variable_is_not_part_of_the_secret() -> None:
    text = 'modparam("pv", "varset", "password=s:of-a-database")\n[$nosuch(of-a-database)]'
    assert "of-a-database" not in mask_everywhere(text)
