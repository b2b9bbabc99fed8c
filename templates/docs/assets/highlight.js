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

export function highlight(text, language) {
  if (text.length > LIMIT) return [text];
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(RULES[LANGUAGES[language]])) {
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    nodes.push(text.slice(end, match.index), el("span", { class: `wt-${kind}`, text: match[0] }));
    end = match.index + match[0].length;
  }
  nodes.push(text.slice(end));
  return nodes;
}
