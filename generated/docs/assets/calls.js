// What pages ask of the studio that serves them.

import { el } from "./dom.js";

export const RUNS = "/studio/runs";

const AGAIN = 3000;
const LOST = "The studio does not respond; the run goes on. Trying again …";

export const isActive = (run) => ["sending", "running", "stopping"].includes(run.state);

// The response as JSON. An error is an Error, with `problems` by name when the studio has sent it.
export async function call(method, path, body) {
  let response;
  try {
    response = await fetch(path, { method, body });
  } catch {
    throw new Error("The studio does not respond. Is wiro-tools studio still running?");
  }
  if (response.ok) return response.status === 204 ? null : response.json();
  const found = await response.json().catch(() => ({}));
  const error = new Error(found.error ?? "This studio was started anew: open the address that it printed.");
  error.problems = found.problems ?? {};
  throw error;
}

// Follow a run until it ends, also when the connection breaks in between. `changed` gets what is
// new, `say` what is wrong with the connection, or "". The function that is returned ends it.
export function follow(id, changed, say, ended = () => {}) {
  let stream = null;
  let waiting = null;
  const open = () => {
    stream = new EventSource(`${RUNS}/${id}/events`);
    stream.addEventListener("change", (event) => {
      say("");
      changed({ id, ...JSON.parse(event.data) });
    });
    stream.addEventListener("end", () => {
      stream.close();
      ended();
    });
    stream.addEventListener("error", () => {
      say(LOST);
      // The browser asks again by itself, unless the response was an error.
      if (stream.readyState === EventSource.CLOSED) waiting = setTimeout(ask, AGAIN);
    });
  };
  const ask = async () => {
    try {
      changed(await call("GET", `${RUNS}/${id}`));
      open();
    } catch (error) {
      say(error.message);
      waiting = setTimeout(ask, AGAIN);
    }
  };
  open();
  return () => {
    stream.close();
    clearTimeout(waiting);
  };
}

export function addStyles() {
  const link = el("link", { rel: "stylesheet", href: new URL("studio.css", import.meta.url).href });
  const loaded = new Promise((done) => {
    link.addEventListener("load", done);
    link.addEventListener("error", done);
  });
  document.head.append(link);
  return loaded;
}
