// Tools as cards: searched as one types, narrowed by category, owner, and what goes in and out.

import { el, newId } from "./dom.js";

const PAGE = 24;
const MARK = "#find?";

function prepare(tool) {
  const words = [tool.tool, tool.name, tool.description, ...tool.categories, ...tool.tags, ...tool.inputs];
  return { ...tool, owner: tool.tool.split("/")[0], text: words.join("\n").toLowerCase(), title: tool.tool.toLowerCase() };
}

// Tools whose texts hold every word of the query; those whose name holds it come first.
export function find(tools, query, filters) {
  const terms = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = tools.filter(
    (tool) =>
      terms.every((term) => tool.text.includes(term)) &&
      Object.entries(filters).every(([key, value]) => !value || [tool[key]].flat().includes(value)),
  );
  if (!terms.length) return found;
  const rank = (tool) => (terms.every((term) => tool.title.includes(term)) ? 0 : 1);
  return found.sort((a, b) => rank(a) - rank(b));
}

function counted(tools, key) {
  const counts = new Map();
  for (const tool of tools) {
    for (const value of [tool[key]].flat()) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

function hue(text) {
  let value = 0;
  for (const char of text) value = (value * 31 + char.codePointAt(0)) % 360;
  return value;
}

function cover(tool) {
  const place = el("div", { class: "wt-card-cover", style: `--hue:${hue(tool.tool)}` });
  place.append(el("span", { "aria-hidden": "true", text: [...tool.tool.split("/")[1]].slice(0, 2).join("") }));
  if (tool.cover && !/\.(mp4|webm|mov)$/i.test(tool.cover)) {
    place.append(
      el("img", {
        src: tool.cover, alt: "", loading: "lazy", decoding: "async", width: "320", height: "180",
        referrerpolicy: "no-referrer",
      }),
    );
  }
  return place;
}

function card(tool, base) {
  return el(
    "a",
    { class: "wt-card", href: new URL(tool.page, base).href },
    cover(tool),
    el("strong", { text: tool.tool }),
    el("p", { text: tool.description }),
    el("small", { text: [tool.takes.join(" + "), tool.makes].filter(Boolean).join(" → ") }),
  );
}

function select(label, key, values, changed) {
  const field = el(
    "select",
    { id: newId("filter"), "data-filter": key, onchange: changed },
    el("option", { value: "", text: `any` }),
    ...values.map(([value, count]) => el("option", { value, text: `${value} (${count})` })),
  );
  return [field, el("label", { class: "wt-filter" }, el("span", { text: label }), field)];
}

export function gallery(root, listed) {
  const base = new URL(root.getAttribute("data-tools"), location.href);
  const only = root.dataset.category;
  const tools = listed.map(prepare).filter((tool) => !only || tool.categories.includes(only));
  let shown = PAGE;
  const changed = () => {
    shown = PAGE;
    draw(true);
  };
  const search = el("input", {
    type: "search", class: "wt-search", placeholder: `Search ${tools.length} tools`, autocomplete: "off",
    "aria-label": "Search tools", oninput: changed,
  });
  const filters = [
    ["Category", "categories"], ["Owner", "owner"], ["Takes", "takes"], ["Makes", "makes"],
  ]
    .filter(([, key]) => !(only && key === "categories"))
    .map(([label, key]) => select(label, key, counted(tools, key), changed));
  const cards = el("div", { class: "wt-cards-grid" });
  const status = el("p", { class: "wt-count", role: "status" });
  const more = el("button", {
    type: "button", class: "wt-more", text: "Show more",
    onclick: () => {
      shown += PAGE;
      draw(false);
    },
  });

  function draw(keep) {
    const chosen = Object.fromEntries(filters.map(([field]) => [field.dataset.filter, field.value]));
    const found = find(tools, search.value, chosen);
    cards.replaceChildren(...found.slice(0, shown).map((tool) => card(tool, base)));
    status.textContent = `${found.length} tool${found.length === 1 ? "" : "s"}`;
    more.hidden = found.length <= shown;
    if (!keep) return;
    const saved = new URLSearchParams(Object.entries({ q: search.value, ...chosen }).filter(([, value]) => value));
    history.replaceState(null, "", `${location.pathname}${location.search}${saved.size ? MARK + saved : ""}`);
  }

  if (location.hash.startsWith(MARK)) {
    const saved = new URLSearchParams(location.hash.slice(MARK.length));
    search.value = saved.get("q") ?? "";
    for (const [field] of filters) field.value = saved.get(field.dataset.filter) ?? "";
  }
  root.replaceChildren(search, el("div", { class: "wt-filters" }, ...filters.map(([, node]) => node)), status, cards, more);
  draw(false);
  root.classList.add("wt-ready");
}
