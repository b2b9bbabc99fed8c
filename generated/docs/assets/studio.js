// Runs a tool from its page where `wiro-tools studio` serves it: a Run button, what becomes of the
// run, and the runs before it. Nothing here knows a key; the studio sends what the form holds.

import { addStyles, call, follow, isActive, RUNS } from "./calls.js";
import { differences } from "./compare.js";
import { el, newId, recall, remember } from "./dom.js";
import { takeFiles } from "./drop.js";
import { runCard } from "./runs.js";
import { json, LocalFile, Lora, number } from "./values.js";

const LOAD = "#load=";

// A browser opens few connections to one server; a page that watched with all would load nothing.
const STREAMS = 3;

function plain(value) {
  if (value instanceof LocalFile) return { file: value.path };
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Lora)) return value;
  const scales = Object.entries(value.scales).map(([id, scale]) => [id, number(String(scale.text ?? scale))]);
  return { lora: value.value, scales: Object.fromEntries(scales), tag: value.tag, words: value.words };
}

// A billed run never starts from an example: the form begins without the documented values, and a
// button above it gives them.
export function withoutExample(tool) {
  const shown = tool.inputs.filter((input) => input.initial !== undefined);
  const values = (inputs) => Object.fromEntries(inputs.map((input) => [input.name, input.initial]));
  const required = values(shown.filter((input) => input.required));
  const samples = (tool.samples ?? [values(shown)]).map((sample) => ({ ...required, ...sample }));
  return {
    ...tool,
    inputs: tool.inputs.map(({ initial, ...input }) => input),
    samples: samples.filter((sample) => Object.keys(sample).length),
  };
}

export async function studio(root, tool, request, simulated) {
  await addStyles();
  const runs = new Map();
  const cards = new Map();
  const streams = new Map();
  const chosen = [];
  // A request whose response was lost is the same run when it is sent again.
  let unanswered = null;
  const remembered = `wt-ceiling ${tool.tool}`;

  const status = el("p", { class: "wt-run-status", role: "status" });
  const button = el("button", { type: "button", class: "wt-run-button", text: "Run" });
  const ceilingProblem = el("p", { class: "wt-problem", id: newId("problem"), hidden: true });
  const ceiling = el("input", {
    type: "text", inputmode: "decimal", autocomplete: "off", placeholder: "no limit",
    id: newId("ceiling"), "aria-describedby": ceilingProblem.id,
  });
  ceiling.value = recall(remembered) ?? "";
  const unknown = el("input", { type: "checkbox", onchange: () => markCeiling("") });
  const price = el("span", { class: "wt-run-price" });
  const bar = el(
    "div",
    { class: "wt-run-bar" },
    el("div", { class: "wt-run-row" },
      button,
      el("span", { class: "wt-ceiling" }, el("label", { for: ceiling.id, text: "At most $" }), ceiling),
      price,
    ),
    el("label", { class: "wt-allow" }, unknown, el("span", { text: "Allow unknown prices" })),
    ceilingProblem,
    status,
  );
  const list = el("div", { class: "wt-run-list" });
  const compared = el("section", { class: "wt-compare", "aria-label": "Comparison", hidden: true });
  const all = el("a", { href: new URL("../runs.html", import.meta.url).href, text: "Runs of all tools" });
  const section = el(
    "section",
    { class: "wt-studio", "aria-labelledby": newId("runs"), hidden: true },
    el("div", { class: "wt-studio-head" }, el("h2", { text: "Runs before" }), all),
    compared, list,
  );
  section.querySelector("h2").id = section.getAttribute("aria-labelledby");
  // The newest run stands beside the form, above the code.
  const empty = el("p", { class: "wt-run-empty", text: "What you run appears here." });
  const newest = el("div", { class: "wt-newest" }, empty);
  const code = root.querySelector(".wt-code");
  const column = el("div", { class: "wt-column", role: "group", "aria-label": "Result and code" });
  code.replaceWith(column);
  column.append(
    simulated ? el("p", { class: "wt-simulated", text: "Simulated: nothing is sent to Wiro, and nothing is billed." }) : "",
    newest, code,
  );
  request.form.append(bar);
  root.after(section);

  const say = (text, wrong = false) => {
    status.textContent = text;
    status.classList.toggle("wt-wrong", wrong);
  };

  function showPrice() {
    const found = request.price();
    const known = found && found.low !== null;
    price.textContent = known ? found.price : "price unknown";
    // A ceiling cannot hold while the price is not known.
    bar.querySelector(".wt-allow").hidden = Boolean(known && found.high !== null) || !ceiling.value.trim();
  }

  function markCeiling(text) {
    ceilingProblem.textContent = text ?? "";
    ceilingProblem.hidden = !text;
    ceiling.setAttribute("aria-invalid", String(Boolean(text)));
  }

  function showProblems(problems) {
    const { max_cost: limit, ...more } = problems;
    markCeiling(limit);
    if (Object.keys(more).length) request.mark(new Map(Object.entries(more)));
    const first = request.form.querySelector('[aria-invalid="true"]');
    const details = first?.closest("details");
    if (details) details.open = true;
    first?.focus();
    // A field that is in view may have its message behind the bar.
    first?.closest(".wt-field")?.scrollIntoView({ block: "start" });
  }

  async function run() {
    const problems = request.problems();
    if (problems.size) {
      showProblems(Object.fromEntries(problems));
      say(problems.size === 1 ? "An input is not right; nothing was sent." : `${problems.size} inputs are not right; nothing was sent.`, true);
      return;
    }
    const values = new Map([...request.values()].map(([name, value]) => [name, plain(value)]));
    const asked = new Map([["tool", tool.tool], ["values", values], ["form", request.state()], ["max_cost", ceiling.value.trim() || null], ["allow_unknown", unknown.checked]]);
    const text = json(asked);
    if (unanswered?.text !== text) unanswered = { text, id: crypto.randomUUID().replaceAll("-", "") };
    asked.set("id", unanswered.id);
    button.disabled = true;
    markCeiling("");
    say("Sending …");
    try {
      const found = await call("POST", RUNS, json(asked));
      unanswered = null;
      remember(remembered, ceiling.value.trim());
      say("");
      show(found);
      watch();
      cards.get(found.id).node.scrollIntoView({ block: "nearest", behavior: "smooth" });
    } catch (error) {
      if (error.problems) unanswered = null;
      showProblems(error.problems ?? {});
      const beside = Object.values(error.problems ?? {}).includes(error.message);
      say(beside ? "Nothing was sent; the marked field says why." : error.message, true);
    } finally {
      button.disabled = false;
    }
  }

  function show(run) {
    const known = runs.get(run.id);
    const whole = known ? Object.assign(known, run) : run;
    runs.set(run.id, whole);
    if (!cards.has(run.id)) {
      cards.set(run.id, runCard(whole, { stop, remove, load, choose }));
      arrange();
    }
    cards.get(run.id).draw(whole);
  }

  // A node that is where it belongs is not moved: what plays in it would stop.
  function arrange() {
    const nodes = [...runs.values()].sort((a, b) => b.at - a.at).map((run) => cards.get(run.id).node);
    const [first, ...rest] = nodes;
    if (newest.firstChild !== (first ?? empty)) newest.replaceChildren(first ?? empty);
    rest.forEach((node, index) => {
      if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
    });
    section.hidden = !rest.length;
  }

  // Follow the runs that have not ended, as many as there are connections for.
  function watch() {
    for (const run of runs.values()) {
      if (!isActive(run) || streams.has(run.id) || streams.size >= STREAMS) continue;
      const say = (text) => cards.get(run.id)?.say(text);
      const changed = (found) => runs.has(found.id) && show(found);
      streams.set(run.id, follow(run.id, changed, say, () => {
        streams.delete(run.id);
        watch();
      }));
    }
  }

  const failed = (run) => (error) => cards.get(run.id)?.say(error.message);
  const stop = (run) => call("POST", `${RUNS}/${run.id}/stop`).catch(failed(run));

  async function remove(run) {
    try {
      await call("DELETE", `${RUNS}/${run.id}`);
    } catch (error) {
      failed(run)(error);
      return;
    }
    cards.get(run.id).node.remove();
    cards.delete(run.id);
    runs.delete(run.id);
    streams.get(run.id)?.();
    streams.delete(run.id);
    choose(run, false);
    arrange();
    (newest.querySelector("button:not([hidden])") ?? button).focus();
  }

  function load(run) {
    request.load(run.form);
    request.form.scrollIntoView({ block: "start", behavior: "smooth" });
    button.focus({ preventScroll: true });
    say("Loaded into the form.");
  }

  // The page of all runs leads here.
  async function loadFromAddress() {
    if (!location.hash.startsWith(LOAD)) return;
    const id = location.hash.slice(LOAD.length);
    load(runs.get(id) ?? (await call("GET", `${RUNS}/${encodeURIComponent(id)}`)));
  }

  // The last two that were picked are compared.
  function choose(run, on) {
    const at = chosen.indexOf(run.id);
    if (at >= 0) chosen.splice(at, 1);
    if (on) chosen.push(run.id);
    if (chosen.length > 2) cards.get(chosen.shift())?.pick(false);
    compared.hidden = chosen.length < 2;
    if (chosen.length < 2) return;
    const pair = chosen.map((id) => runs.get(id)).sort((a, b) => a.at - b.at);
    compared.replaceChildren(...differences(...pair));
    compared.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  button.addEventListener("click", run);
  window.addEventListener("hashchange", () => loadFromAddress().catch((error) => say(error.message, true)));
  request.form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !button.disabled) run();
  });
  ceiling.addEventListener("input", () => {
    markCeiling("");
    showPrice();
  });
  request.listen(() => {
    showPrice();
    say("");
  });
  showPrice();
  takeFiles(request, say, call);

  try {
    const found = await call("GET", `${RUNS}?tool=${encodeURIComponent(tool.tool)}`);
    for (const each of found.runs) show(each);
    watch();
    await loadFromAddress();
  } catch (error) {
    say(error.message, true);
  }
  root.classList.add("wt-runs");
}
