// What a run costs: the rules of wiro_runtime/price/tariff.py. tests/price/cases.json holds bodies that
// both must price alike, to the letter.

import { add, decimal, less, multiply, plain } from "./decimal.js";
import { Num } from "./values.js";

const METHODS = {
  cpr: "a run",
  cps: "a second of processing",
  cpo: "an output",
  cpt: "a token, in and out",
  "cp-pixel": "for 1,048,576 pixels",
  "cp-audiosecondslength": "a second of input audio",
  "cp-promptlength": "a character of the prompt",
  "cp-outputVideoLength": "a second of output video",
  "cp-realtimeturn": "a turn",
  "cp-readoutput": "as the tool reports",
};
const REPORTED = "billed as the tool reports, which is not known before it has run";
const QUANTITY = /^QUANTITY:(\d{1,6})$/;
const PLAIN = /^-?\d{1,30}(\.\d{1,30})?$/;
const WHOLE = /^\d{1,6}$/;
const SECONDS = /^(\d{1,5}(?:\.\d{1,3})?) ?(?:s|secs?|seconds?)?$/;
const SIZE = /^(\d{2,5}) ?[x×*:] ?(\d{2,5})$/;
const LEAST_SIDE = 64;
const OPEN = new Set(["", "auto"]);
const TIER = 1048576;
const MOST = decimal("1000000");
const MOST_OUTPUTS = 10000;
const ZERO = decimal("0");

export function dollars(amount) {
  const [whole, fraction = ""] = plain(amount).split(".");
  return `$${whole}.${fraction.padEnd(2, "0")}`;
}

const whole = (number) => decimal(String(number));
const times = (amount, number) => multiply(amount, whole(number));
const same = (a, b) => !less(a, b) && !less(b, a);

// A JSON value as it is compared; empty for what is neither text, number nor flag.
function text(value) {
  if (typeof value === "string") return value;
  if (value instanceof Num) return value.text;
  return typeof value === "boolean" ? String(value) : "";
}

function alike(left, right) {
  if (PLAIN.test(left) && PLAIN.test(right)) return same(decimal(left), decimal(right));
  return left.toLowerCase() === right.toLowerCase();
}

// The files and addresses that an input of files holds.
function files(tariff, key, body) {
  const keys = Object.hasOwn(tariff.files ?? {}, key) ? tariff.files[key] : [key, `${key}Url`];
  return keys.flatMap((each) => {
    const value = body.get(each);
    const several = typeof value === "string" && tariff.many?.includes(each);
    const values = several ? value.split(",") : [value].flat();
    return values.filter((one) => one !== undefined && one !== null && one !== "");
  });
}

// Whether a rate is meant as far as one input goes; null when that is open.
function matches(tariff, key, wanted, body, listed) {
  const quantity = QUANTITY.exec(wanted);
  if (quantity || Object.hasOwn(tariff.files ?? {}, key)) {
    const count = files(tariff, key, body).length;
    if (quantity) return count === Number(quantity[1]);
    return count ? null : !wanted;
  }
  const value = body.get(key);
  if (Array.isArray(value)) {
    const texts = value.map(text);
    if (texts.includes(wanted)) return texts.length === 1 ? true : null;
    return !texts.length && !wanted;
  }
  const given = text(value);
  if (given === wanted) return true;
  if (alike(given, wanted)) return typeof value === "string" ? null : true;
  return OPEN.has(given.toLowerCase()) && !listed.has(given) ? null : false;
}

const unknown = (basis) => ({ low: null, high: null, exact: false, basis });
const bounds = (low, high, exact, more) => ({ low, high, exact, more });

function countOutputs(tariff, body) {
  const given = text(body.get(tariff.outputs));
  const count = WHOLE.test(given) ? Number(given) : 0;
  return count >= 1 && count <= MOST_OUTPUTS ? count : null;
}

function byOutputs(tariff, amount, body) {
  const count = countOutputs(tariff, body);
  if (count === null) return bounds(amount, null, false, ", at least one");
  const total = times(amount, count);
  if (tariff.most && count > 1) return bounds(amount, total, false, ` × 1 to ${count}`);
  return bounds(total, total, true, ` × ${count}`);
}

function byTime(tariff, amount) {
  if (!tariff.seconds) return bounds(null, null, false, "; how long a run takes is not known");
  const [low, high] = tariff.seconds.map((each) => multiply(amount, decimal(each)));
  return bounds(low, high, false, ` × ${[...new Set(tariff.seconds)].join(" to ")} as a rule`);
}

function sizeOf(tariff, body) {
  const sides = ["width", "height"].map((key) => text(body.get(tariff[key])));
  const found = sides.map((side) => (WHOLE.test(side) ? Number(side) : 0));
  if (found.every(Boolean)) return found;
  for (const key of tariff.size ?? []) {
    const match = SIZE.exec(text(body.get(key)).toLowerCase());
    if (match && Math.min(match[1], match[2]) >= LEAST_SIDE) return [Number(match[1]), Number(match[2])];
  }
  return null;
}

function byPixels(tariff, amount, rate, body) {
  const images = (tariff.images ?? []).reduce((sum, key) => sum + files(tariff, key, body).length, 0);
  const eachImage = decimal(rate.each_image ?? "0");
  const counted = images && less(ZERO, eachImage);
  const size = sizeOf(tariff, body);
  if (size === null) {
    const shown = counted ? ` and ${images} × ${dollars(eachImage)} for input images` : "";
    return bounds(add(amount, times(eachImage, images)), null, false, `${shown}, at least; the size is not known`);
  }
  const tiers = Math.max(1, Math.ceil((size[0] * size[1]) / TIER));
  const inputs = times(eachImage, images * tiers);
  const exact = tiers === 1 || rate.extra !== undefined;
  // Without `priceExtra` it is not said whether further tiers cost as much or nothing.
  const extra = decimal(rate.extra ?? rate.price);
  let high = add(add(amount, times(extra, tiers - 1)), inputs);
  const low = exact ? high : add(amount, inputs);
  let more = `, ${size[0]} × ${size[1]}`;
  if (tiers > 1) more += `: ${tiers - 1} × ${dollars(extra)} for the rest`;
  if (counted) more += ` and ${images * tiers} × ${dollars(eachImage)} for input images`;
  const count = countOutputs(tariff, body);
  if (tariff.outputs && count !== 1) {
    // Not said anywhere: whether the pixels of all outputs are counted together.
    high = count === null ? null : times(high, count);
    return bounds(low, high, false, `${more}, for 1 to ${count ?? "all"} outputs`);
  }
  return bounds(low, high, exact, more);
}

function byCharacters(tariff, amount, body) {
  const prompt = body.get(tariff.prompt);
  if (typeof prompt !== "string") return bounds(null, null, false, "; the prompt is not known");
  // A sign outside of the first 65,536 counts once or twice, as Wiro's language counts it.
  const [length, most] = [[...prompt].length, prompt.length];
  const shown = length === most ? `${length}` : `${length} to ${most}`;
  return bounds(times(amount, length), times(amount, most), length === most, ` × ${shown}`);
}

function byVideo(tariff, amount, body) {
  const match = SECONDS.exec(text(body.get(tariff.duration)).toLowerCase());
  if (!match || !Number(match[1])) return bounds(null, null, false, "; its length is not known");
  // What is made is measured, and can be some frames longer or shorter.
  const price = multiply(amount, decimal(match[1]));
  return bounds(price, price, false, ` × ${match[1]}`);
}

function byMethod(tariff, amount, rate, body) {
  switch (rate.method) {
    case "cpr":
      return bounds(amount, amount, true, "");
    case "cpo":
      return byOutputs(tariff, amount, body);
    case "cps":
      return byTime(tariff, amount);
    case "cp-pixel":
      return byPixels(tariff, amount, rate, body);
    case "cp-promptlength":
      return byCharacters(tariff, amount, body);
    case "cp-audiosecondslength":
      // A page cannot read the file that a command line will.
      return bounds(null, null, false, "; its length is not known");
    case "cp-outputVideoLength":
      return byVideo(tariff, amount, body);
    default:
      return bounds(null, null, false, "; how many is not known");
  }
}

// The price by one rate, taken to be the one that counts.
function byRate(tariff, rate, body) {
  if (rate.odd !== undefined) return unknown(`the price list has a rate that cannot be read: ${rate.odd}`);
  const amount = decimal(rate.price);
  const { more, ...price } = byMethod(tariff, amount, rate, body);
  const at = Object.entries(rate.inputs).map(([key, wanted]) => `${key} ${wanted}`);
  // The price beside "cp-readoutput" has no meaning.
  const words = `${dollars(amount)} ${METHODS[rate.method]}${more}`;
  const basis = rate.method === "cp-readoutput" ? REPORTED : words;
  return { ...price, basis: basis + (at.length ? ` (${at.join(", ")})` : "") };
}

// The price when one of several rates counts. `certain`: one of them does.
function together(found, opened, certain) {
  if (!opened.length) return found[0];
  const depends = `depends on ${opened.join(", ")}: `;
  const missing = found.find((each) => each.low === null);
  if (missing) return unknown(depends + missing.basis);
  const cheap = found.reduce((least, each) => (less(each.low, least.low) ? each : least));
  const endless = found.find((each) => each.high === null);
  const dear = endless ?? found.reduce((most, each) => (less(most.high, each.high) ? each : most));
  const exact = certain && !endless && same(cheap.low, dear.high) && found.every((each) => each.exact);
  const words = cheap === dear ? cheap.basis : `${cheap.basis} to ${dear.basis}`;
  return { low: cheap.low, high: dear.high, exact, basis: depends + words };
}

function byRates(tariff, body) {
  const listed = new Map();
  for (const rate of tariff.rates) {
    for (const [key, wanted] of Object.entries(rate.inputs)) listed.set(key, (listed.get(key) ?? new Set()).add(wanted));
  }
  const found = [];
  const opened = new Map();
  for (const rate of tariff.rates) {
    const fits = Object.entries(rate.inputs).map(([key, wanted]) => [
      key,
      matches(tariff, key, wanted, body, listed.get(key)),
    ]);
    if (fits.some(([, match]) => match === false)) continue;
    const open = fits.filter(([, match]) => match === null);
    for (const [key] of open) opened.set(key, (opened.get(key) ?? new Set()).add(rate.inputs[key]));
    found.push(byRate(tariff, rate, body));
    if (!open.length) return together(found, [...opened.keys()], true);
  }
  if (!found.length) return unknown("no rate of the price list fits these inputs");
  for (const [key, wanted] of opened) {
    // What another choice costs is said nowhere.
    if (wanted.size === 1) return unknown(`depends on ${key}, for which the price list has ${[...wanted][0] || "no value"} alone`);
  }
  return together(found, [...opened.keys()], false);
}

function fallback(tariff) {
  const [cps, about] = [tariff.cps, tariff.about].map((each) => decimal(each ?? "0"));
  const second = less(ZERO, cps) ? `${dollars(cps)} ${METHODS.cps}` : "";
  if (less(ZERO, about)) {
    return { low: about, high: about, exact: false, basis: `the mean of past runs${second && `, at ${second}`}` };
  }
  if (!second) return unknown("Wiro gives no price");
  const { more, ...price } = byTime(tariff, cps);
  return { ...price, basis: second + more };
}

function shown({ low, high, exact }) {
  if (low === null) return "unknown";
  if (high === null) return `from ${dollars(low)}`;
  if (!same(low, high)) return `${dollars(low)}–${dollars(high)}`;
  return exact ? dollars(low) : `about ${dollars(low)}`;
}

// The price of a run with this body, a Map of JSON values under Wiro's names.
export function priceOf(tariff, body) {
  let price = tariff.rates?.length ? byRates(tariff, body) : fallback(tariff);
  const most = price.high !== null && less(ZERO, price.high) ? price.high : price.low;
  if (most !== null && less(MOST, most)) price = unknown(`${dollars(most)} is no price that Wiro means`);
  const { low, high, exact, basis } = price;
  return {
    price: shown(price),
    low: low && plain(low),
    high: high && plain(high),
    exact,
    basis,
    as_of: tariff.as_of ?? null,
  };
}
