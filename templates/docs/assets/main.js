// Starts what a page has use for. Every page reads well without any of it.

import { searchDialog, warm } from "./search.js";

async function start(selector, attribute, run) {
  for (const root of document.querySelectorAll(selector)) {
    try {
      const answer = await fetch(root.getAttribute(attribute));
      if (!answer.ok) throw new Error(`${answer.status} for ${answer.url}`);
      await run(root, await answer.json());
    } catch (error) {
      document.documentElement.classList.add("wt-plain");
      console.warn("wiro-tools:", error);
    }
  }
}

function hideBrokenPictures() {
  for (const image of document.images) {
    if (image.complete && !image.naturalWidth && image.currentSrc) image.classList.add("wt-broken");
  }
  document.addEventListener(
    "error",
    (event) => {
      if (event.target instanceof HTMLImageElement) event.target.classList.add("wt-broken");
    },
    true,
  );
}

function addCopyButtons() {
  for (const block of document.querySelectorAll(".highlight")) {
    const code = block.querySelector("pre > code");
    if (!code) continue;
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "wt-copy-code", textContent: "Copy" });
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not allowed";
      }
      setTimeout(() => (button.textContent = "Copy"), 2000);
    });
    block.append(button);
  }
}

// Without scripts the label around the button opens the menu of a narrow screen.
function prepareMenu(button) {
  const toggle = document.getElementById("__drawer");
  const tell = () => button.setAttribute("aria-expanded", String(toggle.checked));
  toggle.addEventListener("change", tell);
  tell();
  document.addEventListener("keydown", (event) => {
    const pressed = event.target === button && (event.key === "Enter" || event.key === " ");
    if (!pressed && !(event.key === "Escape" && toggle.checked)) return;
    event.preventDefault();
    toggle.click();
    button.focus();
  });
}

// The index is loaded when the search is about to be used; the dialog opens at once, so that no
// key is lost.
function prepareSearch(opener) {
  const address = new URL(opener.dataset.index, location.href).href;
  let dialog = null;
  const open = () => {
    dialog ??= searchDialog(opener);
    dialog.open();
  };
  opener.addEventListener("click", open);
  for (const sign of ["pointerenter", "focus"]) {
    opener.addEventListener(sign, () => warm(address).catch(() => {}), { once: true });
  }
  document.addEventListener(
    "keydown",
    (event) => {
      const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
      const wanted = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
      if (!wanted && (typing || event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey)) return;
      event.preventDefault();
      event.stopPropagation();
      open();
    },
    true,
  );
}

const mark = document.querySelector('meta[name="wt-studio"]');
hideBrokenPictures();
addCopyButtons();
// The form of a tool has a choice of its own.
if (document.querySelector(".language-powershell.highlight") && !document.querySelector(".wt-builder")) {
  import("./shells.js").then(({ joinShells }) => joinShells());
}
const menu = document.querySelector(".wt-menu [role=button]");
if (menu) prepareMenu(menu);
const opener = document.querySelector(".wt-search-open");
if (opener) prepareSearch(opener);
start(".wt-builder", "data-tool", async (root, tool) => {
  const { build } = await import("./builder.js");
  const live = mark?.content === "live";
  const { studio, withoutExample } = mark ? await import("./studio.js") : {};
  const { choose, loadSample, request } = build(root, live ? withoutExample(tool) : tool, live);
  const { optionGallery } = await import("./options.js");
  for (const place of document.querySelectorAll(".wt-options")) optionGallery(place, tool, choose);
  for (const place of document.querySelectorAll(".wt-example")) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "wt-load", textContent: "Load into the form" });
    button.addEventListener("click", () => loadSample(Number(place.dataset.example)));
    place.append(button);
  }
  // Only where `wiro-tools studio` serves the page.
  if (mark) await studio(root, tool, request, !live);
});
start(".wt-gallery", "data-tools", async (root, data) => {
  const { gallery } = await import("./gallery.js");
  gallery(root, data.tools);
});
if (mark) {
  start(".wt-all-runs", "data-tools", async (root, data) => {
    const { allRuns } = await import("./all-runs.js");
    await allRuns(root, data.tools, mark.content === "simulated");
  });
}
