// A filled-in form → what is wrong with it, and the body that Wiro gets.

import { optionsOf } from "./meant.js";
import { nearest } from "./nearest.js";
import { lorasOf, loraPrefix, problems } from "./rules.js";
import { json, LocalFile, Lora, Num, number, parseJson, reprText, shorten } from "./values.js";

const NUMBERS = new Set(["int", "number", "int-or-text"]);
const NUMERIC = new Set(["number", "boolean"]);
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
  for (const input of inputs.filter((each) => each.wire === "file")) {
    const sibling = inputs.find((each) => each.key === `${input.key}Url`);
    const own = sibling && given.get(sibling.name);
    const [value] = [given.get(input.name)].flat();
    if (own && value && own !== value) {
      found.set(sibling.name, `given twice, here and as ${input.name}`);
    }
  }
  return found;
}

// What is sent although no document lists it, as Python warns of it: texts by name.
export function hints(inputs, given) {
  const found = new Map();
  for (const input of inputs) {
    const value = given.get(input.name);
    const options = optionsOf(input);
    if (!options || value === undefined || value === defaultOf(input)) continue;
    const strange = [value].flat()
      .map((each) => (each instanceof Lora ? each.value : each))
      .filter((each) => typeof each === "string" && options.isUnknownId(each));
    const texts = strange.map((each) => `${shorten(reprText(each))} is not documented; it is sent as it is`);
    if (texts.length) found.set(input.name, texts);
  }
  return found;
}

// What is said of a name that no input has.
export function unknownInput(name, inputs) {
  const close = nearest(name, inputs.map((each) => each.name)).match(/^; nearest: '([^',]+)/);
  return close ? `unknown input; did you mean ${close[1]}?` : "unknown input";
}

// One line for each problem, as the Python error prints it, with Wiro's name in brackets where it
// differs; a LoRA's own line names the LoRA.
export function lines(found, inputs) {
  const keys = new Map(inputs.map((input) => [input.name, input.key]));
  const named = (name) => {
    const own = name.split("[")[0];
    return (keys.get(own) ?? own) === own ? name : `${name} (${keys.get(own)})`;
  };
  return [...found].map(([name, text]) => (name.includes(": ") ? text : `${named(name)}: ${text}`));
}

// The value of an option, which is always text, for a tool that reads a number or a flag.
function unquoted(text) {
  try {
    const value = parseJson(text);
    return value instanceof Num || typeof value === "boolean" ? value : text;
  } catch {
    return text;
  }
}

function spell(wire, value) {
  if (value instanceof Lora) return value.value;
  if (Array.isArray(value)) {
    const items = value.map((item) => spell("", item));
    return wire === "string" ? items.join(",") : items;
  }
  if (wire === "string" && typeof value !== "string") return json(value);
  if (NUMERIC.has(wire) && typeof value === "string") return unquoted(value);
  return wire === "array" ? [value] : value;
}

// Addresses that go into `{id}Url`, which may be an input of its own.
function addLink(body, links, inputs, input, address) {
  const other = input.key.replace("Multiple", "UrlMultiple");
  const turned = other !== input.key && inputs.some((each) => each.key === other);
  const key = turned ? other : `${input.key}Url`;
  links.set(key, [input, address]);
  if (!body.has(key)) body.set(key, "");
}

function placeLinks(body, links, inputs, given) {
  for (const [key, [input, address]] of links) {
    const sibling = inputs.find((each) => each.key === key);
    const stated = sibling && given.has(sibling.name) && typeof body.get(key) === "string";
    const own = stated ? body.get(key) : "";
    body.set(key, input.wire === "files" && own && address ? `${own},${address}` : own || address);
  }
}

function putFiles(body, links, inputs, input, value) {
  const values = Array.isArray(value) ? value : [value];
  const local = values.filter((item) => item instanceof LocalFile);
  const texts = values.filter((item) => typeof item === "string");
  // A comma inside of an address, rather than between two, would cut it.
  const joined = texts.map((text) => text.replace(/,(?!https?:\/\/)/g, "%2C")).join(",");
  if (input.wire === "file-url") {
    body.set(input.key, texts.length ? texts[0] : "");
    if (local.length && input.fileField) body.set(input.fileField, local[0]);
  } else if (input.wire === "files-url") {
    body.set(input.key, joined);
    if (local.length && input.fileField) body.set(input.fileField, local);
  } else if (input.wire === "files") {
    body.set(input.key, local.length ? local : "");
    addLink(body, links, inputs, input, joined);
  } else if (MANY_FILES.has(input.wire)) {
    body.set(input.key, values);
  } else {
    body.set(input.key, local.length ? local[0] : "");
    if (values.some((item) => item)) {
      addLink(body, links, inputs, input, texts.length ? texts[0] : "");
    }
  }
}

// The body as a Map in the order of the document; numbers and files are still objects.
export function wire(inputs, given) {
  const body = new Map();
  const prefixes = new Map();
  const links = new Map();
  for (const input of inputs) {
    const value = given.has(input.name) ? given.get(input.name) : defaultOf(input);
    if (value === undefined || value === null) continue;
    if (input.wire.startsWith("file")) {
      putFiles(body, links, inputs, input, value);
      continue;
    }
    if (input.loraPrompt) {
      const text = lorasOf(value).map((lora) => loraPrefix(lora).prefix).join("");
      prefixes.set(input.loraPrompt, (prefixes.get(input.loraPrompt) ?? "") + text);
    }
    body.set(input.key, spell(input.wire, value));
  }
  placeLinks(body, links, inputs, given);
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
