// Values as Python has them. JavaScript has one kind of number and no ints and floats, so numbers
// are objects that hold the text that Python prints.

// What a screen hides or reorders; the same characters that the generator escapes.
const INVISIBLE =
  /[\u0000-\u001f\u007f-\u00a0\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ud800-\uf8ff\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\u{110bd}\u{110cd}\u{13430}-\u{1343f}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e007f}\u{f0000}-\u{10ffff}]/gu;
const SHORT = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
const INTEGER = /^[+-]?\d+$/;
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

export class Num {
  constructor(text, whole) {
    this.text = text;
    this.whole = whole;
  }
}

const HUGE = 2n ** 1000n;

// An integer of more than some 300 digits.
export function isHuge(value) {
  if (!(value instanceof Num) || !value.whole) return false;
  const integer = BigInt(value.text);
  return integer >= HUGE || integer <= -HUGE;
}

export class LocalFile {
  constructor(path) {
    this.path = path;
  }
  get name() {
    return this.path.split("/").filter(Boolean).pop() ?? "file";
  }
}

export class Lora {
  // `scales` maps setting ids to texts as they were typed; `option` is the documented row or null.
  constructor(value, { option = null, scales = {}, tag = true, words = [] } = {}) {
    // Without a prototype: a setting may be called "constructor".
    const own = Object.assign(Object.create(null), scales);
    Object.assign(this, { value, option, scales: own, tag, words });
  }
}

// The value that a person means who types `text` where a number is wanted, or the text itself.
export function number(text) {
  const plain = text.trim();
  if (INTEGER.test(plain)) return new Num(String(BigInt(plain.replace(/^\+/, ""))), true);
  if (!FLOAT.test(plain) || !Number.isFinite(Number(plain))) return text;
  return new Num(floatText(Number(plain)), false);
}

// Python's repr of a float: shortest digits, exponents below 1e-4 and from 1e16.
export function floatText(value) {
  if (Object.is(value, -0)) return "-0.0";
  const [mantissa, exponent] = value.toExponential().split("e");
  const power = Number(exponent);
  if (value !== 0 && (power < -4 || power >= 16)) {
    const sign = power < 0 ? "-" : "+";
    return `${mantissa}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  const digits = mantissa.replace(/[-.]/g, "");
  const sign = mantissa.startsWith("-") ? "-" : "";
  if (power < 0) return `${sign}0.${"0".repeat(-power - 1)}${digits}`;
  const whole = digits.slice(0, power + 1).padEnd(power + 1, "0");
  return `${sign}${whole}.${digits.slice(power + 1) || "0"}`;
}

function escape(char) {
  if (char in SHORT) return SHORT[char];
  const code = char.codePointAt(0);
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}

function count(text, char) {
  return text.split(char).length - 1;
}

// Python source of a text, as the generator writes it: the quotes that need fewer backslashes.
export function pythonText(text) {
  const quote = count(text, '"') > count(text, "'") ? "'" : '"';
  const body = text.replaceAll("\\", "\\\\").replaceAll(quote, `\\${quote}`);
  return quote + body.replace(INVISIBLE, escape) + quote;
}

// What Python's repr gives for a text; error messages quote values with it.
export function reprText(text) {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = text.replaceAll("\\", "\\\\").replaceAll(quote, `\\${quote}`);
  return quote + body.replace(INVISIBLE, escape) + quote;
}

// What Python's repr gives for any value.
export function repr(value) {
  return python(value, reprText);
}

// Python source of a value; `quote` spells its texts.
export function python(value, quote = pythonText) {
  if (typeof value === "string") return quote(value);
  if (value instanceof Num) return value.text;
  if (value instanceof LocalFile) return `Path(${quote(value.path)})`;
  if (Array.isArray(value)) return `[${value.map((item) => python(item, quote)).join(", ")}]`;
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  const pairs = Object.entries(value).map(([key, item]) => `${quote(key)}: ${python(item, quote)}`);
  return `{${pairs.join(", ")}}`;
}

// JSON as Python's json.dumps(value, ensure_ascii=False) prints it, with or without an indent.
export function json(value, indent = null, margin = "") {
  if (typeof value === "string") return jsonText(value);
  if (value instanceof Num) return value.text;
  if (value instanceof LocalFile) return jsonText(`<file ${value.name}>`);
  if (value === null || typeof value === "boolean") return String(value);
  const list = Array.isArray(value);
  const inner = indent === null ? "" : margin + indent;
  const items = list
    ? value.map((item) => json(item, indent, inner))
    : entries(value).map(([key, item]) => `${jsonText(key)}: ${json(item, indent, inner)}`);
  const [open, close] = list ? "[]" : "{}";
  if (!items.length) return open + close;
  if (indent === null) return open + items.join(", ") + close;
  return `${open}\n${inner}${items.join(`,\n${inner}`)}\n${margin}${close}`;
}

function entries(value) {
  return value instanceof Map ? [...value] : Object.entries(value);
}

function jsonText(text) {
  // JSON.stringify also escapes lone surrogates, which no form can produce.
  return JSON.stringify(text).replace(/\u007f/g, "\u007f");
}

// JSON typed by a person or written by the generator, its numbers as Python would read them.
export function parseJson(text) {
  return JSON.parse(text, (_key, value, context) => {
    if (typeof value !== "number") return value;
    return number(context?.source ?? String(value));
  });
}

export function shorten(text, limit = 80) {
  const line = text.split(/\s+/u).filter(Boolean).join(" ");
  const chars = [...line];
  return chars.length <= limit ? line : `${chars.slice(0, limit - 1).join("")}…`;
}
