"""Search that forgives: any word of a query counts, those that are nearly right too.

The site has the same rule in JavaScript (``assets/find.js``); ``tests/site/test_find.py`` holds
queries for which both must find the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log
from typing import Final, NamedTuple

from wiro_runtime.inputs.options import fold

_BETWEEN: Final = re.compile(r"[\W_]+")
_NEAR: Final = 0.4
"""What a word that is nearly right counts, beside one that is right."""


class Text(NamedTuple):
    """A thing to find, folded: what it is called, and all that is said of it, its title too."""

    title: str
    text: str


def find(query: str, texts: Sequence[Text]) -> list[int]:
    """Return the numbers of the ``texts`` that fit, those that fit best first; all of them for a
    query without words. Texts with every word of the query come first, rare words count more than
    common ones, and texts that fit alike stay in their order."""
    terms = list(dict.fromkeys(fold(query).split()))
    if not terms:
        return list(range(len(texts)))
    rated = [(0.0, 0.0)] * len(texts)
    most = 0.0
    for term in terms:
        scores = _scores(term, texts)
        count = sum(map(bool, scores))
        weight = log(1 + len(texts) / count) if count else 0.0
        most += weight
        for number, score in enumerate(scores):
            if score:
                held, rate = rated[number]
                rated[number] = (held + weight, rate + weight * score)
    best = max((held for held, _ in rated), default=0.0)
    fitting = [number for number, (held, _) in enumerate(rated) if 0 < held >= best / 2]
    fitting.sort(key=lambda number: (rated[number][0] != most, -rated[number][1]))
    return fitting


def _scores(term: str, texts: Sequence[Text]) -> list[float]:
    """How well each text fits one word: by where it stands or, if it stands nowhere, by where
    words stand that are nearly the same."""
    found: list[float] = [_place(each, term) for each in texts]
    limit = _letters_wrong(len(term))
    if any(found) or not limit:
        return found
    vocabulary = {word for each in texts for word in _BETWEEN.split(each.text)}
    near = [
        word
        for word in vocabulary
        if is_near(term, word, limit)
        or (len(word) > len(term) and is_near(term, word[: len(term)], limit))
    ]
    return [_NEAR * max((_place(each, word) for word in near), default=0) for each in texts]


def _letters_wrong(length: int) -> int:
    """How many letters a word of this length may have wrong."""
    return 0 if length < 4 else 1 if length < 8 else 2


def _place(entry: Text, word: str) -> int:
    at = entry.title.find(word)
    if at >= 0:
        if len(entry.title) == len(word):
            return 10
        return 8 if _begins(entry.title, at) else 4
    at = entry.text.find(word)
    if at < 0:
        return 0
    return 2 if _begins(entry.text, at) else 1


def _begins(text: str, at: int) -> bool:
    return at == 0 or not text[at - 1].isalnum()


def is_near(one: str, other: str, limit: int) -> bool:
    """Whether ``one`` becomes ``other`` with at most ``limit`` letters added, left out, changed or
    swapped."""
    if abs(len(one) - len(other)) > limit:
        return False
    before: list[int] = []
    above = list(range(len(other) + 1))
    for i, left in enumerate(one):
        row = [i + 1]
        for j, right in enumerate(other):
            cost = min(above[j + 1] + 1, row[j] + 1, above[j] + (left != right))
            if i and j and left == other[j - 1] and one[i - 1] == right:
                cost = min(cost, before[j - 1] + 1)
            row.append(cost)
        if min(row) > limit:
            return False
        before, above = above, row
    return above[-1] <= limit
