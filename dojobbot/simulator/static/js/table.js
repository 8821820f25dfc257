// Slack's table block as a table: the first row is its head.

import { el } from "./dom.js";
import { unknown } from "./elements.js";
import { withEmoji } from "./emoji.js";
import { richText } from "./richtext.js";

const ALIGNED = { center: "centre", right: "right" };

/** A table block. @param {{rows: object[][], column_settings?: (object|null)[]}} block @param {object} around */
export function table(block, around) {
  const settings = block.column_settings ?? [];
  const look = (column) =>
    [ALIGNED[settings[column]?.align], settings[column]?.is_wrapped && "wrapped"].filter(Boolean).join(" ") || null;
  const row = (cells, tag, scope) =>
    el("tr", {}, cells.map((cell, column) => el(tag, { class: look(column), scope }, content(cell, around.names))));
  const [head, ...rest] = block.rows;
  const drawn = el(
    "table",
    {},
    el("thead", {}, row(head ?? [], "th", "col")),
    el("tbody", {}, rest.map((cells) => row(cells, "td", null))),
  );
  return el("div", { class: "block table-frame", role: "region", "aria-label": "Table", tabindex: "0" }, drawn);
}

function content(cell, names) {
  if (cell.type === "raw_text") return withEmoji(cell.text);
  if (cell.type === "raw_number") return String(cell.value ?? cell.text);
  if (cell.type === "rich_text") return richText(cell, names);
  return unknown(cell);
}
