# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role server on hosts of a lab."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from lab.fleet import Fleet, Host, TakenError

COLLECTIONS = Path(__file__).parents[2] / ".work" / "collections"
CONFIG, LIST = "/etc/kamailio/kamailio.cfg", "/etc/kamailio/dispatcher.list"
LABS = 16
OWN = """# its owner's\t\x20
listen=udp:127.0.0.1:5060
loadmodule "ctl.so"
request_route { exit; }
"""
# A repository in the host with the package made anew of what is installed there, as nothing can be fetched.
REPACK = """
mkdir -p /srv/repository /root/package/DEBIAN
cd /root/package
dpkg-query --listfiles kamailio | while read -r path; do
    # /lib is a link to usr/lib.
    if [ -d "$path" ]; then mkdir -p ".$(realpath "$path")"; else cp -a "$path" ".$(realpath "${path%/*}")/"; fi
done
dpkg-query --status kamailio | grep -v '^Status:' | sed '/^Conffiles:/,/^[^ ]/{/^Conffiles:/d;/^ /d}' >DEBIAN/control
for name in conffiles postinst postrm preinst prerm; do
    cp "/var/lib/dpkg/info/kamailio.$name" "DEBIAN/$name"
done
dpkg-deb -Zgzip -z1 --build . /srv/repository/kamailio.deb >/dev/null
cd /srv/repository
{
    cat /root/package/DEBIAN/control
    echo Filename: ./kamailio.deb
    echo Size: "$(stat -c %s kamailio.deb)"
    echo SHA256: "$(sha256sum kamailio.deb | cut -d ' ' -f 1)"
} >Packages
rm -f /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/srv/repository ./' >/etc/apt/sources.list
"""


class Lab:
    """A fleet, and the role on hosts of it."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.fleet = fleet
        self.folder = folder

    def must(self, host: str, *command: str, stdin: str = "") -> str:
        """What a command prints that has to succeed."""
        done = self.fleet.run(host, *command, stdin=stdin, seconds=180.0)
        assert done.returncode == 0, (host, command, done.stdout, done.stderr)
        return done.stdout

    def shell(self, host: str, script: str, *arguments: str, stdin: str = "") -> str:
        """What a script prints that has to succeed."""
        return self.must(host, "sh", "-ec", script, "sh", *arguments, stdin=stdin)

    def write(self, host: str, path: str, text: str) -> None:
        """Write a file of a host."""
        self.shell(host, 'cat >"$1"', path, stdin=text)

    def play(self, hosts: str | list[str], *arguments: str, **variables: Any) -> tuple[int, str]:
        """Run the role: the exit status, and what was printed."""
        inventory, book = self.folder / "inventory.json", self.folder / "book.json"
        inventory.write_text(json.dumps(self.fleet.inventory()))
        play = {"name": "Test", "hosts": hosts, "gather_facts": False, "roles": ["sipfleet.kamailio.server"]}
        book.write_text(json.dumps([play]))
        given = {"server_listen": ["udp:{{ ansible_host }}:5060"], "server_children": 2, **variables}
        program = Path(sys.executable).with_name("ansible-playbook")
        line = [program, "-i", inventory, "-e", json.dumps(given), *arguments, book]
        done = subprocess.run(
            self.fleet.on_network(*map(str, line)),
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
                "ANSIBLE_HOME": str(self.folder / "ansible"),
                "ANSIBLE_LOCAL_TEMP": str(self.folder / "ansible" / "tmp"),
                "ANSIBLE_NOCOLOR": "true",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        return done.returncode, done.stdout

    def applied(self, hosts: str | list[str], *arguments: str, **variables: Any) -> dict[str, int]:
        """Run the role, which has to succeed: how many tasks changed each host."""
        status, printed = self.play(hosts, *arguments, **variables)
        assert status == 0, printed
        return {host: int(count) for host, count in re.findall(r"^(\w+) +: ok=\d+ +changed=(\d+)", printed, re.M)}

    def started(self, host: str) -> str:
        """When the service was started last, in its own words; not a time for one that does not run."""
        return self.must(host, "systemctl", "show", "-p", "ActiveState,ExecMainStartTimestampMonotonic", "kamailio")

    def runs(self, host: str) -> bool:
        """Whether the service runs."""
        return self.fleet.run(host, "systemctl", "is-active", "kamailio").stdout.strip() == "active"

    def rpc(self, host: str, *command: str) -> str:
        """The answer to a command."""
        return self.must(host, "kamcmd", *command)

    def modules(self, host: str) -> list[str]:
        """The modules that a server has loaded, in order."""
        return [name for name in reversed(self.rpc(host, "core.modules").split()) if name not in ("{", "}")]

    def modes(self, host: str, *paths: str) -> list[str]:
        """Owner, group and mode of files."""
        return self.must(host, "stat", "-c", "%U:%G %a", *paths).splitlines()

    def flags(self, host: str) -> dict[str, str]:
        """The flags of the destinations that a server runs."""
        answer = self.fleet.run(host, "kamcmd", "dispatcher.list").stdout
        return dict(re.findall(r"URI: sip:(\S+)\s+FLAGS: (\w+)", answer))

    def answers_options(self, host: str) -> bool:
        """Whether the server of a host answers OPTIONS, asked from another host."""
        request = (
            "import socket, sys\n"
            "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5); s.connect((sys.argv[1], 5060))\n"
            "me = '%s:%d' % s.getsockname()\n"
            "s.send(('OPTIONS sip:' + sys.argv[1] + ' SIP/2.0\\r\\nVia: SIP/2.0/UDP ' + me + ';branch=z9hG4bK1\\r\\n'\n"
            "  'Max-Forwards: 5\\r\\nFrom: <sip:t@' + me + '>;tag=1\\r\\nTo: <sip:' + sys.argv[1] + '>\\r\\n'\n"
            "  'Call-ID: 1@t\\r\\nCSeq: 1 OPTIONS\\r\\nContent-Length: 0\\r\\n\\r\\n').encode())\n"
            "print(s.recv(4000).decode().splitlines()[0])\n"
        )
        address = self.fleet.hosts[host].address
        return self.fleet.run("gate", "python3", "-c", request, address).stdout.strip() == "SIP/2.0 200 OK"


def enter_fleet(stack: contextlib.ExitStack, hosts: list[Host]) -> Fleet:
    """Hosts beside those of the other tests, until the stack is left."""
    for number in range(1, LABS + 1):
        with contextlib.suppress(TakenError):
            return stack.enter_context(Fleet("role-%d" % number, hosts))
    raise TakenError("other processes have the %d labs of the tests" % LABS)
