// Slack's data_visualization block: a picture for the eye, and its numbers as a table for everybody.

import { el } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDE = 560;
const NARROW = 320;
const LETTER = 6.5;
const HEIGHT = 200;
const LEFT = 40;
const RIGHT = 14;
const BOTTOM = 26;
const TOP = 10;
const COLOURS = 12;

/** A data_visualization block. @param {{title: string, chart: object}} block */
export function chart(block) {
  const { chart: drawn } = block;
  const isPie = drawn.type === "pie";
  const names = isPie ? drawn.segments.map((segment) => segment.label) : drawn.series.map((series) => series.name);
  return el(
    "figure",
    { class: "block chart" },
    el("figcaption", {}, block.title),
    isPie ? pie(block.title, drawn.segments) : axes(block.title, drawn),
    legend(names, isPie ? drawn.segments.map((segment) => segment.value) : []),
    el("details", {}, el("summary", {}, "The numbers"), isPie ? numbers(["", "Value"], rowsOf(drawn.segments)) : table(drawn)),
  );
}

function legend(names, values) {
  const entry = (name, index) =>
    el("li", {}, el("span", { class: `key ${colour(index)}`, "aria-hidden": "true" }), values.length ? `${name} ${plain(values[index])}` : name);
  return el("ul", { class: "legend" }, names.map(entry));
}

const rowsOf = (points) => points.map((point) => [point.label, plain(point.value)]);

function table(drawn) {
  const labels = drawn.axis_config.categories;
  const rows = labels.map((label, index) => [label, ...drawn.series.map((series) => plain(series.data[index].value))]);
  return numbers(["", ...drawn.series.map((series) => series.name)], rows);
}

function numbers(head, rows) {
  const row = (cells, first, rest, scope) => el("tr", {}, cells.map((cell, index) => el(index ? rest : first, { scope: index ? scope : "row" }, cell)));
  return el(
    "div",
    { class: "table-frame" },
    el("table", {}, el("thead", {}, row(head, "td", "th", "col")), el("tbody", {}, rows.map((cells) => row(cells, "th", "td", null)))),
  );
}

function pie(title, segments) {
  const total = segments.reduce((sum, segment) => sum + segment.value, 0);
  const radius = HEIGHT / 2 - TOP;
  const at = (share) => {
    const angle = 2 * Math.PI * share - Math.PI / 2;
    return `${(HEIGHT / 2 + radius * Math.cos(angle)).toFixed(2)} ${(HEIGHT / 2 + radius * Math.sin(angle)).toFixed(2)}`;
  };
  let begun = 0;
  const slices = segments.map((segment, index) => {
    const from = begun;
    begun += segment.value / total;
    const titled = svg("title", {}, `${segment.label}: ${plain(segment.value)}`);
    if (segments.length === 1) return svg("circle", { cx: HEIGHT / 2, cy: HEIGHT / 2, r: radius, class: colour(index) }, titled);
    const large = begun - from > 0.5 ? 1 : 0;
    const path = `M ${HEIGHT / 2} ${HEIGHT / 2} L ${at(from)} A ${radius} ${radius} 0 ${large} 1 ${at(begun)} Z`;
    return svg("path", { d: path, class: `slice ${colour(index)}` }, titled);
  });
  return picture(title, "pie", HEIGHT, slices);
}

/** Bars, lines or areas over their categories. */
function axes(title, drawn) {
  const labels = drawn.axis_config.categories;
  // Drawn for its place, so that words keep their size on a phone.
  const width = innerWidth < 720 ? NARROW : WIDE;
  const most = Math.max(1, ...drawn.series.flatMap((series) => series.data.map((point) => point.value)));
  const top = roundUp(most);
  const step = (width - LEFT - RIGHT) / labels.length;
  const y = (value) => HEIGHT - BOTTOM - (Math.max(0, value) / top) * (HEIGHT - BOTTOM - TOP);
  const lines = [0, top / 2, top].flatMap((value) => [
    svg("line", { x1: LEFT, x2: width, y1: y(value), y2: y(value), class: "grid" }),
    svg("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, plain(value)),
  ]);
  const longest = Math.max(...labels.map((label) => label.length)) * LETTER + 8;
  const every = Math.ceil(longest / step);
  const words = labels.map((label, index) =>
    index % every === 0 && svg("text", { x: LEFT + step * (index + 0.5), y: HEIGHT - 8, "text-anchor": "middle" }, label),
  );
  const draw = { bar: bars, line, area }[drawn.type];
  const shapes = drawn.series.map((series, index) => draw(series, index, drawn.series.length, step, y));
  return picture(title, drawn.type, width, [...lines, ...words.filter(Boolean), ...shapes.flat()]);
}

function bars(series, index, count, step, y) {
  const width = (step * 0.8) / count;
  return series.data.map((point, place) =>
    svg(
      "rect",
      { x: LEFT + step * (place + 0.1) + width * index, y: y(point.value), width: width * 0.92, height: HEIGHT - BOTTOM - y(point.value), class: colour(index) },
      svg("title", {}, `${point.label}, ${series.name}: ${plain(point.value)}`),
    ),
  );
}

const points = (series, step, y) => series.data.map((point, place) => `${LEFT + step * (place + 0.5)},${y(point.value)}`);

function line(series, index, _count, step, y) {
  return [svg("polyline", { points: points(series, step, y).join(" "), class: `line ${colour(index)}` }, svg("title", {}, series.name))];
}

function area(series, index, _count, step, y) {
  const end = LEFT + step * (series.data.length - 0.5);
  const base = [`${end},${y(0)}`, `${LEFT + step * 0.5},${y(0)}`];
  const corners = [...points(series, step, y), ...base].join(" ");
  return [svg("polygon", { points: corners, class: `area ${colour(index)}` }, svg("title", {}, series.name))];
}

function picture(title, kind, width, shapes) {
  const label = `${title}, a ${kind} chart; its numbers are below`;
  return svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, class: `chart-${kind}`, role: "img", "aria-label": label }, ...shapes);
}

const colour = (index) => `colour-${index % COLOURS}`;
const plain = (value) => new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 }).format(value);

/** The least even "round" number that is not below a value, so that its half is round as well. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [2, 4, 6, 8, 10, 20].map((step) => step * power).find((round) => round >= value);
}

function svg(tag, properties, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(properties)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}
