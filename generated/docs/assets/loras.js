// Chosen LoRAs: sliders for their scales, their trigger words, and whether the tag is written.

import { el, newId } from "./dom.js";
import { meant } from "./meant.js";
import { picker } from "./picker.js";
import { Lora, number } from "./values.js";

function slider(lora, setting, changed) {
  const [id, kind, low, high, fallback, step, note] = setting;
  const fieldId = newId("scale");
  const shown = () => lora.scales[id]?.text ?? lora.scales[id] ?? fallback ?? "";
  const text = el("input", { type: "text", inputmode: "decimal", id: fieldId, class: "wt-scale" });
  const range =
    low !== null && high !== null
      ? el("input", {
          type: "range", min: low, max: high, "aria-label": `${id} scale`,
          step: step ?? (kind === "number" ? "1" : "any"),
        })
      : null;
  const update = (typed) => {
    if (typed.trim() === "" || typed === fallback) delete lora.scales[id];
    else lora.scales[id] = number(typed);
    changed();
  };
  text.value = shown();
  if (range) range.value = shown();
  text.addEventListener("input", () => {
    if (range) range.value = text.value;
    update(text.value);
  });
  range?.addEventListener("input", () => {
    text.value = range.value;
    update(range.value);
  });
  const name = el("label", { for: fieldId, text: id });
  return el("div", { class: "wt-slider" }, name, range, text, note ? el("small", { text: note }) : null);
}

function words(lora, changed) {
  const listed = lora.option[4] ?? [];
  if (!listed.length) return null;
  const boxes = listed.map((word) => {
    const box = el("input", { type: "checkbox", checked: lora.words.includes(word) });
    box.addEventListener("change", () => {
      lora.words = listed.filter((each) => (each === word ? box.checked : lora.words.includes(each)));
      changed();
    });
    return el("label", { class: "wt-word" }, box, el("span", { text: word }));
  });
  return el("div", { class: "wt-trigger" }, el("small", { text: "Put into the prompt:" }), ...boxes);
}

function card(lora, { remove, changed }) {
  const title = lora.option?.[2] ?? lora.value;
  const settings = lora.option?.[5] ?? [];
  const tag = settings.length
    ? el("input", { type: "checkbox", checked: lora.tag })
    : null;
  tag?.addEventListener("change", () => {
    lora.tag = tag.checked;
    changed();
  });
  return el(
    "div",
    { class: "wt-lora", role: "group", "aria-label": title },
    el(
      "div",
      { class: "wt-lora-head" },
      el("strong", { text: title }),
      el("code", { text: lora.value }),
      el("button", { type: "button", class: "wt-remove", "aria-label": `Remove ${title}`, text: "×", onclick: remove }),
    ),
    ...settings.map((setting) => slider(lora, setting, changed)),
    lora.option ? words(lora, changed) : null,
    tag ? el("label", { class: "wt-word" }, tag, el("span", { text: "write the tag into the prompt" })) : null,
    el("p", { class: "wt-problem", "data-lora": lora.value, hidden: true }),
  );
}

export function loraControl(input, { labelId, changed }) {
  const options = input.options ?? [];
  const many = input.kind === "loras";
  let chosen = [];
  const cards = el("div", { class: "wt-cards" });
  const choose = (value) => {
    chosen = many ? [...chosen, make(value)] : [make(value)];
    draw();
    changed();
  };
  const search = picker({
    input,
    label: input.title,
    free: true,
    choose,
    placeholder: options.length ? `Search ${options.length} LoRA${options.length === 1 ? "" : "s"}, or type an id` : "Type an id",
  });
  search.field.setAttribute("aria-labelledby", labelId);

  function make(text, more = {}) {
    const value = meant(input, text);
    const option = options.find(([each]) => each === value) ?? null;
    return new Lora(value, { ...more, option });
  }

  function draw() {
    cards.replaceChildren(
      ...chosen.map((lora) =>
        card(lora, {
          changed,
          remove: () => {
            chosen = chosen.filter((each) => each !== lora);
            draw();
            changed();
            search.field.focus();
          },
        }),
      ),
    );
  }

  return {
    node: el("div", {}, cards, search.node),
    field: search.field,
    choose,
    get: () => (chosen.length ? (many ? chosen : chosen[0]) : undefined),
    save: () =>
      chosen.length
        ? JSON.stringify(
            chosen.map((lora) => {
              const scales = Object.entries(lora.scales).map(([id, given]) => [id, given.text ?? given]);
              return [lora.value, Object.fromEntries(scales), lora.tag, lora.words];
            }),
          )
        : null,
    load: (text) => {
      chosen = JSON.parse(text).map(([value, scales = {}, tag = true, picked = []]) => {
        const typed = Object.entries(scales).map(([id, given]) => [id, number(String(given))]);
        return make(String(value), { scales: Object.fromEntries(typed), tag: tag !== false, words: picked.map(String) });
      });
      draw();
    },
    give: (value) => {
      chosen = [value].flat().map((each) => make(each));
      draw();
    },
    clear: () => {
      chosen = [];
      draw();
    },
  };
}
