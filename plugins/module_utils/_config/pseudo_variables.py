# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The pseudo-variables of the core and of the modules in Debian's packages, and how their names are written.

The names come from the sources, their versions from those of 5.4 to 6.1; servers of 5.4.4, 5.6.3, 6.0.1 and 6.1.5
agree. The grammar is C(pv_parse_spec2) and C(pv_parse_format) of Kamailio's src/core/pvapi.c.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Collection, Dict, FrozenSet, NamedTuple, Optional, Tuple

from .._text import quoted
from .._versions import Version
from .parameters import parameter_types, tables_for, within

# A module and its names: ( takes an inner name, = can be written; @6.0- as in the table of parameters.
TABLE = """\
async: async(@5.6-
benchmark: BM_time_diff
cfgutils: RANDOM
cnxcc: cnxcc(
core: ? def(@5.5- defn(@5.5- defs(@6.1- defv(@6.1- env(@5.5- envn(@5.5- iuid@6.1- null rc retcode
corex: atkv(@6.0- cfg( lsock(@5.6-
dialog: DLG_count DLG_lifetime DLG_status dlg( dlg_ctx(= dlg_var(=
dispatcher: dsg(@5.8- dsv(
erlang: erl_atom(= erl_list(= erl_pid(= erl_ref(= erl_tuple(= erl_xbuff(=
evapi: evapi(=
evrexec: evr(
geoip: gip(
geoip2: gip2(
htable: sht(= shtcn( shtcv( shtdec( shtex(= shtinc( shtitkey( shtitval( shtrecord(
http_async_client: http_bs http_err http_hdr( http_mb http_ml http_ok http_rb http_req(= http_req_id http_rr http_rs
 http_time( http_xdata@6.2-
http_client: curlerror( httprhdr(@6.0-
ims_dialog: DLG_count DLG_lifetime DLG_status dlg( dlg_ctx(= dlg_var(=
ims_diameter_server: diameter_application diameter_command diameter_request diameter_response=
ims_registrar_pcscf: pcscf_asserted_identity pcscf_registration_contact
ims_registrar_scscf: ulc(=
ipops: HN( dns( naptrquery( ptrquery(@6.0- srvquery(
jsonrpcs: jsonrpl(
jwt: jwt(
kazoo: kzE kzR kzRK
kex: sruid
lwsc: lwsc(
memcached: mcdec(= mcinc(= mct(= mctex(=
microhttpd: mhttpd(
mqtt: mqtt(=
mqueue: mq_size( mqk( mqv(
msrp: msrp(=
nat_traversal: keepalive.socket( source_uri
nathelper: rr_count rr_top_count
nats: natsData
ndb_mongodb: mongodb(
ndb_redis: redis( redisd(
nghttp2: nghttp2(
nosip: nosip
phonenum: phn(
posops: pos(
presence: notify_reply( subs(
ptimer: ptimer(=@6.1-
pv: AU Au Bf(= Eb@6.0- Ec@6.0- Ei@6.0- Ej@6.0- Ek@6.0- En@6.0- Eq@6.0- Er@6.0- Es@6.0- Et@6.0- Ev@6.0- K( Mf(= RAi RAp
 RAu RAut Ras@5.6- Ri Rn@5.5- Rp Ru Rut Sf(= TF TS TV( Tb Tf Ts _s( aU aa ad adc adn ado adr adu af( ai ar au avp(= bF=
 bR bf= br= branch(= bs cT ccp(=@5.6- ci cl cnt( conid cs csb ct cts@6.0- ctu@6.0- dP dd def(@-5.4 di dic dip dir dp ds
 du= duri= env(@-5.4 err.class err.info err.level err.rcode err.rreason expires( fU= fUl fd= fn= from= from.domain=
 from.user= fs= fsn= fsp@5.5- ft fu= hdr( hdrc( hfl(@5.6- hflc(@5.6- ksr( location_ua mF= mb mbu mf= mi ml msg(
 msgbuf(=@5.6- mt mts nh( oP oU oUl od op ou ouri pU pd pn pp pr prid proto pu rP rU= rUl rb rcv(@-5.5 rcv(=@5.6- rd= re
 recv(=@5.8- rm rmid rp= rpl(@5.6- rr rs rsi@5.6- rt ru= ruid ruri= ruri.domain= ruri.user= rv rz sF= sas sbranch(= sel(
 sf= shv(= shvinc(@5.7- si sid siz snd( sndfrom( sndto( sp src_ip stat( su sut tU= tUl= td= time( timef( tn= to=
 to.domain= to.user= true tt tts@6.1- tu= ua utime( utimef( var(= version( via0(@5.6- via1(@5.6- viaZ(@5.6- vn(= vz(=
 xavi(= xavp(= xavu(=
pv_headers: x_fU= x_fd= x_fn= x_ft x_fu= x_hdr(= x_rr= x_rs= x_tU= x_td= x_tn= x_tt x_tu=
registrar: ulc(=
rr: fti rdir( route_uri tti
rtimer: rtimer_worker@6.0-
rtpengine: rtpestat@5.6- rtpstat
rtpproxy: rtppstat@5.6- rtpstat
sdpops: sdp(= sdpitval(@5.8-
secsipid: secsipid(@5.6-
sipcapture: hep(
sipdump: sipdump(
sipt: sipt( sipt_called_party_nai sipt_calling_party_nai sipt_cpc sipt_hop_counter sipt_presentation sipt_screening
siptrace: siptrace(@5.6-
siputils: pcv(
sl: ltt(
smsops: rpdata(= smsack smsbody tpdu(=
sqlops: dbr( sqlrows(
ss7ops: isup(
tcpops: tcp(
textopsx: blitval(@5.6- hfitbody(@5.6- hfitname(@5.6-
tls: tls(@5.6- tls_cipher_bits tls_cipher_info tls_description tls_my_issuer tls_my_issuer_cn tls_my_issuer_country
 tls_my_issuer_locality tls_my_issuer_organization tls_my_issuer_state tls_my_issuer_unit tls_my_raw_cert
 tls_my_san_count(@5.7- tls_my_san_email tls_my_san_hostname tls_my_san_ip tls_my_san_uri tls_my_serial tls_my_subject
 tls_my_subject_cn tls_my_subject_country tls_my_subject_locality tls_my_subject_organization tls_my_subject_state
 tls_my_subject_uid tls_my_subject_unit tls_my_urlencoded_cert tls_my_version tls_peer_expired tls_peer_issuer
 tls_peer_issuer_cn tls_peer_issuer_country tls_peer_issuer_locality tls_peer_issuer_organization tls_peer_issuer_state
 tls_peer_issuer_unit tls_peer_notAfter tls_peer_notBefore tls_peer_raw_cert tls_peer_revoked tls_peer_san_count(@5.7-
 tls_peer_san_email tls_peer_san_hostname tls_peer_san_ip tls_peer_san_uri tls_peer_selfsigned tls_peer_serial
 tls_peer_server_name tls_peer_subject tls_peer_subject_cn tls_peer_subject_country tls_peer_subject_locality
 tls_peer_subject_organization tls_peer_subject_state tls_peer_subject_uid tls_peer_subject_unit
 tls_peer_urlencoded_cert tls_peer_verified tls_peer_version tls_version
tls_wolfssl: tls( tls_cipher_bits tls_cipher_info tls_description tls_my_issuer tls_my_issuer_cn tls_my_issuer_country
 tls_my_issuer_locality tls_my_issuer_organization tls_my_issuer_state tls_my_issuer_unit tls_my_raw_cert
 tls_my_san_email tls_my_san_hostname tls_my_san_ip tls_my_san_uri tls_my_serial tls_my_subject tls_my_subject_cn
 tls_my_subject_country tls_my_subject_locality tls_my_subject_organization tls_my_subject_state tls_my_subject_uid
 tls_my_subject_unit tls_my_urlencoded_cert tls_my_version tls_peer_expired tls_peer_issuer tls_peer_issuer_cn
 tls_peer_issuer_country tls_peer_issuer_locality tls_peer_issuer_organization tls_peer_issuer_state
 tls_peer_issuer_unit tls_peer_notAfter tls_peer_notBefore tls_peer_raw_cert tls_peer_revoked tls_peer_san_email
 tls_peer_san_hostname tls_peer_san_ip tls_peer_san_uri tls_peer_selfsigned tls_peer_serial tls_peer_server_name
 tls_peer_subject tls_peer_subject_cn tls_peer_subject_country tls_peer_subject_locality tls_peer_subject_organization
 tls_peer_subject_state tls_peer_subject_uid tls_peer_subject_unit tls_peer_urlencoded_cert tls_peer_verified
 tls_peer_version tls_version
tlsa: tls( tls_cipher_bits tls_cipher_info tls_description tls_my_issuer tls_my_issuer_cn tls_my_issuer_country
 tls_my_issuer_locality tls_my_issuer_organization tls_my_issuer_state tls_my_issuer_unit tls_my_raw_cert
 tls_my_san_count( tls_my_san_email tls_my_san_hostname tls_my_san_ip tls_my_san_uri tls_my_serial tls_my_subject
 tls_my_subject_cn tls_my_subject_country tls_my_subject_locality tls_my_subject_organization tls_my_subject_state
 tls_my_subject_uid tls_my_subject_unit tls_my_urlencoded_cert tls_my_version tls_peer_expired tls_peer_issuer
 tls_peer_issuer_cn tls_peer_issuer_country tls_peer_issuer_locality tls_peer_issuer_organization tls_peer_issuer_state
 tls_peer_issuer_unit tls_peer_notAfter tls_peer_notBefore tls_peer_raw_cert tls_peer_revoked tls_peer_san_count(
 tls_peer_san_email tls_peer_san_hostname tls_peer_san_ip tls_peer_san_uri tls_peer_selfsigned tls_peer_serial
 tls_peer_server_name tls_peer_subject tls_peer_subject_cn tls_peer_subject_country tls_peer_subject_locality
 tls_peer_subject_organization tls_peer_subject_state tls_peer_subject_uid tls_peer_subject_unit
 tls_peer_urlencoded_cert tls_peer_verified tls_peer_version tls_version
tmx: T( T_branch( T_branch_idx T_inv( T_reply_code T_reply_last T_reply_reason T_reply_ruid T_req( T_rpl(
topoh: th(@6.1-
uac: uac_req(=
uuid: uuid(
websocket: ws_conid
xcap_server: xcapuri(=
xhttp: hu
xlog: C(
xmlops: xml(=
"""
CORE = "core"
# What the value of a parameter is: pseudo-variables, and what else is accepted of them.
#   AVP           one that is an AVP
#   AVP_OR_NAME   the same, or the name of an AVP without a $
#   AVP_OR_VAR    one that is an AVP, an XAVP or a variable of the script
#   READABLE      any
#   WRITABLE      one that can be written
#   FORMAT        a text with any number of them in it
#   PAIRS         NAME=VARIABLE, with semicolons between them
AVP, AVP_OR_NAME, AVP_OR_VAR, READABLE, WRITABLE, FORMAT, PAIRS = range(7)
_NAMES = {AVP: (b"avp",), AVP_OR_NAME: (b"avp",), AVP_OR_VAR: (b"avp", b"var", b"vn", b"vz", b"xavp")}
_NAME = re.compile(rb"[0-9A-Za-z_.?]*")
_PAIR = re.compile(rb"\s*(?:[^\s=]+\s*)?=\s*(?=\$)")
_CLOSING = {b"(": b")", b"[": b"]", b"{": b"}"}


class Variable(NamedTuple):
    """A name: the modules that have it, whether it takes an inner name, and whether it can be written."""

    modules: Tuple[str, ...]
    named: bool
    written: bool


@lru_cache(maxsize=None)
def variables_of(series: str) -> Dict[str, Variable]:
    """The names that a release such as C(6.1) has, in the core or in a module."""
    found: Dict[str, Variable] = {}
    for line in TABLE.replace("\n ", " ").splitlines():
        module, _colon, names = line.partition(": ")
        for entry in names.split():
            text, _at, span = entry.partition("@")
            if within(span, series):
                name = text.rstrip("(=")
                modules = (*found[name].modules, module) if name in found else (module,)
                found[name] = Variable(modules, "(" in text, "=" in text)
    return found


class IncompleteError(ValueError):
    """A pseudo-variable that is not complete, which some modules take all the same."""


def check_variables(text: bytes, kind: int, loaded: Collection[str], version: Version) -> None:
    """Raise ValueError with a reason if the server does not take this text as the value of a parameter of a C(kind).

    It is an IncompleteError where the reason is how a pseudo-variable that there is is written.
    """
    there = frozenset(loaded)
    if kind == FORMAT:
        at = text.find(b"$")
        while at >= 0:
            at = text.find(b"$", _read(text, at, there, version)[0])
        return
    if kind == PAIRS:
        _check_pairs(text, there, version)
        return
    if text[:1] != b"$":
        if kind == AVP_OR_NAME:
            return
        raise ValueError("is not a pseudo-variable")
    end, name, variable = _read(text, 0, there, version)
    # One that is not known is taken for one that the server knows.
    if variable and kind == WRITABLE and not variable.written:
        raise ValueError("cannot be written: %s can only be read" % quoted(text[:end], 60))
    if variable and name not in _NAMES.get(kind, (name,)):
        said = "is not an AVP, such as $avp(x)" if kind != AVP_OR_VAR else "is neither $avp(x) nor $var(x)"
        raise ValueError(said)


def _check_pairs(text: bytes, loaded: FrozenSet[str], version: Version) -> None:
    """C(parse_acc_extra) of Kamailio's src/modules/acc/acc_extra.c."""
    at = 0
    while True:
        name = _PAIR.match(text, at)
        if not name:
            raise ValueError("is not NAME=VARIABLE, with semicolons between them")
        at = _read(text, name.end(), loaded, version)[0]
        at += len(text[at:]) - len(text[at:].lstrip())
        if at == len(text):
            return
        if text[at : at + 1] != b";":
            raise ValueError("is not NAME=VARIABLE, with semicolons between them")
        at += 1


def _read(text: bytes, start: int, loaded: FrozenSet[str], version: Version) -> Tuple[int, bytes, Optional[Variable]]:
    """Where the pseudo-variable ends that begins at C(start), its name, and what is known of it."""
    at = start + 1
    bracket = text[at : at + 1] == b"("
    at += bracket
    if text[at : at + 1] == b"$":
        if bracket and text[at + 1 : at + 2] != b")":
            raise _open(text, start)
        return at + 1 + bracket, b"$", Variable((CORE,), False, False)
    found = _NAME.match(text, at)
    name = found.group() if found else b""
    at += len(name)
    variable = _variable(name, loaded, version)
    inner = text[at : at + 1] == b"("
    if inner:
        closing = _closing(text, at, start)
        if closing == at + 1:
            raise IncompleteError("has no name in the brackets of %s" % quoted(text[start : closing + 1], 60))
        at = closing + 1
    if variable and inner is not variable.named:
        said = "takes a name in brackets after it" if variable.named else "takes no name in brackets"
        raise IncompleteError("is not complete: $%s %s" % (name.decode(), said))
    if not bracket:
        return at, name, variable
    for opening in (b"[", b"{"):
        while text[at : at + 1] == opening:
            at = _closing(text, at, start) + 1
    if text[at : at + 1] != b")":
        raise _open(text, start)
    return at + 1, name, variable


def _closing(text: bytes, at: int, start: int) -> int:
    """Where the bracket is closed that is opened here."""
    opening, depth = text[at : at + 1], 0
    closing = _CLOSING[opening]
    for index in range(at, len(text)):
        depth += (text[index : index + 1] == opening) - (text[index : index + 1] == closing)
        if not depth:
            return index
    raise _open(text, start)


def _open(text: bytes, start: int) -> IncompleteError:
    return IncompleteError("does not close a bracket of %s" % quoted(text[start:], 60))


def _variable(name: bytes, loaded: FrozenSet[str], version: Version) -> Optional[Variable]:
    """What is known of a name; None where a module that is loaded can have it. Raises ValueError if none has it."""
    if not name:
        raise ValueError("has no name after its $")
    tables = tables_for(version)
    found = [variables_of(known.series).get(name.decode()) for known in tables.versions]
    there = [variable for variable in found if variable]
    for variable in there:
        if CORE in variable.modules or any(module in loaded for module in variable.modules):
            return variable
    if not _knows_all(loaded, version):
        return None
    if there:
        modules = " or ".join(there[0].modules)
        raise ValueError("needs the module %s for $%s, which is not loaded" % (modules, name.decode()))
    if not tables.exact:
        return None
    raise ValueError("names $%s, which no module of Kamailio %s has" % (name.decode(), version))


@lru_cache(maxsize=8)
def _knows_all(loaded: FrozenSet[str], version: Version) -> bool:
    """Whether it is known what variables each of these modules has."""
    versions = tables_for(version).versions
    return all(any(parameter_types(module, known) is not None for known in versions) for module in loaded)
