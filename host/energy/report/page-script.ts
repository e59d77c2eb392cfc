/** What runs in the browser: the page has to work from a file, so all of it stands here. */

export const pageStyle = `
body { font: 14px system-ui, sans-serif; margin: 1rem; color: #222; background: #fff; }
header { display: flex; gap: 1.5rem; align-items: baseline; flex-wrap: wrap; }
h1 { font-size: 1.2rem; margin: 0; }
header span { color: #666; }
#legend { display: flex; flex-wrap: wrap; gap: 1rem; margin: .5rem 0; }
#legend i { display: inline-block; width: 1em; height: 1em; margin-right: .3em; vertical-align: -2px; }
table { border-collapse: collapse; margin-top: 1rem; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #ddd; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; }
#notes { color: #a33; }
`;

export const pageScript = `"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const palette = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7f7f7f", "#332288"];
const quiet = { sleep: "#ffffff", idle: "#ffffff", trace: "#ffffff", unknown: "#dddddd", mark: "#eeeeee" };
const colours = data.names.map((name, i) => quiet[name] || palette[i % palette.length]);
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
const amperes = (value) => {
  if (value == null || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  const [scale, unit] = size >= 1 ? [1, "A"] : size >= 1e-3 ? [1e-3, "mA"] : size >= 1e-6 ? [1e-6, "µA"] : [1e-9, "nA"];
  return (value / scale).toPrecision(4) + " " + unit;
};
const time = (value) => value == null ? "–" : value.toFixed(6) + " s";

const legend = document.getElementById("legend");
data.names.forEach((name, i) => {
  const item = document.createElement("span");
  const box = document.createElement("i");
  box.style.background = colours[i];
  if (colours[i] === "#ffffff") box.style.border = "1px solid #999";
  item.append(box, name);
  legend.append(item);
});

const table = document.getElementById("figures");
const heading = ["phase", "n", "time", "charge", "± s", "energy", "± s", "energy, all", "average", "peak"];
[heading, ...data.table].forEach((cells, r) => {
  const row = table.insertRow();
  if (r > 0) row.dataset.name = cells[0];
  cells.forEach((text) => {
    const cell = document.createElement(r === 0 ? "th" : "td");
    cell.textContent = text;
    row.append(cell);
  });
});
data.figures.notes.forEach((note) => {
  const item = document.createElement("li");
  item.textContent = note;
  document.getElementById("notes").append(item);
});

const select = document.getElementById("trace");
data.traces.forEach(({ name }, i) => select.add(new Option(name, i)));
const log = document.getElementById("log");
let plot;

/** The phase at a time: they are in order. */
function phaseAt(phases, at) {
  let low = 0, high = phases.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (phases[middle][2] <= at) low = middle + 1; else high = middle;
  }
  return low < phases.length && phases[low][1] <= at ? data.names[phases[low][0]] : "–";
}

function colourPhases(u, phases) {
  const { left, top, width, height } = u.bbox;
  u.ctx.save();
  u.ctx.globalAlpha = 0.3;
  for (const [name, from, to] of phases) {
    if (to < u.scales.x.min || from > u.scales.x.max || colours[name] === "#ffffff") continue;
    const a = Math.max(left, u.valToPos(from, "x", true));
    const b = Math.min(left + width, u.valToPos(to, "x", true));
    u.ctx.fillStyle = colours[name];
    u.ctx.fillRect(a, top, Math.max(b - a, 1), height);
  }
  u.ctx.restore();
}

function show() {
  const trace = data.traces[select.value];
  const values = (key) => Array.from(new Float32Array(bytes(trace[key])), (v) =>
    Number.isNaN(v) || (log.checked && v <= 0) ? null : v);
  const mean = values("mean"), least = values("least"), most = values("most");
  const times = Array.from(new Float64Array(bytes(trace.times))).slice(0, mean.length);
  if (plot) plot.destroy();
  const value = (u, v) => amperes(v);
  plot = new uPlot({
    width: document.body.clientWidth - 10, height: 420,
    scales: { x: { time: false }, y: log.checked ? { distr: 3 } : {} },
    axes: [{ label: "seconds" }, { label: "current", size: 90, values: (u, all) => all.map((v) => v === null ? "" : amperes(v)) }],
    series: [
      { label: "time", value: (u, v) => time(v) },
      { label: "largest", stroke: "#0002", width: 1, value },
      { label: "least", stroke: "#0002", width: 1, value },
      { label: "mean", stroke: "#000", width: 1, value },
      { label: "phase", value: (u, v, s, i) => i == null ? "–" : phaseAt(trace.phases, times[i]) },
    ],
    bands: [{ series: [1, 2], fill: "#0003" }],
    hooks: { drawClear: [(u) => colourPhases(u, trace.phases)] },
  }, [times, most, least, mean, times.map(() => null)], document.getElementById("plot"));
  // For programs: the plot as it is.
  window.energy = { plot, data };
}
select.onchange = show;
log.onchange = show;
window.onresize = () => plot.setSize({ width: document.body.clientWidth - 10, height: 420 });
show();
`;
