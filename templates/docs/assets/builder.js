// The request builder of a tool's page.

import { control } from "./controls.js";
import { el, newId } from "./dom.js";
import { highlight } from "./highlight.js";
import { priceOf } from "./price.js";
import { check, defaultOf, hints, lines, unknownInput, wire } from "./request.js";
import { snippets } from "./snippets.js";
import { choice, tabs } from "./tabs.js";
import { shorten } from "./values.js";

const TABS = { python: "Python", async: "Async", stream: "Stream", shell: "Shell", curl: "curl", json: "JSON" };
// What a tab shows in PowerShell.
const POWERSHELL = { shell: "powershell", curl: "rest" };
const MARK = "#run=";

// Browsers stop following an address that changes much oftener than this.
const ADDRESS_PAUSE = 400;

// How many examples stand above the form; the page below it has them all.
const TRIES = 4;

function fieldFor(input, changed) {
  const labelId = newId("label");
  const problem = el("p", { class: "wt-problem", id: newId("problem"), hidden: true });
  const hint = el("p", { class: "wt-hint", role: "status", hidden: true });
  const made = control(input, { labelId, changed });
  const label = el("label", { id: labelId }, el("span", { text: input.title }), el("code", { text: input.name }));
  if (input.required) label.append(el("em", { text: "required" }));
  if (made.field.matches("input, select, textarea")) {
    made.field.id ||= newId("field");
    label.htmlFor = made.field.id;
    made.field.setAttribute("aria-describedby", problem.id);
  }
  const help = input.help ? el("p", { class: "wt-help", text: input.help }) : null;
  const node = el("div", { class: "wt-field", "data-input": input.name }, label, help, made.node, hint, problem);
  return { ...made, input, node, hint, problem };
}

const LABEL = 60;

// What an example is called: the text in it, else its number.
function exampleName(sample, index) {
  const text = Object.values(sample).find((each) => typeof each === "string" && /\s/.test(each) && !each.includes("://"));
  return text ? shorten(text, LABEL) : `Example ${index + 1}`;
}

// The state goes behind the "#", where no server sees it, in letters that mean nothing in a
// selector: the theme looks for an element of that name.
function pack(state) {
  const bytes = new TextEncoder().encode(JSON.stringify(state));
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function unpack(text) {
  const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(letters, (char) => char.charCodeAt(0))));
}

// What a shared address says, into the fields; the names that no field has are returned.
function loadAddress(fields) {
  if (!location.hash.startsWith(MARK)) return null;
  try {
    return loadState(fields, unpack(location.hash.slice(MARK.length)));
  } catch {
    return null;
  }
}

function loadState(fields, saved) {
  for (const field of fields) {
    const text = saved?.[field.input.name];
    if (typeof text !== "string") continue;
    try {
      field.load(text);
    } catch {
      field.clear();
    }
  }
  const known = new Set(fields.map((field) => field.input.name));
  const names = saved && typeof saved === "object" && !Array.isArray(saved) ? Object.keys(saved) : [];
  return names.filter((name) => !known.has(name));
}

function stateOf(fields) {
  const state = {};
  for (const field of fields) {
    const text = field.save();
    if (text !== null) state[field.input.name] = text;
  }
  return state;
}

function address(fields) {
  const state = stateOf(fields);
  return location.pathname + location.search + (Object.keys(state).length ? MARK + pack(state) : "");
}

// `ask` has `write` called at once, but never again before a pause has passed; `flush` does not wait.
function paced(write) {
  let waiting = null;
  let wanted = false;
  const flush = () => {
    if (!wanted) return;
    wanted = false;
    write();
  };
  const next = () => {
    waiting = wanted ? setTimeout(next, ADDRESS_PAUSE) : null;
    flush();
  };
  const ask = () => {
    wanted = true;
    if (waiting === null) next();
  };
  return { ask, flush };
}

function codePanel(link) {
  const code = el("code");
  const status = el("span", { class: "wt-status", role: "status" });
  const panel = el("pre", { class: "wt-snippet" }, code);
  let text = "";
  const copy = async (what, done) => {
    try {
      await navigator.clipboard.writeText(what);
      status.textContent = done;
    } catch {
      status.textContent = "Copying is not allowed here; select the text.";
    }
    setTimeout(() => (status.textContent = ""), 2000);
  };
  const buttons = el(
    "div",
    { class: "wt-actions" },
    el("button", { type: "button", class: "wt-copy", text: "Copy", onclick: () => copy(text, "Copied.") }),
    el("button", { type: "button", class: "wt-share", text: "Copy link", onclick: () => copy(link(), "Link copied.") }),
    el("button", { type: "button", class: "wt-reset", text: "Reset" }),
    status,
  );
  return {
    panel,
    buttons,
    say: (what) => {
      status.textContent = what;
      setTimeout(() => (status.textContent = ""), 2000);
    },
    show: (value, language) => {
      text = value;
      code.replaceChildren(...highlight(value, language));
    },
  };
}

// `quiet`: what is missing is not said before something has been changed, or came with a link.
export function build(root, tool, quiet = false) {
  let untold = quiet;
  let texts = {};
  let tab = "python";
  let unknown = [];
  const listeners = [];
  const inAddress = paced(() => history.replaceState(null, "", address(fields)));
  const out = codePanel(() => {
    inAddress.flush();
    return location.href;
  });
  const cost = el("p", { class: "wt-price", role: "status" });
  cost.hidden = !tool.tariff;
  const summary = el("ul", { class: "wt-problems", "aria-live": "polite" });
  const fields = tool.inputs.map((input) => fieldFor(input, () => update(true)));
  const shown = Object.fromEntries(Object.entries(TABS).filter(([key]) => key !== "stream" || tool.snippets.stream));
  const dialect = choice({ sh: "sh", powershell: "PowerShell" }, "Shell", () => show());
  const bar = tabs(shown, "Language of the snippet", out.panel, (key) => {
    tab = key;
    show();
  });

  function show() {
    dialect.node.hidden = !(tab in POWERSHELL);
    const key = dialect.chosen() === "powershell" ? (POWERSHELL[tab] ?? tab) : tab;
    out.show(texts[key] ?? "", key);
  }

  function given() {
    const values = new Map();
    for (const field of fields) {
      // A field may spell a default its own way; one that was not touched is the default itself.
      const untouched = field.input.default !== undefined && field.save() === null;
      const value = untouched ? defaultOf(field.input) : field.get();
      if (value !== undefined && value !== null) values.set(field.input.name, value);
    }
    return values;
  }

  function mark(found) {
    for (const field of fields) {
      const own = [...found].filter(([name]) => name === field.input.name || name.startsWith(`${field.input.name}[`));
      field.problem.textContent = own.map(([, text]) => text).join("; ");
      field.problem.hidden = !own.length;
      field.field.setAttribute("aria-invalid", String(own.length > 0));
      for (const place of field.node.querySelectorAll("[data-lora]")) {
        const text = found.get(`${field.input.name}: ${place.dataset.lora}`);
        place.textContent = text ?? "";
        place.hidden = !text;
      }
    }
    summary.replaceChildren(...lines(found, tool.inputs).map((line) => el("li", { text: line })));
    summary.hidden = !found.size;
  }

  // What is odd about a request that would be sent.
  function remarks(values) {
    return found(values).size ? new Map() : hints(tool.inputs, values);
  }

  function advise(values) {
    const odd = remarks(values);
    for (const field of fields) {
      field.hint.textContent = (odd.get(field.input.name) ?? []).join("; ");
      field.hint.hidden = !odd.has(field.input.name);
    }
  }

  function found(values) {
    const all = check(tool.inputs, values);
    for (const name of unknown) all.set(name, unknownInput(name, tool.inputs));
    return all;
  }

  function price(values) {
    return tool.tariff ? priceOf(tool.tariff, wire(tool.inputs, values)) : null;
  }

  function showPrice(values) {
    const found = price(values);
    if (!found) return;
    const basis = found.as_of ? `${found.basis}; prices of ${found.as_of}` : found.basis;
    cost.replaceChildren(el("b", { text: found.low === null ? "Price unknown" : found.price }), ` ${basis}`);
  }

  function update(keep) {
    if (keep) unknown = [];
    untold &&= !keep;
    const values = given();
    showPrice(values);
    mark(untold ? new Map() : found(values));
    advise(values);
    texts = snippets(tool, values);
    show();
    if (keep) inAddress.ask();
    for (const listen of listeners) listen();
  }

  const ordered = [...fields].sort((a, b) => Boolean(b.input.required) - Boolean(a.input.required));
  const rare = ordered.filter((each) => each.input.rare);
  const folded = el(
    "details",
    { class: "wt-rare" },
    el("summary", { text: `${rare.length} more input${rare.length === 1 ? "" : "s"}` }),
    ...rare.map((each) => each.node),
  );
  const samples = tool.samples ?? [];
  const tries = el(
    "div",
    { class: "wt-tries", role: "group", "aria-label": "Examples" },
    el("span", { "aria-hidden": "true", text: samples.length > 1 ? "Examples" : "Example" }),
    ...samples.slice(0, TRIES).map((sample, index) =>
      el("button", { type: "button", text: exampleName(sample, index), onclick: () => loadSample(index) }),
    ),
  );
  const form = el(
    "form",
    { class: "wt-form", "aria-label": `Request for ${tool.tool}`, onsubmit: (event) => event.preventDefault() },
    samples.length ? tries : null,
    ...ordered.filter((each) => !each.input.rare).map((each) => each.node),
    rare.length ? folded : null,
    fields.length ? null : el("p", { class: "wt-help", text: "This tool takes no inputs." }),
  );
  // A sample leaves out what it does not name, but never what has to be given.
  const restart = (sample = null) => {
    unknown = [];
    for (const field of fields) {
      field.clear();
      const { name, initial, required } = field.input;
      const own = sample && Object.hasOwn(sample, name) ? sample[name] : undefined;
      const value = sample ? (own ?? (required ? initial : undefined)) : initial;
      if (value !== undefined) field.give(value);
    }
  };
  const loadSample = (index) => {
    restart(tool.samples[index]);
    folded.open ||= rare.some((each) => each.save() !== null);
    update(true);
    form.scrollIntoView({ block: "nearest" });
    out.say("Example loaded.");
  };
  const follow = () => {
    const strange = loadAddress(fields);
    unknown = strange ?? [];
    untold &&= !strange;
    if (strange) folded.open ||= rare.some((each) => each.save() !== null);
  };
  // An address says what differs from the defaults, not from an example.
  restart(location.hash.startsWith(MARK) ? {} : null);
  follow();
  window.addEventListener("pagehide", inAddress.flush);
  window.addEventListener("hashchange", () => {
    if (!location.hash.startsWith(MARK)) return;
    restart({});
    follow();
    update(false);
  });
  out.buttons.querySelector(".wt-reset").addEventListener("click", () => {
    untold = quiet;
    restart();
    update(false);
    inAddress.flush();
    history.replaceState(null, "", location.pathname + location.search);
  });
  const code = el("div", { class: "wt-code" }, bar, dialect.node, out.panel, out.buttons, cost, summary);
  root.replaceChildren(form, code);
  update(false);
  root.classList.add("wt-ready");
  // For tests and for the console: what the form would send, and why it would not.
  root.request = () => ({
    snippets: texts,
    price: price(given()),
    problems: lines(found(given()), tool.inputs),
    hints: [...remarks(given())].flatMap(([name, found]) => found.map((text) => `${name}: ${text}`)),
  });

  // Puts an option into the form, as if it had been picked there.
  const choose = (name, value) => {
    const field = fields.find((each) => each.input.name === name);
    if (field.input.rare) folded.open = true;
    field.choose(value);
    field.node.scrollIntoView({ block: "center" });
    // A picker's own field would open its list over what has just been chosen.
    const chosen = [...field.node.querySelectorAll(".wt-remove")].pop() ?? field.field;
    chosen.focus({ preventScroll: true });
  };
  // What a page that runs tools needs of the form; names are those of Python.
  const request = {
    fields,
    form,
    values: given,
    problems: () => found(given()),
    mark,
    price: () => price(given()),
    state: () => stateOf(fields),
    load: (state) => {
      restart({});
      unknown = loadState(fields, state);
      folded.open ||= rare.some((each) => each.save() !== null);
      update(false);
      inAddress.ask();
    },
    changed: () => update(true),
    listen: (listener) => listeners.push(listener),
  };
  return { choose, loadSample, request };
}
