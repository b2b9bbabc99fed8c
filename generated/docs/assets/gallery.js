// Tools as cards: chosen by what one wants to do, searched as one types, narrowed by topic, owner,
// and what goes in and out.

import { el, newId } from "./dom.js";
import { finder } from "./find.js";
import { fold } from "./fold.js";

const PAGE = 24;
const MARK = "#find?";

const NEW_DAYS = 30;
const PURPOSES = {
  image: "Make an image", edit: "Edit an image", video: "Make a video", voice: "Make a voice",
  music: "Make music", text: "Write text", "3d": "Make a 3D model", other: "Something else",
};
const DAY = 86_400_000;

function prepare(tool, newest, oldest) {
  const words = [tool.tool, tool.name, tool.description, ...tool.categories, ...tool.tags, ...tool.inputs];
  const since = Date.parse(tool.since ?? "");
  const fresh = since > oldest && newest - since <= NEW_DAYS * DAY;
  return {
    ...tool,
    owner: tool.tool.split("/")[0],
    text: fold(words.join("\n")),
    title: fold(tool.tool),
    topic: tool.topics.map(([slug]) => slug),
    since: since || 0,
    fresh,
    // A new tool stands beside those with a thousand times as many runs.
    featured: Math.log10((tool.runs ?? 0) + 1) + (fresh ? 3 : 0),
  };
}

const ORDERS = {
  featured: ["Featured", (a, b) => b.featured - a.featured],
  newest: ["Newest", (a, b) => b.since - a.since || b.featured - a.featured],
  name: ["Name", () => 0],
};

function fits(tool, filters) {
  return Object.entries(filters).every(([key, value]) => !value || [tool[key]].flat().includes(value));
}

// What each topic is called: the commonest spelling.
function topicNames(tools) {
  const counts = new Map();
  for (const tool of tools) {
    for (const [slug, name] of tool.topics) {
      if (!counts.has(slug)) counts.set(slug, new Map());
      counts.get(slug).set(name, (counts.get(slug).get(name) ?? 0) + 1);
    }
  }
  const names = new Map();
  for (const [slug, spelt] of counts) names.set(slug, [...spelt].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0][0]);
  return names;
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
  // The first frame comes when the card is near; the rest when the pointer is on it.
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
    tool.fresh ? el("span", { class: "wt-new", text: "New" }) : null,
    el("span", { class: "wt-card-owner", text: owner }),
    el("strong", { text: rest.join("/") }),
    el("p", { text: tool.description }),
    el(
      "small",
      {},
      ...tool.takes.map((kind) => el("span", { text: kind })),
      el("span", { class: "wt-arrow", text: "→" }),
      el("span", { class: "wt-makes", text: tool.makes === "other" ? "something" : tool.makes }),
      tool.price ? el("b", { text: tool.price }) : null,
    ),
  );
  const video = node.querySelector("video");
  if (video && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
    node.addEventListener("pointerenter", () => video.play().catch(() => {}));
    node.addEventListener("pointerleave", () => video.pause());
  }
  return node;
}

function select(label, key, values, changed, names = new Map()) {
  const field = el(
    "select",
    { id: newId("filter"), "data-filter": key, onchange: changed },
    el("option", { value: "", text: "any" }),
    ...values.map(([value, count]) => el("option", { value, text: `${names.get(value) ?? value} (${count})` })),
  );
  return [field, el("label", { class: "wt-filter" }, el("span", { text: label }), field)];
}

function count(tools) {
  return `${tools.length} tool${tools.length === 1 ? "" : "s"}`;
}

// Buttons for what people come for; one of them, or none, is pressed.
function purposeBar(tools, changed) {
  let chosen = "";
  const counts = new Map(counted(tools, "purpose"));
  const buttons = Object.keys(PURPOSES)
    .filter((key) => counts.has(key))
    .map((key) =>
      el(
        "button",
        { type: "button", class: `wt-purpose wt-to-${key}`, "data-purpose": key, onclick: () => choose(chosen === key ? "" : key, true) },
        el("span", { text: PURPOSES[key] }),
        el("small", { text: String(counts.get(key)) }),
      ),
    );
  const choose = (key, tell) => {
    chosen = key;
    for (const each of buttons) each.setAttribute("aria-pressed", String(each.dataset.purpose === chosen));
    if (tell) changed();
  };
  choose("", false);
  const node = el("div", { class: "wt-purpose-bar", role: "group", "aria-label": "What do you want to do?" }, ...buttons);
  return { node, choose: (key) => choose(counts.has(key) ? key : "", false), chosen: () => chosen };
}

export function gallery(root, listed) {
  const base = new URL(root.getAttribute("data-tools"), location.href);
  const only = root.dataset.category;
  const dates = listed.map((tool) => Date.parse(tool.since ?? "")).filter(Boolean);
  const [newest, oldest] = [Math.max(...dates), Math.min(...dates)];
  const tools = listed
    .map((tool) => prepare(tool, newest, oldest))
    .filter((tool) => !only || tool.topic.includes(only));
  const sorted = Object.fromEntries(
    Object.entries(ORDERS).map(([key, [, order]]) => [key, finder([...tools].sort(order))]),
  );
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
  const names = topicNames(tools);
  const filters = [
    ["Topic", "topic"], ["Owner", "owner"], ["Takes", "takes"], ["Makes", "makes"],
  ]
    .filter(([, key]) => !(only && key === "topic"))
    .map(([label, key]) => select(label, key, counted(tools, key), changed, key === "topic" ? names : undefined));
  const purposes = purposeBar(tools, changed);
  const order = el(
    "select",
    { id: newId("order"), onchange: changed },
    ...Object.entries(ORDERS).map(([value, [text]]) => el("option", { value, text })),
  );
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
      purposes.choose("");
      changed();
      search.focus();
    },
  });

  function draw(keep) {
    const chosen = Object.fromEntries(filters.map(([field]) => [field.dataset.filter, field.value]));
    if (purposes.chosen()) chosen.purpose = purposes.chosen();
    const found = sorted[order.value](search.value).found.filter((tool) => fits(tool, chosen));
    cards.replaceChildren(...found.slice(0, shown).map(cardOf));
    status.textContent = found.length ? count(found) : "No tool fits.";
    more.hidden = found.length <= shown;
    clear.hidden = !search.value && !Object.values(chosen).some(Boolean);
    if (!keep) return;
    const by = order.value === "featured" ? "" : order.value;
    const state = Object.entries({ q: search.value, ...chosen, order: by });
    const saved = new URLSearchParams(state.filter(([, value]) => value));
    history.replaceState(null, "", `${location.pathname}${location.search}${saved.size ? MARK + saved : ""}`);
  }

  if (location.hash.startsWith(MARK)) {
    const saved = new URLSearchParams(location.hash.slice(MARK.length));
    search.value = saved.get("q") ?? "";
    for (const [field] of filters) field.value = saved.get(field.dataset.filter) ?? "";
    purposes.choose(saved.get("purpose") ?? "");
    if (saved.get("order") in ORDERS) order.value = saved.get("order");
  }
  root.replaceChildren(
    ...(only ? [] : [purposes.node]),
    el(
      "div",
      { class: "wt-finder" },
      search,
      ...filters.map(([, node]) => node),
      el("label", { class: "wt-filter" }, el("span", { text: "Order" }), order),
    ),
    el("div", { class: "wt-count-row" }, status, clear),
    cards,
    more,
  );
  draw(false);
  root.classList.add("wt-ready");
}
