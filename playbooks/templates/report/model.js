// Copyright (c) 2026, sipfleet.kamailio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";

// A destination is one of these, as the modules say in watch:
//   blind      the list or the server asks for probing, and nothing does it
//   once       probed until its first ping has ended, or been answered, and never again
//   not_asked  not probed, and nobody asks for it
//   unknown    cannot be told
//   watched    probed all the time
//   absent     in the list, and not in the server: it is in no share
const KINDS = ["blind", "once", "not_asked", "unknown", "watched"];
const KIND_WORDS = {
  blind: "blind",
  once: "until the first ping or answer",
  not_asked: "not probed, not asked for",
  unknown: "cannot be told",
  watched: "probed",
  absent: "not in the server",
};
const EFFECT_WORDS = {
  never: "never",
  until_first_answer: "until the first ping or answer",
  continuously: "continuously",
  unknown: "cannot be told",
};
const STATE_WORDS = { A: "active", I: "down", T: "failing", D: "disabled" };

// The rows of a table that came as columns.
function rowsOf(raw, table) {
  const { texts, numbers } = raw[table];
  const columns = Object.entries(texts).map(([name, column]) => [name, column.map((at) => raw.words[at])]);
  columns.push(...Object.entries(numbers));
  return columns[0][1].map((_, index) => Object.fromEntries(columns.map(([name, column]) => [name, column[index]])));
}

// A destination of which only the list tells.
function onlyListed(destination, kind) {
  const said = { list_flags: destination.flags, list_letters: destination.letters };
  return { ...destination, ...said, letters: null, priority: null, attrs: "", latency: null, kind };
}

// The destinations of a host: those that run, in the order of the server, then those that stand in the list alone.
function destinationsOf(host) {
  if (!host.answers) return rowsOf(host.raw, "list").map((destination) => onlyListed(destination, destination.watch));
  const found = rowsOf(host.raw, "server").map((destination) => ({ ...destination, kind: destination.watch }));
  return found.concat(rowsOf(host.raw, "absent").map((destination) => onlyListed(destination, "absent")));
}

// The sets of a host by their numbers, each with its destinations.
function setsOf(host) {
  const found = new Map();
  for (const destination of destinationsOf(host)) {
    if (!found.has(destination.setid)) found.set(destination.setid, []);
    found.get(destination.setid).push(destination);
  }
  return new Map([...found].sort(([a], [b]) => a - b));
}

function countSet(destinations) {
  const counts = { total: 0, down: 0, disabled: 0, failing: 0, drift: 0, absent: 0 };
  for (const kind of KINDS) counts[kind] = 0;
  for (const destination of destinations) {
    counts[destination.kind] += 1;
    if (destination.kind === "absent") continue;
    counts.total += 1;
    const state = destination.letters && destination.letters[0];
    if (state === "I") counts.down += 1;
    if (state === "D") counts.disabled += 1;
    if (state === "T") counts.failing += 1;
  }
  return counts;
}

function readHost(name, raw, index) {
  const { about } = raw;
  const host = {
    name,
    index,
    raw,
    about,
    state: about.state,
    runs: about.state === "runs",
    version: about.version || "",
    willStart: about.will_start,
    answers: about.answers,
    pingsStopped: about.pings_active === false,
    restartDue: about.restart_due === true,
    sets: new Map(),
    errors: 0,
    warnings: 0,
    blind: about.blind,
    down: 0,
    disabled: 0,
    drift: 0,
  };
  for (const [setid, destinations] of setsOf(host)) host.sets.set(setid, countSet(destinations));
  // Nothing of a server that neither answers nor would start is probed, and that is not the fault of its destinations.
  host.dead = !host.answers && (host.willStart === false || host.sets.size === 0);
  const severities = raw.findings.texts.severity.map((at) => raw.words[at]);
  host.errors = severities.filter((severity) => severity === "error").length;
  host.warnings = severities.filter((severity) => severity === "warning").length;
  raw.drift.texts.kind.forEach((at, index) => {
    if (["state", "unprobed"].includes(raw.words[at])) return;
    host.drift += 1;
    const set = host.sets.get(raw.drift.numbers.setid[index]);
    if (set) set.drift += 1;
  });
  for (const counts of host.sets.values()) {
    host.down += counts.down;
    host.disabled += counts.disabled;
  }
  return host;
}

function readFleet(text) {
  const data = JSON.parse(text);
  const hosts = Object.entries(data.hosts).map(([name, raw], index) => readHost(name, raw, index));
  return { made: data.made, notAsked: data.not_asked, hosts };
}

// What is worst comes first: servers, then destinations that nobody watches, then what only differs.
function badness(host) {
  const restart = host.restartDue ? 1 : 0;
  return [host.runs ? 0 : 1, host.errors, host.blind, host.down, restart, host.drift, host.warnings, host.disabled];
}

function worstFirst(left, right) {
  const mine = badness(left);
  const theirs = badness(right);
  for (let index = 0; index < mine.length; index += 1) {
    if (mine[index] !== theirs[index]) return theirs[index] - mine[index];
  }
  return byName(left, right);
}

const inOrder = new Intl.Collator("en", { numeric: true }).compare;

function byName(left, right) {
  return inOrder(left.name, right.name);
}

function many(count, singular, plural) {
  return count + " " + (count === 1 ? singular : plural || singular + "s");
}

function sum(hosts, name) {
  return hosts.reduce((total, host) => total + host[name], 0);
}

// What the verdict counts: hosts by their state, and those with something else, and how much of it.
function tallyOf(hosts) {
  const counts = { hosts: hosts.length };
  for (const { state } of hosts) counts[state] = (counts[state] || 0) + 1;
  for (const name of ["blind", "down", "drift"]) {
    counts[name] = sum(hosts, name);
    counts[name + "_hosts"] = hosts.filter((host) => host[name]).length;
  }
  counts.restart_hosts = hosts.filter((host) => host.restartDue).length;
  counts.pings_off_hosts = hosts.filter((host) => host.pingsStopped).length;
  counts.wrong_hosts = hosts.filter((host) => host.errors || host.warnings).length;
  return counts;
}

// "3 of 42 hosts would not start; 17 destinations on 5 hosts are blind."
function verdictOf(counts) {
  const parts = [];
  const of = (count) => count + " of " + many(counts.hosts, "host");
  for (const [state, words] of [
    ["would not start", ["would not start", "would not start"]],
    ["unreachable", ["is unreachable", "are unreachable"]],
    ["does not answer", ["does not answer", "do not answer"]],
    ["not compared", ["runs and cannot be compared with its list", "run and cannot be compared with their list"]],
    ["files cannot be judged", ["has files that cannot be judged", "have files that cannot be judged"]],
  ]) {
    const count = counts[state];
    if (count) parts.push((parts.length ? count : of(count)) + " " + words[count === 1 ? 0 : 1]);
  }
  for (const [name, words] of [["blind", "blind"], ["down", "down"]]) {
    const count = counts[name];
    const where = " on " + many(counts[name + "_hosts"], "host") + (count === 1 ? " is " : " are ");
    if (count) parts.push(many(count, "destination") + where + words);
  }
  const restarts = counts.restart_hosts;
  if (restarts) parts.push(many(restarts, "server") + (restarts === 1 ? " needs" : " need") + " a restart");
  if (counts.pings_off_hosts) parts.push("the pings of " + many(counts.pings_off_hosts, "server") + " are stopped");
  const differ = counts.drift_hosts;
  if (differ) parts.push(many(differ, "server") + (differ === 1 ? " differs from its list" : " differ from their lists"));
  if (counts.wrong_hosts) parts.push("files of " + many(counts.wrong_hosts, "host") + " have errors or warnings");
  if (parts.length) return parts.join("; ") + ".";
  return counts.hosts === 1 ? "The host runs, and nothing is wrong." : "All " + counts.hosts + " hosts run, and nothing is wrong.";
}
