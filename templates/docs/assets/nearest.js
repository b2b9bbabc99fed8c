// The documented values most like a given one, as the validator suggests them: those that hold what
// was given, shortest first, then those of Python's difflib.get_close_matches.

import { reprText, shorten } from "./values.js";

const JUNK_LENGTH = 200;

function positions(text) {
  const found = new Map();
  text.forEach((char, index) => {
    if (!found.has(char)) found.set(char, []);
    found.get(char).push(index);
  });
  if (text.length >= JUNK_LENGTH) {
    const limit = Math.floor(text.length / 100) + 1;
    for (const [char, places] of found) if (places.length > limit) found.delete(char);
  }
  return found;
}

function longest(a, b, places, [alo, ahi, blo, bhi]) {
  let best = { i: alo, j: blo, size: 0 };
  let lengths = new Map();
  for (let i = alo; i < ahi; i += 1) {
    const next = new Map();
    for (const j of places.get(a[i]) ?? []) {
      if (j < blo) continue;
      if (j >= bhi) break;
      const size = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, size);
      if (size > best.size) best = { i: i - size + 1, j: j - size + 1, size };
    }
    lengths = next;
  }
  let { i, j, size } = best;
  while (i > alo && j > blo && a[i - 1] === b[j - 1]) [i, j, size] = [i - 1, j - 1, size + 1];
  while (i + size < ahi && j + size < bhi && a[i + size] === b[j + size]) size += 1;
  return { i, j, size };
}

function ratio(a, b, places) {
  const queue = [[0, a.length, 0, b.length]];
  let matched = 0;
  while (queue.length) {
    const [alo, ahi, blo, bhi] = queue.pop();
    const { i, j, size } = longest(a, b, places, [alo, ahi, blo, bhi]);
    if (!size) continue;
    matched += size;
    if (alo < i && blo < j) queue.push([alo, i, blo, j]);
    if (i + size < ahi && j + size < bhi) queue.push([i + size, ahi, j + size, bhi]);
  }
  return a.length + b.length ? (2 * matched) / (a.length + b.length) : 1;
}

function closeMatches(word, known, count, cutoff) {
  const b = [...word];
  const places = positions(b);
  const scored = [];
  for (const each of known) {
    const score = ratio([...each], b, places);
    if (score >= cutoff) scored.push([score, each]);
  }
  scored.sort((x, y) => y[0] - x[0] || (x[1] < y[1] ? 1 : -1));
  return scored.slice(0, count).map(([, each]) => each);
}

// Python's casefold, nearly: "ß" becomes "ss".
function fold(text) {
  return text.toUpperCase().toLowerCase().replaceAll("ς", "σ");
}

// `shownAs` maps values to what stands for them in the message, where that is not their repr.
export function nearest(given, known, shownAs = null) {
  const values = [...new Set(known)];
  if (!values.length) return "";
  const quote = (value) => shownAs?.get(value) ?? shorten(reprText(value), 60);
  const quoted = (found) => [...new Set(found.map(quote))];
  const folded = new Map(values.map((value) => [fold(value), value]));
  const word = fold([...given].slice(0, 200).join(""));
  const holding = [...folded.keys()].filter((each) => [...word].length > 2 && each.includes(word));
  holding.sort((a, b) => [...a].length - [...b].length);
  const close = closeMatches(word, folded.keys(), 3, 0.5);
  const near = [...new Set([...holding, ...close])].map((each) => folded.get(each));
  if (near.length) return `; nearest: ${quoted(near).slice(0, 3).join(", ")}`;
  const every = quoted(values);
  return `; one of: ${every.slice(0, 5).join(", ")}${every.length > 5 ? ", …" : ""}`;
}
