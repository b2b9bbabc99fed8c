// Search that forgives: any word of the query counts, those that are nearly right too, and what
// fits best comes first. The same rule as `wiro_runtime/catalogue/search.py`.

import { terms as termsOf } from "./fold.js";

const WORD_START = /[^\p{L}\p{N}]/u;
const NEAR = 0.4;

// How many letters a word of this length may have wrong.
const allowed = (length) => (length < 4 ? 0 : length < 8 ? 1 : 2);

// Whether `a` becomes `b` with at most `limit` letters added, left out, changed or swapped.
export function isNear(a, b, limit) {
  if (Math.abs(a.length - b.length) > limit) return false;
  let [two, one] = [[], Array.from({ length: b.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(one[j] + 1, row[j - 1] + 1, one[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, two[j - 2] + 1);
      row.push(cost);
      least = Math.min(least, cost);
    }
    if (least > limit) return false;
    [two, one] = [one, row];
  }
  return one[b.length] <= limit;
}

function place(entry, word) {
  const at = entry.title.indexOf(word);
  if (at >= 0) {
    if (entry.title.length === word.length) return 10;
    return at === 0 || WORD_START.test(entry.title[at - 1]) ? 8 : 4;
  }
  const found = entry.text.indexOf(word);
  if (found < 0) return 0;
  return found === 0 || WORD_START.test(entry.text[found - 1]) ? 2 : 1;
}

// Entries have a `title` and a `text` that holds the title too, both folded.
export function finder(entries) {
  let vocabulary = null;

  // The words of all texts that are nearly `term`, or begin so while one is still typing.
  function nearWords(term) {
    const limit = allowed(term.length);
    if (!limit) return [];
    vocabulary ??= new Set(entries.flatMap((entry) => entry.text.split(/[^\p{L}\p{N}]+/u)));
    return [...vocabulary].filter(
      (word) => isNear(term, word, limit) || (word.length > term.length && isNear(term, word.slice(0, term.length), limit)),
    );
  }

  // How well each entry fits one word: the places where it stands, rarer words more.
  function scores(term) {
    let words = [term];
    let found = entries.map((entry) => place(entry, term));
    if (!found.some(Boolean)) {
      words = nearWords(term);
      found = entries.map((entry) => NEAR * Math.max(0, ...words.map((word) => place(entry, word))));
    }
    const count = found.filter(Boolean).length;
    return { words, found, weight: count ? Math.log(1 + entries.length / count) : 0 };
  }

  // `words` are those to mark; `found` are the entries that fit, in their own order where they fit
  // alike. Entries with every word of the query come first.
  return (query) => {
    const terms = [...new Set(termsOf(query))];
    if (!terms.length) return { words: [], found: entries };
    const all = terms.map(scores);
    const most = all.reduce((sum, each) => sum + each.weight, 0);
    const rated = entries.map((entry, index) => {
      let [held, rate] = [0, 0];
      for (const { found, weight } of all) {
        if (!found[index]) continue;
        held += weight;
        rate += weight * found[index];
      }
      return { entry, held, rate: rate + (held === most ? 1000 : 0) };
    });
    const best = Math.max(...rated.map((each) => each.held));
    const fitting = rated.filter((each) => each.held > 0 && each.held >= best / 2);
    fitting.sort((a, b) => b.rate - a.rate);
    return { words: [...new Set(all.flatMap((each) => each.words))], found: fitting.map((each) => each.entry) };
  };
}
