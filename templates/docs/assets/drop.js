// Files that are dropped onto the form, or chosen: kept by the studio on this computer, and shown.

import { el } from "./dom.js";
import { LocalFile } from "./values.js";

const FILES = "/studio/files";
const UPLOAD = /[\\/]uploads[\\/]([0-9a-f]{24})[\\/]([^\\/]+)$/;
const KINDS = { png: "img", jpg: "img", jpeg: "img", webp: "img", gif: "img", avif: "img", bmp: "img",
  mp3: "audio", wav: "audio", ogg: "audio", flac: "audio", m4a: "audio",
  mp4: "video", webm: "video", mov: "video" };
const MANY = new Set(["files", "files-mixed", "files-url"]);

function preview(path) {
  const [, upload, name] = UPLOAD.exec(path) ?? [];
  if (!upload) return null;
  const kind = KINDS[name.split(".").pop().toLowerCase()];
  const src = `${FILES}/${upload}/${encodeURIComponent(name)}`;
  const more = kind === "img" ? { alt: name } : { controls: true, "aria-label": name };
  const shown = kind ? el(kind, { src, ...more }) : null;
  return el("figure", { class: "wt-preview" }, shown, el("figcaption", { text: name }));
}

export function takeFiles(request, say, call) {
  const fields = request.fields.filter((field) => field.input.kind.startsWith("file"));

  async function take(field, files) {
    const many = MANY.has(field.input.kind);
    const before = [field.get() ?? []].flat().map((each) => (each instanceof LocalFile ? [each.path, true] : [each, false]));
    const added = [];
    if (files.length > 1 && !many) {
      say(`${field.input.title} takes one file; ${files.length} were dropped.`, true);
      return;
    }
    for (const file of files) {
      say(`Keeping ${file.name} …`);
      try {
        const { path } = await call("POST", `${FILES}?name=${encodeURIComponent(file.name)}`, file);
        added.push([path, true]);
      } catch (error) {
        say(error.message, true);
        break;
      }
    }
    if (!added.length) return;
    field.load(JSON.stringify(many ? [...before, ...added] : added));
    request.changed();
  }

  for (const field of fields) {
    const chooser = el("input", { type: "file", multiple: MANY.has(field.input.kind), "aria-label": `${field.input.title}: choose a file` });
    chooser.addEventListener("change", () => {
      take(field, [...chooser.files]);
      chooser.value = "";
    });
    const shown = el("div", { class: "wt-previews" });
    const zone = el("div", { class: "wt-drop" }, el("span", { text: "Drop a file here, or" }), chooser, shown);
    field.hint.before(zone);
    const draw = () => {
      const paths = [field.get() ?? []].flat().filter((each) => each instanceof LocalFile).map((each) => each.path);
      if (shown.dataset.paths === JSON.stringify(paths)) return;
      shown.dataset.paths = JSON.stringify(paths);
      shown.replaceChildren(...paths.map(preview).filter(Boolean));
    };
    request.listen(draw);
    draw();
  }

  const nearest = (target) => fields.find((field) => field.node.contains(target)) ?? fields[0];
  // Without this the browser would leave the page for the file.
  request.form.addEventListener("dragover", (event) => {
    event.preventDefault();
    request.form.classList.add("wt-dropping");
  });
  request.form.addEventListener("dragleave", () => request.form.classList.remove("wt-dropping"));
  request.form.addEventListener("drop", (event) => {
    event.preventDefault();
    request.form.classList.remove("wt-dropping");
    const files = [...event.dataTransfer.files];
    if (files.length && fields.length) take(nearest(event.target), files);
    else if (files.length) say("This tool takes no files.", true);
  });
}
