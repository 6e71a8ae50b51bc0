# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What the systemd unit of a server gives it on its command line and in its environment.

The unit files are read, not asked of a running systemd: a container has none, and a host may be judged before its
first start.
"""

from __future__ import annotations

import getopt
import glob
import os
import re
import shlex
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._config.model import Account, Invocation
from .._config.values import Value, render_value
from .._errors import KamailioError, error
from .._exit import SEEN
from .._memory import UNIT_BYTES
from .._text import named, readable_bytes, show
from .._trust import clean_path, resolve_trusted
from .files import read_file

DEFAULT_CONFIG = "/etc/kamailio/kamailio.cfg"
DEFAULT_UNIT = "kamailio.service"
# In the order in which systemd looks for a unit; drop-ins are read from all of them.
UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
# Where systemd keeps a link for each unit that runs.
RUNNING, _INVOCATION = "/run/systemd/units", "invocation:"
# What systemd itself puts into the environment of a service.
_OF_SYSTEMD = (
    "PATH",
    "LANG",
    "USER",
    "LOGNAME",
    "HOME",
    "SHELL",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "SYSTEMD_EXEC_PID",
)
# What systemd takes for yes.
_YES = ("1", "yes", "y", "true", "t", "on")
# The options of Kamailio 5.4 to 6.1.
_SHORT = "f:cm:M:dVIhEeb:B:l:L:n:vKrRDTN:W:w:t:u:g:P:G:SQ:O:a:A:x:X:Y:"
_LONG = (
    "help version alias= domain= subst= substdef= substdefs= server-id= loadmodule= modparam= log-engine= debug= "
    "cfg-print atexit= all-errors iuid="
)
# Those of a command line. To read them takes time that grows with the square of both.
_MOST_ARGUMENTS, _MOST_BYTES = 10_000, 128 << 10
_DEFINE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:=|\Z)")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\$")


class Service(NamedTuple):
    """A server as its unit starts it: the unit's file, the configuration, and what it gets beside that.

    C(started_by) is the user and group that systemd starts it as, C(switches_to) those of C(-u) and C(-g), C(run_dir)
    is the folder of C(-Y), all of them None where nothing is said. C(dynamic) says that systemd makes the user at the
    start (C(DynamicUser)) and the unit does not name it. C(program) is what it runs, empty where that is not known, and
    C(arguments) what follows it. C(settings) are those of the unit by name, of several with one name the last.
    """

    path: str
    config: str
    invocation: Invocation
    started_by: Account
    switches_to: Account
    run_dir: Optional[str]
    dynamic: bool = False
    program: str = ""
    arguments: Tuple[str, ...] = ()
    settings: Mapping[str, str] = {}


def running_units(folder: str = RUNNING) -> List[str]:
    """Return the units of services that systemd has running, none where no systemd runs."""
    names = glob.glob(os.path.join(glob.escape(folder), _INVOCATION + "*.service"))
    return sorted(os.path.basename(name)[len(_INVOCATION) :] for name in names)


def unit_of(instance: Optional[str]) -> str:
    """The unit of an instance: C(kamailio@NAME.service), unless a whole unit name is given."""
    if not instance:
        return DEFAULT_UNIT
    if instance.endswith(".service"):
        return instance
    return "%s.service" % instance if "@" in instance else "kamailio@%s.service" % instance


def read_service(instance: Optional[str], folders: Sequence[str] = UNIT_FOLDERS) -> Optional[Service]:
    """The service of an instance, None where there is no unit that starts a Kamailio. Raises KamailioError."""
    unit = unit_of(instance)
    if "/" in unit:
        raise error("%s is not the name of an instance or a unit" % named(unit))
    template = re.sub(r"@.*(?=\.service$)", "@", unit)
    path = next((candidate for candidate in _candidates(folders, unit, template) if os.path.isfile(candidate)), None)
    if path is None:
        if instance:
            remedy = "For a unit of its own, give its whole name: %s.service" % instance
            if "@" in instance or instance.endswith(".service"):
                remedy = "Give the name of an instance, or of its unit, in instance"
            raise error("the host has no unit %s" % unit, remedy)
        return None
    settings = _settings([path, *_drop_ins(folders, unit, template)], _specifiers(unit))
    environment = _environment(settings)
    command = next((text for name, text in reversed(settings) if name == "ExecStart"), "")
    words = _words(command, environment)
    if not words or "kamailio" not in os.path.basename(words[0]):
        return None
    last = dict(settings)
    service = _service(path, words[1:], environment, Account(last.get("User"), last.get("Group")))
    dynamic = last.get("DynamicUser", "no").lower() in _YES and "User" not in last
    return service._replace(dynamic=dynamic, program=words[0], arguments=tuple(words[1:]), settings=last)


def _candidates(folders: Sequence[str], unit: str, template: str) -> List[str]:
    return [os.path.join(folder, name) for name in dict.fromkeys((unit, template)) for folder in folders]


def _drop_ins(folders: Sequence[str], unit: str, template: str) -> List[str]:
    """In the order of their names; of two with one name the first folder's counts."""
    found: Dict[str, str] = {}
    for name in dict.fromkeys((unit, template)):
        for folder in folders:
            for path in glob.glob(os.path.join(glob.escape(folder), name + ".d", "*.conf")):
                found.setdefault(os.path.basename(path), path)
    return [found[name] for name in sorted(found)]


def _specifiers(unit: str) -> Mapping[str, str]:
    prefix, _at, instance = unit[: -len(".service")].partition("@")
    return {"%i": instance, "%I": instance, "%p": prefix, "%n": unit, "%N": unit[: -len(".service")], "%%": "%"}


def _settings(paths: Sequence[str], specifiers: Mapping[str, str]) -> List[Tuple[str, str]]:
    """The settings of the [Service] section, in order; an empty one takes the earlier ones of its name back."""
    settings: List[Tuple[str, str]] = []
    for path in paths:
        if _real(path) == os.devnull:
            # That is how a drop-in is masked.
            continue
        section = ""
        text = re.sub(r"\\\n(?:[ \t]*[#;][^\n]*\n)*", " ", show(read_file(path, most=UNIT_BYTES) or b""))
        for line in text.splitlines():
            line = line.strip()
            if line.startswith("["):
                section = line
            name, equals, value = line.partition("=")
            if section == "[Service]" and equals and line[:1] not in "#;":
                name, value = name.strip(), value.strip()
                if not value:
                    settings = [setting for setting in settings if setting[0] != name]
                else:
                    value = re.sub("%[iIpnN%]", lambda found: specifiers[found.group()], value)
                    settings.append((name, value))
    return settings


def _environment(settings: Sequence[Tuple[str, str]]) -> Dict[str, str]:
    """C(Environment) first, then the files, which override it."""
    environment: Dict[str, str] = {}
    for name, value in settings:
        if name == "Environment":
            environment.update(word.partition("=")[::2] for word in _split(value) if "=" in word)
    for name, value in settings:
        if name == "EnvironmentFile":
            for path in sorted(glob.glob(value.lstrip("-"))):
                environment.update(_environment_file(path))
    return environment


def _environment_file(path: str) -> Dict[str, str]:
    try:
        text = show(read_file(path, most=UNIT_BYTES) or b"")
    except KamailioError:
        return {}
    variables = {}
    for line in re.sub(r"\\\n", "", text).splitlines():
        found = re.match(r"\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)", line)
        if found:
            variables[found.group(1)] = (
                " ".join(_split(found.group(2))) if found.group(2)[:1] in "\"'" else found.group(2).strip()
            )
    return variables


def _split(text: str) -> List[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _words(command: str, environment: Mapping[str, str]) -> List[str]:
    """A command line as systemd splits it: C($NAME) alone makes several words, C(${NAME}) is part of one."""
    words: List[str] = []
    for word in _split(command.lstrip("-@:+!")):
        alone = re.match(r"\$([A-Za-z_][A-Za-z0-9_]*)\Z", word)
        if alone:
            words += _split(environment.get(alone.group(1), ""))
        else:
            words.append(
                _VARIABLE.sub(lambda found: environment.get(found.group(1), "") if found.group(1) else "$", word)
            )
    return words


def _service(path: str, arguments: Sequence[str], environment: Mapping[str, str], started_by: Account) -> Service:
    size = sum(map(len, arguments))
    if len(arguments) > _MOST_ARGUMENTS or size > _MOST_BYTES:
        text = "the command line of the server has %d arguments with %d characters, and at most %d with %d are read"
        text %= (len(arguments), size, _MOST_ARGUMENTS, _MOST_BYTES)
        raise error(text, "Give config, and defines as a list", path or None)
    options = _options(arguments, path)
    by_name = _by_name(options)
    known: Dict[str, Optional[str]] = {**dict.fromkeys(_OF_SYSTEMD), **environment}
    invocation = Invocation(
        defines=tuple(by_name.get("A", ())),
        modules=tuple(by_name.get("loadmodule", ())),
        params=tuple(_parameter(text) for text in by_name.get("modparam", ())),
        substitutions=tuple((name.lstrip("-"), value) for name, value in options if name.startswith("--subst")),
        load_path=by_name["L"][-1] if "L" in by_name else None,
        environment=known,
        listens=tuple(by_name.get("l", ())),
        folder=by_name["w"][-1] if "w" in by_name else None,
    )
    SEEN.read(as_config(invocation))
    switches_to = Account(by_name.get("u", [None])[-1], by_name.get("g", [None])[-1])
    config = by_name.get("f", [DEFAULT_CONFIG])[-1]
    return Service(
        path=path,
        config=config,
        invocation=invocation,
        started_by=started_by,
        switches_to=switches_to,
        run_dir=by_name.get("Y", [None])[-1],
    )


def _options(arguments: Sequence[str], path: str = "") -> List[Tuple[str, str]]:
    """Return the options of a command line, in order. Raises KamailioError."""
    try:
        return getopt.gnu_getopt(list(arguments), _SHORT, _LONG.split())[0]
    except getopt.GetoptError as exc:
        raise error(
            "the command line of the server is not understood: %s" % named(exc), "Give defines as a list", path
        ) from exc


def _by_name(options: Sequence[Tuple[str, str]]) -> Dict[str, List[str]]:
    by_name: Dict[str, List[str]] = {}
    for name, value in options:
        by_name.setdefault(name.lstrip("-"), []).append(value)
    return by_name


def options_of(arguments: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Return the values of the options of a server's command line, by their names. Raises KamailioError."""
    return _by_name(_options(arguments))


def _parameter(text: str) -> Tuple[str, str, Value]:
    """C(module:name:s|i:value)."""
    module, name, kind, value = [*text.split(":", 3), "", "", ""][:4]
    if kind == "i" and re.match(r"-?[0-9]{1,1000}\Z", value):
        return module, name, int(value)
    return module, name, value.encode("utf-8", "surrogateescape")


def service_of_arguments(arguments: Sequence[str]) -> Service:
    """The server that was started with these arguments, of whose unit and environment nothing is known.

    Raises KamailioError.
    """
    service = _service("", arguments, {}, Account())
    return service._replace(invocation=service.invocation._replace(environment=None))


def config_of(config: Optional[str], instance: Optional[str]) -> str:
    """The configuration that is meant: the one given, else that of the instance. Raises KamailioError."""
    if config or not instance:
        return config or DEFAULT_CONFIG
    service = read_service(instance)
    if service is None:
        raise error("the unit %s starts no Kamailio" % unit_of(instance), "Give the configuration in config")
    return service.config


def beside_of(defines: object, instance: Optional[str], config: str) -> Tuple[Optional[Service], Invocation]:
    """What the server gets beside its configuration, by a list of defines or, with C(auto), by its unit.

    A unit that starts another configuration says nothing about this one. Raises KamailioError.
    """
    if defines != "auto":
        return None, invocation_of_defines(defines)
    service = read_service(instance)
    if service and starts(service, config):
        return service, service.invocation
    return None, Invocation()


def starts(service: Service, config: str) -> bool:
    """Return whether a service starts a configuration.

    Names that are the same are not looked up. Links are followed only where nobody else can change them, since their
    owner could give the name to another file after this look.
    """
    if clean_path(service.config) == clean_path(config):
        return True
    return trusted_path(service.config) == trusted_path(config)


def trusted_path(path: str) -> str:
    """Return a path without the links in it that only root and the current user can change."""
    try:
        return resolve_trusted(os.path.join(os.getcwd(), path) if not os.path.isabs(path) else path)
    except OSError:
        return path


def _real(path: str) -> str:
    """Return the real path of a file, or the path itself if the file is exchanged while it is looked up."""
    try:
        return os.path.realpath(path)
    except OSError:
        return path


def invocation_of_defines(defines: object) -> Invocation:
    """What C(defines) says where there is no host to ask: C(auto) is nothing then. Raises KamailioError."""
    if defines == "auto":
        return Invocation()
    texts = [defines] if isinstance(defines, str) else defines
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) and _DEFINE.match(text) for text in texts):
        raise error("defines is neither auto nor a list of NAME or NAME=value")
    invocation = Invocation(tuple(texts))
    SEEN.read(as_config(invocation))
    return invocation


def as_config(invocation: Invocation) -> bytes:
    """The invocation in the language of a configuration, in which secrets are recognised by their names."""
    lines = ["#!define %s %s" % define.partition("=")[::2] for define in invocation.defines]
    lines += ["#!define %s %s" % (name, value) for name, value in (invocation.environment or {}).items() if value]
    lines += ['#!%s "%s"' % rule for rule in invocation.substitutions]
    params = [
        b'modparam("%s", "%s", %s)' % (readable_bytes(module), readable_bytes(name), render_value(value))
        for module, name, value in invocation.params
    ]
    return b"\n".join([*map(readable_bytes, lines), *params])


def arguments_of(invocation: Invocation) -> List[str]:
    """The invocation as arguments of a command line, for a check of the configuration."""
    arguments = ["-L", invocation.load_path] if invocation.load_path else []
    for define in invocation.defines:
        arguments += ["-A", define]
    arguments += ["--loadmodule=" + name for name in invocation.modules]
    arguments += ["--%s=%s" % rule for rule in invocation.substitutions]
    for module, name, value in invocation.params:
        kind, text = ("i", str(value)) if isinstance(value, int) else ("s", show(value))
        arguments.append("--modparam=%s:%s:%s:%s" % (module, name, kind, text))
    return arguments
