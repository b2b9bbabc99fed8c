// One run as a card: its state, what came of it, and what can be done with it.

import { isActive, RUNS } from "./calls.js";
import { decimal } from "./decimal.js";
import { el, newId } from "./dom.js";
import { dollars } from "./price.js";

export const STATES = {
  sending: "Sending", running: "Running", stopping: "Stopping", succeeded: "Done", failed: "Failed",
  cancelled: "Stopped", uncertain: "Not known",
};
const PHASES = {
  task_queue: "in the queue", task_accept: "accepted", task_preprocess_start: "preparing",
  task_preprocess_end: "preparing", task_assign: "starting", task_start: "starting",
  task_output: "working", task_output_full: "finishing", task_end: "finishing",
  task_postprocess_start: "saving",
};
const REALLY = 4000;
const LONGEST_TITLE = 400;

export const when = (run) =>
  new Date(run.at * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

// Of a long prompt, the beginning: a page with all of a book in its headings stands still.
export function title(run) {
  const prompt = run.body.prompt ?? Object.values(run.body).find((each) => typeof each === "string" && each.includes(" "));
  if (typeof prompt !== "string" || !prompt.trim()) return run.tool;
  return prompt.length > LONGEST_TITLE ? `${prompt.slice(0, LONGEST_TITLE)}…` : prompt;
}

export const seconds = (run) => (run.elapsed ? `${Number(run.elapsed.toFixed(1))} s` : "");

export const savedOf = (run) => run.outputs.filter((each) => each.saved).length;

export const hue = (id) => parseInt(id.slice(0, 4), 16) % 360;

// What the outputs are, as elements. Everything that a tool has written is text.
export function outputs(run) {
  return run.outputs.map((output, number) => {
    const address = `${RUNS}/${run.id}/outputs/${number}`;
    const name = output.name;
    const kind = output.saved ? output.type.split("/")[0] : "";
    const save = output.saved
      ? el("a", { class: "wt-save", href: `${address}?download`, download: name, text: `Download ${name}` })
      : el("p", { class: "wt-problem", text: `${name} could not be saved` });
    let shown = null;
    if (kind === "model") {
      // No browser shows one by itself; a viewer that loads nothing else is not at hand.
      shown = el("div", { class: "wt-drawn wt-makes-3d", style: `--hue:${hue(run.id)}` });
    } else if (kind === "image") {
      shown = el("a", { href: address, target: "_blank", rel: "noopener" }, el("img", { src: address, alt: `${name}: ${title(run)}`, loading: "lazy" }));
    } else if (kind === "video" || kind === "audio") {
      shown = el(kind, { src: address, controls: true, preload: "metadata", "aria-label": name });
    }
    return el("figure", { class: "wt-output" }, shown, el("figcaption", {}, save));
  });
}

// A button that asks whether it is meant.
export function deleteButton(remove) {
  const button = el("button", { type: "button", class: "wt-delete", text: "Delete", onclick: () => {
    if (button.textContent !== "Delete") return remove();
    button.textContent = "Really?";
    setTimeout(() => (button.textContent = "Delete"), REALLY);
  } });
  return button;
}

export function costOf(run) {
  const guess = run.estimate === "unknown" ? "price was not known" : `estimated ${run.estimate}`;
  return run.cost ? `${dollars(decimal(run.cost))} (${guess})` : guess;
}

export function runCard(first, { stop, remove, load, choose }) {
  const id = newId("run");
  const state = el("strong", { class: "wt-state" });
  const phase = el("span", { class: "wt-phase" });
  const live = el("p", { class: "wt-run-live", role: "status" }, state, phase);
  const cost = el("span", { class: "wt-run-cost" });
  const progress = el("progress", { max: 100, "aria-label": "Progress", hidden: true });
  const problem = el("p", { class: "wt-problem", role: "alert", hidden: true });
  const note = el("p", { class: "wt-hint", role: "status", hidden: true });
  const thinking = el("pre", { class: "wt-run-text", tabindex: "0", "aria-label": "Thoughts" });
  const thoughts = el("details", { class: "wt-thoughts" }, el("summary", { text: "Thoughts" }), thinking);
  const text = el("pre", { class: "wt-run-text wt-answer", tabindex: "0", "aria-label": "Text" });
  const made = el("div", { class: "wt-outputs" });
  const lines = el("pre", { class: "wt-run-text", tabindex: "0", "aria-label": "Log" });
  const log = el("details", { class: "wt-log" }, el("summary", { text: "Log" }), lines);
  const stopper = el("button", { type: "button", class: "wt-stop", text: "Stop", onclick: () => {
    stopper.disabled = true;
    stop(run).finally(() => (stopper.disabled = false));
  } });
  const loader = el("button", { type: "button", text: "Load into form", onclick: () => load(run) });
  const saver = el("a", { class: "wt-action", href: `${RUNS}/${first.id}/outputs.zip`, download: "", text: "Download all" });
  const deleter = deleteButton(() => remove(run));
  const box = el("input", { type: "checkbox", onchange: () => choose(run, box.checked) });
  const picker = el("label", { class: "wt-pick" }, box, el("span", { text: "Compare" }));
  const heading = el("h3", { id, text: title(first) });
  const node = el(
    "article",
    { class: "wt-run", "aria-labelledby": id, "data-run": first.id },
    el("header", {}, heading, el("p", { class: "wt-run-facts" }, el("time", { datetime: new Date(first.at * 1000).toISOString(), text: when(first) }), cost)),
    live, progress, problem, note, thoughts, text, made, log,
    el("div", { class: "wt-run-actions" }, stopper, loader, saver, picker, deleter),
  );
  let run = first;
  let drawn = "";

  function fill(target, value, holder = target) {
    // A text that is written anew would lose the reader's selection.
    if (target.textContent !== value) target.textContent = value;
    holder.hidden = !value;
  }

  function draw(now) {
    run = now;
    const active = isActive(run);
    node.dataset.state = run.state;
    fill(state, STATES[run.state] ?? run.state);
    fill(phase, active ? [PHASES[run.status] ?? "", run.step].filter(Boolean).join(", ") : run.elapsed ? `in ${seconds(run)}` : "");
    cost.textContent = costOf(run);
    progress.hidden = !active;
    if (run.percentage === null) progress.removeAttribute("value");
    else progress.value = run.percentage;
    fill(problem, run.error);
    fill(thinking, run.thinking, thoughts);
    fill(text, run.text);
    fill(lines, (run.log ?? []).join("\n"), log);
    const key = JSON.stringify(run.outputs);
    if (key !== drawn) made.replaceChildren(...outputs(run));
    drawn = key;
    made.hidden = !run.outputs.length;
    stopper.hidden = !active;
    saver.hidden = savedOf(run) < 2;
    deleter.hidden = active;
    picker.hidden = active;
  }

  const say = (what) => fill(note, what);
  const pick = (on) => (box.checked = on);
  return { node, draw, say, pick };
}
