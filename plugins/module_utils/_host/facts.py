# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What a host says about itself."""

from __future__ import annotations

import glob
import grp
import ipaddress
import os
import pwd
import re
import stat
from functools import lru_cache
from typing import List, NamedTuple, Optional, Sequence, Tuple

from .._analysis.analyse import Host
from .._caller import Caller
from .._config.model import Account, Load
from .._errors import error
from .._rights import may
from .._text import is_number, quoted, show
from .._versions import Version, given_version, parse_version
from .process import run_program
from .service import Service

# Where packages and builds put the modules.
_MODULE_FOLDERS = (
    "/usr/lib/*/kamailio/modules",
    "/usr/lib64/kamailio/modules",
    "/usr/lib/kamailio/modules",
    "/usr/local/lib64/kamailio/modules",
    "/usr/local/lib/kamailio/modules",
)
_VERSION_SECONDS = 60


def has_module(load: Load) -> Optional[bool]:
    """Whether the host has the file of a module; None where it cannot be told which folder the server looks in."""
    paths = module_paths(load)
    if not paths:
        folders = [folder for pattern in _MODULE_FOLDERS for folder in glob.glob(pattern)]
        if len(folders) != 1:
            return None
        paths = module_paths(load._replace(load_path=folders[0]))
    return any(os.path.isfile(path) for path in paths)


def module_paths(load: Load) -> List[str]:
    """Return where the server looks for the file of a module, nothing where that is the folder that is built in.

    The search is that of C(ksr_locate_module) in Kamailio's src/core/sr_module.c.
    """
    if "/" in load.written:
        return [load.written]
    names = [load.name + ".so", os.path.join(load.name, load.name + ".so"), load.written]
    folders = [folder for folder in (load.load_path or "").split(":") if folder]
    return [os.path.join(folder, name) for folder in folders for name in names]


class Identity(NamedTuple):
    """An account of this host: the name of its user, empty if it has none, and the numbers of its user and group."""

    name: str
    user: int
    group: int


def identity_of(account: Account) -> Identity:
    """Return the identity of an account that has a user. Raises KeyError if this host does not know it."""
    name, group = account.user or "", account.group
    if "\0" in name + (group or ""):
        raise KeyError(name)
    number = None
    if group:
        number = int(group) if is_number(group) else grp.getgrnam(group).gr_gid
    try:
        user = pwd.getpwuid(int(name)) if is_number(name) else pwd.getpwnam(name)
    except KeyError:
        if not is_number(name):
            raise
        # A number is a user also without a name.
        return Identity("", int(name), int(name) if number is None else number)
    return Identity(user.pw_name, user.pw_uid, user.pw_gid if number is None else number)


def can_read(path: str, account: Account) -> Optional[bool]:
    """Whether an account may read a file, by owner, group and mode; None where that is not all that counts.

    An access control list can say more than the mode, and so can whoever the account is not known of here.
    """
    if account.user is None or account.user in ("root", "0"):
        return None
    try:
        user = identity_of(account)
        groups = os.getgrouplist(user.name, user.group)
        target = os.path.realpath(path)
        parents = [os.sep.join(target.split(os.sep)[:depth]) or os.sep for depth in range(1, target.count(os.sep) + 1)]
        wanted = [(parent, stat.S_IXOTH) for parent in parents] + [(target, stat.S_IROTH)]
        return (
            None
            if any(_has_acl(place) for place, _bit in wanted)
            else all(may(os.stat(place), bit, user.user, groups) for place, bit in wanted)
        )
    except (KeyError, OSError):
        return None


def _has_acl(path: str) -> bool:
    return hasattr(os, "listxattr") and "system.posix_acl_access" in os.listxattr(path)


def holds_address(address: bytes) -> Optional[bool]:
    """Whether an interface of this host has an address, given as text; None where that is not known."""
    try:
        wanted = ipaddress.ip_address(show(address))
        if wanted.version == 6:
            with open("/proc/net/if_inet6", encoding="ascii") as file:
                return any(int(line.split()[0], 16) == int(wanted) for line in file)
        with open("/proc/net/fib_trie", encoding="ascii") as file:
            leaf = r"\|-- %s\n(?:\s*/[0-9]+ .*\n)*?\s*/32 host LOCAL\n" % re.escape(str(wanted))
            return re.search(leaf, file.read()) is not None
    except (OSError, ValueError):
        return None


def _binds_elsewhere() -> bool:
    """Whether the kernel lets programs listen on addresses that no interface has, or may do so."""
    switches = []
    for path in ("/proc/sys/net/ipv4/ip_nonlocal_bind", "/proc/sys/net/ipv6/ip_nonlocal_bind"):
        try:
            with open(path, encoding="ascii") as file:
                switches.append(file.read().strip())
        except OSError:
            continue
    return not switches or any(switch != "0" for switch in switches)


def host_of(service: Optional[Service]) -> Host:
    """What this host tells about a server, which is not known where it has no unit."""
    nobody = Account()
    return Host(
        has_module=has_module,
        can_read=can_read,
        started_by=service.started_by if service else nobody,
        switches_to=service.switches_to if service else nobody,
        holds_address=holds_address,
        binds_elsewhere=_binds_elsewhere(),
    )


def find_kamailio(module: Caller) -> Optional[str]:
    """The path of the server's program on the host of an AnsibleModule, None if it is not installed."""
    found: Optional[str] = module.get_bin_path("kamailio", opt_dirs=["/usr/sbin", "/usr/local/sbin"])
    return found


def host_version(module: Caller, command: Optional[Sequence[str]] = None) -> str:
    """What C(kamailio -v) prints on the host of an AnsibleModule, C(command) being how Kamailio is run there.

    Raises KamailioError if it is not installed, or says no version.
    """
    return _version_of(tuple(command or [find_kamailio(module) or ""]))


@lru_cache(maxsize=None)
def _version_of(found: Tuple[str, ...]) -> str:
    if not found[0]:
        raise error("kamailio is not installed on this host", "Say in kamailio_version for which version to judge")
    try:
        ended = run_program([os.path.expanduser(os.path.expandvars(word)) for word in found] + ["-v"], _VERSION_SECONDS)
    except OSError as exc:
        raise error("%s cannot be run: %s" % (found[0], exc.strerror), "Correct kamailio_command") from exc
    version = show(ended.printed)
    if ended.status is None or parse_version(version) is None:
        how = "has not ended after %d seconds" % _VERSION_SECONDS
        if ended.status is not None:
            how = "says no version, and ends with status %d" % ended.status
        text = "%s -v %s: %s" % (" ".join(found), how, quoted((ended.complaint or ended.printed).strip(), 200))
        raise error(text, "Set kamailio_version to the version to check for")
    return version


def known_version(module: Caller, given: Optional[str]) -> Optional[Version]:
    """The version that is given, else that of the host, None where there is none. Raises KamailioError."""
    if not given and not find_kamailio(module):
        return None
    return given_version(given or host_version(module))
