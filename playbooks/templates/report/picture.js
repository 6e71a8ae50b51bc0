// Copyright (c) 2026, sipfleet.kamailio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";

// The picture of the fleet: a row for each host, a column for each set.

const STATE_SIGNS = {
  runs: "●",
  "would not start": "✕",
  unreachable: "?",
  "does not answer": "–",
  "not compared": "○",
  "files cannot be judged": "!",
};
// A share is seen however small it is.
const THINNEST = 3;

function linkTo(host, setid) {
  const place = { host: host.name };
  if (setid !== undefined) place.set = setid;
  return "#" + new URLSearchParams(place);
}

// "10 destinations: 4 blind, 6 probed; 1 down; differs from the list"
function setWords(host, counts) {
  const shares = KINDS.filter((kind) => counts[kind]).map((kind) => counts[kind] + " " + KIND_WORDS[kind]);
  const parts = [many(counts.total, "destination") + (shares.length && !host.dead ? ": " + shares.join(", ") : "")];
  for (const name of ["down", "disabled", "failing"]) if (counts[name]) parts.push(counts[name] + " " + name);
  if (counts.absent) parts.push(counts.absent + " not in the server");
  if (counts.drift) parts.push("differs from the list");
  if (!host.answers) parts.push("by the files, as nothing is known of the server");
  return parts.join("; ");
}

// The widths of shares that fill a width, none thinner than can be seen.
function widthsOf(shares, total, width) {
  const widths = shares.map((count) => (count ? Math.max(THINNEST, (count / total) * width) : 0));
  const whole = widths.reduce((all, part) => all + part, 0);
  const widest = widths.indexOf(Math.max(...widths));
  widths[widest] -= whole - width;
  return widths;
}

function cell(host, setid, counts, x, y, size) {
  const link = svg("a", {
    href: linkTo(host, setid),
    class: host.answers ? "cell" : "cell files",
    "aria-label": host.name + ", set " + setid + ", " + setWords(host, counts),
    tabindex: -1,
    "data-host": host.name,
    "data-set": setid,
    "data-counts": JSON.stringify(counts),
  });
  const { width, bar, strip } = size;
  link.append(svg("rect", { class: "back", x: x, y: y, width: width, height: size.height }));
  let left = x;
  if (counts.total) {
    widthsOf(KINDS.map((kind) => counts[kind]), counts.total, width).forEach((part, index) => {
      if (part > 0) link.append(svg("rect", { class: KINDS[index], x: left, y: y, width: part, height: bar }));
      left += part;
    });
  }
  left = x;
  for (const name of ["down", "disabled"]) {
    if (!counts[name]) continue;
    const part = Math.max(THINNEST, (counts[name] / counts.total) * width);
    link.append(svg("rect", { class: name, x: left, y: y + bar, width: Math.min(part, x + width - left), height: strip }));
    left += part;
  }
  link.append(svg("rect", { class: "frame", x: x, y: y, width: width, height: bar + strip }));
  if (counts.drift || counts.absent) {
    const right = x + width;
    const corner = Math.min(9, bar * 0.7);
    link.append(svg("path", { class: "differs", d: `M${right - corner} ${y}H${right}V${y + corner}Z` }));
  }
  if (size.words) link.append(svg("text", { x: x, y: y + size.height - 2 }, shortWords(host, counts)));
  return link;
}

function shortWords(host, counts) {
  if (!host.answers) return "files: " + (counts.blind ? counts.blind + " blind" : many(counts.total, "destination"));
  const parts = [];
  if (counts.blind) parts.push(counts.blind + " of " + counts.total + " blind");
  if (counts.down) parts.push(counts.down + " down");
  if (counts.absent) parts.push(counts.absent + " missing");
  if (counts.disabled) parts.push(counts.disabled + " disabled");
  if (parts.length) return parts.slice(0, 2).join(", ");
  if (counts.once) parts.push(counts.once + " once only");
  if (counts.not_asked) parts.push(counts.not_asked + " not probed");
  if (counts.unknown) parts.push(counts.unknown + " not known");
  if (counts.watched && !parts.length) parts.push(counts.watched + " probed");
  return parts.join(", ");
}

// A few hosts are drawn with words, many so that all of them are seen at once.
function sizeFor(hosts, sets, space) {
  if (hosts <= 25 && sets <= 8) {
    const width = Math.max(96, Math.min(150, Math.floor((space - 140) / Math.max(1, sets)) - 10));
    return { rows: 25, label: 130, width, height: 34, bar: 15, strip: 5, gap: 8, font: 12, words: true };
  }
  const width = sets <= 12 ? 30 : sets <= 30 ? 20 : 12;
  if (hosts <= 100) return { rows: 34, label: 120, width, height: 16, bar: 12, strip: 4, gap: 3, font: 11 };
  return { rows: 50, label: 84, width: Math.min(width, 16), height: 11, bar: 8, strip: 3, gap: 2, font: 9.5 };
}

function cut(text, width, font) {
  const room = Math.max(4, Math.floor(width / (font * 0.58)));
  return text.length > room ? text.slice(0, room - 1) + "…" : text;
}

function panel(hosts, sets, size, first) {
  const step = size.width + size.gap;
  const head = size.font + 8;
  const line = size.height + size.gap;
  const width = size.label + Math.max(size.label, sets.length * step) + 2;
  const height = head + hosts.length * line + 2;
  const named = sets.length ? "sets " + sets[0] + " to " + sets[sets.length - 1] : "no sets";
  const drawn = svg("svg", {
    class: "panel",
    role: "group",
    "aria-label": "Hosts " + (first + 1) + " to " + (first + hosts.length) + ", " + named,
    width: width,
    height: height,
    viewBox: `0 0 ${width} ${height}`,
    "font-size": size.font,
  });
  // Numbers that would run into each other are left out.
  const every = Math.ceil((String(sets[sets.length - 1] || "").length * size.font * 0.62 + 3) / step);
  sets.forEach((setid, index) => {
    if (index % every) return;
    const words = size.words ? "set " + setid : setid;
    drawn.append(svg("text", { class: "head", x: size.label + index * step, y: size.font }, words));
  });
  hosts.forEach((host, row) => drawn.append(rowOf(host, sets, size, head + row * line, step)));
  return drawn;
}

function rowOf(host, sets, size, y, step) {
  const drawn = svg("g", { class: "row" });
  const base = y + size.bar - Math.max(0, (size.bar - size.font) / 2) - 1;
  const name = svg(
    "a",
    { href: linkTo(host), class: "name", tabindex: -1, "aria-label": host.name + ": " + host.state, "data-host": host.name },
    svg("text", { class: "sign", x: 1, y: base }, STATE_SIGNS[host.state] || "?"),
    svg("text", { x: size.font + 3, y: base }, cut(visible(host.name), size.label - size.font - 6, size.font)),
  );
  drawn.append(name);
  if (!host.dead) {
    sets.forEach((setid, index) => {
      const counts = host.sets.get(setid);
      if (counts) drawn.append(cell(host, setid, counts, size.label + index * step, y, size));
    });
  }
  if (host.dead || !host.sets.size) {
    const width = Math.max(size.label, sets.length * step) - size.gap;
    const words = host.dead ? host.state : "no destinations";
    const label = host.name + ": " + words;
    const values = asData({ host: host.name, state: host.dead ? host.state : "no destinations" });
    const bar = svg("a", { href: linkTo(host), class: "nothing", tabindex: -1, "aria-label": label, ...values });
    bar.append(svg("rect", { class: "frame", x: size.label, y: y, width: width, height: size.bar + size.strip }));
    const small = Math.min(size.font, size.bar);
    const text = cut(words, width - 6, small);
    bar.append(svg("text", { x: size.label + 4, y: y + (size.bar + size.strip + small * 0.7) / 2, "font-size": small }, text));
    drawn.append(bar);
  }
  return drawn;
}

// The pattern of each share, so that nobody has to tell colours apart.
function patterns() {
  const stripes = (id, back, turn, step, line) =>
    svg(
      "pattern",
      { id: id, width: step, height: step, patternUnits: "userSpaceOnUse", patternTransform: `rotate(${turn})` },
      svg("rect", { class: back, width: step, height: step }),
      svg("rect", { class: line, width: step / 2.5, height: step }),
    );
  const dots = svg(
    "pattern",
    { id: "p-unknown", width: 4, height: 4, patternUnits: "userSpaceOnUse" },
    svg("rect", { class: "fill-paper", width: 4, height: 4 }),
    svg("circle", { class: "fill-soft", cx: 1.5, cy: 1.5, r: 1 }),
  );
  return svg(
    "svg",
    { class: "patterns", width: 0, height: 0, "aria-hidden": "true" },
    svg(
      "defs",
      null,
      stripes("p-blind", "fill-blind", 45, 5, "fill-ink"),
      stripes("p-once", "fill-paper", 90, 4, "fill-once"),
      stripes("p-disabled", "fill-paper", 0, 3, "fill-ink"),
      stripes("p-nothing", "fill-paper", -45, 6, "fill-wash"),
      dots,
    ),
  );
}

function legend() {
  const bar = 14;
  const swatch = (...shapes) => svg("svg", { class: "swatch", width: 34, height: 18, "aria-hidden": "true" }, ...shapes);
  const frame = (height) => svg("rect", { class: "frame", x: 0.5, y: 0.5, width: 33, height: height });
  const share = (kind) => swatch(svg("rect", { class: kind, x: 0.5, y: 0.5, width: 33, height: bar }), frame(bar));
  const strip = (kind) => swatch(svg("rect", { class: kind, x: 0.5, y: 12, width: 20, height: 5 }), frame(16.5));
  const entry = (about, drawn, word, more) =>
    el("li", { "data-about": about }, drawn, el("span", null, el("b", null, word), more ? " " + more : null));
  const signs = Object.entries(STATE_SIGNS).map(([state, sign]) => sign + " " + state);
  return el(
    "ul",
    { class: "legend", "aria-label": "Legend" },
    entry("blind", share("blind"), "blind", "probing is asked for, and nothing does it"),
    entry("once", share("once"), "until the first ping or answer", "and never again"),
    entry("not_asked", share("not_asked"), "not probed", "and nobody asks for it"),
    entry("watched", share("watched"), "probed", "all the time"),
    entry("unknown", share("unknown"), "cannot be told"),
    entry("down", strip("down"), "down", "gets no calls"),
    entry("disabled", strip("disabled"), "disabled", "by hand or by the list"),
    entry("differs", swatch(frame(16.5), svg("path", { class: "differs", d: "M24.5 0.5H33.5V9.5Z" })), "corner", "server and list differ"),
    entry("files", swatch(svg("g", { class: "files" }, frame(16.5))), "dashed", "by the files: nothing is known of the server"),
    el("li", { class: "signs" }, signs.join("   ")),
  );
}

// Draws the hosts into a box. The whole picture is one stop of the tab key; arrows go on from there.
function drawPicture(box, hosts) {
  const sets = [...new Set(hosts.flatMap((host) => (host.dead ? [] : [...host.sets.keys()])))].sort((a, b) => a - b);
  const size = sizeFor(hosts.length, sets.length, box.clientWidth || 1000);
  const panels = [];
  for (let first = 0; first < hosts.length; first += size.rows) {
    panels.push(panel(hosts.slice(first, first + size.rows), sets, size, first));
  }
  box.replaceChildren(...panels);
  const start = box.querySelector("a");
  if (start) start.setAttribute("tabindex", 0);
}

const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

function moveInPicture(box, event) {
  const here = event.target.closest("a");
  const move = ARROWS[event.key];
  if (!here || !move) return;
  event.preventDefault();
  const rows = [...box.querySelectorAll(".row")];
  const row = here.closest(".row");
  const inRow = [...row.querySelectorAll("a")];
  let next = inRow[inRow.indexOf(here) + move[1]];
  if (move[0]) {
    const beside = rows[rows.indexOf(row) + move[0]];
    const column = here.dataset.set;
    const cells = beside ? [...beside.querySelectorAll("a")] : [];
    next = cells.find((candidate) => column && candidate.dataset.set === column) || cells[Math.min(inRow.indexOf(here), cells.length - 1)];
  }
  if (!next) return;
  here.setAttribute("tabindex", -1);
  next.setAttribute("tabindex", 0);
  next.focus();
}
