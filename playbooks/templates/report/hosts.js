// Copyright (c) 2026, sipfleet.kamailio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";

// The hosts below the picture. What is in one is made when it is opened.

const SEVERITY_SIGNS = { error: "✕", warning: "▲", note: "·" };
// Places of one fault that are shown; the rest is counted.
const PLACES = 100;

function chip(kind, count, words) {
  return el("span", { class: "chip " + kind, ...asData({ kind, count }) }, words);
}

function chipsOf(host) {
  const made = [];
  if (host.errors) made.push(chip("error", host.errors, "✕ " + many(host.errors, "error")));
  if (host.warnings) made.push(chip("warning", host.warnings, "▲ " + many(host.warnings, "warning")));
  if (host.blind) made.push(chip("blind", host.blind, host.blind + " blind"));
  if (host.down) made.push(chip("down", host.down, host.down + " down"));
  if (host.disabled) made.push(chip("disabled", host.disabled, host.disabled + " disabled"));
  if (host.drift) made.push(chip("drift", host.drift, "≠ " + many(host.drift, "difference")));
  return made;
}

// What concerns a server as a whole, as in the table.
function notesOf(host) {
  const notes = [];
  if (host.restartDue) notes.push(el("span", asData({ note: "restart" }), "restart due"));
  if (host.pingsStopped) notes.push(el("span", asData({ note: "pings" }), "pings off"));
  return notes;
}

// A host, closed.
function hostEntry(host) {
  const sets = many(host.sets.size, "set");
  const total = [...host.sets.values()].reduce((all, counts) => all + counts.total, 0);
  const values = { name: host.name, state: host.state, version: host.version, sets: host.sets.size, destinations: total };
  const summary = el(
    "summary",
    null,
    el("span", { class: "sign", "aria-hidden": "true" }, STATE_SIGNS[host.state] || "?"),
    el("span", { class: "name" }, host.name),
    el("span", { class: "version" }, host.version || "–"),
    el("span", { class: host.runs ? "state" : "state bad" }, host.state),
    el("span", { class: "size" }, host.sets.size ? sets + ", " + many(total, "destination") : ""),
    el("span", { class: "chips" }, ...chipsOf(host), ...notesOf(host)),
  );
  const entry = el("details", { class: "host", id: "host-" + host.index, ...asData(values) }, summary);
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

const START_WORDS = {
  yes: "yes",
  no: "no",
  not_again: "no. It runs now, and would not come back",
  unknown: "cannot be told",
};

function startOf(host) {
  if (host.willStart === true) return "yes";
  if (host.willStart === false) return host.answers ? "not_again" : "no";
  return "unknown";
}

function factsOf(host) {
  const facts = el("dl", { class: "facts" });
  const fact = (about, value, name, words) =>
    facts.append(el("div", asData({ fact: about, value }), el("dt", null, name), el("dd", null, words)));
  fact("state", host.state, "Server", host.state);
  fact("version", host.version, "Version", host.version || "not known");
  fact("start", startOf(host), "Will it start", START_WORDS[startOf(host)]);
  if (host.about.reload_due) fact("reload", "due", "Reload", "due: it would settle differences");
  if (host.pingsStopped) fact("pings", "stopped", "Pings", el("b", null, "stopped with dispatcher.ping_active: nothing is probed"));
  if (host.restartDue) fact("restart", "due", "Restart", el("b", null, "due: " + host.about.restart_reasons.join("; ")));
  if (host.about.message) fact("message", null, "Message", el("pre", null, host.about.message));
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
    { class: "finding " + severity, ...asData({ severity, rule, count: group.length }) },
    el("h4", null, sign, " " + severity + ": ", el("code", null, rule), times),
    el("p", { class: "text" }, text),
    el("ul", null, ...places),
    remedy ? el("p", { class: "remedy" }, "→ " + remedy) : null,
  );
}

// What a cell shows in words, with what that means as data.
function worded(words, values) {
  return { words, values };
}

// A table whose cells keep their columns, and the names of these for narrow screens. A column is its key and its name.
function table(kind, columns, rows) {
  const head = el("tr", null, ...columns.map(([, name]) => el("th", { scope: "col" }, name)));
  const td = (content, [column, name]) => {
    const { words, values } = content && content.values ? content : worded(content, {});
    return el("td", asData({ column, name, ...values }), words);
  };
  const body = rows.map(({ cells, ...attributes }) =>
    el("tr", attributes, ...cells.map((content, index) => td(content, columns[index]))),
  );
  return el("table", { class: kind }, el("thead", null, head), el("tbody", null, ...body));
}

function driftTable(drift) {
  const rows = drift.map((difference) => ({
    class: "drift-" + difference.kind,
    cells: [difference.kind, difference.setid, el("code", null, difference.uri), difference.text, difference.line],
  }));
  const columns = [
    ["kind", "kind"],
    ["setid", "set"],
    ["uri", "destination"],
    ["text", "what differs"],
    ["line", "line"],
  ];
  return table("drift", columns, rows);
}

const COLUMNS = [
  ["state", "state"],
  ["uri", "destination"],
  ["flags", "flags"],
  ["probed", "probed"],
  ["reason", "why"],
  ["priority", "priority"],
  ["attrs", "attributes"],
  ["latency", "round trip"],
  ["line", "line"],
];

function setSection(host, setid, destinations) {
  const words = setWords(host, host.sets.get(setid));
  const heading = el("h3", { id: "host-" + host.index + "-set-" + setid, tabindex: -1, class: "set", "data-set": setid }, "Set " + setid);
  const rows = destinations.map((destination) => ({
    class: "is-" + destination.kind,
    "data-uri": destination.uri.toLowerCase(),
    cells: [
      stateOf(destination),
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
  // Columns in which nothing stands are left out.
  const kept = COLUMNS.map((_, index) => index).filter((index) => index < 5 || rows.some(({ cells }) => !isNothing(cells[index])));
  const shown = rows.map((row) => ({ ...row, cells: kept.map((index) => row.cells[index]) }));
  const section = table("destinations", kept.map((index) => COLUMNS[index]), shown);
  return el("section", null, heading, el("p", { class: "counts" }, words), section);
}

function isNothing(value) {
  return value === null || value === undefined || value === "";
}

function stateOf(destination) {
  if (destination.kind === "absent") return worded(el("b", null, "not in the server"), { value: "absent" });
  if (!destination.letters) return worded("not known", { value: "unknown" });
  const word = STATE_WORDS[destination.letters[0]] || destination.letters;
  return worded(destination.letters[0] === "A" ? word : el("b", null, word), { value: destination.letters[0] });
}

// The flags as the server shows them, and those of the list where they say something else.
function flagsOf(destination) {
  const { letters, list_letters, list_flags } = destination;
  if (!letters) return worded("list: " + list_flags + " (" + list_letters + ")", { list_letters, list_flags });
  if (!list_letters || list_letters === letters) return worded(el("code", null, letters), { value: letters });
  return worded(el("span", null, el("code", null, letters), " list: " + list_flags), { value: letters, list_flags });
}

function probedOf(host, destination) {
  if (destination.kind === "absent") return worded("no", { value: "absent" });
  const drawn = svg("svg", { class: "swatch", width: 14, height: 12, "aria-hidden": "true" });
  const kind = host.dead ? "not_asked" : destination.kind;
  drawn.append(svg("rect", { class: kind, x: 0.5, y: 0.5, width: 13, height: 11 }));
  drawn.append(svg("rect", { class: "frame", x: 0.5, y: 0.5, width: 13, height: 11 }));
  const words = " " + (EFFECT_WORDS[destination.effect] || destination.effect);
  const shown = el("span", { class: "probed" }, drawn, words, kind === "blind" ? el("b", null, ": blind") : null);
  return worded(shown, { value: kind, effect: destination.effect });
}

function latencyOf(destination) {
  if (!destination.latency) return null;
  const { average, timeouts } = destination.latency;
  return worded(average + " ms" + (timeouts ? ", " + timeouts + " lost" : ""), { average, timeouts });
}
