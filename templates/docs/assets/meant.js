// Which option of an input a text means: by id, by label, or by the part of a label that fits only
// one. The same rules as wiro_runtime/inputs/options.py; tests/site/cases.json holds texts that both
// must read alike.

import { fold } from "./fold.js";
import { nearest } from "./nearest.js";
import { reprText, shorten } from "./values.js";

const CAMEL = /(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/gu;
// Numbers stay whole, with their sign: "1" is no part of "10", "0.1" or "-1".
const WORD = /(?:(?<![\p{L}\p{N}])[-+](?=[0-9]))?[\p{L}\p{N}]+(?:(?<=[0-9])[.,](?=[0-9])[\p{L}\p{N}]+)*/gu;
const SHORTEST = 3;
const SHOWN = 5;
const DIGITS = /^\p{Nd}+$/u;

// A text without what separates its words, and where words begin.
function squeeze(text) {
  const plain = text.normalize("NFKD").replace(/\p{M}/gu, "");
  let joined = "";
  const starts = new Set();
  for (const word of fold(plain.replace(CAMEL, " ")).match(WORD) ?? []) {
    // 16:9 is not 169.
    if (/[0-9]$/.test(joined) && /^[0-9+-]/.test(word)) joined += " ";
    starts.add(joined.length);
    joined += word;
  }
  return { text: joined, starts };
}

function ends({ text, starts }, end, whole) {
  const rest = text.slice(end, end + 1);
  if (!rest || rest === " " || starts.has(end)) return true;
  return !whole && !(/[0-9]/.test(text[end - 1]) && /[0-9.,]/.test(rest));
}

function holds(squeezed, part, whole) {
  return [...squeezed.starts].some(
    (start) => squeezed.text.startsWith(part, start) && ends(squeezed, start + part.length, whole),
  );
}

class Options {
  constructor(rows, closed) {
    this.labels = new Map(rows.map(([value, , label]) => [value, label || value]));
    this.closed = closed;
    this.names = null;
  }

  // The ids that a text may mean: one when it is clear, none when nothing fits.
  find(text) {
    if (this.labels.has(text)) return [text];
    const folded = fold(text).trim();
    const wanted = squeeze(text).text;
    if (!wanted) return [];
    const same = this.which((name) => name.folded === folded, true);
    if (same.length || !/\p{L}/u.test(wanted)) return same;
    const tries = [
      () => this.which((name) => name.squeezed.text === wanted, true),
      () => this.which((name) => holds(name.squeezed, wanted, true)),
      () => ([...wanted].length < SHORTEST ? [] : this.which((name) => holds(name.squeezed, wanted, false))),
    ];
    for (const each of tries) {
      const found = each();
      if (found.length) return found;
    }
    return [];
  }

  which(fits, ids = false) {
    this.names ??= [...this.labels].map(([value, label]) => {
      const texts = label !== value || this.closed ? [label, label.includes("/") ? label.slice(label.indexOf("/") + 1) : ""] : [];
      const read = (text) => ({ folded: fold(text).trim(), squeezed: squeeze(text) });
      return { value, labels: texts.filter(Boolean).map(read), id: value ? [read(value)] : [] };
    });
    return this.names
      .filter((each) => [...each.labels, ...(ids ? each.id : [])].some(fits))
      .map((each) => each.value);
  }

  // An id that is not listed, and is sent all the same.
  isUnknownId(text) {
    if (this.closed || !this.labels.size || !text.trim() || this.find(text).length) return false;
    return this.mayBeId(text);
  }

  mayBeId(text) {
    return DIGITS.test(text) || ![...this.labels.keys()].every((value) => !value || DIGITS.test(value));
  }

  // Why a text is refused, or null.
  problem(text) {
    const found = this.find(text);
    const quoted = shorten(reprText(text));
    if (found.length > 1) {
      const more = found.length > SHOWN ? ` and ${found.length - SHOWN} more` : "";
      return `${quoted} fits several options: ${found.slice(0, SHOWN).map((each) => this.shown(each)).join(", ")}${more}`;
    }
    if (found.length) return null;
    if (this.closed) return `${quoted} is not an option${this.nearest(text)}`;
    if (!this.labels.size || !text.trim() || this.mayBeId(text)) return null;
    return `${quoted} is neither an id nor a label${this.nearest(text)}`;
  }

  nearest(given) {
    const names = new Map();
    for (const [value, label] of this.labels) {
      for (const name of [label, value]) if (!names.has(name)) names.set(name, this.shown(value));
    }
    return nearest(given, [...names.keys()], names);
  }

  shown(value) {
    const label = this.labels.get(value);
    if (label === value) return shorten(reprText(value), 60);
    return `${shorten(reprText(label), 60)} (id ${shorten(reprText(value), 40)})`;
  }
}

const CLOSED = new Set(["choice", "choices"]);
const KINDS = new Set(["choice", "choices", "id", "ids", "lora", "loras"]);
const known = new WeakMap();

// The options of an input, null for one without any.
export function optionsOf(input) {
  if (!KINDS.has(input.kind) || !input.options?.length) return null;
  if (!known.has(input)) known.set(input, new Options(input.options, CLOSED.has(input.kind)));
  return known.get(input);
}

// The id of the option that a text means, or the text itself.
export function meant(input, text) {
  const found = optionsOf(input)?.find(text) ?? [];
  return found.length === 1 ? found[0] : text;
}
