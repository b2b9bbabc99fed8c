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

hideBrokenPictures();
start(".wt-builder", "data-tool", async (root, tool) => {
  const { build } = await import("./builder.js");
  build(root, tool);
});
start(".wt-gallery", "data-tools", async (root, data) => {
  const { gallery } = await import("./gallery.js");
  gallery(root, data.tools);
});
