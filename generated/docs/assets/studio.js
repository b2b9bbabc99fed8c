// Runs a tool from its page where `wiro-tools studio` serves it: a Run button, what becomes of the
// run, and the runs before it. Nothing here knows a key; the studio sends what the form holds.

import { differences } from "./compare.js";
import { el, newId, recall, remember } from "./dom.js";
import { takeFiles } from "./drop.js";
import { runCard } from "./runs.js";
import { json, LocalFile, Lora, number } from "./values.js";

const RUNS = "/studio/runs";

// A browser opens few connections to one server; a page that watched with all would load nothing.
const STREAMS = 3;

function plain(value) {
  if (value instanceof LocalFile) return { file: value.path };
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Lora)) return value;
  const scales = Object.entries(value.scales).map(([id, scale]) => [id, number(String(scale.text ?? scale))]);
  return { lora: value.value, scales: Object.fromEntries(scales), tag: value.tag, words: value.words };
}

// The response as JSON. An error is an Error with `problems` by name.
export async function call(method, path, body, read = true) {
  let response;
  try {
    response = await fetch(path, { method, body });
  } catch {
    throw new Error("The studio does not respond. Is wiro-tools studio still running?");
  }
  if (response.ok) return read && response.status !== 204 ? response.json() : null;
  const found = await response.json().catch(() => ({}));
  const error = new Error(found.error ?? "Open the address that wiro-tools studio printed.");
  error.problems = found.problems ?? {};
  throw error;
}

function addStyles() {
  const link = el("link", { rel: "stylesheet", href: new URL("studio.css", import.meta.url).href });
  const loaded = new Promise((done) => {
    link.addEventListener("load", done);
    link.addEventListener("error", done);
  });
  document.head.append(link);
  return loaded;
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
  const price = el("span", { class: "wt-run-price" });
  const bar = el(
    "div",
    { class: "wt-run-bar" },
    el("div", { class: "wt-run-row" },
      button,
      el("span", { class: "wt-ceiling" }, el("label", { for: ceiling.id, text: "At most $" }), ceiling),
      price,
    ),
    ceilingProblem,
    status,
  );
  const list = el("div", { class: "wt-run-list" });
  const compared = el("section", { class: "wt-compare", "aria-label": "Comparison", hidden: true });
  const empty = el("p", { class: "wt-run-empty", text: "Nothing has been run yet." });
  const section = el(
    "section",
    { class: "wt-studio", "aria-labelledby": newId("runs") },
    el("h2", { text: "Runs" }),
    simulated ? el("p", { class: "wt-simulated", text: "Simulated: nothing is sent to Wiro, and nothing is billed." }) : null,
    compared, empty, list,
  );
  section.querySelector("h2").id = section.getAttribute("aria-labelledby");
  request.form.append(bar);
  root.after(section);

  const say = (text, wrong = false) => {
    status.textContent = text;
    status.classList.toggle("wt-wrong", wrong);
  };

  function showPrice() {
    const found = request.price();
    price.textContent = found ? (found.low === null ? "price unknown" : found.price) : "";
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
  }

  async function run() {
    const problems = request.problems();
    if (problems.size) {
      showProblems(Object.fromEntries(problems));
      say(problems.size === 1 ? "An input is not right; nothing was sent." : `${problems.size} inputs are not right; nothing was sent.`, true);
      return;
    }
    const values = new Map([...request.values()].map(([name, value]) => [name, plain(value)]));
    const asked = new Map([["tool", tool.tool], ["values", values], ["form", request.state()], ["max_cost", ceiling.value.trim() || null]]);
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
      say(error.message, true);
    } finally {
      button.disabled = false;
    }
  }

  function show(run) {
    const known = runs.get(run.id);
    const whole = known ? Object.assign(known, run) : run;
    runs.set(run.id, whole);
    if (!cards.has(run.id)) {
      const card = runCard(whole, { stop, remove, load, choose });
      cards.set(run.id, card);
      list.prepend(card.node);
    }
    cards.get(run.id).draw(whole);
    empty.hidden = true;
  }

  // Follow the runs that have not ended, as many as there are connections for.
  function watch() {
    for (const run of runs.values()) {
      const active = ["sending", "running", "stopping"].includes(run.state);
      if (!active || streams.has(run.id) || streams.size >= STREAMS) continue;
      const stream = new EventSource(`${RUNS}/${run.id}/events`);
      streams.set(run.id, stream);
      const card = cards.get(run.id);
      stream.addEventListener("change", (event) => {
        card.say("");
        show({ id: run.id, ...JSON.parse(event.data) });
      });
      stream.addEventListener("end", () => {
        stream.close();
        streams.delete(run.id);
        watch();
      });
      stream.addEventListener("error", () => {
        if (stream.readyState === EventSource.CLOSED) streams.delete(run.id);
        card.say("The studio does not respond; the run goes on. Trying again …");
      });
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
    choose(run, false);
    empty.hidden = runs.size > 0;
    (list.querySelector("button") ?? button).focus();
  }

  function load(run) {
    request.load(run.form);
    request.form.scrollIntoView({ block: "start", behavior: "smooth" });
    button.focus({ preventScroll: true });
    say("Loaded into the form.");
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
  request.form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !button.disabled) run();
  });
  ceiling.addEventListener("input", () => markCeiling(""));
  request.listen(() => {
    showPrice();
    say("");
  });
  showPrice();
  takeFiles(request, say, call);

  try {
    const found = await call("GET", `${RUNS}?tool=${encodeURIComponent(tool.tool)}`);
    for (const each of found.runs.reverse()) show(each);
    watch();
  } catch (error) {
    say(error.message, true);
  }
  root.classList.add("wt-runs");
}
