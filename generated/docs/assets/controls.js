// One control for each kind of input. A control has a `node`, a `field` for its label, `get` (the
// value, undefined when nothing is given), `save`/`load`/`clear` of its state as text, and `give`,
// which puts a value of the generator's data into it.

import { el } from "./dom.js";
import { loraControl } from "./loras.js";
import { meant } from "./meant.js";
import { picker } from "./picker.js";
import { LocalFile, number, Num, parseJson } from "./values.js";

const FEW = 30;

function initialText(input) {
  const { default: standard } = input;
  if (standard === undefined || standard === null) return "";
  return typeof standard === "string" ? standard : JSON.stringify(standard);
}

function textual(input, { changed }, read) {
  const start = initialText(input);
  const properties = { spellcheck: "false", autocomplete: "off", dir: "auto" };
  // A field of one line drops the line breaks of its text.
  const field = input.long || /[\r\n]/.test(start)
    ? el("textarea", { rows: "3", ...properties })
    : el("input", { type: "text", ...properties });
  field.value = start;
  // What the browser makes of it: it spells the ends of lines its own way.
  const shown = field.value;
  if (input.required && input.example !== undefined) field.placeholder = String(input.example);
  field.addEventListener("input", changed);
  return {
    node: field,
    field,
    get: () => read(field.value, start),
    save: () => (field.value === shown ? null : field.value),
    load: (text) => {
      field.value = text;
    },
    give: (value) => {
      field.value = String(value);
    },
    clear: () => {
      field.value = start;
    },
  };
}

function textControl(input, tools) {
  return textual(input, tools, (text, start) => {
    if (text === "" && (input.required || input.default === undefined)) return undefined;
    if (input.odd !== undefined && text === start) return input.default;
    return text;
  });
}

function numberControl(input, tools) {
  const control = textual(input, tools, (text, start) => {
    if (text.trim() === "") return undefined;
    if (input.odd !== undefined && text === initialText({ default: input.odd })) return input.odd;
    if (input.kind !== "int-or-text") return number(text);
    const value = number(text);
    const exact = value instanceof Num && value.whole && value.text === text;
    return exact && text !== start ? value : text;
  });
  if (input.kind !== "int-or-text") control.field.inputMode = "decimal";
  if (input.minimum === undefined || input.maximum === undefined) return control;
  const range = el("input", {
    type: "range", min: input.minimum, max: input.maximum, "aria-label": `${input.title}, slider`,
    step: input.kind === "int" ? "1" : "any",
  });
  range.value = control.field.value;
  range.addEventListener("input", () => {
    control.field.value = range.value;
    tools.changed();
  });
  const follow = (method) => (value) => {
    control[method](value);
    range.value = control.field.value;
  };
  control.field.addEventListener("input", () => {
    range.value = control.field.value;
  });
  const moved = { load: follow("load"), give: follow("give"), clear: follow("clear") };
  return { ...control, ...moved, node: el("div", { class: "wt-slider" }, range, control.field) };
}

function switchControl(input, { changed }) {
  const start = input.default === undefined ? "" : String(input.default);
  const choices = [...(start ? [] : [""]), "true", "false"];
  if (input.odd !== undefined) choices.push(String(input.odd));
  const field = el("select", {}, ...choices.map((each) => el("option", { value: each, text: each || "left out" })));
  const read = { true: true, false: false, "": undefined };
  return selected(field, start, changed, (value) => (value in read ? read[value] : input.odd));
}

// A list of which one is selected. A shared address may hold a value that is not listed any more:
// it is kept, so that what is wrong with it is said.
function selected(field, start, changed, read) {
  let stray = null;
  const load = (text) => {
    field.value = text;
    stray = field.value === text ? null : text;
  };
  field.value = start;
  field.addEventListener("change", () => {
    stray = null;
    changed();
  });
  return {
    node: field,
    field,
    get: () => stray ?? read(field.value),
    save: () => stray ?? (field.value === start ? null : field.value),
    load,
    give: (value) => load(String(value)),
    clear: () => {
      field.value = start;
      stray = null;
    },
    choose: (value) => {
      load(value);
      changed();
    },
  };
}

function optionText(value, label) {
  if (!label) return value || "(empty)";
  return label.includes(value) && value ? label : `${label} (${value || "empty"})`;
}

function selectControl(input, { changed }) {
  const start = input.default ?? (input.required ? (input.initial ?? "") : "");
  const blank = !input.options.some(([value]) => value === "");
  const rows = input.options.map(([value, , label = value]) =>
    el("option", { value, text: optionText(value, label) }),
  );
  if (blank && input.default === undefined) rows.unshift(el("option", { value: "", text: input.required ? "Choose…" : "left out" }));
  const field = el("select", {}, ...rows);
  const control = selected(field, start, changed, (value) => (value === "" && blank ? undefined : value));
  return { ...control, load: (text) => control.load(meant(input, text)) };
}

function pickControl(input, { labelId, changed }) {
  const many = input.kind === "ids" || input.kind === "choices";
  const start = input.default === undefined ? [] : [input.default].flat();
  let chosen = [...start];
  const chips = el("div", { class: "wt-chips" });
  const options = input.options ?? [];
  const free = input.kind === "id" || input.kind === "ids";
  const choose = (value) => {
    chosen = many ? [...chosen, value] : [value];
    draw();
    changed();
  };
  const search = picker({
    input,
    label: input.title,
    free,
    choose,
    placeholder: options.length ? `Search ${options.length} option${options.length === 1 ? "" : "s"}${free ? ", or type an id" : ""}` : "Type an id",
  });
  search.field.setAttribute("aria-labelledby", labelId);

  function draw() {
    const shown = chosen.filter((value) => value !== "");
    chips.replaceChildren(
      ...shown.map((value) => {
        const label = options.find(([each]) => each === value)?.[2] ?? value;
        return el(
          "span",
          { class: "wt-chip" },
          el("span", { text: label }),
          label === value ? null : el("code", { text: value }),
          el("button", {
            type: "button", class: "wt-remove", "aria-label": `Remove ${label}`, text: "×",
            onclick: () => {
              chosen = many ? chosen.filter((each) => each !== value) : start.filter((each) => each !== value);
              draw();
              changed();
              search.field.focus();
            },
          }),
        );
      }),
    );
  }

  draw();
  return {
    node: el("div", {}, chips, search.node),
    field: search.field,
    choose,
    get: () => {
      if (many) return chosen.length || input.default !== undefined ? chosen : undefined;
      return chosen.length ? chosen[0] : undefined;
    },
    save: () => (JSON.stringify(chosen) === JSON.stringify(start) ? null : JSON.stringify(chosen)),
    load: (text) => {
      chosen = JSON.parse(text).map((each) => meant(input, String(each)));
      draw();
    },
    give: (value) => {
      chosen = [value].flat();
      draw();
    },
    clear: () => {
      chosen = [...start];
      draw();
    },
  };
}

function fileControl(input, { labelId, changed }) {
  const many = input.kind === "files" || input.kind === "files-mixed" || input.kind === "files-url";
  const start = [input.default ?? []].flat().filter((each) => each !== "");
  const rows = el("div", { class: "wt-files" });

  function add(text, local) {
    const kind = el(
      "select",
      { "aria-label": `${input.title}: where it is`, onchange: changed },
      el("option", { value: "url", text: "URL" }),
      el("option", { value: "file", text: "My file" }),
    );
    kind.value = local ? "file" : "url";
    const field = el("input", { type: "text", spellcheck: "false", placeholder: "https://… or a path", "aria-labelledby": labelId });
    field.value = text;
    field.addEventListener("input", () => {
      if (field.value && !field.value.includes("://") && /^[./~]|\.\w{2,4}$/.test(field.value)) kind.value = "file";
      if (field.value.includes("://")) kind.value = "url";
      changed();
    });
    rows.append(el("div", { class: "wt-file" }, kind, field));
  }

  function set(values) {
    rows.replaceChildren();
    for (const [text, local] of values.length ? values : [["", false]]) add(text, local);
  }

  const values = () =>
    [...rows.children]
      .map((each) => [each.lastChild.value.trim(), each.firstChild.value === "file"])
      .filter(([text]) => text);
  const initial = start.map((text) => [text, false]);
  set(initial);
  const more = el("button", { type: "button", class: "wt-add", text: "Add another", onclick: () => add("", false) });
  return {
    node: el("div", {}, rows, many ? more : null),
    field: rows,
    get: () => {
      const all = values().map(([text, local]) => (local ? new LocalFile(text) : text));
      if (!all.length) return undefined;
      return many ? all : all[0];
    },
    save: () => (JSON.stringify(values()) === JSON.stringify(initial) ? null : JSON.stringify(values())),
    load: (text) => set(JSON.parse(text).map(([path, local]) => [String(path), local === true])),
    give: (value) => set([value].flat().map((text) => [text, false])),
    clear: () => set(initial),
  };
}

function linesControl(input, tools) {
  const start = (input.default ?? []).join("\n");
  const control = textual({ ...input, default: start, long: true }, tools, (text) => {
    if (text === "" && input.default === undefined) return undefined;
    return text === "" ? [] : text.split("\n");
  });
  control.field.placeholder = "one a line";
  return { ...control, give: (value) => control.load([value].flat().join("\n")) };
}

function jsonControl(input, tools) {
  const control = textual({ ...input, long: true }, tools, (text) => {
    if (text.trim() === "") return undefined;
    try {
      return parseJson(text);
    } catch {
      return text;
    }
  });
  control.field.placeholder = "JSON";
  return control;
}

const CONTROLS = {
  text: textControl, int: numberControl, number: numberControl, "int-or-text": numberControl,
  bool: switchControl, id: pickControl, ids: pickControl, choices: pickControl,
  lora: loraControl, loras: loraControl, texts: linesControl,
  list: jsonControl, object: jsonControl, any: jsonControl,
};

export function control(input, tools) {
  if (input.kind.startsWith("file")) return fileControl(input, tools);
  if (input.kind === "choice") return (input.options.length > FEW ? pickControl : selectControl)(input, tools);
  return CONTROLS[input.kind](input, tools);
}
