// A request → its snippets. The texts around the arguments come from the generator's templates.

import { defaultOf, hasFiles, wire } from "./request.js";
import { lorasOf } from "./rules.js";
import { json, LocalFile, Lora, Num, python, pythonText } from "./values.js";

const ARGUMENTS = "@arguments@";

function fill(text, lines) {
  let done = false;
  return text
    .split("\n")
    .flatMap((line) => {
      if (done || line.trim() !== ARGUMENTS) return [line];
      done = true;
      const indent = line.slice(0, line.length - line.trimStart().length);
      return lines.map((each) => indent + each);
    })
    .join("\n");
}

function constant(tool, input, value) {
  const row = input.options?.find(([each]) => each === value);
  if (!row?.[1] || !input.class || row[1] === undefined) return null;
  return `${tool.module}.${input.class}.${row[1]}`;
}

function loraCode(tool, input, lora) {
  const name = constant(tool, input, lora.value);
  if (!name) return pythonText(lora.value);
  const settings = lora.option[5] ?? [];
  const given = Object.entries(lora.scales);
  const call = [];
  if (given.length && settings.length === 1) call.push(`scale=${python(given[0][1])}`);
  else if (given.length) {
    const pairs = given.map(([id, text]) => `${pythonText(id)}: ${python(text)}`);
    call.push(`scales={${pairs.join(", ")}}`);
  }
  if (!lora.tag) call.push("tag=False");
  if (lora.words.length) call.push(`words=${python(lora.words)}`);
  return call.length ? `${name}(${call.join(", ")})` : name;
}

function code(tool, input, value) {
  if (value instanceof Lora) return loraCode(tool, input, value);
  if (Array.isArray(value)) return `[${value.map((each) => code(tool, input, each)).join(", ")}]`;
  // A label tells more than a number; a value that speaks for itself stays as it is.
  const row = typeof value === "string" && input.options?.find(([each]) => each === value);
  const opaque = row && row[2] !== undefined && row[2] !== value;
  return (opaque && constant(tool, input, value)) || python(value);
}

// Inputs in the order of the generated signature: those that must be given come first.
function ordered(inputs) {
  return [...inputs.filter((each) => each.required), ...inputs.filter((each) => !each.required)];
}

export function shellWord(text) {
  if (/^[A-Za-z0-9@%+=:,./_-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", "'\\''")}'`;
}

// One word for PowerShell, which takes typographic quotes for quotes too.
function powershellWord(text) {
  if (/^([A-Za-z][A-Za-z0-9._/:\\-]*|\d+(\.\d+)?)$/.test(text)) return text;
  return powershellQuoted(text);
}

function powershellQuoted(text) {
  return `'${text.replace(/['\u2018\u2019\u201a\u201b]/g, "$&$&")}'`;
}

// Before 7.3, PowerShell gives programs no double quotes and no empty words.
function passesPowershell(text) {
  return text !== "" && !text.includes('"');
}

// The words behind an option of wiro-tools run, which takes @FILE for a file and @@ for an @.
function shellTexts(value) {
  if (Array.isArray(value) && !value.length) return ["[]"];
  return (Array.isArray(value) ? value : [value]).map((each) => {
    if (typeof each === "string") return each.startsWith("@") ? `@${each}` : each;
    if (each instanceof Num) return each.text;
    if (each instanceof LocalFile) return `@${each.path}`;
    if (each instanceof Lora) return loraText(each);
    return json(each);
  });
}

function loraText(lora) {
  const scales = Object.entries(lora.scales).map(([id, given]) => [id, given.text ?? given]);
  if (!scales.length) return lora.value;
  if ((lora.option[5] ?? []).length === 1) return `${lora.value}:${scales[0][1]}`;
  return `${lora.value}:${scales.map((pair) => pair.join("=")).join(",")}`;
}

// Options cannot leave a tag out or add trigger words, but the prompt can be given as it will be.
function needsJson(given) {
  return [...given.values()].some((value) => lorasOf(value).some((lora) => !lora.tag || lora.words.length));
}

function optionWords(changed, given) {
  return changed.flatMap((input) => shellTexts(given.get(input.name)).map((text) => [`--${input.option}`, text]));
}

// An option and its value; one that looks like an option is written with `=`.
function optionWord(option, text, word) {
  return /^-[A-Za-z-]/.test(text) ? word(`${option}=${text}`) : `${option} ${word(text)}`;
}

function shellLines(tool, changed, given) {
  if (!needsJson(given)) {
    const lines = optionWords(changed, given).map(([option, text]) => `  ${optionWord(option, text, shellWord)} \\`);
    return [...lines, "  --out out"];
  }
  const text = json(inputJson(tool, changed, given), "  ");
  return ["  --input-json - --out out <<'JSON'", ...text.split("\n"), "JSON"];
}

function powershell(tool, changed, given) {
  const words = optionWords(changed, given);
  const local = changed.some((input) => [given.get(input.name)].flat().some((each) => each instanceof LocalFile));
  if (local || (!needsJson(given) && words.every(([, text]) => passesPowershell(text)))) {
    const lines = words.map(([option, text]) => `  ${optionWord(option, text, powershellWord)} \``);
    return fill(tool.snippets.powershell, [...lines, "  --out out"]);
  }
  // What goes through a pipe is ASCII there, unless told otherwise.
  const text = json(inputJson(tool, changed, given), "  ").replace(
    /[\u0080-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return fill(tool.snippets.piped, text.split("\n"));
}

// The values of the inputs, with the prompt as it will be sent.
function inputJson(tool, changed, given) {
  const sent = wire(tool.inputs, given);
  const prompts = new Set(tool.inputs.map((input) => input.loraPrompt).filter(Boolean));
  const values = changed.map((input) => {
    const value = prompts.has(input.key) ? sent.get(input.key) : given.get(input.name);
    return [input.name, plainIds(value)];
  });
  return new Map(values);
}

function plainIds(value) {
  if (value instanceof Lora) return value.value;
  return Array.isArray(value) ? value.map(plainIds) : value;
}

function formLines(body) {
  const lines = [];
  for (const [key, value] of body) {
    const items = Array.isArray(value) ? value : [value];
    for (const item of items.length ? items : [""]) {
      if (item instanceof LocalFile) {
        const path = item.path.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
        lines.push(`--form ${shellWord(`${key}=@"${path}"`)}`);
      } else {
        lines.push(`--form-string ${shellWord(`${key}=${typeof item === "string" ? item : json(item)}`)}`);
      }
    }
  }
  return lines.map((line, index) => (index + 1 < lines.length ? `${line} \\` : line));
}

// The pairs of a PowerShell mapping that is sent as a form.
function pairLines(body) {
  return [...body].map(([key, value]) => {
    const items = Array.isArray(value) ? value : [value];
    const texts = (items.length ? items : [""]).map((item) => {
      if (item instanceof LocalFile) return `(Get-Item ${powershellQuoted(item.path)})`;
      return powershellQuoted(typeof item === "string" ? item : json(item));
    });
    return `${powershellQuoted(key)} = ${texts.join(", ")}`;
  });
}

function sameAsDefault(input, value) {
  const standard = defaultOf(input);
  return standard !== undefined && json(plain(standard)) === json(plain(value));
}

function plain(value) {
  if (value instanceof Lora) return { lora: value.value, ...value.scales, tag: value.tag };
  return Array.isArray(value) ? value.map(plain) : value;
}

// What differs from the defaults, in signature order.
export function givenInputs(inputs, given) {
  return ordered(inputs).filter(
    (input) => given.has(input.name) && !sameAsDefault(input, given.get(input.name)),
  );
}

export function snippets(tool, given) {
  const changed = givenInputs(tool.inputs, given);
  const lines = changed.map((input) => `${input.name}=${code(tool, input, given.get(input.name))},`);
  const usesPath = lines.some((line) => line.includes("Path("));
  const body = wire(tool.inputs, given);
  const bodyLines = json(body, "  ").split("\n");
  const files = hasFiles(body);
  return {
    python: fill(withPath(tool.snippets.python, usesPath), lines),
    async: fill(withPath(tool.snippets.async, usesPath), lines),
    ...(tool.snippets.stream ? { stream: fill(withPath(tool.snippets.stream, usesPath), lines) } : {}),
    shell: fill(tool.snippets.shell, shellLines(tool, changed, given)),
    powershell: powershell(tool, changed, given),
    curl: files ? fill(tool.snippets.form, formLines(body)) : fill(tool.snippets.curl, bodyLines),
    rest: files ? fill(tool.snippets.restform, pairLines(body)) : fill(tool.snippets.rest, bodyLines),
    json: bodyLines.join("\n"),
  };
}

function withPath(text, wanted) {
  if (!wanted) return text;
  return text.startsWith("import asyncio\n")
    ? text.replace("import asyncio\n", "import asyncio\nfrom pathlib import Path\n")
    : `from pathlib import Path\n\n${text}`;
}
