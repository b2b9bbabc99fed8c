// Tools as cards: searched as one types, narrowed by category, owner, and what goes in and out.

import { el, newId } from "./dom.js";
import { fold, terms as termsOf } from "./fold.js";

const PAGE = 24;
const MARK = "#find?";

function prepare(tool) {
  const words = [tool.tool, tool.name, tool.description, ...tool.categories, ...tool.tags, ...tool.inputs];
  return { ...tool, owner: tool.tool.split("/")[0], text: fold(words.join("\n")), title: fold(tool.tool) };
}

// Tools whose texts hold every word of the query; those whose name holds it come first.
export function find(tools, query, filters) {
  const terms = termsOf(query);
  const found = tools.filter(
    (tool) =>
      terms.every((term) => tool.text.includes(term)) &&
      Object.entries(filters).every(([key, value]) => !value || [tool[key]].flat().includes(value)),
  );
  if (!terms.length) return found;
  const named = (tool) => terms.every((term) => tool.title.includes(term));
  const first = new Set(found.filter(named));
  return [...first, ...found.filter((tool) => !first.has(tool))];
}

function counted(tools, key) {
  const counts = new Map();
  for (const tool of tools) {
    for (const value of [tool[key]].flat()) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

function film(source) {
  const video = el("video", { src: source, preload: "none", loop: true, playsinline: true, tabindex: "-1", "aria-hidden": "true" });
  video.muted = true;
  // The first frame comes when the card is near; the rest when somebody points at it.
  new IntersectionObserver((entries, watcher) => {
    if (!entries.some((each) => each.isIntersecting)) return;
    watcher.disconnect();
    video.preload = "metadata";
  }, { rootMargin: "200px" }).observe(video);
  return video;
}

function cover(tool, base) {
  const place = el("div", { class: `wt-card-cover wt-drawn wt-makes-${tool.makes}`, style: `--hue:${tool.hue}` });
  if (!tool.picture) return place;
  const source = new URL(tool.picture, base).href;
  place.append(
    tool.moves
      ? film(source)
      : el("img", {
          src: source, alt: "", loading: "lazy", decoding: "async", width: "640", height: "360",
          referrerpolicy: "no-referrer",
        }),
  );
  return place;
}

function card(tool, base) {
  const [owner, ...rest] = tool.tool.split("/");
  const node = el(
    "a",
    { class: "wt-card", href: new URL(tool.page, base).href },
    cover(tool, base),
    el("span", { class: "wt-card-owner", text: owner }),
    el("strong", { text: rest.join("/") }),
    el("p", { text: tool.description }),
    el(
      "small",
      {},
      ...tool.takes.map((kind) => el("span", { text: kind })),
      el("span", { class: "wt-arrow", text: "→" }),
      el("span", { class: "wt-makes", text: tool.makes === "other" ? "something" : tool.makes }),
    ),
  );
  const video = node.querySelector("video");
  if (video && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
    node.addEventListener("pointerenter", () => video.play().catch(() => {}));
    node.addEventListener("pointerleave", () => video.pause());
  }
  return node;
}

function select(label, key, values, changed) {
  const field = el(
    "select",
    { id: newId("filter"), "data-filter": key, onchange: changed },
    el("option", { value: "", text: "any" }),
    ...values.map(([value, count]) => el("option", { value, text: `${value} (${count})` })),
  );
  return [field, el("label", { class: "wt-filter" }, el("span", { text: label }), field)];
}

function count(tools) {
  return `${tools.length} tool${tools.length === 1 ? "" : "s"}`;
}

export function gallery(root, listed) {
  const base = new URL(root.getAttribute("data-tools"), location.href);
  const only = root.dataset.category;
  const tools = listed.map(prepare).filter((tool) => !only || tool.categories.includes(only));
  let shown = PAGE;
  const made = new Map();
  const cardOf = (tool) => {
    if (!made.has(tool)) made.set(tool, card(tool, base));
    return made.get(tool);
  };
  const changed = () => {
    shown = PAGE;
    draw(true);
  };
  const search = el("input", {
    type: "search", class: "wt-search", placeholder: `Search ${count(tools)}`, autocomplete: "off",
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
      const first = shown;
      shown += PAGE;
      draw(false);
      cards.children[first]?.focus();
    },
  });
  const clear = el("button", {
    type: "button", class: "wt-clear", text: "Clear filters",
    onclick: () => {
      search.value = "";
      for (const [field] of filters) field.value = "";
      changed();
      search.focus();
    },
  });

  function draw(keep) {
    const chosen = Object.fromEntries(filters.map(([field]) => [field.dataset.filter, field.value]));
    const found = find(tools, search.value, chosen);
    cards.replaceChildren(...found.slice(0, shown).map(cardOf));
    status.textContent = found.length ? count(found) : "No tool fits.";
    more.hidden = found.length <= shown;
    clear.hidden = !search.value && !Object.values(chosen).some(Boolean);
    if (!keep) return;
    const saved = new URLSearchParams(Object.entries({ q: search.value, ...chosen }).filter(([, value]) => value));
    history.replaceState(null, "", `${location.pathname}${location.search}${saved.size ? MARK + saved : ""}`);
  }

  if (location.hash.startsWith(MARK)) {
    const saved = new URLSearchParams(location.hash.slice(MARK.length));
    search.value = saved.get("q") ?? "";
    for (const [field] of filters) field.value = saved.get(field.dataset.filter) ?? "";
  }
  root.replaceChildren(
    el("div", { class: "wt-finder" }, search, ...filters.map(([, node]) => node)),
    el("div", { class: "wt-count-row" }, status, clear),
    cards,
    more,
  );
  draw(false);
  root.classList.add("wt-ready");
}
