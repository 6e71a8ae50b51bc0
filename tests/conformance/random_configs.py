# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole configurations made at random: many modules, mostly with what they need, parameters, sockets and routes."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import NamedTuple

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.core_settings import (
    PROTOCOLS,
    TLS_METHODS,
    core_settings,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.parameters import TABLE, parameter_types
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.requirements import When, requirements_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.wants import (
    Database,
    databases_of,
    mandatory_of,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version
from conformance.plausible import (
    CALLS,
    CORE_CALLS,
    CORE_EVENTS,
    DATABASE,
    EVENTS,
    FAILURE_CALLS,
    LEFT_OUT,
    NUMBERS,
    STRINGS,
    USUAL,
    values_for,
)
from conformance.server import free_ports
from conformance.setups import Setup

LIST = "1 sip:127.0.0.1:9 0 0 duid=a\n1 sip:127.0.0.1:10 8\n2 sip:127.0.0.1:11\n"
FILES = {"regex": "[0]\n^a\n[1]\n^b\n", "address": "1 192.0.2.1 32\n", "allow": "ALL : ALL\n", "deny": "\n"}
CONTROL = 'loadmodule "ctl.so"\nmodparam("ctl", "binrpc", "unix:@DIR@/ctl")\n'

# How often something is wrong, of each hundred where it could be.
MISSING_NEED, MISSING_VALUE, MISSING_DATABASE = 3, 2, 2.5
LATE, TWICE, UNKNOWN_NAME, WRONG_TYPE, ODD_NUMBER, ODD_VARIABLE, UNKNOWN_CALL = 2, 1, 0.3, 0.2, 4, 3, 0.5
WRONG_SETTING, NO_SOCKET = 1.5, 2

LOADS = (
    *["{load}\n"] * 12,
    "#!define WITH_{name}\n#!ifdef WITH_{name}\n{load}\n#!endif\n",
    "#!ifndef MOD_{name}\n{load}\n#!endif\n",
    "#!ifdef NOT_{name}\n#!else\n{load}\n#!endif\n",
    'include_file "{name}.cfg"\n',
)
# The first ones are read by every version.
LISTENS = (
    *["listen=udp:127.0.0.1:@PORT@\n"] * 4,
    "listen=127.0.0.1:@PORT@\n",
    "listen=udp:127.0.0.1:@PORT@\nlisten=tcp:127.0.0.1:@PORT@\n",
    "listen=tcp:127.0.0.1:@PORT@\n",
    "listen=udp:lo:@PORT@\n",
    "listen=udp:localhost:@PORT@\n",
    'listen=udp:127.0.0.1:@PORT@ advertise 192.0.2.1:5060 name "main"\n',
    'listen=udp:127.0.0.1:@PORT@ name "main"\nlisten=udp:127.0.0.1:@MORE@ name "other"\n',
    "listen=udp:127.0.0.1:@PORT@\nlisten=tls:127.0.0.1:@MORE@\n",
    "listen=udp:127.0.0.1:@PORT@ advertise localhost:5060\n",
    'listen=udp:"127.0.0.1":@PORT@\n',
    "listen=udp:(127.0.0.1):@PORT@\n",
    "port=@PORT@\nlisten=udp:127.0.0.1\n",
    '#!substdef "!MY_PORT!@PORT@!g"\nlisten=udp:127.0.0.1:MY_PORT\n',
    "#!define MY_PORT @PORT@\nlisten=tcp:127.0.0.1:MY_PORT\nlisten=udp:127.0.0.1:MY_PORT\n",
    "listen=udp:127.0.0.1:@PORT@ virtual\n",
    "disable_tcp=yes\nlisten=127.0.0.1:@PORT@\n",
    "disable_tcp=yes\nlisten=udp:127.0.0.1:@PORT@\nlisten=tcp:127.0.0.1:@MORE@\n",
)
BLOCKS = (
    'socket = { bind = udp:127.0.0.1:@PORT@; name = "main"; }\n',
    "socket = { bind = tcp:127.0.0.1:@PORT@; advertise = 192.0.2.1:5060; }\n",
    "socket = {\n  bind = udp:127.0.0.1:@PORT@;\n}\nlisten=tcp:127.0.0.1:@MORE@\n",
)
SOCKETLESS = (
    "listen=tls:127.0.0.1:@PORT@\n",
    "disable_tcp=yes\nlisten=tcp:127.0.0.1:@PORT@\n",
    "listen=sctp:127.0.0.1:@PORT@\n",
    "enable_tls=yes\nlisten=tls:127.0.0.1:@PORT@\n",
)
ALIASES = (
    "alias=example.com\n",
    'alias="example.com"\n',
    "alias=udp:example.com:5060\n",
    'alias="a.example.com:5060"\nalias="b.example.com"\n',
)
# They change who the server is, where its files are, when it answers or what its host lets it do.
LEFT_OUT_SETTINGS = re.compile(
    r"(?:user|uid|group|gid|chroot|workdir|wdir|run_?dir|listen|socket|alias|domain|advertised_address|port|fork"
    r"|advertised_port|disable_tcp|mcast|tcp_source_ipv[46]|tls_port_no|log_engine_(?:type|data)|version_table|debug"
    r"|real_time|rt_\w+|mlock_pages|modinit_delay|fork_delay|shm\w*|log_stderror|wait_worker1_\w+|kemi\.\w+"
    r"|children|(?:socket|async|tcp|sctp)_(?:workers|children)|tcp_main_threads)\Z"
)
# What a setting takes that is left alone, where that is more than the numbers of the others.
QUIET = {
    "ipv6_hex_style": ('"a"', '"c"'),
    "log_facility": ("LOG_LOCAL0", "log_user"),
    "tcp_poll_method": ("poll", '"epoll_lt"'),
    "msg_recv_max_size": ("65535",),
    "mem_add_size": ("0", "64"),
    "maxbuffer": ("262144", "65536"),
    "maxsndbuffer": ("262144",),
    "max_while_loops": ("100",),
    "max_recursive_level": ("100", "256"),
    "open_files_limit": ("1024",),
    "pv_buffer_size": ("8192", "1024"),
    "sql_buffer_size": ("65535",),
    "tcp_rd_buf_size": ("16384", "4096"),
    "tcp_max_connections": ("16", "128"),
    "tls_max_connections": ("16",),
    "pv_cache_limit": ("2048",),
    "disable_sctp": ("1", "yes"),
    "enable_sctp": ("0", "no"),
    "tos": ("0x10", "IPTOS_LOWDELAY"),
    "udp_mtu": ("1300", "0"),
    "dns_cache_mem": ("500",),
    "dst_blocklist_mem": ("250",),
    "ser_kill_timeout": ("60",),
    "exit_timeout": ("60",),
}
OF_KIND = {
    "n": (*NUMBERS, "yes", "no", "on"),
    "i": (*NUMBERS, "-1"),
    "s": ('"x"', '"a text"'),
    "w": ("word",),
    "4": ("127.0.0.1",),
    "6": ("::1",),
    "m": tuple(word.decode() for word in TLS_METHODS),
    "p": tuple(word.decode() for word in PROTOCOLS[:4]),
}
WRONG_VALUES = ('"1"', "word", "-1", "1.5", "yes", "10k")
OWN_FILES = {"dispatcher": ("list_file",), "jsonrpcs": ("fifo_name", "dgram_socket")}
BRACED = ("request_route {\n%s}\n", "route {\n%s}\n", "request_route\n{\n%s}\n")


class Parameter(NamedTuple):
    """A modparam of a module; the text is its value as it is written."""

    module: str
    name: str
    text: str

    @property
    def value(self) -> int | str:
        """What the text says."""
        return self.text[1:-1] if self.text.startswith('"') else int(self.text, 0)


class Config:
    """A configuration that is being made."""

    def __init__(self, chance: random.Random, version: Version, installed: frozenset[str]) -> None:
        self.chance, self.version, self.installed = chance, version, installed
        self.modules: list[str] = []
        self.parameters: list[Parameter] = []
        self.included: dict[str, str] = {}

    def happens(self, percent: float) -> bool:
        """Whether something happens that does so in this many of a hundred cases."""
        return self.chance.random() * 100 < percent

    def text(self) -> str:
        """Make it."""
        known = [name for name in re.findall(r"^\w+", TABLE, re.MULTILINE) if self.knows(name)]
        usual = [name for name in USUAL if name in known]
        for _number in range(self.chance.randrange(3, 12)):
            self.add(self.chance.choice(usual if self.happens(60) else known))
        self.add_needs()
        self.add_databases()
        self.spoil_order()
        statements = [self.settings(), self.listens(), CONTROL, *self.loads(), self.settings()]
        return "#!KAMAILIO\n" + "".join(statements) + self.routes()

    def knows(self, module: str) -> bool:
        """Whether a module can be taken."""
        known = module in self.installed and parameter_types(module, self.version) is not None
        return known and module not in ("ctl", *LEFT_OUT)

    def add(self, module: str, before: str | None = None) -> None:
        """Load a module with some parameters, and with those that it does not start without."""
        if module in self.modules:
            return
        place = self.modules.index(before) if before else len(self.modules)
        self.modules.insert(place, module)
        types = parameter_types(module, self.version) or {}
        names = self.chance.sample(sorted(types), min(len(types), self.chance.choice((0, 0, 1, 2, 3, 5))))
        # Servers that start at the same time must not share a file.
        own = [name for name in OWN_FILES.get(module, ()) if name in types]
        names = [*own, *(name for name in names if name not in own)]
        for name in names:
            self.set(module, name, self.chance.choice(types[name]))
        for row in mandatory_of(module, self.version):
            there = any(self.value_of(module, name) is not None for name in row.parameters)
            if not there and not row.of and self.asks(module, row.when) and not self.happens(MISSING_VALUE):
                name = row.parameters[0]
                texts = STRINGS.get("%s.%s" % (module, name))
                text = '"%s"' % self.chance.choice(texts) if texts else row.example
                self.parameters.append(Parameter(module, name, text))

    def set(self, module: str, name: str, kind: str) -> None:
        """Set a parameter to a value, which may be a wrong one."""
        values = values_for(module, name, kind)
        if not values:
            return
        text = self.chance.choice(values)
        if self.happens(WRONG_TYPE):
            text = '"1"' if kind == "i" else "1"
        elif kind == "i" and "10" in values and "60" in values and self.happens(ODD_NUMBER):
            text = self.chance.choice(("-1", "3", "5", "100", "1000"))
        elif text.startswith('"$') and self.happens(ODD_VARIABLE):
            text = self.chance.choice(('"x"', '"$no_such(x)"', '"$ci"', '""', '"$avp(x"'))
        self.parameters.append(Parameter(module, name, text))

    def value_of(self, module: str, name: str) -> int | str | None:
        """What a parameter is set to, None where it is not set."""
        values = [one.value for one in self.parameters if (one.module, one.name) == (module, name)]
        return values[-1] if values else None

    def asks(self, module: str, whens: tuple[When, ...]) -> bool:
        """Whether the parameters of a module ask for what a row says."""
        values = [(when, self.value_of(module, when.parameter)) for when in whens]
        return all(when.asks(when.default if value is None else value) for when, value in values)

    def add_needs(self) -> None:
        """Load what the modules need, nearly always before them."""
        waiting = list(self.modules)
        while waiting:
            module = waiting.pop(0)
            for row in requirements_of(module, self.version):
                if not self.asks(module, row.when) or not self.knows(row.needs[0]):
                    continue
                there = [name for name in row.needs if name in self.modules]
                if not there and not self.happens(MISSING_NEED):
                    self.add(row.needs[0], before=module)
                    waiting.append(row.needs[0])
                elif there and row.before and not self.happens(LATE):
                    self.move(there[0], module)
        if any(one.text.startswith('"$') for one in self.parameters) and not self.happens(MISSING_NEED):
            self.add("pv", before=self.modules[0])
        for module in ("sl", "tm") if not self.happens(LATE) else ():
            if module in self.modules:
                self.move(module, self.modules[0])

    def move(self, module: str, before: str) -> None:
        """Let a module be loaded before another one."""
        if self.modules.index(module) > self.modules.index(before):
            self.modules.remove(module)
            self.modules.insert(self.modules.index(before), module)

    def add_databases(self) -> None:
        """Give modules that want one the database of the package, and load what reads it."""
        for module in list(self.modules):
            for row in databases_of(module, self.version):
                there = self.value_of(module, row.parameter) is not None
                if row.default and not there and self.asks(module, row.when) and not self.happens(MISSING_DATABASE):
                    self.parameters.append(Parameter(module, row.parameter, '"%s"' % url(row)))
        if DATABASE in "".join(one.text for one in self.parameters) and not self.happens(MISSING_DATABASE):
            self.modules = ["db_text", *(name for name in self.modules if name != "db_text")]

    def spoil_order(self) -> None:
        """Now and then load a module at the end, or twice."""
        if self.happens(LATE):
            self.modules.append(self.modules.pop(self.chance.randrange(len(self.modules))))
        if self.happens(TWICE):
            self.modules.append(self.chance.choice(self.modules))

    def loads(self) -> list[str]:
        """The loadmodule and modparam statements."""
        together = self.happens(75)
        lines: list[str] = []
        last: list[str] = []
        for module in self.modules:
            load = self.chance.choice(('loadmodule "%s.so"', 'loadmodule "%s.so"', 'loadmodule "%s"')) % module
            form = self.chance.choice(LOADS)
            if form.startswith("include"):
                self.included[module + ".cfg"] = load + "\n"
            lines.append(form.format(name=module, load=load))
            own = [self.modparam(one) for one in self.parameters if one.module == module]
            if self.happens(UNKNOWN_NAME):
                own.append('modparam("%s", "no_such_parameter", 1)\n' % module)
            (last if together else lines).extend(own)
        return lines + last

    def modparam(self, one: Parameter) -> str:
        """The statement that sets a parameter."""
        if one.text.isdigit() and self.happens(5):
            name = "VALUE_%d" % self.chance.randrange(1 << 30)
            return '#!define %s %s\nmodparam("%s", "%s", %s)\n' % (name, one.text, one.module, one.name, name)
        return 'modparam("%s", "%s", %s)\n' % one

    def settings(self) -> str:
        """Some core settings."""
        known = core_settings(self.version)
        names = [name for name in (known.types if known else {}) if not LEFT_OUT_SETTINGS.match(name)]
        text = ""
        for name in self.chance.sample(names, self.chance.choice((0, 1, 2, 4))):
            types = known.types[name] if known else ""
            value = self.chance.choice(QUIET.get(name) or OF_KIND[self.chance.choice(types)])
            if self.happens(WRONG_SETTING):
                value = self.chance.choice(WRONG_VALUES)
            text += "%s=%s\n" % (name, value)
        if self.happens(0.4):
            text += "no_such_setting=1\n"
        return text + ('my.value = 1 desc "a value"\n' if not text and self.happens(10) else "")

    def listens(self) -> str:
        """The sockets."""
        blocks = BLOCKS if self.version.has_socket_blocks else ()
        text: str = self.chance.choice(SOCKETLESS if self.happens(NO_SOCKET) else (*LISTENS, *blocks))
        return text + (self.chance.choice(ALIASES) if self.happens(30) else "")

    def calls(self, table: dict[str, tuple[str, ...]], most: int) -> str:
        """Some statements of a route."""
        lines = []
        for _number in range(self.chance.randrange(most)):
            there = [name for name in table if name in self.modules]
            modules = [*table] if self.happens(UNKNOWN_CALL) else there
            choices = table[self.chance.choice(modules)] if modules and self.happens(70) else CORE_CALLS
            line = self.chance.choice(choices)
            # What a function makes of a variable that nobody knows is not known either.
            if "$" not in line or "pv" in self.modules:
                lines.append("  %s\n" % line)
        return "".join(lines)

    def routes(self) -> str:
        """The routes."""
        text = self.chance.choice(BRACED) % (self.calls(CALLS, 8) + "  exit;\n")
        text += "route[A] {\n%s  return;\n}\n" % self.calls(CALLS, 3).replace("route(A);", "setflag(4);")
        if "tm" in self.modules:
            text += "failure_route[F] {\n%s  exit;\n}\n" % self.calls(FAILURE_CALLS, 3)
            text += 'branch_route[B] {\n  setflag(2);\n}\nonreply_route[R] {\n  if (status=="200") { exit; }\n}\n'
        for module in dict.fromkeys(self.modules):
            wanted = module in ("xhttp", "nosip") and not self.happens(MISSING_NEED)
            for name in EVENTS.get(module, ()):
                if wanted or self.happens(30):
                    text += "event_route[%s] {\n  setflag(3);\n}\n" % name
        if self.happens(20):
            text += "event_route[%s] {\n  return;\n}\n" % self.chance.choice(CORE_EVENTS)
        return text


def url(row: Database) -> str:
    """The database of the package, as a row's parameter takes it."""
    return ("db=>" if row.named else "") + DATABASE


def make_config(seed: int, folder: Path, version: Version, installed: frozenset[str]) -> Setup:
    """The files of a server that has these modules, made by this seed."""
    config = Config(random.Random(seed), version, installed)
    text = config.text()
    setup = Setup(folder, "", LIST)
    more, other = free_ports(2)
    for name, value in (("@DIR@", str(setup.folder)), ("@PORT@", str(setup.port)), ("@MORE@", str(more))):
        text = text.replace(name, value)
    setup.config.write_text("children=1\n" + text.replace("@OTHER@", str(other)))
    for name, content in {**FILES, **config.included}.items():
        (setup.folder / name).write_text(content)
    return setup
