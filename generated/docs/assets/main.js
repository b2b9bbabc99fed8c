// Starts what a page has use for. Every page reads well without any of it.

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

// The search is loaded when somebody reaches for it.
function prepareSearch(opener) {
  let dialog = null;
  const module = () => import("./search.js");
  const ready = async () => {
    const { warm } = await module();
    await warm(new URL(opener.dataset.index, location.href).href);
  };
  const open = async () => {
    const { searchDialog } = await module();
    dialog ??= searchDialog(opener);
    dialog.open();
  };
  opener.addEventListener("click", open);
  for (const sign of ["pointerenter", "focus"]) {
    opener.addEventListener(sign, () => ready().catch(() => {}), { once: true });
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

hideBrokenPictures();
const opener = document.querySelector(".wt-search-open");
if (opener) prepareSearch(opener);
start(".wt-builder", "data-tool", async (root, tool) => {
  const { build } = await import("./builder.js");
  const choose = build(root, tool);
  const { optionGallery } = await import("./options.js");
  for (const place of document.querySelectorAll(".wt-options")) optionGallery(place, tool, choose);
});
start(".wt-gallery", "data-tools", async (root, data) => {
  const { gallery } = await import("./gallery.js");
  gallery(root, data.tools);
});
