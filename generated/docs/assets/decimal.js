// Decimal numbers as exact fractions of a power of ten: what Python's Decimal does for LoRA scales and
// for prices.

const FORM = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?\s*$/;
const LARGEST_EXPONENT = 400;

export function decimal(text) {
  const match = FORM.exec(text ?? "");
  if (!match || !(match[2] + (match[3] ?? ""))) return null;
  const [, sign, whole, fraction = "", exponent = "0"] = match;
  if (Math.abs(Number(exponent)) > LARGEST_EXPONENT) return null;
  const digits = BigInt(`${sign === "-" ? "-" : ""}${whole}${fraction}`);
  const scale = fraction.length - Number(exponent);
  return scale < 0 ? { digits: digits * 10n ** BigInt(-scale), scale: 0 } : { digits, scale };
}

function aligned(a, b) {
  const scale = Math.max(a.scale, b.scale);
  return [a, b].map((each) => each.digits * 10n ** BigInt(scale - each.scale));
}

export function less(a, b) {
  const [left, right] = aligned(a, b);
  return left < right;
}

export function isWhole(a) {
  return a.digits % 10n ** BigInt(a.scale) === 0n;
}

// Whether `a` is a whole number of `step`s away from `from`.
export function onStep(a, from, step) {
  const [value, start] = aligned(a, from);
  const difference = { digits: value - start, scale: Math.max(a.scale, from.scale) };
  const [left, right] = aligned(difference, step);
  return right === 0n || left % right === 0n;
}

// How the value of a tag is written: "3" for number sliders, always with a point for the others.
export function spell(kind, a) {
  if (isWhole(a)) {
    const whole = a.digits / 10n ** BigInt(a.scale);
    return kind === "number" ? `${whole}` : `${whole}.0`;
  }
  const negative = a.digits < 0n;
  const digits = String(negative ? -a.digits : a.digits).padStart(a.scale + 1, "0");
  const fraction = digits.slice(-a.scale).replace(/0+$/, "");
  return `${negative ? "-" : ""}${digits.slice(0, -a.scale)}.${fraction}`;
}

export function add(a, b) {
  const [left, right] = aligned(a, b);
  return { digits: left + right, scale: Math.max(a.scale, b.scale) };
}

export function multiply(a, b) {
  return { digits: a.digits * b.digits, scale: a.scale + b.scale };
}

// All digits, without zeros at the end: "0.1".
export function plain(a) {
  const digits = String(a.digits).padStart(a.scale + 1, "0");
  const fraction = a.scale ? digits.slice(-a.scale).replace(/0+$/, "") : "";
  return digits.slice(0, digits.length - a.scale) + (fraction && `.${fraction}`);
}
