// The options of an input as cards: all of them, searched as one types, and put into the form.

import { el } from "./dom.js";
import { fold, terms as termsOf } from "./fold.js";

const PAGE = 48;

function scales(settings) {
  return settings.map(([, , low, high, fallback, step]) => {
    const parts = [];
    if (low !== null || high !== null) parts.push(`${low ?? "…"} to ${high ?? "…"}`);
    if (step) parts.push(`by ${step}`);
    if (fallback !== null) parts.push(`default ${fallback}`);
    return parts.join(", ");
  });
}

// Lines break between the words of a long name, never inside of one.
function breakable(name) {
  return name.split(/(?<=[._])/).flatMap((part) => [part, el("wbr")]);
}

function card(input, row, choose) {
  const [value, name, label = value, description = "", words = [], settings = []] = row;
  const shown = label || value || "(empty)";
  return el(
    "li",
    { class: "wt-choice" },
    el("strong", { text: shown }),
    value !== shown ? el("code", { class: "wt-value", text: value || '""' }) : null,
    description && description !== label ? el("p", { text: description }) : null,
    words.length
      ? el("p", { class: "wt-words" }, ...words.map((word) => el("span", { text: word })))
      : null,
    ...scales(settings).filter(Boolean).map((text) => el("small", { text: `Scale ${text}` })),
    el(
      "div",
      { class: "wt-choice-end" },
      name ? el("code", {}, ...breakable(`${input.class}.${name}`)) : null,
      el("button", { type: "button", text: "Use", "aria-label": `Use ${shown}`, onclick: () => choose(input.name, value) }),
    ),
  );
}

// Takes the place of the table in `place`, which shows the first options to those without scripts.
export function optionGallery(place, tool, choose) {
  const input = tool.inputs.find((each) => each.name === place.dataset.input);
  const options = input?.options ?? [];
  if (!options.length) return;
  const entries = options.map((row) => ({ row, text: fold(row.flat(2).join("\n")) }));
  const status = el("p", { class: "wt-count", role: "status" });
  const cards = el("ul", { class: "wt-choices" });
  const search = el("input", {
    type: "search", class: "wt-search", autocomplete: "off", spellcheck: "false",
    placeholder: `Search ${options.length} option${options.length === 1 ? "" : "s"}`,
    "aria-label": `Search the options of ${input.name}`,
  });
  const more = el("button", { type: "button", class: "wt-more", text: "Show more" });
  let found = entries;
  let shown = 0;

  function append() {
    const next = found.slice(shown, shown + PAGE);
    cards.append(...next.map(({ row }) => card(input, row, choose)));
    shown += next.length;
    more.hidden = shown >= found.length;
    status.textContent = shown < found.length || search.value ? `${shown} of ${found.length} shown` : "";
  }

  function draw() {
    const terms = termsOf(search.value);
    found = entries.filter(({ text }) => terms.every((term) => text.includes(term)));
    cards.replaceChildren();
    shown = 0;
    append();
  }

  search.addEventListener("input", draw);
  more.addEventListener("click", () => {
    const first = cards.children.length;
    append();
    cards.children[first]?.querySelector("button").focus();
  });
  draw();
  place.replaceChildren(...(options.length > 12 ? [search, status] : []), cards, more);
  place.classList.add("wt-ready");
}
