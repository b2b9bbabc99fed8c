// Two runs side by side, of one tool or of two, with what differs between them.

import { el } from "./dom.js";
import { costOf, outputs, seconds, STATES, title, when } from "./runs.js";

const LONGEST = 400;

const shown = (value) => (value === undefined ? "left out" : typeof value === "string" ? value || "(empty)" : JSON.stringify(value));

const valueOf = (run, name) => (run.labels?.[name] === undefined ? run.body[name] : `${run.labels[name]} (${run.body[name]})`);

// The words of two texts, each with whether the other has it in the same order.
function marked(first, second) {
  const [a, b] = [first, second].map((text) => text.split(/(?<=\s)/));
  if (a.length > LONGEST || b.length > LONGEST) return [[[first, true]], [[second, true]]];
  const same = (i, j) => a[i].trim() === b[j].trim();
  // How many words are common from here to the end.
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i][j] = same(i, j) ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const found = [[], []];
  // Words that stand together are one text.
  const add = (words, word, differs) => {
    const last = words.at(-1);
    if (last?.[1] === differs) last[0] += word;
    else words.push([word, differs]);
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && same(i, j)) {
      add(found[0], a[i++], false);
      add(found[1], b[j++], false);
    } else if (j >= b.length || (i < a.length && common[i + 1][j] >= common[i][j + 1])) {
      add(found[0], a[i++], true);
    } else {
      add(found[1], b[j++], true);
    }
  }
  return found;
}

function cells(first, second) {
  if (first === undefined || second === undefined) return [first, second].map((value) => el("td", { text: shown(value) }));
  return marked(shown(first), shown(second)).map((words) =>
    el("td", {}, ...words.map(([word, differs]) => (differs ? el("mark", { text: word }) : word))),
  );
}

function side(run, name) {
  const facts = [run.tool, STATES[run.state] ?? run.state, when(run), costOf(run), seconds(run)];
  return el(
    "div",
    { class: "wt-side", "data-state": run.state },
    el("h4", { text: `${name}: ${title(run)}` }),
    el("p", { class: "wt-run-facts", text: facts.filter(Boolean).join(" · ") }),
    el("div", { class: "wt-outputs" }, ...outputs(run)),
    run.text ? el("pre", { class: "wt-run-text", tabindex: "0", "aria-label": `Text of ${name}`, text: run.text }) : null,
    run.error ? el("p", { class: "wt-problem", text: run.error }) : null,
  );
}

export function differences(first, second) {
  const names = [...new Set([...Object.keys(first.body), ...Object.keys(second.body)])];
  const changed = names.filter((name) => JSON.stringify(first.body[name]) !== JSON.stringify(second.body[name]));
  const rows = changed.map((name) =>
    el("tr", {}, el("th", { scope: "row" }, el("code", { text: name })), ...cells(valueOf(first, name), valueOf(second, name))),
  );
  if (first.tool !== second.tool) {
    rows.unshift(el("tr", {}, el("th", { scope: "row", text: "Tool" }), el("td", { text: first.tool }), el("td", { text: second.tool })));
  }
  const head = el("tr", {}, ...["Input", "A", "B"].map((text) => el("th", { scope: "col", text })));
  const count = changed.length === 1 ? "1 input differs" : `${changed.length} inputs differ`;
  return [
    el("h3", { text: changed.length ? count : "The same inputs", tabindex: "-1" }),
    rows.length ? el("div", { class: "wt-differences", role: "region", tabindex: "0", "aria-label": "What differs" }, el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows))) : null,
    el("div", { class: "wt-sides" }, side(first, "A"), side(second, "B")),
  ].filter(Boolean);
}
