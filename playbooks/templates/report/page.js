// Copyright (c) 2026, sipfleet.kamailio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";

// The page: what is asked for above, the picture, and the hosts.

const FACETS = [
  ["errors", "errors", (host) => host.errors],
  ["warnings", "warnings", (host) => host.warnings],
  ["blind", "blind destinations", (host) => host.blind],
  ["down", "destinations down", (host) => host.down],
  ["disabled", "disabled destinations", (host) => host.disabled],
  ["restart", "a restart due", (host) => host.restartDue],
  ["pings", "pings stopped", (host) => host.pingsStopped],
  ["drift", "differences from the list", (host) => host.drift],
  ["stopped", "server trouble", (host) => !host.runs],
];

function textOf(host) {
  if (host.text === undefined) {
    const uris = ["list", "server", "absent", "drift"].flatMap((table) => host.raw[table].texts.uri.map((at) => host.raw.words[at]));
    const rules = host.raw.findings.texts.rule.map((at) => host.raw.words[at]);
    host.text = [host.name, ...new Set([...uris, ...rules])].join("\n").toLowerCase();
  }
  return host.text;
}

function facetBox(hosts) {
  const boxes = FACETS.map(([name, words, has]) => {
    const count = hosts.filter(has).length;
    const input = el("input", { type: "checkbox", name: name, disabled: !count });
    return el("label", { class: count ? null : "none" }, input, " " + words + " ", el("span", { class: "count" }, count));
  });
  return el("fieldset", { class: "facets" }, el("legend", null, "Only hosts with any of"), ...boxes);
}

function versionBox(hosts) {
  const versions = [...new Set(hosts.map((host) => host.version))].sort(inOrder);
  const options = versions.map((version) => {
    const count = hosts.filter((host) => host.version === version).length;
    return el("option", { value: "=" + version }, (version || "not known") + " (" + count + ")");
  });
  return el("select", { name: "version" }, el("option", { value: "" }, "all"), ...options);
}

function toolsFor(hosts) {
  return el(
    "form",
    { class: "tools", role: "search" },
    el(
      "div",
      { class: "line" },
      el("label", { class: "grow" }, "Search", el("input", { type: "search", name: "text", placeholder: "host, URI or rule" })),
      el("label", null, "Version", versionBox(hosts)),
      el(
        "label",
        null,
        "Order",
        el("select", { name: "order" }, el("option", { value: "worst" }, "worst first"), el("option", { value: "name" }, "by name")),
      ),
      el("button", { type: "button", name: "all" }, "Show all"),
    ),
    facetBox(hosts),
  );
}

function chosen(form, hosts) {
  const text = form.elements.text.value.trim().toLowerCase();
  const version = form.elements.version.value;
  const facets = FACETS.filter(([name]) => form.elements[name].checked);
  const found = hosts.filter(
    (host) =>
      (!text || textOf(host).includes(text)) &&
      (!version || "=" + host.version === version) &&
      (!facets.length || facets.some(([, , has]) => has(host))),
  );
  return found.sort(form.elements.order.value === "name" ? byName : worstFirst);
}

function start() {
  const fleet = readFleet(document.getElementById("data").textContent);
  const total = fleet.hosts.reduce((count, host) => count + [...host.sets.values()].reduce((all, counts) => all + counts.total, 0), 0);
  const notAsked = fleet.notAsked.length ? " Not asked, for they had failed before: " + fleet.notAsked.join(", ") + "." : "";
  const tally = tallyOf(fleet.hosts);
  const made = document.getElementById("made");
  filled(made, asData({ hosts: tally.hosts, destinations: total, not_asked: fleet.notAsked.length }), []);
  made.textContent =
    "Made " + fleet.made + ". " + many(fleet.hosts.length, "host") + ", " + many(total, "destination") + "." + notAsked;
  const verdict = document.getElementById("verdict");
  filled(verdict, { "data-counts": JSON.stringify(tally) }, []);
  verdict.textContent = verdictOf(tally);

  const form = toolsFor(fleet.hosts);
  const count = el("p", { class: "shown", role: "status" });
  const hint = el("p", { class: "hint", "aria-hidden": "true" });
  const box = el("div", { class: "picture" });
  const list = el("div", { class: "hosts" });
  const picture = el("section", { class: "overview" }, el("h2", null, "Hosts by sets"), legend(), hint, box);
  document.getElementById("main").append(patterns(), form, count, picture, el("section", null, el("h2", null, "Hosts"), list));
  const entries = fleet.hosts.map(hostEntry);
  const idle = "Point at a cell to read it here; click it to go to the set. With the keyboard: arrows and Enter.";
  hint.textContent = idle;

  function show() {
    const hosts = chosen(form, fleet.hosts);
    filled(count, asData({ shown: hosts.length, hosts: fleet.hosts.length }), []);
    count.textContent = hosts.length === fleet.hosts.length ? "" : hosts.length + " of " + many(fleet.hosts.length, "host") + " shown.";
    list.replaceChildren(...hosts.map((host) => entries[host.index]));
    drawPicture(box, hosts);
    markHits();
  }

  function showAll() {
    form.reset();
    show();
  }

  // Rows that the search is about, in hosts that are open.
  function markHits() {
    const text = form.elements.text.value.trim().toLowerCase();
    for (const row of list.querySelectorAll("tr[data-uri]")) row.classList.toggle("hit", Boolean(text) && row.dataset.uri.includes(text));
  }

  function open(host) {
    const entry = entries[host.index];
    entry.open = true;
    fillHost(entry, host);
    markHits();
    return entry;
  }

  // The place that the address names, as #host=k1&set=3.
  function go() {
    const place = new URLSearchParams(location.hash.slice(1));
    const host = fleet.hosts.find(({ name }) => name === place.get("host"));
    if (!host) return;
    if (!entries[host.index].isConnected) showAll();
    const entry = open(host);
    const heading = place.has("set") ? document.getElementById("host-" + host.index + "-set-" + place.get("set")) : null;
    const target = heading || entry.querySelector("summary");
    target.scrollIntoView({ block: "start" });
    target.focus({ preventScroll: true });
  }

  let waiting = 0;
  const later = () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 120);
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => (event.target.name === "text" ? later() : show()));
  form.elements.all.addEventListener("click", showAll);
  list.addEventListener("toggle", markHits, true);
  box.addEventListener("keydown", (event) => moveInPicture(box, event));
  for (const name of ["pointerover", "focusin"]) {
    box.addEventListener(name, (event) => {
      const link = event.target.closest("a");
      hint.textContent = link ? visible(link.getAttribute("aria-label")) : idle;
    });
  }
  // A link to where one already is goes there as well.
  box.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (link && link.getAttribute("href") === location.hash) go();
  });
  addEventListener("hashchange", go);

  // On paper every host that is shown is open.
  let opened = [];
  function unfold() {
    for (const host of fleet.hosts) {
      const entry = entries[host.index];
      if (!entry.isConnected || entry.open) continue;
      open(host);
      opened.push(entry);
    }
  }
  function fold() {
    for (const entry of opened) entry.open = false;
    opened = [];
  }
  addEventListener("beforeprint", unfold);
  addEventListener("afterprint", fold);
  const paper = matchMedia("print");
  paper.addEventListener("change", () => (paper.matches ? unfold() : fold()));

  show();
  if (paper.matches) unfold();
  go();
}

start();
