// Two runs side by side, and the inputs in which they differ.

import { decimal } from "./decimal.js";
import { el } from "./dom.js";
import { dollars } from "./price.js";
import { outputs, title, when } from "./runs.js";

const shown = (value) => (value === undefined ? "left out" : typeof value === "string" ? value || "(empty)" : JSON.stringify(value));

function side(run, name) {
  const facts = [when(run), run.cost && dollars(decimal(run.cost)), run.elapsed && `${run.elapsed} s`].filter(Boolean).join(" · ");
  return el(
    "div",
    { class: "wt-side" },
    el("h4", { text: `${name}: ${title(run)}` }),
    el("p", { class: "wt-run-facts", text: facts }),
    el("div", { class: "wt-outputs" }, ...outputs(run)),
    run.text ? el("pre", { class: "wt-run-text", tabindex: "0", "aria-label": `Text of ${name}`, text: run.text }) : null,
  );
}

export function differences(first, second) {
  const names = [...new Set([...Object.keys(first.body), ...Object.keys(second.body)])];
  const changed = names.filter((name) => JSON.stringify(first.body[name]) !== JSON.stringify(second.body[name]));
  const rows = changed.map((name) =>
    el("tr", {}, el("th", { scope: "row" }, el("code", { text: name })), el("td", { text: shown(first.body[name]) }), el("td", { text: shown(second.body[name]) })),
  );
  const head = el("tr", {}, ...["Input", "A", "B"].map((text) => el("th", { scope: "col", text })));
  const count = changed.length === 1 ? "1 input differs" : `${changed.length} inputs differ`;
  return [
    el("h3", { text: changed.length ? count : "The same inputs" }),
    rows.length ? el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows)) : null,
    el("div", { class: "wt-sides" }, side(first, "A"), side(second, "B")),
  ].filter(Boolean);
}
