// Tabs whose choice lasts: the same language on every page.

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
