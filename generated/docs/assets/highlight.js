// Enough colour for the snippets: strings, numbers, comments and a few words.

import { el } from "./dom.js";

const WORDS = "import|from|with|as|await|async|def|None|True|False|true|false|null";
const RULES = {
  python: new RegExp(`(?<c>#[^\\n]*)|(?<s>"(?:[^"\\\\\\n]|\\\\.)*"|'(?:[^'\\\\\\n]|\\\\.)*')|(?<k>\\b(?:${WORDS})\\b)|(?<m>\\b\\d[\\d.e+-]*)`, "g"),
  shell: /(?<c>^#[^\n]*)|(?<s>"(?:[^"\\]|\\.)*"|'[^']*')|(?<k>(?<=\s)--?[A-Za-z][\w-]*)/gm,
  json: /(?<k>"(?:[^"\\]|\\.)*"(?=:))|(?<s>"(?:[^"\\]|\\.)*")|(?<m>-?\b\d[\d.e+-]*)/g,
};
const LANGUAGES = {
  python: "python", async: "python", stream: "python", shell: "shell", powershell: "shell", curl: "shell",
  rest: "shell", json: "json",
};

// Longer texts stay plain: colour is not worth a slow page.
const LIMIT = 20000;

// Nodes for the code, with a span for each line, so that a long one goes on to the right of its
// beginning.
export function highlight(text, language) {
  if (text.length > LIMIT) return [text];
  const lines = [[]];
  const add = (piece, kind) => {
    for (const [index, part] of piece.split("\n").entries()) {
      if (index) lines.push([]);
      lines.at(-1).push(kind ? el("span", { class: `wt-${kind}`, text: part }) : part);
    }
  };
  let end = 0;
  for (const match of text.matchAll(RULES[LANGUAGES[language]])) {
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    add(text.slice(end, match.index));
    add(match[0], kind);
    end = match.index + match[0].length;
  }
  add(text.slice(end));
  return lines.flatMap((nodes, index) => (index ? ["\n", line(nodes)] : [line(nodes)]));
}

function line(nodes) {
  const node = el("span", { class: "wt-line" }, ...nodes);
  node.style.setProperty("--indent", `${node.textContent.search(/\S|$/)}ch`);
  return node;
}
