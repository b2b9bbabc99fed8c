// A searchable list: a text field with the matching options below it (the combobox pattern).

import { el, newId } from "./dom.js";
import { fold, terms as termsOf } from "./fold.js";
import { optionsOf } from "./meant.js";

const SHOWN = 50;

function haystacks(options) {
  return options.map(([value, , label = value, description = "", words = []]) => ({
    value,
    label,
    description,
    words,
    text: fold([label, value, description, ...words].join("\n")),
  }));
}

function matches(entries, query) {
  const terms = termsOf(query);
  const found = entries.filter((each) => terms.every((term) => each.text.includes(term)));
  const whole = fold(query.trim());
  const first = (each) => (whole && fold(each.label).includes(whole) ? 0 : 1);
  return whole ? found.sort((a, b) => first(a) - first(b)) : found;
}

function row(entry, id) {
  return el(
    "div",
    { class: "wt-option", role: "option", id, "aria-selected": "false", "data-value": entry.value },
    el("span", { class: "wt-option-label", text: entry.label || "(empty)" }),
    entry.value !== entry.label ? el("code", { text: entry.value || '""' }) : null,
    entry.description ? el("small", { text: entry.description }) : null,
    entry.words.length ? el("small", { class: "wt-words", text: entry.words.join(" · ") }) : null,
  );
}

// `choose(value)` is called with a listed value, or with typed text when `free` is true.
export function picker({ input, label, free, choose, placeholder }) {
  const options = input.options ?? [];
  const entries = haystacks(options);
  const listId = newId("list");
  let active = -1;
  const list = el("div", { role: "listbox", id: listId, "aria-label": label });
  const field = el("input", {
    type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", placeholder,
    "aria-expanded": "false", "aria-controls": listId, "aria-autocomplete": "list",
  });
  const note = el("div", { class: "wt-list-note", "aria-live": "polite" });
  // Browsers take a box that scrolls into the order of Tab, and this one is gone by then.
  const popup = el("div", { class: "wt-list", hidden: true, tabindex: "-1" }, list, note);
  const rows = () => [...list.querySelectorAll(".wt-option")];

  function mark(index) {
    active = index;
    rows().forEach((each, place) => {
      each.setAttribute("aria-selected", String(place === index));
      if (place === index) each.scrollIntoView({ block: "nearest" });
    });
    const current = rows()[index];
    if (current) field.setAttribute("aria-activedescendant", current.id);
    else field.removeAttribute("aria-activedescendant");
  }

  function show() {
    const found = matches(entries, field.value);
    const more = found.length - SHOWN;
    note.textContent = !found.length
      ? free ? "Not listed; Enter takes it as it is." : "Nothing fits."
      : more > 0 ? `${more} more; type to narrow.` : "";
    list.replaceChildren(...found.slice(0, SHOWN).map((each) => row(each, newId("option"))));
    list.hidden = !found.length;
    popup.hidden = false;
    field.setAttribute("aria-expanded", "true");
    mark(-1);
  }

  function hide() {
    popup.hidden = true;
    field.setAttribute("aria-expanded", "false");
    mark(-1);
  }

  function take(value) {
    field.value = "";
    hide();
    choose(value);
  }

  // What the typed text means without a choice from the list: the one option that fits, an id, or
  // the first option that is listed. Other text that fits something is not taken unasked.
  function meant(unasked) {
    const typed = field.value.trim();
    if (!typed) return null;
    const [id, ...others] = optionsOf(input)?.find(typed) ?? [];
    if (id !== undefined && !others.length) return id;
    const found = matches(entries, typed);
    if (free && (/^\d+$/.test(typed) || !found.length)) return typed;
    return unasked || !found.length ? null : found[0].value;
  }

  field.addEventListener("focus", show);
  field.addEventListener("click", show);
  field.addEventListener("input", show);
  field.addEventListener("blur", () => {
    hide();
    const value = meant(true);
    if (value !== null) take(value);
  });
  field.addEventListener("keydown", (event) => {
    const count = rows().length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (popup.hidden) show();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (count) mark((active + step + count) % count);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (popup.hidden) return;
      const value = active >= 0 ? rows()[active].dataset.value : meant(false);
      if (value !== null) take(value);
    } else if (event.key === "Escape") {
      hide();
    }
  });
  list.addEventListener("pointerdown", (event) => {
    // Keeps the focus in the field, so that leaving it does not close the list first.
    event.preventDefault();
    const target = event.target.closest(".wt-option");
    if (target) take(target.dataset.value);
  });
  return { field, node: el("div", { class: "wt-picker" }, field, popup) };
}
