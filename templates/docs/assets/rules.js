// What an input refuses, in the words of the Python validator. tests/site/cases.json holds
// requests that both must judge alike.

import { decimal, isWhole, less, onStep, spell } from "./decimal.js";
import { optionsOf } from "./meant.js";
import { isHuge, LocalFile, Lora, Num, repr, shorten } from "./values.js";

const EXPECTED = {
  text: "text", choice: "text", id: "text", int: "a whole number", number: "a number",
  "int-or-text": "a whole number or text", bool: "true or false", object: "a mapping",
};

function shown(value) {
  if (value === null) return "nothing";
  const text = shorten(repr(value));
  if (typeof value === "string") return `${text} (text)`;
  if (value instanceof Num) return `${text} (${value.whole ? "whole number" : "number"})`;
  if (typeof value === "boolean") return `${text} (boolean)`;
  return `${text} (${Array.isArray(value) ? "list" : "mapping"})`;
}

function isMapping(value) {
  const plain = value !== null && typeof value === "object";
  return plain && !(value instanceof Num) && !Array.isArray(value);
}

function fits(kind, value) {
  if (kind === "int") return value instanceof Num && value.whole;
  if (kind === "number") return value instanceof Num;
  if (kind === "int-or-text") return typeof value === "string" || (value instanceof Num && value.whole);
  if (kind === "bool") return typeof value === "boolean";
  if (kind === "object") return isMapping(value);
  return kind === "any" || typeof value === "string";
}

// What is wrong with chosen options: a list of [where, message], null where there are none to choose.
function wrongOptions(input, value) {
  const options = optionsOf(input);
  if (!options) return null;
  const one = (each) => {
    const text = each instanceof Lora ? each.value : each;
    return typeof text === "string" ? options.problem(text) : null;
  };
  if (!Array.isArray(value)) return [["", one(value)]].filter(([, text]) => text);
  return value.map((each, place) => [`[${place}]`, one(each)]).filter(([, text]) => text);
}

function limits(input, value) {
  if (!(value instanceof Num)) return null;
  const given = decimal(value.text);
  const { minimum, maximum } = input;
  const low = minimum !== undefined && less(given, decimal(minimum));
  const high = maximum !== undefined && less(decimal(maximum), given);
  if (!low && !high) return null;
  const range = [minimum === undefined ? "" : `from ${minimum}`, maximum === undefined ? "" : `to ${maximum}`];
  return `expected ${EXPECTED[input.kind]} ${range.filter(Boolean).join(" ")}, got ${shown(value)}`;
}

function wrongKind(input, value) {
  const { kind } = input;
  if (input.odd !== undefined) {
    if (value === input.odd || fits(kind, value)) return null;
    return `expected ${EXPECTED[kind]} or ${shorten(repr(input.odd))}, got ${shown(value)}`;
  }
  return fits(kind, value) ? null : `expected ${EXPECTED[kind]}, got ${shown(value)}`;
}

// A shared address can hold what no keyboard types.
function holdsHalf(value) {
  return [value].flat().some((each) => typeof each === "string" && /\p{Surrogate}/u.test(each));
}

// What is wrong with `value` as one input: a list of [where, message], where is "" or "[2]".
export function problems(input, value) {
  const { kind } = input;
  if (value === undefined) return input.required ? [["", "required"]] : [];
  const wrong = wrongOptions(input, value);
  if (wrong?.length) return wrong;
  if (input.required && kind !== "choice" && typeof value === "string" && !value.trim()) {
    return [["", "required, got blank text"]];
  }
  if (holdsHalf(value)) return [["", "holds half a character (an unpaired surrogate)"]];
  if ((Array.isArray(value) && kind !== "object") || kind.startsWith("file") || value instanceof LocalFile) return [];
  if (kind === "lora") return [];
  const text =
    wrongKind(input, value) ??
    limits(input, value) ??
    (isHuge(value) ? "has more than 300 digits" : null);
  return text ? [["", text]] : [];
}

function allowed([, kind, low, high, , step]) {
  const parts = [kind === "number" ? "a whole number" : "a number"];
  if (low !== null) parts.push(`from ${low}`);
  if (high !== null) parts.push(`to ${high}`);
  if (step) parts.push(`in steps of ${step}`);
  return parts.join(" ");
}

function scale(setting, given) {
  const [, kind, low, high, , step] = setting;
  const wrong = (quoted) => [null, `expected ${allowed(setting)}, got ${quoted}`];
  if (isHuge(given)) return wrong("more than 300 digits");
  const exact = given instanceof Num ? decimal(given.text) : null;
  if (exact === null || (kind === "number" && !isWhole(exact))) return wrong(shorten(repr(given)));
  const [least, most, by] = [low, high, step].map(decimal);
  if ((least && less(exact, least)) || (most && less(most, exact))) return wrong(given.text);
  const zero = { digits: 0n, scale: 0 };
  if (by && !onStep(exact, least ?? zero, by)) return wrong(given.text);
  return [spell(kind, exact), null];
}

// The tags and words that a LoRA puts in front of the prompt, and what is wrong with its scales.
export function loraPrefix(lora) {
  const parts = [];
  for (const setting of lora.option?.[5] ?? []) {
    const given = lora.scales[setting[0]];
    let text;
    if (given === undefined) {
      const fallback = decimal(setting[4]);
      text = fallback && spell(setting[1], fallback);
    } else {
      const [spelled, wrong] = scale(setting, given);
      if (wrong) return { prefix: "", problem: `${lora.option[2]}: ${wrong}` };
      text = spelled;
    }
    if (text && lora.tag) parts.push(`<lora:${setting[0]}:${text}>`);
  }
  const all = [...parts, ...lora.words];
  return { prefix: all.map((part) => `${part}, `).join(""), problem: null };
}

export function lorasOf(value) {
  return (Array.isArray(value) ? value : [value]).filter((each) => each instanceof Lora);
}
