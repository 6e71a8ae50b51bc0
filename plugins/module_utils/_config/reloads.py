# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Which files a server loads anew with a command: by the parameters that name the files, and by the tables of db_text.

Each row was seen on servers of 5.6.3, 6.0.1 and 6.1.5 that have the module, in tests/conformance/test_reloads.py. What
is not here needs a restart. So do the files of geoip2: its command reaches one process alone in 5.6.3, and in 6.0.1 and
6.1.5 a file that it cannot open kills the server at the next lookup.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Tuple

from .._versions import Version
from .requirements import When

_SCRIPT = (
    "each process loads the script when it handles its next message, and a script that cannot be loaded is an error in "
    "the log only: the process goes on with the script of before"
)
_ROWS = "what the server cannot use of it is left out, with an error in the log only"


class Command(NamedTuple):
    """A command that loads files anew, from the version V(since) on.

    It has worked if its answer has no error, and is V(answer) where the server answers a failure in the same way.
    V(unseen) is what the answer does not show, empty where an answer without an error means that all is loaded. After
    an error the server goes on with what it had loaded, but for those with V(loses), which have nothing left.
    """

    since: Tuple[int, ...] = ()
    answer: str = ""
    unseen: str = ""
    loses: bool = False

    def is_in(self, version: Version) -> bool:
        """Return whether a version has the command."""
        return version.release >= self.since


# In the order in which they are best sent: scripts use the data of the other modules.
COMMANDS: Dict[str, Command] = {
    "tls.reload": Command(),
    "permissions.addressReload": Command(),
    "permissions.trustedReload": Command(),
    "domain.reload": Command(),
    "htable.reload": Command(),
    "mtree.reload": Command(),
    "dialplan.reload": Command(),
    "pdt.reload": Command(),
    "matrix.reload": Command(unseen=_ROWS),
    "lcr.reload": Command(),
    "drouting.reload": Command(answer="reload ok", unseen=_ROWS),
    "cr.reload_routes": Command(),
    "secfilter.reload": Command(loses=True),
    "userblocklist.reload_blocklist": Command(
        since=(5, 5), unseen="a table that cannot be loaded is an error in the log only, and the one of before stays"
    ),
    "regex.reload": Command(),
    "rtpengine.reload": Command(unseen=_ROWS),
    "uac.reg_reload": Command(unseen=_ROWS, loses=True),
    "dispatcher.reload": Command(unseen=_ROWS),
    "app_jsdt.reload": Command(unseen=_SCRIPT),
    "app_lua.reload": Command(unseen=_SCRIPT),
    "app_python.reload": Command(unseen=_SCRIPT),
    "app_python3s.reload": Command(unseen=_SCRIPT),
    "app_ruby.reload": Command(unseen=_SCRIPT),
}

# Where a path that is not absolute begins: the folder that the server works in, that of its main configuration file for
# any path that does not begin with a dot, or that of the file for a path without a slash.
WORKING, BESIDE, BARE = "", ".", "/"


class File(NamedTuple):
    """V(parameter) of V(module) names a file, or a folder, which V(command) loads anew, empty for a restart.

    V(default) is the file where it is not set, V(start) where a relative path begins. With V(each) all settings count.
    With V(when), the command loads it only if all of those parameters ask for it.
    """

    module: str
    parameter: str
    command: str
    default: str = ""
    start: str = WORKING
    each: bool = False
    when: Tuple[When, ...] = ()


FILES: Tuple[File, ...] = (
    File("app_jsdt", "load", "app_jsdt.reload"),
    File("app_jsdt", "loaddir", "app_jsdt.reload"),
    File("app_lua", "load", "app_lua.reload", each=True, when=(When("reload", 1, unless=(0,)),)),
    File("app_python3", "load", "app_python.reload"),
    File("app_python3", "script_name", "app_python.reload"),
    File("app_python3s", "load", "app_python3s.reload"),
    File("app_ruby", "load", "app_ruby.reload"),
    File(
        "carrierroute",
        "config_file",
        "cr.reload_routes",
        "/etc/kamailio/carrierroute.conf",
        when=(When("config_source", "file", only=("file",)),),
    ),
    File(
        "dispatcher",
        "list_file",
        "dispatcher.reload",
        "/etc/kamailio/dispatcher.list",
        when=(When("db_url", only=("",)),),
    ),
    File("permissions", "address_file", "permissions.addressReload", start=BARE),
    File("permissions", "default_allow_file", "", "permissions.allow", start=BARE),
    File("permissions", "default_deny_file", "", "permissions.deny", start=BARE),
    File("regex", "file", "regex.reload"),
    File("tls", "config", "tls.reload", start=BESIDE),
)


class Table(NamedTuple):
    """The tables that V(tables) of V(module) name, by parameter and default, are loaded anew with V(command).

    They are files of db_text where V(parameter) has such a URL. With V(when), as for a file. A table can also be named
    in a setting of V(each), as C(dbtable) of what has a name there, which is an argument of the command then.
    """

    module: str
    command: str
    tables: Tuple[Tuple[str, str], ...]
    parameter: str = "db_url"
    when: Tuple[When, ...] = ()
    each: str = ""


TABLES: Tuple[Table, ...] = (
    Table("dialplan", "dialplan.reload", (("table_name", "dialplan"),)),
    Table("dispatcher", "dispatcher.reload", (("table_name", "dispatcher"),)),
    Table("domain", "domain.reload", (("domain_table", "domain"), ("domain_attrs_table", "domain_attrs"))),
    Table(
        "drouting",
        "drouting.reload",
        (("drd_table", "dr_gateways"), ("drr_table", "dr_rules"), ("drl_table", "dr_gw_lists")),
    ),
    Table("htable", "htable.reload", (), each="htable"),
    Table(
        "lcr",
        "lcr.reload",
        (("lcr_gw_table", "lcr_gw"), ("lcr_rule_table", "lcr_rule"), ("lcr_rule_target_table", "lcr_rule_target")),
    ),
    Table("matrix", "matrix.reload", (("matrix_table", "matrix"),)),
    Table("mtree", "mtree.reload", (("db_table", ""),)),
    Table("mtree", "mtree.reload", (), when=(When("db_table", only=("",)),), each="mtree"),
    Table("pdt", "pdt.reload", (("db_table", "pdt"),)),
    Table(
        "permissions",
        "permissions.addressReload",
        (("address_table", "address"),),
        when=(When("address_file", only=("",)),),
    ),
    Table("permissions", "permissions.trustedReload", (("trusted_table", "trusted"),), when=(When("db_mode"),)),
    Table("rtpengine", "rtpengine.reload", (("table_name", "rtpengine"),)),
    Table("secfilter", "secfilter.reload", (("table_name", "secfilter"),)),
    Table("uac", "uac.reg_reload", (("reg_db_table", "uacreg"),), "reg_db_url"),
    Table("userblocklist", "userblocklist.reload_blocklist", (("globalblocklist_table", "globalblocklist"),)),
)

# Where a relative path in a URL of db_text begins, and what lets db_text look at a file again (dbt_base.c, dbt_lib.c).
DB_TEXT_FOLDER = "/etc/kamailio"
DB_TEXT_READS_AGAIN = When("db_mode", 0, unless=(0,))
# Functions whose first argument is a command line that is run anew for each call.
RUNS_COMMAND = frozenset(("exec_avp", "exec_cmd", "exec_dset", "exec_msg"))
