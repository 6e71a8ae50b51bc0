// Copyright (c) 2026, sipfleet.kamailio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";

// The hosts below the picture. What is in one is made when it is opened.

const SEVERITY_SIGNS = { error: "✕", warning: "▲", note: "·" };
// Places of one fault that are shown; the rest is counted.
const PLACES = 100;

function chip(kind, words) {
  return el("span", { class: "chip " + kind }, words);
}

function chipsOf(host) {
  const made = [];
  if (host.errors) made.push(chip("error", "✕ " + many(host.errors, "error")));
  if (host.warnings) made.push(chip("warning", "▲ " + many(host.warnings, "warning")));
  if (host.blind) made.push(chip("blind", host.blind + " blind"));
  if (host.down) made.push(chip("down", host.down + " down"));
  if (host.drift) made.push(chip("drift", "≠ " + many(host.drift, "difference")));
  return made;
}

// A host, closed.
function hostEntry(host) {
  const sets = many(host.sets.size, "set");
  const total = [...host.sets.values()].reduce((all, counts) => all + counts.total, 0);
  const summary = el(
    "summary",
    null,
    el("span", { class: "sign", "aria-hidden": "true" }, STATE_SIGNS[host.state] || "?"),
    el("span", { class: "name" }, host.name),
    el("span", { class: "version" }, host.version || "–"),
    el("span", { class: host.runs ? "state" : "state bad" }, host.state),
    el("span", { class: "size" }, host.sets.size ? sets + ", " + many(total, "destination") : ""),
    el("span", { class: "chips" }, ...chipsOf(host)),
  );
  const entry = el("details", { class: "host", id: "host-" + host.index }, summary);
  entry.addEventListener("toggle", () => entry.open && fillHost(entry, host));
  return entry;
}

function fillHost(entry, host) {
  if (entry.children.length > 1) return;
  const findings = rowsOf(host.raw, "findings");
  const drift = rowsOf(host.raw, "drift");
  entry.append(
    el(
      "div",
      { class: "inside" },
      factsOf(host),
      ...(findings.length ? [el("h3", null, "Findings"), ...findingGroups(findings)] : []),
      ...(drift.length ? [el("h3", null, "Server and list"), driftTable(drift)] : []),
      ...[...setsOf(host)].map(([setid, destinations]) => setSection(host, setid, destinations)),
    ),
  );
}

function startWords(host) {
  if (host.willStart === true) return "yes";
  if (host.willStart === false) return host.answers ? "no. It runs now, and would not come back" : "no";
  return "cannot be told";
}

function factsOf(host) {
  const facts = el("dl", { class: "facts" });
  const fact = (name, ...value) => facts.append(el("div", null, el("dt", null, name), el("dd", null, ...value)));
  fact("Server", host.state);
  fact("Version", host.version || "not known");
  fact("Will it start", startWords(host));
  if (host.about.reload_due) fact("Reload", "due: it would settle differences");
  if (host.pingsStopped) fact("Pings", el("b", null, "stopped with dispatcher.ping_active: nothing is probed"));
  if (host.about.config_changed) fact("Configuration", "changed after the start of the server");
  if (host.about.message) fact("Message", el("pre", null, host.about.message));
  return facts;
}

// One fault in a hundred destinations is one fault.
function findingGroups(findings) {
  const groups = new Map();
  for (const finding of findings) {
    const key = JSON.stringify([finding.severity, finding.rule, finding.text, finding.remedy]);
    groups.has(key) ? groups.get(key).push(finding) : groups.set(key, [finding]);
  }
  return [...groups.values()].map(findingGroup);
}

function findingGroup(group) {
  const { severity, rule, text, remedy } = group[0];
  const sign = el("span", { "aria-hidden": "true" }, SEVERITY_SIGNS[severity] || "");
  const times = group.length > 1 ? " (" + group.length + " times)" : "";
  const places = group.slice(0, PLACES).map((finding) => {
    const where = [finding.file, finding.line, finding.column].filter((part) => part !== null && part !== undefined).join(":");
    const about = finding.destination ? " " + finding.destination : "";
    return el("li", null, el("code", null, where), about, finding.source ? el("pre", null, finding.source) : null);
  });
  if (group.length > PLACES) places.push(el("li", null, "… and " + (group.length - PLACES) + " more"));
  return el(
    "article",
    { class: "finding " + severity },
    el("h4", null, sign, " " + severity + ": ", el("code", null, rule), times),
    el("p", null, text),
    el("ul", null, ...places),
    remedy ? el("p", { class: "remedy" }, "→ " + remedy) : null,
  );
}

// A table whose cells keep the names of their columns, for narrow screens.
function table(kind, names, rows) {
  const head = el("tr", null, ...names.map((name) => el("th", { scope: "col" }, name)));
  const body = rows.map(({ cells, ...attributes }) =>
    el("tr", attributes, ...cells.map((content, index) => el("td", { "data-name": names[index] }, content))),
  );
  return el("table", { class: kind }, el("thead", null, head), el("tbody", null, ...body));
}

function driftTable(drift) {
  const rows = drift.map((difference) => ({
    class: "drift-" + difference.kind,
    cells: [difference.kind, difference.setid, el("code", null, difference.uri), difference.text, difference.line],
  }));
  return table("drift", ["kind", "set", "destination", "what differs", "line"], rows);
}

function setSection(host, setid, destinations) {
  const words = setWords(host, host.sets.get(setid));
  const heading = el("h3", { id: "host-" + host.index + "-set-" + setid, tabindex: -1, class: "set" }, "Set " + setid);
  const rows = destinations.map((destination) => ({
    class: "is-" + destination.kind,
    "data-uri": destination.uri.toLowerCase(),
    cells: [
      stateOf(host, destination),
      el("code", null, destination.uri),
      flagsOf(destination),
      probedOf(host, destination),
      destination.reason,
      destination.priority,
      destination.attrs ? el("code", null, destination.attrs) : null,
      latencyOf(destination),
      destination.line,
    ],
  }));
  const names = ["state", "destination", "flags", "probed", "why", "priority", "attributes", "round trip", "line"];
  // Columns in which nothing stands are left out.
  const kept = names.map((_, index) => index).filter((index) => index < 5 || rows.some(({ cells }) => !isNothing(cells[index])));
  const shown = rows.map((row) => ({ ...row, cells: kept.map((index) => row.cells[index]) }));
  const section = table("destinations", kept.map((index) => names[index]), shown);
  return el("section", null, heading, el("p", { class: "counts" }, words), section);
}

function isNothing(value) {
  return value === null || value === undefined || value === "";
}

function stateOf(host, destination) {
  if (destination.kind === "absent") return el("b", null, "not in the server");
  if (!destination.letters) return "not known";
  const word = STATE_WORDS[destination.letters[0]] || destination.letters;
  return destination.letters[0] === "A" ? word : el("b", null, word);
}

// The flags as the server shows them, and those of the list where they say something else.
function flagsOf(destination) {
  if (!destination.letters) return el("span", null, "list: " + destination.list_flags + " (" + destination.list_letters + ")");
  const differ = destination.list_letters && destination.list_letters !== destination.letters;
  return el("span", null, el("code", null, destination.letters), differ ? " list: " + destination.list_flags : null);
}

function probedOf(host, destination) {
  if (destination.kind === "absent") return "no";
  const drawn = svg("svg", { class: "swatch", width: 14, height: 12, "aria-hidden": "true" });
  const kind = host.dead ? "not_asked" : destination.kind;
  drawn.append(svg("rect", { class: kind, x: 0.5, y: 0.5, width: 13, height: 11 }));
  drawn.append(svg("rect", { class: "frame", x: 0.5, y: 0.5, width: 13, height: 11 }));
  const words = " " + (EFFECT_WORDS[destination.effect] || destination.effect);
  return el("span", { class: "probed" }, drawn, words, !host.dead && destination.kind === "blind" ? el("b", null, ": blind") : null);
}

function latencyOf(destination) {
  if (!destination.latency) return null;
  const lost = destination.latency.timeouts ? ", " + destination.latency.timeouts + " lost" : "";
  return destination.latency.average + " ms" + lost;
}
