// A filled-in form → what is wrong with it, and the body that Wiro gets.

import { nearest } from "./nearest.js";
import { lorasOf, loraPrefix, problems } from "./rules.js";
import { json, LocalFile, Lora, Num, number, parseJson } from "./values.js";

const NUMBERS = new Set(["int", "number", "int-or-text"]);
const RAW = new Set(["list", "object", "any"]);
const MANY_FILES = new Set(["files", "files-mixed", "files-url"]);

// A value of the generator's data as the form has it.
export function fromData(kind, data) {
  if (NUMBERS.has(kind) && typeof data === "string") {
    const value = number(data);
    return kind === "int-or-text" ? data : value;
  }
  return RAW.has(kind) ? parseJson(data) : data;
}

export function defaultOf(input) {
  return input.default === undefined ? undefined : fromData(input.kind, input.default);
}

// `given` maps names to values; what is not in it has its default.
export function check(inputs, given) {
  const found = new Map();
  for (const input of inputs) {
    const value = given.get(input.name);
    for (const [where, text] of problems(input, value)) found.set(input.name + where, text);
    if (value === undefined) continue;
    for (const lora of lorasOf(value)) {
      const { problem } = loraPrefix(lora);
      if (problem) found.set(`${input.name}: ${lora.value}`, problem);
    }
  }
  return found;
}

// What is said of a name that no input has.
export function unknownInput(name, inputs) {
  const close = nearest(name, inputs.map((each) => each.name)).match(/^; nearest: '([^',]+)/);
  return close ? `unknown input; did you mean ${close[1]}?` : "unknown input";
}

// One line for each problem, as the Python error prints it; a LoRA's own line names the LoRA.
export function lines(found) {
  return [...found].map(([name, text]) => (name.includes(": ") ? text : `${name}: ${text}`));
}

function spell(wire, value) {
  if (value instanceof Lora) return value.value;
  if (Array.isArray(value)) return value.map((item) => spell("", item));
  if (wire === "string" && typeof value !== "string") return json(value);
  return wire === "array" ? [value] : value;
}

function putFiles(body, input, value) {
  const values = Array.isArray(value) ? value : [value];
  const local = values.filter((item) => item instanceof LocalFile);
  const texts = values.filter((item) => typeof item === "string");
  const sibling = `${input.key}Url`;
  if (input.wire === "file-url" || input.wire === "files-url") {
    body.set(input.key, texts.join(","));
    if (local.length && input.fileField) {
      body.set(input.fileField, input.wire === "files-url" ? local : local[0]);
    }
  } else if (input.wire === "files") {
    body.set(input.key, local.length ? local : "");
    if (!body.has(sibling)) body.set(sibling, texts.join(","));
  } else if (MANY_FILES.has(input.wire)) {
    body.set(input.key, values);
  } else {
    body.set(input.key, values.length ? values[0] : "");
    if (local.length && !body.has(sibling)) body.set(sibling, "");
  }
}

// The body as a Map in the order of the document; numbers and files are still objects.
export function wire(inputs, given) {
  const body = new Map();
  const prefixes = new Map();
  for (const input of inputs) {
    const value = given.has(input.name) ? given.get(input.name) : defaultOf(input);
    if (value === undefined || value === null) continue;
    if (input.wire.startsWith("file")) {
      putFiles(body, input, value);
      continue;
    }
    if (input.loraPrompt) {
      const text = lorasOf(value).map((lora) => loraPrefix(lora).prefix).join("");
      prefixes.set(input.loraPrompt, (prefixes.get(input.loraPrompt) ?? "") + text);
    }
    body.set(input.key, spell(input.wire, value));
  }
  for (const [key, prefix] of prefixes) {
    const prompt = body.get(key) ?? "";
    if (!prefix || typeof prompt !== "string") continue;
    const joint = prompt.startsWith(",") ? prefix.replace(/, $/, "") : prefix;
    body.set(key, joint + prompt);
  }
  return body;
}

export function hasFiles(body) {
  return [...body.values()].some((value) =>
    (Array.isArray(value) ? value : [value]).some((item) => item instanceof LocalFile),
  );
}

export { Num };
