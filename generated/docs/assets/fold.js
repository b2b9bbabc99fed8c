// How texts are compared in a search: without case, accents and differences of form ("ﬁ", "Ａ").
// The same rule as `fold` of wiro_runtime.catalogue, so that site and command line find alike.

export function fold(text) {
  const plain = text.normalize("NFKD").replace(/\p{M}/gu, "");
  return plain.toUpperCase().toLowerCase().replaceAll("ς", "σ");
}

// The words of a query, folded.
export function terms(query) {
  return fold(query).split(/\s+/).filter(Boolean);
}

// A folded text, and for each of its characters where in `text` it stands; one place more than
// characters, so that every end has one.
export function foldedPlaces(text) {
  let folded = "";
  const places = [];
  let at = 0;
  for (const char of text) {
    const piece = fold(char);
    for (let index = 0; index < piece.length; index += 1) places.push(at);
    folded += piece;
    at += char.length;
  }
  places.push(text.length);
  return { folded, places };
}
