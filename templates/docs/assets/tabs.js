// Tabs and choices that last: the same language on every page.

import { el, newId, recall, remember } from "./dom.js";

const KEY = "wiro-tools.tab";

// `names` maps keys to labels; `show(key)` is called whenever another tab is chosen.
export function tabs(names, label, panel, show) {
  panel.id ||= newId("panel");
  panel.setAttribute("role", "tabpanel");
  panel.tabIndex = 0;
  const buttons = Object.entries(names).map(([key, text]) =>
    el("button", {
      type: "button", role: "tab", id: newId("tab"), "data-tab": key, text,
      "aria-controls": panel.id, onclick: () => choose(key, true),
    }),
  );
  const list = el("div", { class: "wt-tabs", role: "tablist", "aria-label": label }, ...buttons);

  function choose(key, keep) {
    for (const each of buttons) {
      const selected = each.dataset.tab === key;
      each.setAttribute("aria-selected", String(selected));
      each.tabIndex = selected ? 0 : -1;
      if (selected) panel.setAttribute("aria-labelledby", each.id);
    }
    if (keep) remember(KEY, key);
    show(key);
  }

  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const place = buttons.indexOf(document.activeElement);
    const next = buttons[(place + step + buttons.length) % buttons.length];
    next.focus();
    choose(next.dataset.tab, true);
  });
  const kept = recall(KEY);
  choose(kept in names ? kept : Object.keys(names)[0], false);
  return list;
}

const SHELL_KEY = "wiro-tools.shell";

// A few buttons of which one is pressed. `names` maps keys to labels; the last is first on Windows.
export function choice(names, label, changed) {
  const keys = Object.keys(names);
  const kept = recall(SHELL_KEY);
  let chosen = keys.includes(kept) ? kept : keys.at(/^Win/.test(navigator.platform) ? -1 : 0);
  const buttons = keys.map((key) =>
    el("button", { type: "button", "data-key": key, text: names[key], onclick: () => choose(key) }),
  );
  const press = () => {
    for (const each of buttons) each.setAttribute("aria-pressed", String(each.dataset.key === chosen));
  };
  function choose(key) {
    chosen = key;
    remember(SHELL_KEY, key);
    press();
    changed();
  }
  press();
  const node = el("div", { class: "wt-dialect", role: "group", "aria-label": label }, ...buttons);
  return { node, chosen: () => chosen };
}
