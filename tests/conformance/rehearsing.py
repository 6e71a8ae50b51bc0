# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rehearsals on hosts of the suites, which exist for one command and which nobody else uses."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from conformance.server import ROOTS

_PROGRAM = Path(__file__).with_name("on_host.py")
_PACKAGE = "ansible_collections/sipfleet/kamailio/plugins/module_utils"
# A layer over the root, a network with an interface of a name and address of its own, and
# the folders of the test at the same paths. $1 is the root, $2 the number of folders, which follow.
_IN_HOST = """
set -e
root=$1 count=$2; shift 2
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/host
mount -t overlay overlay -o "lowerdir=$root,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/host
mount -t tmpfs -o mode=755 tmpfs /mnt/host/dev
for name in null zero full random urandom tty; do
  : >"/mnt/host/dev/$name"
  mount --bind "/dev/$name" "/mnt/host/dev/$name"
done
mkdir -m 1777 /mnt/host/dev/shm
while [ "$count" -gt 0 ]; do
  mkdir -p "/mnt/host$1"
  mount --bind "$1" "/mnt/host$1"
  count=$((count - 1)); shift
done
# A server that is asked for its version looks for the name of its host.
: >/mnt/host/etc/resolv.conf
mount -t proc proc /mnt/host/proc
mount -t sysfs -o ro sysfs /mnt/host/sys
mount -t tmpfs -o mode=755 tmpfs /mnt/host/run
ip link set lo up
ip link add wan0 type veth peer name far0
ip link set wan0 up
ip link set far0 up
ip address add 198.51.100.7/24 dev wan0
ip address add 2001:db8::7/64 dev wan0 nodad
ip route add default via 198.51.100.1
exec chroot /mnt/host "$@"
"""


def in_host(suite: str, folders: list[Path], *command: str) -> list[str]:
    """The command line that runs a command on a host of a suite that ends with it, with C(folders) of this machine."""
    line = ["unshare", "--mount", "--propagation", "private", "--net", "--pid", "--fork", "--kill-child"]
    places = [str(folder) for folder in folders]
    return [*line, "sh", "-c", _IN_HOST, "sh", str(ROOTS / suite), str(len(places)), *places, *command]


def copy_code(folder: Path) -> Path:
    """Copy the code of the collection, and what uses it on a host, to where a host can see it."""
    source = Path(__file__).parents[2] / "plugins" / "module_utils"
    shutil.copytree(source, folder / _PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(_PROGRAM, folder)
    return folder


def on_host(suite: str, code: Path, folder: Path, verb: str, given: object, prefix: tuple[str, ...] = ()) -> Any:
    """Return what a verb of C(on_host.py) does on a host, with a folder of this machine, run by a command."""
    line = [*prefix, "env", "PYTHONPATH=%s" % code, "python3", "-B", str(code / _PROGRAM.name), verb]
    command = in_host(suite, [code, folder], *line)
    done = subprocess.run(command, input=json.dumps(given), stdout=subprocess.PIPE, text=True, check=True, timeout=600)
    return json.loads(done.stdout)


def rehearse_all(
    suite: str, code: Path, folder: Path, cases: list[dict[str, Any]], prefix: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """What comes of the rehearsals of cases on one host."""
    found: list[dict[str, Any]] = on_host(suite, code, folder, "rehearse", cases, prefix)
    return found
