// The page of all runs, of every tool: found, shown, compared, loaded into a form again, deleted.

import { addStyles, call, follow, isActive, RUNS } from "./calls.js";
import { differences } from "./compare.js";
import { el, newId } from "./dom.js";
import { costOf, deleteButton, hue, runCard, savedOf, seconds, STATES, title, when } from "./runs.js";

const GROUPS = {
  active: ["Running", ["sending", "running", "stopping"]],
  succeeded: ["Done", ["succeeded"]],
  failed: ["Failed", ["failed"]],
  cancelled: ["Stopped", ["cancelled"]],
  uncertain: ["Not known", ["uncertain"]],
};
const SOON = 1500;
const LATER = 10_000;
const INPUTS = 4;
const WORD = 40;

// The inputs in short, options by their labels, but for the text that is the title.
function short(run) {
  const said = title(run);
  const told = Object.entries({ ...run.body, ...run.labels }).filter(
    ([, value]) => ["string", "number", "boolean"].includes(typeof value) && value !== "" && value !== said && String(value).length < WORD,
  );
  return told.slice(0, INPUTS).map(([name, value]) => el("span", {}, el("code", { text: name }), ` ${value}`));
}

function thumbnail(run, tool) {
  const address = (number) => `${RUNS}/${run.id}/outputs/${number}`;
  const at = run.outputs.findIndex((each) => each.saved && /^(image|video)\//.test(each.type));
  const makes = run.outputs.some((each) => each.type.startsWith("audio/")) ? "audio" : (tool?.makes ?? "other");
  const drawn = () => el("span", { class: `wt-drawn wt-makes-${makes}`, style: `--hue:${tool?.hue ?? hue(run.id)}` });
  if (at < 0) return run.text ? el("span", { class: "wt-thumb-text", text: run.text }) : drawn();
  if (run.outputs[at].type.startsWith("image/")) return el("img", { src: address(at), alt: "", loading: "lazy", decoding: "async" });
  const video = el("video", { src: address(at), preload: "metadata", loop: true, playsinline: true, tabindex: "-1", "aria-hidden": "true" });
  video.muted = true;
  return video;
}

function card(first, tool, { open, choose, remove, load }) {
  const id = newId("run");
  const show = el("button", { type: "button", class: "wt-thumb", onclick: () => open(run.id) });
  const state = el("strong", { class: "wt-state" });
  const facts = el("p", { class: "wt-run-facts" });
  const progress = el("progress", { max: 100, "aria-label": "Progress" });
  const audio = el("div");
  const problem = el("p", { class: "wt-problem wt-brief" });
  const box = el("input", { type: "checkbox", onchange: () => choose(run.id, box.checked) });
  const picker = el("label", { class: "wt-pick" }, box, el("span", { text: "Compare" }));
  const loader = load(first) ? el("a", { class: "wt-action", href: load(first), text: "Load into form" }) : null;
  const saver = el("a", { class: "wt-action", download: "", text: "Download" });
  const deleter = deleteButton(() => remove(run.id));
  const node = el(
    "article",
    { class: "wt-run wt-tile", "aria-labelledby": id, "data-run": first.id },
    show, picker,
    el("div", { class: "wt-tile-body" },
      el("p", { class: "wt-tile-tool", text: first.tool }),
      el("h2", { id, text: title(first) }),
      el("p", { class: "wt-tile-inputs" }, ...short(first)),
      progress, problem, audio,
      el("p", { class: "wt-run-live" }, state, el("time", { datetime: new Date(first.at * 1000).toISOString(), text: when(first) })),
      facts,
      el("div", { class: "wt-run-actions" }, loader, saver, deleter),
    ),
  );
  let run = first;
  let drawn = "";

  function draw(now) {
    run = now;
    const active = isActive(run);
    node.dataset.state = run.state;
    state.textContent = STATES[run.state] ?? run.state;
    facts.replaceChildren(el("span", { text: costOf(run) }), el("span", { text: seconds(run) }));
    progress.hidden = !active;
    if (run.percentage === null) progress.removeAttribute("value");
    else progress.value = run.percentage;
    problem.textContent = run.error;
    problem.hidden = !run.error;
    picker.hidden = deleter.hidden = active;
    const saved = savedOf(run);
    saver.hidden = !saved;
    saver.href = `${RUNS}/${run.id}/${saved > 1 ? "outputs.zip" : `outputs/${run.outputs.findIndex((each) => each.saved)}?download`}`;
    saver.title = saved > 1 ? `${saved} files as one zip file` : "";
    show.setAttribute("aria-label", `Show ${title(run)}, ${state.textContent}`);
    const key = JSON.stringify([run.outputs, run.text]);
    if (key === drawn) return;
    drawn = key;
    show.replaceChildren(thumbnail(run, tool), saved > 1 ? el("span", { class: "wt-many", text: String(saved) }) : "");
    const sound = run.outputs.findIndex((each) => each.saved && each.type.startsWith("audio/"));
    audio.replaceChildren(sound < 0 ? "" : el("audio", { src: `${RUNS}/${run.id}/outputs/${sound}`, controls: true, preload: "none", "aria-label": run.outputs[sound].name }));
  }

  const video = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? null : node.querySelector("video"));
  node.addEventListener("pointerenter", () => video()?.play().catch(() => {}));
  node.addEventListener("pointerleave", () => video()?.pause());
  return { node, draw, pick: (on) => (box.checked = on) };
}

function dialog() {
  const body = el("div", { class: "wt-dialog-body" });
  const close = el("button", { type: "button", class: "wt-dialog-close", text: "Close", onclick: () => node.close() });
  const node = el("dialog", { class: "wt-run-dialog md-typeset", "aria-label": "Run" }, close, body);
  // The page behind is where a click outside leads.
  node.addEventListener("click", (event) => event.target === node && node.close());
  document.body.append(node);
  return {
    node,
    show: (label, ...children) => {
      node.setAttribute("aria-label", label);
      body.replaceChildren(...children);
      if (!node.open) node.showModal();
      node.scrollTop = 0;
    },
  };
}

const option = ([value, text]) => el("option", { value, text });

export async function allRuns(root, tools, simulated) {
  await addStyles();
  const byId = new Map(tools.map((tool) => [tool.tool, tool]));
  const base = new URL(root.getAttribute("data-tools"), location.href);
  const cards = new Map();
  let chosen = [];
  let pages = 1;
  let stale = 0;
  let waiting = null;
  let unfollow = () => {};

  const status = el("p", { class: "wt-count", role: "status" });
  const ofTool = el("select", { id: newId("tool"), onchange: () => refresh(true) }, option(["", "any"]));
  const ofState = el("select", { id: newId("state"), onchange: () => refresh(true) }, option(["", "any"]), ...Object.entries(GROUPS).map(([key, [text]]) => option([key, text])));
  const grid = el("div", { class: "wt-tiles" });
  const more = el("button", { type: "button", class: "wt-more", text: "Show more", hidden: true, onclick: async () => {
    const first = cards.size;
    pages += 1;
    await refresh();
    grid.children[first]?.querySelector("button").focus();
  } });
  const picked = el("span");
  const comparer = el("button", { type: "button", class: "wt-run-button", text: "Compare", onclick: compare });
  const picks = el("div", { class: "wt-picks", role: "group", "aria-label": "Comparison", hidden: true }, picked, comparer,
    el("button", { type: "button", class: "wt-clear", text: "Clear", onclick: () => pick([]) }));
  const shown = dialog();

  const load = (run) => (byId.has(run.tool) ? `${new URL(byId.get(run.tool).page, base).href}#load=${run.id}` : "");
  const say = (text) => (status.textContent = text);

  function draw(run) {
    if (!cards.has(run.id)) cards.set(run.id, card(run, byId.get(run.tool), { open, choose, remove, load }));
    const known = cards.get(run.id);
    known.run = run;
    known.draw(run);
    return known.node;
  }

  async function list() {
    const query = new URLSearchParams();
    if (ofTool.value) query.set("of", ofTool.value);
    for (const state of GROUPS[ofState.value]?.[1] ?? []) query.append("state", state);
    const found = [];
    let last = null;
    for (let page = 0; page < pages; page += 1) {
      query.set("start", found.length);
      last = await call("GET", `${RUNS}?${query}`);
      found.push(...last.runs);
      if (found.length >= last.total) break;
    }
    return { ...last, runs: found };
  }

  async function refresh(anew = false) {
    clearTimeout(waiting);
    if (anew) pages = 1;
    const turn = (stale += 1);
    try {
      const found = await list();
      if (turn !== stale) return;
      const ids = new Set(found.runs.map((run) => run.id));
      for (const id of cards.keys()) if (!ids.has(id)) cards.delete(id);
      const nodes = found.runs.map(draw);
      // A node that is where it belongs is not moved: what plays in it would stop.
      nodes.forEach((node, index) => {
        if (grid.children[index] !== node) grid.insertBefore(node, grid.children[index] ?? null);
      });
      while (grid.children.length > nodes.length) grid.lastChild.remove();
      more.hidden = found.runs.length >= found.total;
      const names = Object.keys(found.tools).sort();
      if (ofTool.options.length - 1 !== names.length) {
        const kept = ofTool.value;
        ofTool.replaceChildren(option(["", "any"]), ...names.map((name) => option([name, `${name} (${found.tools[name]})`])));
        ofTool.value = kept;
      }
      const any = ofTool.value || ofState.value;
      say(found.total ? `${found.total} run${found.total === 1 ? "" : "s"}` : any ? "No run fits." : "Nothing has been run yet: open a tool and press Run.");
      pick(chosen.filter((id) => ids.has(id)));
      waiting = setTimeout(refresh, found.runs.some(isActive) ? SOON : LATER);
    } catch (error) {
      if (turn !== stale) return;
      say(`${error.message} Runs go on; trying again …`);
      waiting = setTimeout(refresh, SOON);
    }
  }

  function pick(ids) {
    for (const [id, each] of cards) each.pick(ids.includes(id));
    chosen = ids;
    picks.hidden = !ids.length;
    comparer.disabled = ids.length < 2;
    picked.textContent = ids.length < 2 ? "Choose one more run to compare." : "2 runs chosen.";
  }

  // The last two that were picked are compared.
  function choose(id, on) {
    const rest = chosen.filter((each) => each !== id);
    pick(on ? [...rest, id].slice(-2) : rest);
  }

  async function remove(id) {
    const next = cards.get(id)?.node.nextElementSibling ?? cards.get(id)?.node.previousElementSibling;
    try {
      await call("DELETE", `${RUNS}/${id}`);
      shown.node.close();
      await refresh();
      (next?.querySelector(".wt-thumb") ?? ofTool).focus();
    } catch (error) {
      say(error.message);
    }
  }

  async function compare() {
    try {
      const pair = await Promise.all(chosen.map((id) => call("GET", `${RUNS}/${id}`)));
      shown.show("Comparison", el("section", { class: "wt-compare" }, ...differences(...pair.sort((a, b) => a.at - b.at))));
    } catch (error) {
      say(error.message);
    }
  }

  async function open(id) {
    unfollow();
    try {
      const run = await call("GET", `${RUNS}/${id}`);
      const actions = {
        stop: () => call("POST", `${RUNS}/${id}/stop`).catch((error) => whole.say(error.message)),
        remove: () => remove(id),
        load: () => (load(run) ? location.assign(load(run)) : whole.say("This site has no page of this tool.")),
        choose: (_, on) => choose(id, on),
      };
      const whole = runCard(run, actions);
      whole.draw(run);
      whole.pick(chosen.includes(id));
      const rows = Object.entries(run.body).map(([name, value]) =>
        el("tr", {}, el("th", { scope: "row" }, el("code", { text: name })), el("td", { text: typeof value === "string" ? value : JSON.stringify(value) })),
      );
      const inputs = el("details", { class: "wt-log" }, el("summary", { text: "Inputs as sent" }), el("table", {}, el("tbody", {}, ...rows)));
      whole.node.querySelector(".wt-run-actions").before(inputs);
      whole.node.querySelector("header").prepend(el("p", { class: "wt-tile-tool", text: run.tool }));
      shown.show("Run", whole.node);
      if (isActive(run)) unfollow = follow(id, (found) => whole.draw(Object.assign(run, found)), whole.say, refresh);
    } catch (error) {
      say(error.message);
    }
  }

  shown.node.addEventListener("close", () => unfollow());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());
  root.append(
    simulated ? el("p", { class: "wt-simulated", text: "Simulated: nothing is sent to Wiro, and nothing is billed." }) : "",
    el("div", { class: "wt-finder wt-runs-finder" },
      el("label", { class: "wt-filter" }, el("span", { text: "Tool" }), ofTool),
      el("label", { class: "wt-filter" }, el("span", { text: "State" }), ofState),
    ),
    el("div", { class: "wt-count-row" }, status),
    grid, more, picks,
  );
  await refresh();
  root.classList.add("wt-ready");
}
