# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shown of one host, and of a thousand."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.filter.rows_of_hosts import MOST_ROWS, rows_of_hosts
from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.diffs import group_diffs, name_hosts, with_host

PATH = "/etc/kamailio/dispatcher.list"


def diff(host: str, before: str, after: str) -> list[dict[str, Any]]:
    """The diff that a task of a host returns."""
    texts: dict[str, Any] = {"before": before, "after": after, "before_header": PATH, "after_header": PATH}
    found: list[dict[str, Any]] = with_host({"diff": [texts]}, {"inventory_hostname": host})["diff"]
    return found


def test_equal_diffs_are_one_with_the_number_of_its_hosts() -> None:
    hosts = ["k%d" % number for number in range(1, 1001)]
    diffs = {host: diff(host, "1 sip:a 0\n", "1 sip:a 8\n") for host in hosts}
    # Other lines far away from those that change make no other diff.
    diffs["k7"] = diff("k7", "1 sip:a 0\n", "1 sip:a 4\n")
    diffs["k9"] = []
    (many, shown), (one, own) = group_diffs(diffs)
    assert many == [host for host in hosts if host not in ("k7", "k9")] and one == ["k7"]
    assert shown[0]["before_header"] == "998 hosts (k1, k2, k3 and 995 more): " + PATH
    assert (shown[0]["before"], shown[0]["after"]) == ("1 sip:a 0\n", "1 sip:a 8\n")
    assert own == diffs["k7"]


def test_lines_that_no_diff_shows_make_no_other_group() -> None:
    lines = ["# %d\n" % number for number in range(40)]
    texts = {host: "".join([first, *lines]) for host, first in (("k1", "# one\n"), ("k2", "# two\n"))}
    ((hosts, shown),) = group_diffs({host: diff(host, text, text + "1 sip:a\n") for host, text in texts.items()})
    assert hosts == ["k1", "k2"] and shown[0]["after_header"] == "2 hosts (k1, k2): " + PATH


@pytest.mark.parametrize(
    ("count", "name"),
    [(1, "k1"), (2, "2 hosts (k1, k2)"), (3, "3 hosts (k1, k2, k3)"), (4, "4 hosts (k1, k2, k3 and 1 more)")],
)
def test_name_of_a_group(count: int, name: str) -> None:
    assert name_hosts(["k%d" % number for number in range(1, count + 1)]) == name


def test_few_hosts_have_a_row_each_and_many_share_theirs() -> None:
    few = ["k%d: changed (reload)" % number for number in range(MOST_ROWS)]
    assert rows_of_hosts(few) == few
    many = ["k%d: changed (reload)" % number for number in range(998)]
    table = rows_of_hosts([*many[:500], "x: failed: no: answer", *many[500:], "y: nothing to do"])
    assert table == [
        "x: failed: no: answer",
        "y: nothing to do",
        "998 hosts (k0, k1, k2 and 995 more): changed (reload)",
    ]
    with pytest.raises(AnsibleFilterError, match="rows_of_hosts takes a list of rows, not 'k1: done'"):
        rows_of_hosts("k1: done")


@given(st.dictionaries(st.text("abk1", min_size=1), st.sampled_from(["done", "failed: x", "a: b"]), max_size=90))
def test_any_table_has_every_host(outcomes: dict[str, str]) -> None:
    table = rows_of_hosts(["%s: %s" % each for each in outcomes.items()])
    assert len(table) <= max(MOST_ROWS, len(set(outcomes.values())))
    counted = [int(row.split()[0]) if " hosts (" in row else 1 for row in table]
    assert sum(counted) == len(outcomes)
