"use strict";

// Colours of operators by what they are.
const COLOURS = {
  attention: ["#e9dcfb", "#7c4dbe"], norm: ["#d9f2df", "#2f8f4e"], activation: ["#ffe6cc", "#c4730d"], rotary: ["#d3f1f1", "#13868a"],
  recurrent: ["#fddbe8", "#bd3670"], product: ["#dbe8fd", "#2f64b8"], movement: ["#eceef1", "#8a94a3"], port: ["#fff6cf", "#a68a00"], other: ["#ffffff", "#6b7686"],
};
const PRODUCTS = /^(MatMul|Gemm|Einsum|Conv|QLinear)/;
const MOVEMENTS = /^(Reshape|Transpose|Squeeze|Unsqueeze|Flatten|Concat|Split|Slice|Expand|Tile|Pad|Identity|Cast|Shape|Size|Gather|Range|ConstantOfShape)/;

function colours(n) {
  if (n.op === "input" || n.op === "output") return COLOURS.port;
  if (n.kind) return COLOURS[n.kind] || COLOURS.other;
  if (PRODUCTS.test(n.op)) return COLOURS.product;
  if (MOVEMENTS.test(n.op)) return COLOURS.movement;
  return COLOURS.other;
}

// What stands on a node: its operator, and the shape of a weight or the name of a port.
function label(n) {
  if (n.op === "input" || n.op === "output") return n.op + "\n" + short(n.name || "", 28);
  const weights = (n.in || []).filter((o) => o.from < 0 && o.type && /\[.+\]/.test(o.type) && !/^i\d/.test(o.type)).map((o) => o.type.replace(/^\w+/, ""));
  return weights.length ? n.op + "\n" + short(weights.slice(0, 2).join(" "), 30) : n.op;
}

const short = (s, n) => (s.length > n ? s.slice(0, n - 1) + "…" : s);
const wide = (s) => Math.max(...s.split("\n").map((l) => l.length));

const STYLE = [
  { selector: "node", style: { shape: "round-rectangle", width: "data(w)", height: "data(h)", "background-color": "data(fill)", "border-color": "data(line)", "border-width": 1,
    label: "data(label)", "font-size": 11, "font-family": "system-ui, sans-serif", "text-valign": "center", "text-halign": "center", "text-wrap": "wrap", color: "#1c2430", "min-zoomed-font-size": 5 } },
  { selector: "node.closed", style: { "background-color": "#f3f5f9", "border-color": "#7b879a", "border-width": 1.5, "text-wrap": "wrap" } },
  { selector: "node.block", style: { "background-color": "#fafbfc", "border-color": "#c9d0da", "text-valign": "top", "text-halign": "center", "font-size": 12, color: "#5a6575", padding: 12, "text-margin-y": -4, "min-zoomed-font-size": 6 } },
  { selector: "edge", style: { width: 1.2, "line-color": "#9aa5b4", "target-arrow-color": "#9aa5b4", "target-arrow-shape": "triangle", "arrow-scale": 0.8, "curve-style": "bezier",
    label: "data(label)", "font-size": 8, "font-family": "ui-monospace, monospace", color: "#5a6575", "text-background-color": "#ffffff", "text-background-opacity": 0.85, "text-background-padding": 1, "min-zoomed-font-size": 6 } },
  { selector: "edge.bent", style: { "curve-style": "segments", "segment-distances": "data(distances)", "segment-weights": "data(weights)", "edge-distances": "endpoints", "source-endpoint": "data(from)", "target-endpoint": "data(to)" } },
  { selector: "edge.far", style: { "curve-style": "unbundled-bezier", "control-point-distances": "data(bow)", "control-point-weights": 0.5, "line-style": "dashed", opacity: 0.35, label: "" } },
  { selector: "edge.plain", style: { label: "" } },
  { selector: "node.missed", style: { "border-width": 2.5, "border-color": "#c01c28", "border-style": "dashed" } },
  { selector: "edge.cross", style: { "line-color": "#c3cad4", "target-arrow-color": "#c3cad4" } },
  { selector: ".linked", style: { "border-width": 3, "border-color": "#d98200", "background-color": "#ffe9b8" } },
  { selector: "node:selected", style: { "border-width": 3, "border-color": "#c01c28" } },
  { selector: "edge.many", style: { visibility: "hidden" } },
  { selector: "edge.touched", style: { visibility: "visible", "line-color": "#c01c28", "target-arrow-color": "#c01c28", opacity: 1, width: 2, label: "data(label)", "z-index": 9 } },
  { selector: "edge.noshapes", style: { label: "" } },
];

// A graph in one half of the page. Blocks of nodes stand one below the other, each laid out for itself when it is opened, so that any number of nodes can be shown.
class Pane {
  constructor(section, graph, what) {
    this.graph = graph;
    this.what = what;
    const operators = graph.nodes.filter((n) => n.op !== "input" && n.op !== "output").length;
    section.querySelector("h2").textContent = `${what}: ${operators.toLocaleString("en")} operators`;
    this.box = section.querySelector(".graph");
    this.blockOf = new Int32Array(graph.nodes.length);
    graph.blocks.forEach((b, i) => this.blockOf.fill(i, b.first, b.end));
    this.open = new Array(graph.blocks.length).fill(graph.nodes.length <= 140);
    this.layouts = new Map();
    const missed = new Set(what === AFTER ? DATA.missed.map((m) => m.node) : []);
    this.missed = graph.nodes.map((n) => missed.has(n.name));
    this.users = graph.nodes.map(() => []);
    graph.nodes.forEach((n, i) => (n.in || []).forEach((o, k) => o.from >= 0 && this.users[o.from].push([i, k])));
    this.cy = cytoscape({ container: this.box, style: STYLE, autoungrabify: true, boxSelectionEnabled: false, minZoom: 0.01, maxZoom: 4, hideEdgesOnViewport: graph.nodes.length > 2000 });
    this.cy.on("tap", "node", (e) => this.tapped(e.target));
    this.cy.on("tap", (e) => e.target === this.cy && clear());
    this.cy.on("dbltap", "node.block", (e) => this.toggle(+e.target.id().slice(1)));
  }

  // layout places the nodes of a block with dagre; positions are relative to its top and middle.
  layout(i) {
    let l = this.layouts.get(i);
    if (l) return l;
    const b = this.graph.blocks[i];
    const g = new dagre.graphlib.Graph({ multigraph: true });
    g.setGraph({ rankdir: "TB", nodesep: 26, ranksep: 34, ranker: b.end - b.first > 120 ? "longest-path" : "network-simplex" });
    g.setDefaultEdgeLabel(() => ({}));
    for (let k = b.first; k < b.end; k++) {
      const text = label(this.graph.nodes[k]);
      g.setNode(String(k), { width: Math.max(54, wide(text) * 6.6 + 14), height: text.includes("\n") ? 36 : 24 });
    }
    for (let k = b.first; k < b.end; k++)
      (this.graph.nodes[k].in || []).forEach((o, p) => {
        if (o.from >= b.first && o.from < b.end) g.setEdge(String(o.from), String(k), {}, String(p));
      });
    dagre.layout(g);
    const size = g.graph();
    l = { width: size.width, height: size.height, nodes: new Map(), edges: new Map() };
    g.nodes().forEach((v) => { const n = g.node(v); l.nodes.set(+v, { x: n.x - size.width / 2, y: n.y, w: n.width, h: n.height }); });
    g.edges().forEach((e) => l.edges.set(`${e.w}:${e.name}`, g.edge(e).points.map((p) => ({ x: p.x - size.width / 2, y: p.y }))));
    this.layouts.set(i, l);
    return l;
  }

  // draw shows everything anew, as blocks are open or closed.
  draw() {
    const elements = [], single = this.graph.blocks.length === 1;
    let y = 0;
    this.graph.blocks.forEach((b, i) => {
      if (!this.open[i]) {
        const text = `${short(b.title, 46)}\n${b.summary ? short(b.summary, 52) + "\n" : ""}${b.end - b.first} nodes`;
        const h = b.summary ? 58 : 44;
        elements.push({ group: "nodes", data: { id: "b" + i, label: text, w: Math.max(150, wide(text) * 6.4 + 18), h, fill: "#f3f5f9", line: "#7b879a" }, position: { x: 0, y: y + h / 2 }, classes: "closed" });
        y += h + 46;
        return;
      }
      const l = this.layout(i), top = y + (single ? 0 : 34);
      if (!single) elements.push({ group: "nodes", data: { id: "b" + i, label: short(b.title, 70), fill: "#fafbfc", line: "#c9d0da", w: 10, h: 10 }, classes: "block" });
      l.nodes.forEach((p, k) => {
        const n = this.graph.nodes[k], [fill, line] = colours(n);
        elements.push({ group: "nodes", data: { id: "n" + k, parent: single ? undefined : "b" + i, label: label(n), w: p.w, h: p.h, fill, line }, position: { x: p.x, y: top + p.y }, classes: this.missed[k] ? "missed" : "" });
      });
      y = top + l.height + (single ? 0 : 50);
    });
    this.edges(elements);
    this.cy.startBatch();
    this.cy.elements().remove();
    this.cy.add(elements);
    this.cy.endBatch();
    this.shapes();
  }

  // edges adds what goes from node to node; those that end in the same two closed blocks are one.
  edges(elements) {
    const seen = new Map(), told = new Set(); // results whose shape stands on an edge already
    const far = new Map(); // edges over blocks between, by where they begin: many are shown only when an end is chosen
    this.graph.nodes.forEach((n, k) => (n.in || []).forEach((o, p) => {
      if (o.from < 0) return;
      const a = this.blockOf[o.from], b = this.blockOf[k];
      const source = this.open[a] ? "n" + o.from : "b" + a, target = this.open[b] ? "n" + k : "b" + b;
      if (source === target) return;
      const key = this.open[a] && this.open[b] ? `${source}:${o.index || 0}>${target}:${p}` : source + ">" + target, old = seen.get(key);
      if (old) {
        if (old.data.shape !== o.type) old.data.label = `${++old.count} values`;
        return;
      }
      const e = { group: "edges", data: { id: key, source, target, label: o.type || "", shape: o.type }, classes: "", count: 1 };
      if (a === b) {
        const bent = this.bend(a, o.from, k, p);
        if (bent) { Object.assign(e.data, bent); e.classes = "bent"; }
      } else if (b - a > 1) {
        e.classes = "far";
        far.has(source) ? far.get(source).push(e) : far.set(source, [e]);
        e.data.bow = -Math.min(600, 60 + 12 * (b - a));
      }
      if (a !== b && !e.classes) e.classes = "cross";
      const result = `${source}:${o.index || 0}`;
      if (told.has(result)) e.classes += " plain";
      told.add(result);
      seen.set(key, e);
      elements.push(e);
    }));
    for (const list of far.values()) if (list.length > 3) list.forEach((e) => (e.classes += " many"));
  }

  // bend gives the corners that dagre routes an edge around, in the terms of cytoscape: parts of the way from end to end, and distances from it.
  bend(block, from, to, port) {
    const l = this.layouts.get(block), points = l.edges.get(`${to}:${port}`), p = l.nodes.get(from), q = l.nodes.get(to);
    if (!points || points.length <= 3) return null;
    const a = points[0], b = points[points.length - 1];
    const dx = b.x - a.x, dy = b.y - a.y, length = Math.hypot(dx, dy);
    if (!length || !p || !q) return null;
    const weights = [], distances = [];
    for (const c of points.slice(1, -1)) {
      weights.push((((c.x - a.x) * dx + (c.y - a.y) * dy) / length / length).toFixed(3));
      distances.push((((c.x - a.x) * -dy + (c.y - a.y) * dx) / length).toFixed(1));
    }
    const end = (e, n) => `${(e.x - n.x).toFixed(1)}px ${(e.y - n.y).toFixed(1)}px`;
    return { weights: weights.join(" "), distances: distances.join(" "), from: end(a, p), to: end(b, q) };
  }

  shapes() {
    const on = document.getElementById("shapes").checked;
    this.cy.edges().toggleClass("noshapes", !on);
  }

  toggle(i, redraw = true) {
    this.open[i] = !this.open[i];
    if (redraw) this.keeping("b" + i, () => this.draw());
  }

  // keeping changes what is shown and leaves an element where it is on the screen.
  keeping(id, change) {
    const top = (e) => (e.isParent() ? e.boundingBox({ includeLabels: false }).y1 : e.position().y - e.height() / 2);
    const before = this.cy.getElementById(id), y = before.length ? top(before) : null;
    change();
    const after = this.cy.getElementById(id);
    if (y !== null && after.length) this.cy.panBy({ x: 0, y: (y - top(after)) * this.cy.zoom() });
  }

  setAll(open) {
    this.open.fill(open);
    this.draw();
    this.fit();
  }

  // fit shows all of a small graph, and the top of a large one at a size that can be read.
  fit() {
    this.cy.fit(undefined, 24);
    if (this.cy.zoom() < 0.45) {
      const box = this.cy.elements().boundingBox();
      const zoom = Math.min(0.9, Math.max(0.45, (this.box.clientWidth - 48) / Math.min(box.w, 900)));
      this.cy.zoom(zoom);
      this.cy.pan({ x: this.box.clientWidth / 2 - ((box.x1 + box.x2) / 2) * zoom, y: 24 - box.y1 * zoom });
    }
  }

  tapped(e) {
    const id = e.id();
    if (e.hasClass("closed")) return this.toggle(+id.slice(1));
    if (id[0] === "n") choose(this, +id.slice(1), false);
  }

  // reveal opens the blocks of nodes, marks them, and moves them into sight.
  reveal(list, mark, move = true) {
    let closed = false;
    for (const k of list) if (!this.open[this.blockOf[k]]) { this.open[this.blockOf[k]] = true; closed = true; }
    if (closed) this.draw();
    this.cy.elements().removeClass("linked touched");
    this.cy.elements().unselect();
    let all = this.cy.collection();
    for (const k of list) all = all.union(this.cy.getElementById("n" + k));
    if (mark === "selected") { all.select(); all.connectedEdges().addClass("touched"); } else all.addClass("linked");
    if (!all.length || !move) return;
    const box = all.boundingBox(), zoom = Math.max(0.35, Math.min(1.1, (this.box.clientWidth - 80) / box.w, (this.box.clientHeight - 80) / box.h));
    this.cy.stop();
    this.cy.animate({ zoom, center: { eles: all } }, { duration: 200 });
  }
}

const AFTER = "After the passes";
const before = new Pane(document.getElementById("left"), DATA.before, "As imported");
const after = new Pane(document.getElementById("right"), DATA.after, AFTER);

// Which nodes became which, by the numbers of imported nodes.
const byNumber = new Map(), became = new Map();
DATA.before.nodes.forEach((n, i) => (n.numbers || []).forEach((k) => byNumber.set(k, i)));
DATA.after.nodes.forEach((n, i) => (n.numbers || []).forEach((k) => became.has(k) ? became.get(k).push(i) : became.set(k, [i])));
const ports = (graph, n) => graph.nodes.flatMap((m, i) => (m.op === n.op && m.name === n.name && m.of === n.of ? [i] : []));

function counterparts(pane, n) {
  if (n.op === "input" || n.op === "output") return ports(pane === before ? DATA.after : DATA.before, n);
  if (pane === after) return (n.numbers || []).filter((k) => byNumber.has(k)).map((k) => byNumber.get(k));
  return [...new Set((n.numbers || []).flatMap((k) => became.get(k) || []))];
}

function choose(pane, k, move = true) {
  const n = pane.graph.nodes[k], other = pane === before ? after : before, linked = counterparts(pane, n);
  pane.reveal([k], "selected", move);
  other.reveal(linked, "linked");
  detail(pane, k, other, linked);
}

function clear() {
  for (const p of [before, after]) { p.cy.elements().removeClass("linked touched"); p.cy.elements().unselect(); }
  overview();
}

// The text beside the graphs.
const aside = document.getElementById("detail");

function add(parent, tag, text, cls) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (cls) e.className = cls;
  parent.append(e);
  return e;
}

function link(parent, pane, k, text) {
  const li = add(parent, "li");
  const dot = add(li, "span", undefined, "dot");
  dot.style.background = colours(pane.graph.nodes[k])[1];
  const a = add(li, "span", text, "link");
  a.onclick = () => choose(pane, k);
  return li;
}

const titled = (n) => (n.name ? `${n.op} ${n.name}` : n.op);
const MANY = 200;

function links(title, pane, list) {
  add(aside, "h4", `${title} (${list.length})`);
  const ul = add(aside, "ul");
  list.slice(0, MANY).forEach((k) => link(ul, pane, k, titled(pane.graph.nodes[k])));
  if (list.length > MANY) add(ul, "li", `and ${list.length - MANY} more`);
}

function detail(pane, k, other, linked) {
  const n = pane.graph.nodes[k];
  aside.replaceChildren();
  add(aside, "h3", n.op);
  if (n.name) add(aside, "code", n.name);
  if (n.of) add(aside, "div", "in " + n.of);
  if (n.attrs) { add(aside, "h4", "Attributes"); add(aside, "code", n.attrs); }
  if (n.in && n.in.length) {
    add(aside, "h4", "Inputs");
    const ul = add(aside, "ul");
    n.in.forEach((o) => {
      if (o.from >= 0) add(link(ul, pane, o.from, titled(pane.graph.nodes[o.from])), "code", " " + (o.type || ""));
      else add(add(ul, "li"), "code", o.type || o.text ? `${o.text || "constant"} ${o.type || ""}` : "absent");
    });
  }
  if (n.out && n.out.length) {
    add(aside, "h4", "Results");
    const ul = add(aside, "ul");
    const used = new Set(pane.users[k].map(([i, p]) => pane.graph.nodes[i].in[p].index || 0));
    n.out.forEach((t, i) => (i === 0 || used.has(i)) && add(add(ul, "li"), "code", t));
    const users = [...new Set(pane.users[k].map(([i]) => i))];
    if (users.length) links("Used by", pane, users);
  }
  if (linked.length) links(pane === after ? "Made of" : "Became", other, linked);
  else if (n.op !== "input" && n.op !== "output") add(aside, "h4", pane === after ? "Added by the passes" : "Left nothing behind");
  const miss = DATA.missed.filter((m) => pane === after && m.node === n.name);
  miss.forEach((m) => add(aside, "div", `not ${m.kind}: ${m.because}`, "miss"));
}

// overview lists what was found and missed while nothing is selected.
function overview() {
  aside.replaceChildren();
  add(aside, "h3", "Found");
  const groups = new Map();
  DATA.after.nodes.forEach((n, i) => { if (n.kind) { const key = n.kind + " " + n.op; groups.has(key) ? groups.get(key).push(i) : groups.set(key, [i]); } });
  const ul = add(aside, "ul");
  for (const list of groups.values()) {
    const li = link(ul, after, list[0], `${list.length} ${DATA.after.nodes[list[0]].op}`);
    li.querySelector(".link").onclick = () => { after.reveal(list, "linked"); before.reveal([...new Set(list.flatMap((k) => counterparts(after, DATA.after.nodes[k])))], "linked", false); };
  }
  if (!groups.size) add(ul, "li", "no parts of a network");
  add(aside, "h4", DATA.missed.length ? "Not recognised" : "Nothing that looks like a part was missed.");
  const missed = add(aside, "ul");
  DATA.missed.slice(0, MANY).forEach((m) => {
    const k = DATA.after.nodes.findIndex((n) => n.name === m.node);
    const li = k < 0 ? add(missed, "li", m.node) : link(missed, after, k, m.node);
    add(li, "div", `${m.kind}: ${m.because}`, "miss");
  });
  add(aside, "h4", "Colours");
  const legend = add(aside, "ul");
  for (const [name, [, line]] of Object.entries(COLOURS)) { const li = add(legend, "li"); add(li, "span", undefined, "dot").style.background = line; li.append(name); }
  add(aside, "h4", "Use");
  const use = add(aside, "ul");
  ["click a node: what it became or was made of", "click a closed block to open it, double-click an open one to close it", "/ to search, Enter for the next hit"].forEach((s) => add(use, "li", s));
}

// Search goes through both graphs, the optimised one first.
const search = document.getElementById("search"), hits = document.getElementById("hits");
let found = [], at = -1;

function find() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  found = [];
  at = -1;
  if (words.length) for (const p of [after, before])
    p.graph.nodes.forEach((n, k) => { const s = `${n.op} ${n.name || ""}`.toLowerCase(); if (words.every((w) => s.includes(w))) found.push([p, k]); });
  hits.textContent = words.length ? `${found.length} found` : "";
}

function next(step) {
  if (!found.length) return;
  at = (at + step + found.length) % found.length;
  hits.textContent = `${at + 1} of ${found.length}`;
  choose(...found[at]);
}

search.oninput = find;
search.onkeydown = (e) => { if (e.key === "Enter") next(e.shiftKey ? -1 : 1); if (e.key === "Escape") { search.value = ""; find(); search.blur(); clear(); } };
document.onkeydown = (e) => { if (e.key === "/" && document.activeElement !== search) { e.preventDefault(); search.focus(); } };
document.getElementById("expand").onclick = () => [before, after].forEach((p) => p.setAll(true));
document.getElementById("collapse").onclick = () => [before, after].forEach((p) => p.setAll(false));
document.getElementById("fit").onclick = () => [before, after].forEach((p) => p.fit());
document.getElementById("shapes").onchange = () => [before, after].forEach((p) => p.shapes());

for (const p of [before, after]) { p.draw(); p.fit(); }
overview();
