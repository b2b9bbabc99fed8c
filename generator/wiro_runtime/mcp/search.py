"""Search for agents, who write sentences where people write words.

Unlike :meth:`Catalogue.search` it knows endings, words that say nothing, and what else people call
an image or a video; it takes no word for one that is spelt like it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from functools import lru_cache
from heapq import nsmallest
from math import log
from typing import TYPE_CHECKING, Final

from wiro_runtime.inputs.options import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wiro_runtime.catalogue import Entry

_WORD: Final = re.compile(r"\w+")
_ENDING: Final = re.compile(r"(?<=\w{4})(?:ing|ed|er|or)s?$|(?<=\w{3})(?:es|s|e)$")
"""English endings, so that painting, painted and paints are the same word."""
_EMPTY: Final = frozenset(
    "a an and are as at be by can for from get give how i in into is it me my of on one or our "
    "please so some that the this to use using want what with you your".split()
)
_KINDS: Final[dict[str, tuple[str, ...]]] = {
    "image": ("picture", "photo", "photograph", "drawing", "illustration", "poster", "logo"),
    "video": ("movie", "film", "clip", "animation", "animate"),
    "audio": ("sound", "music", "song", "voice", "speech"),
    "text": ("answer", "chat", "story", "translation"),
}
"""Words that stand for what a tool takes or makes, as the catalogue calls it."""
_IN_NAME, _IN_CATEGORY, _IN_TEXT = 4.0, 2.0, 1.0
_SHORTEST_BEGINNING: Final = 3
"""Letters from which a word of a query also finds longer words that begin with it."""


class SearchIndex:
    """The words of all tools, with a weight for the place where they stand."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        found: defaultdict[str, dict[int, float]] = defaultdict(dict)
        for number, entry in enumerate(self.entries):
            names = " ".join(name for each in entry.inputs for name in (each.name, each.kind))
            for weight, text in (
                (_IN_TEXT, f"{entry.description} {names}"),
                (_IN_CATEGORY, " ".join((*entry.categories, *entry.tags, entry.makes))),
                (_IN_NAME, f"{entry.tool} {entry.name}"),
            ):
                for word in _words(text):
                    found[word][number] = weight
        self._found = dict(found)
        self._vocabulary = sorted(self._found)
        self.categories = sorted({name for entry in self.entries for name in entry.categories})

    def search(self, query: str, limit: int) -> list[Entry]:
        """The tools that match best, ``limit`` at most; without words, the first ones."""
        words = _words(query)
        if not words:
            return list(self.entries[:limit])
        scores: defaultdict[int, float] = defaultdict(float)
        for word in words:
            matches = self._matches(word)
            if kind := _KIND_OF.get(word):
                # Less than the word itself.
                meant = {number: weight / 2 for number, weight in self._matches(kind).items()}
                matches = {**meant, **matches}
            rarity = log(1 + len(self.entries) / len(matches)) if matches else 0.0
            for number, weight in matches.items():
                scores[number] += rarity * weight
        best = nsmallest(limit, scores, key=lambda number: (-scores[number], number))
        return [self.entries[number] for number in best]

    def _matches(self, word: str) -> dict[int, float]:
        """The tools that have this word, or one that begins with it, by number."""
        if len(word) < _SHORTEST_BEGINNING:
            return self._found.get(word, {})
        matches: dict[int, float] = {}
        for each in self._vocabulary[bisect_left(self._vocabulary, word) :]:
            if not each.startswith(word):
                break
            for number, weight in self._found[each].items():
                matches[number] = max(weight, matches.get(number, 0.0))
        return matches


def _words(text: str) -> set[str]:
    """The stems of the words of a text that say something."""
    found = set(_WORD.findall(fold(text).replace("_", " "))) - _EMPTY
    return set(map(_stem, found))


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    return _ENDING.sub("", word)


_KIND_OF: Final = {
    stem: next(iter(_words(kind)))
    for kind, names in _KINDS.items()
    for stem in _words(" ".join(names))
}
