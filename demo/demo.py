# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection, ansible-playbook and a real Kamailio on loopback, in six steps that check what they tell.

Started by demo/run, with the Python of the virtual environment that holds ansible-playbook.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from playbook import HERE, Ansible, Run, diff_text
from processes import SIPP_DUMP_S, Answering, Children, Destination, Kamailio, NotAsToldError, Silent, free_ports
from show import command, heading, quote, say, table

ROOT = HERE.parent
WORK = ROOT / ".work" / "demo"
SOCKET_PATH_MAX = 107  # bytes of a Unix socket's path, without the NUL
VALIDATE = "sipfleet.kamailio.validate"
STARTS_NOT = "could not load the TM-functions"  # dispatcher.c, mod_init
CLEARED = "disabling probing"  # dispatch.c, since 6.1
ASKS = "OPTIONS in {} s"


def expect(true: object, claim: str) -> None:
    """The demo's own claims, checked."""
    if not true:
        raise NotAsToldError(claim)


def short(text: str) -> str:
    """Paths from the checkout on: they are long enough."""
    return text.replace(f"{ROOT}/", "")


def shown(arguments: list[str]) -> str:
    """A command as somebody in the checkout would type it."""
    return short(" ".join([Path(arguments[0]).name, *arguments[1:]]))


class Demo:
    """The six steps. C(edge1) asks for pings that no module can send, C(edge2) for probing without either."""

    def __init__(self, children: Children, sockets: Path) -> None:
        ports = free_ports(7)
        self.berlin1 = Answering("berlin1", 1, ports[0], 50)
        self.berlin2 = Answering("berlin2", 1, ports[1], 50)
        self.oslo = Answering("oslo", 2, ports[2])
        self.bergen = Silent("bergen", 2, ports[3])
        self.tromso = Answering("tromso", 2, ports[4])
        self.listed: list[Destination] = [self.berlin1, self.berlin2, self.oslo, self.bergen]
        self.ansible = Ansible(Path(sys.executable).parent, WORK, children)
        self.servers = {
            name: Kamailio(
                binary=os.environ["DEMO_KAMAILIO"],
                kamcmd=os.environ["DEMO_KAMCMD"],
                cwd=ROOT,
                config=short(str(WORK / name / "kamailio.cfg")),
                ctl=sockets / f"{name}.sock",
                log=WORK / "logs" / f"{name}.txt",
                children=children,
            )
            for name in ("edge1", "edge2")
        }
        self.ports = dict(zip(self.servers, ports[5:]))
        self.children = children

    def prepare(self) -> None:
        """Destinations up, and the files of two small proxies."""
        for proxy in (self.berlin1, self.berlin2, self.oslo, self.tromso):
            proxy.start(os.environ["DEMO_SIPP"], HERE / "sipp" / "answers.xml", WORK, self.children)
        self.bergen.start()
        hosts = {
            name: {
                "kamailio_cfg": str(WORK / name / "kamailio.cfg"),
                "dispatcher_list": str(WORK / name / "dispatcher.list"),
                "ctl_socket": str(server.ctl),
                "sip_port": self.ports[name],
            }
            for name, server in self.servers.items()
        }
        hosts["edge1"]["ping_interval"] = 1
        inventory = {
            "proxies": {
                "hosts": hosts,
                "vars": {
                    "ansible_connection": "local",
                    "ansible_python_interpreter": sys.executable,
                    "ansible_remote_tmp": str(WORK / "ansible" / "remote"),
                    "destinations": [
                        {"name": listed.name, "setid": listed.setid, "uri": listed.uri, "weight": listed.weight}
                        for listed in self.listed
                    ],
                    "spare": {"name": self.tromso.name, "uri": self.tromso.uri},
                },
            }
        }
        (WORK / "inventory.json").write_text(json.dumps(inventory, indent=2) + "\n")
        run = self.ansible.run("prepare.yml", quiet=True)
        expect(run.status == 0, "prepare.yml writes the two proxies' files:\n" + run.output)

    def refused(self, host: str) -> tuple[Run, str]:
        """Run the guard on a host; its refusal is shown in full."""
        before = self.files(host)
        run = self.ansible.run("guard.yml", "--limit", host)
        expect(run.status != 0 and run.failed(), f"guard.yml refuses {host}, but it passed:\n{run.output}")
        message = short(str(run.failed()[0]["result"].get("msg", "")))
        quote(message)
        expect(before == self.files(host), f"the refusal leaves the files of {host} alone")
        return run, message

    def files(self, host: str) -> dict[str, tuple[int, int, bytes]]:
        """Inode, time of the last change and content of a proxy's two files."""
        found = {}
        for name in ("kamailio.cfg", "dispatcher.list"):
            path = WORK / host / name
            found[name] = (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
        return found

    def watch(self, seconds: int, destinations: list[Destination]) -> dict[str, int]:
        """How many OPTIONS arrive at each, by name."""
        before = {destination.name: destination.arrived() for destination in destinations}
        time.sleep(seconds + 2 * SIPP_DUMP_S)  # SIPp writes its counters a moment later
        return {destination.name: destination.arrived() - before[destination.name] for destination in destinations}

    def started(self, server: Kamailio) -> None:
        command(shown(server.start_command()))
        status = server.start()
        expect(status is None, f"Kamailio starts, but it ended with status {status}; see {short(str(server.log))}")
        quote(f"running, process {server.child.pid if server.child else '?'}")

    def step_1(self) -> None:
        heading("1. kamailio -c says ok, and a restart would kill the server")
        say("edge1 has ds_ping_interval, but does not load tm, which sends the pings.")
        server = self.servers["edge1"]
        command(shown(server.check_command()))
        status, output = server.check()
        quote("\n".join(line for line in output.splitlines() if "config file" in line) + f"\nexit status {status}")
        expect(status == 0, "kamailio -c accepts the configuration of edge1:\n" + output)
        command(shown(server.start_command()))
        end = server.start()
        line = server.log_line(STARTS_NOT)
        quote(f"{line}\nexit status {end}")
        expect(end == 255 and line, f"a start dies with status 255 and '{STARTS_NOT}'; see {short(str(server.log))}")
        say("The collection sees it before anything is written or restarted:")
        run, message = self.refused("edge1")
        expect(run.failed()[0]["result"].get("will_start") is False, "validate returns will_start: false")
        expect("tm" in message, "the refusal names tm")

    def step_2(self) -> None:
        heading("2. Probing is asked for, and nothing is probed")
        say("edge2 has flags 8 (AP: active, probing) on every destination, but neither tm nor ds_ping_interval.")
        server = self.servers["edge2"]
        self.started(server)
        cleared = server.version() >= (6, 1)  # the server takes the flag away itself, kamailio/kamailio#4223
        letters = server.flags()
        seconds = 3
        counts = self.watch(seconds, self.listed)
        rows = [
            (destination.name, destination.uri, 8, letters.get(destination.uri, "-"), counts[destination.name])
            for destination in self.listed
        ]
        table(("destination", "URI", "flags", "kamcmd shows", ASKS.format(seconds)), rows)
        wanted = "AX" if cleared else "AP"
        expect(
            all(letters.get(destination.uri) == wanted for destination in self.listed),
            f"kamcmd shows {wanted} for all: {letters}",
        )
        expect(not any(counts.values()), f"no OPTIONS arrive without tm: {counts}")
        server.stop()
        if cleared:
            line = server.log_line(CLEARED)
            say("This Kamailio took the flag away, and only its log tells why; older ones go on showing AP.")
            quote(line)
            expect(line, f"the log has '{CLEARED}'; see {short(str(server.log))}")
        else:
            say("kamcmd shows AP, as if the destinations were watched.")
        say("The collection is stricter, and names the destinations:")
        run, message = self.refused("edge2")
        result = run.failed()[0]["result"]
        expect(all(destination.uri in message for destination in self.listed), "the refusal names each destination")
        effects = {probe["effect"] for probe in result.get("probing", [])}
        expect(effects == {"never"}, f"validate says that none is ever probed: {effects}")

    def step_3(self) -> None:
        heading("3. The same task repairs it: on_violation: correct")
        before = self.files("edge2")
        run = self.ansible.run("repair.yml", "--limit", "edge2", "--check", "--diff")
        expect(run.status == 0 and run.changed() == 1, "repair.yml --check passes and would change:\n" + run.output)
        planned = diff_text(run.result(VALIDATE), WORK)
        quote(short(planned))
        expect(planned, "the check shows a diff")
        expect(before == self.files("edge2"), "the check touches nothing")
        run = self.ansible.run("repair.yml", "--limit", "edge2", "--diff")
        expect(run.status == 0 and run.changed() == 1, "repair.yml repairs edge2:\n" + run.output)
        expect(diff_text(run.result(VALIDATE), WORK) == planned, "the repair writes what the check showed")
        after = self.files("edge2")
        backups = run.result(VALIDATE).get("backup_files", [])
        quote(recap(run))
        quote("\n".join(["written: what the check had shown", *(f"backup:  {short(backup)}" for backup in backups)]))
        kept = [Path(backup).read_bytes() for backup in backups]
        expect(kept == [before["kamailio.cfg"][2]], f"the old file is kept: {backups}")
        expect(before["kamailio.cfg"] != after["kamailio.cfg"], "kamailio.cfg of edge2 was written")
        expect(before["dispatcher.list"] == after["dispatcher.list"], "dispatcher.list needed no repair")

    def step_4(self) -> None:
        heading("4. The server starts, and its OPTIONS arrive")
        say("Two parameters more, so that a destination that falls silent is noticed within seconds:")
        run = self.ansible.run("tune.yml", "--limit", "edge2", "--diff")
        expect(run.status == 0 and run.changed() == 1, "tune.yml sets two parameters:\n" + run.output)
        quote(short(diff_text(run.result("sipfleet.kamailio.loadmodule"), WORK)))
        say("What will come of it, says the collection (a report, which changes nothing) - and what did:")
        effects = self.audit()
        self.started(self.servers["edge2"])
        self.show_pings(4, self.listed, effects)
        say("bergen is a port where nobody answers: asked, and found to be down (IP: inactive, probing).")

    def audit(self) -> dict[str, str]:
        """What validate makes of edge2: the effect of probing on each destination, by URI."""
        run = self.ansible.run("audit.yml", "--limit", "edge2")
        expect(run.status == 0 and run.changed() == 0, "audit.yml reports, and changes nothing:\n" + run.output)
        result = run.result(VALIDATE)
        start, findings = result.get("will_start"), result.get("findings")
        quote(f"will_start: {str(start).lower()}   findings: {len(findings or [])}   changed: {run.changed()}")
        expect(start is True and findings == [], f"validate finds nothing wrong now: {findings}")
        return {probe["uri"]: probe["effect"] for probe in result["probing"]}

    def show_pings(self, seconds: int, destinations: list[Destination], effects: dict[str, str]) -> None:
        """The table of what was foretold, what arrived and what the server makes of it; and check it."""
        counts = self.watch(seconds, destinations)
        wanted = {
            destination.uri: "AP" if isinstance(destination, Answering) else "IP"
            for destination in destinations
            if destination.uri in effects
        }
        deadline = time.monotonic() + 30  # a busy machine may need longer to miss an answer
        while (letters := self.servers["edge2"].flags()) != wanted and time.monotonic() < deadline:
            time.sleep(0.2)
        rows = [
            (
                destination.name,
                destination.uri,
                effects.get(destination.uri, "-"),
                counts[destination.name],
                letters.get(destination.uri, "-"),
            )
            for destination in destinations
        ]
        table(("destination", "URI", "probed, says validate", ASKS.format(seconds), "kamcmd shows"), rows)
        for destination in destinations:
            if destination.uri in effects:
                expect(
                    effects[destination.uri] == "continuously",
                    f"validate says that {destination.name} is probed continuously",
                )
                expect(counts[destination.name] >= 2, f"{destination.name} gets OPTIONS again and again: {counts}")
            else:
                expect(counts[destination.name] == 0, f"{destination.name} gets nothing any more: {counts}")
        expect(letters == wanted, f"kamcmd shows {wanted}: {letters}")

    def step_5(self) -> None:
        heading("5. The second run changes nothing")
        before = self.files("edge2")
        run = self.ansible.run("repair.yml", "tune.yml", "--limit", "edge2")
        after = self.files("edge2")
        quote(recap(run))
        head = ("file", "inode", "last change (ns)", "inode after", "last change after (ns)")
        table(head, [(name, *before[name][:2], *after[name][:2]) for name in before])
        expect(run.status == 0 and run.changed() == 0, "the second run reports changed=0:\n" + run.output)
        expect(before == after, "the second run leaves inode, time and content alone")

    def step_6(self) -> None:
        heading("6. Destinations change in one task, and the running server follows")
        server = self.servers["edge2"]
        run = self.ansible.run("destinations.yml", "--limit", "edge2", "--diff")
        expect(run.status == 0 and run.changed() == 1, "destinations.yml changes the list:\n" + run.output)
        quote(short(diff_text(run.result("sipfleet.kamailio.dispatcher_list"), WORK)))
        command(shown(server.rpc_command("dispatcher.reload")))
        quote(server.rpc("dispatcher.reload").strip())
        now: list[Destination] = [self.berlin1, self.berlin2, self.oslo, self.tromso]
        uris = {destination.uri for destination in now}
        expect(set(server.flags()) == uris, f"the server has the new list: {server.flags()}")
        effects = self.audit()
        expect(set(effects) == uris, f"audit.yml sees the new list: {effects}")
        self.show_pings(3, [*now, self.bergen], effects)
        server.stop()


def recap(run: Run) -> str:
    """Each host's line of the play recap."""
    shown = ("ok", "changed", "unreachable", "failures")
    return "\n".join(
        f"{host} : " + "  ".join(f"{key if key != 'failures' else 'failed'}={counts[key]}" for key in shown)
        for host, counts in run.stats.items()
    )


def next_steps() -> None:
    """Commands to go on with; they work on the files that the demo leaves."""
    heading("What to try next")
    bin_dir = short(str(Path(sys.executable).parent))
    print(f"""
  The files stay in .work/demo until the next run; edge1 is still refused. In this folder:

    export ANSIBLE_CONFIG=demo/ansible.cfg PATH="$PWD/{bin_dir}:$PATH"
    ansible-playbook demo/playbooks/guard.yml                                # edge1 fails, edge2 passes
    ansible-playbook demo/playbooks/repair.yml --limit edge1 --check --diff  # what would repair it
    ansible-playbook demo/playbooks/audit.yml                                # who is probed, and why
    ansible-doc sipfleet.kamailio.validate

  Your own Kamailio, only read:

    ansible localhost -m sipfleet.kamailio.validate \\
      -a 'config=/etc/kamailio/kamailio.cfg on_violation=report'""")


def fresh_work() -> None:
    """An empty work folder. The demo's own of the last run is in the way, and nobody else's."""
    if WORK.exists():
        shutil.rmtree(WORK)
    for name in ("logs", "tmp", "ansible/tmp", "ansible/remote", "edge1", "edge2"):
        (WORK / name).mkdir(parents=True)


def main() -> int:
    """Run the demo; its exit status."""
    lock = (ROOT / ".work" / "demo.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("demo: another run of the demo in this checkout is not over yet", file=sys.stderr)
        return 1
    began = time.monotonic()
    children = Children()
    sockets = WORK
    try:
        fresh_work()
        if len(os.fsencode(WORK / "edge2.sock")) > SOCKET_PATH_MAX:
            sockets = Path(tempfile.mkdtemp(prefix="kamailio-demo-"))
            say(f"This checkout's path is too long for a Unix socket: Kamailio's are in {sockets} until the end.")
        demo = Demo(children, sockets)
        demo.prepare()
        for step in (demo.step_1, demo.step_2, demo.step_3, demo.step_4, demo.step_5, demo.step_6):
            step()
        children.end_all()
        next_steps()
        seconds = time.monotonic() - began
        print(f"\nAll six steps behaved as told. {seconds:.0f} s; nothing is left running.", flush=True)
        return 0
    except NotAsToldError as exc:
        sys.stdout.flush()
        claim, *details = short(str(exc)).split("\n", 1)
        logs = short(str(WORK / "logs"))
        print("\n".join(["", *details, f"demo: NOT as told: {claim}", f"The logs are in {logs}."]), file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read this has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted; what was started is ended", file=sys.stderr)
        return 130
    finally:
        children.end_all()
        if sockets != WORK:
            shutil.rmtree(sockets, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
