// Full-text search over the whole site: a dialog with a field and what it finds. The index is a
// list of rows that the build wrote; looking through a few thousand of them takes milliseconds.

import { el, newId } from "./dom.js";
import { finder } from "./find.js";
import { fold, foldedPlaces } from "./fold.js";

const SHOWN = 8;
const AROUND = 70;

let loading = null;

// Fetches the index once; called as soon as a visitor seems to want it.
export function warm(address) {
  loading ??= load(address);
  return loading;
}

async function load(address) {
  const answer = await fetch(address);
  if (!answer.ok) {
    loading = null;
    throw new Error(`${answer.status} for ${answer.url}`);
  }
  return prepare(await answer.json());
}

export function prepare(rows) {
  const entries = rows.map(([page, title, where, text, makes, hue, picture]) => ({
    row: { page, title, where, text, makes, hue, picture },
    title: fold(title),
    text: fold(`${title}\n${where}\n${text}`),
  }));
  return finder(entries);
}

// The rows that fit a query, those that fit best first.
export function search(find, query) {
  const { words, found } = find(query);
  if (!words.length) return { terms: words, tools: [], pages: [], total: 0 };
  const sorted = found.map((entry) => entry.row);
  const tools = sorted.filter((row) => row.makes !== undefined);
  const pages = sorted.filter((row) => row.makes === undefined);
  return { terms: words, tools: tools.slice(0, SHOWN), pages: pages.slice(0, SHOWN), total: sorted.length };
}

// Text as nodes, with the words of the query marked.
function marked(text, terms) {
  const { folded: low, places } = foldedPlaces(text);
  const nodes = [];
  let end = 0;
  for (;;) {
    let best = null;
    for (const term of terms) {
      const at = low.indexOf(term, end);
      if (at >= 0 && (!best || at < best.at || (at === best.at && term.length > best.length))) {
        best = { at, length: term.length };
      }
    }
    if (!best) break;
    const [start, stop] = [places[best.at], places[best.at + best.length]];
    nodes.push(text.slice(places[end], start), el("mark", { text: text.slice(start, stop) }));
    end = best.at + best.length;
  }
  nodes.push(text.slice(places[end]));
  return nodes;
}

function excerpt(text, terms) {
  const line = text.replace(/\s+/g, " ");
  const { folded, places } = foldedPlaces(line);
  const found = terms.map((term) => folded.indexOf(term)).filter((at) => at >= 0);
  const start = Math.max(0, (found.length ? places[Math.min(...found)] : 0) - AROUND / 2);
  return `${start ? "…" : ""}${line.slice(start, start + 3 * AROUND)}`;
}

function thumb(row, covers) {
  const place = el("span", { class: `wt-thumb wt-drawn wt-makes-${row.makes}`, style: `--hue:${row.hue}` });
  if (row.picture) {
    const source = row.picture.includes("://") ? row.picture : new URL(row.picture, covers).href;
    place.append(
      el("img", { src: source, alt: "", width: "64", height: "36", loading: "lazy", referrerpolicy: "no-referrer" }),
    );
  }
  return place;
}

function result(row, terms, base) {
  const tool = row.makes !== undefined;
  return el(
    "a",
    { class: "wt-found", role: "option", id: newId("found"), href: new URL(row.page, base).href, tabindex: "-1", "aria-selected": "false" },
    tool ? thumb(row, base) : el("span", { class: "wt-thumb wt-thumb-page", "aria-hidden": "true" }),
    el(
      "span",
      { class: "wt-found-text" },
      el("strong", {}, ...marked(row.title, terms)),
      row.where ? el("small", { class: "wt-where", text: row.where }) : null,
      el("span", { class: "wt-excerpt" }, ...marked(excerpt(row.text, terms), terms)),
    ),
  );
}

function group(label, rows, terms, base) {
  if (!rows.length) return null;
  const id = newId("group");
  return el(
    "div",
    { role: "group", "aria-labelledby": id },
    el("div", { class: "wt-group", id, text: label }),
    ...rows.map((row) => result(row, terms, base)),
  );
}

// The dialog behind `opener`, whose data-index is the address of the index.
export function searchDialog(opener) {
  const address = new URL(opener.dataset.index, location.href).href;
  const listId = newId("results");
  const field = el("input", {
    type: "search", role: "combobox", class: "wt-find", placeholder: "Search tools and guides", autocomplete: "off",
    spellcheck: "false", "aria-label": "Search", "aria-controls": listId, "aria-expanded": "false", "aria-autocomplete": "list",
  });
  const list = el("div", { class: "wt-results", role: "listbox", id: listId, "aria-label": "Results", tabindex: "-1" });
  const status = el("p", { class: "wt-find-status", role: "status" });
  const close = el("button", { type: "button", class: "wt-close", text: "Esc", "aria-label": "Close (Esc)" });
  const dialog = el(
    "dialog",
    { class: "wt-dialog md-typeset", "aria-label": "Search" },
    el("div", { class: "wt-find-row" }, field, close),
    list,
    status,
  );
  document.body.append(dialog);
  let active = -1;
  const rows = () => [...list.querySelectorAll(".wt-found")];

  function mark(index) {
    const all = rows();
    all[active]?.setAttribute("aria-selected", "false");
    active = index;
    all[active]?.setAttribute("aria-selected", "true");
    all[active]?.scrollIntoView({ block: "nearest" });
    if (all[active]) field.setAttribute("aria-activedescendant", all[active].id);
    else field.removeAttribute("aria-activedescendant");
  }

  async function draw() {
    const query = field.value;
    let index;
    try {
      index = await warm(address);
    } catch {
      status.textContent = "The search index cannot be loaded.";
      return;
    }
    if (query !== field.value) return;
    const found = search(index, query);
    const groups = [
      group("Tools", found.tools, found.terms, address),
      group("Guides and reference", found.pages, found.terms, address),
    ];
    list.replaceChildren(...groups.filter(Boolean));
    field.setAttribute("aria-expanded", String(found.total > 0));
    mark(found.total ? 0 : -1);
    const shown = found.tools.length + found.pages.length;
    status.textContent = !query.trim()
      ? ""
      : found.total === 0 ? "Nothing fits." : `${shown} of ${found.total} result${found.total === 1 ? "" : "s"}`;
  }

  field.addEventListener("input", draw);
  field.addEventListener("keydown", (event) => {
    const count = rows().length;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && count) {
      event.preventDefault();
      mark((active + step + count) % count);
    } else if (event.key === "Enter") {
      event.preventDefault();
      rows()[active]?.click();
    } else if (event.key === "Escape") {
      // A search field would only be emptied.
      event.preventDefault();
      dialog.close();
    }
  });
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest(".wt-found")) dialog.close();
  });
  return {
    open() {
      if (dialog.open) return;
      warm(address).catch(() => {});
      dialog.showModal();
      field.select();
    },
  };
}
