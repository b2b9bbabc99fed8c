"""What a run will cost, computed from the price list of its tool and the body that is sent.

Wiro has no endpoint that estimates. Tool/Detail gives ``dynamicprice``, a list of rates of which
the first counts whose ``inputs`` all equal what is sent, or else ``cps`` (dollars a second of
processing) and ``approximatelycost`` (the mean of past runs). A :class:`Tariff` is that list in a
checked form, together with the names of the inputs that say how much of something is made. The
pages of tools have the same rules in JavaScript (``assets/price.js``);
``tests/price/cases.json`` holds bodies that both must price alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from wiro_runtime.inputs.media import media_seconds
from wiro_runtime.price.model import METHODS, MOST, Price, dollars, plain, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

Match: TypeAlias = "bool | None"
"""Whether a rate is meant; ``None`` when the inputs leave it open."""

QUANTITY: Final = re.compile(r"QUANTITY:(\d{1,6})", re.ASCII)
_PLAIN: Final = re.compile(r"-?\d{1,30}(\.\d{1,30})?", re.ASCII)
_WHOLE: Final = re.compile(r"\d{1,6}", re.ASCII)
_SECONDS: Final = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,3})?) ?(?:s|secs?|seconds?)?")
_SIZE: Final = re.compile(r"(\d{2,5}) ?[x×*:] ?(\d{2,5})", re.ASCII)
_LEAST_SIDE: Final = 64
"""``16:9`` is a ratio, ``1280:720`` a size."""
_OPEN: Final = frozenset({"", "auto"})
"""Values that leave a choice to the tool, unless the list has a rate for them."""
_TIER: Final = 1_048_576
_MOST_OUTPUTS: Final = 10_000
_EXACT: Final = Context(prec=200)


class Tariff:
    """The price list of a tool.

    ``data`` is JSON that the generator makes: ``rates`` (see :mod:`wiro_runtime.price.rates`),
    ``cps``, ``about`` (dollars), ``seconds`` (the shortest and the longest time of a run),
    ``as_of``, and the names of inputs in the body: ``outputs`` (``most``: so many at most),
    ``width``, ``height``, ``size``, ``duration``, ``prompt``, ``audio``, ``images``. ``files``
    has the keys of each input of files, ``many`` the keys whose text holds several addresses.
    All of them are optional.
    """

    __slots__ = ("data",)

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data

    @property
    def summary(self) -> str:
        """The least that a run costs, for lists of tools: ``from $0.06``, ``$0.03``,
        ``about $0.01``, ``$0.001 a second of processing``; empty when that is not known."""
        rates = self._rates
        if not rates:
            return self._fallback_summary()
        if any("odd" in rate for rate in rates):
            return ""
        methods = {rate["method"] for rate in rates}
        amounts = [Decimal(rate["price"]) for rate in rates]
        if methods <= {"cpr", "cpo", "cp-pixel"}:
            fixed = methods == {"cpr"} and min(amounts) == max(amounts)
            return ("" if fixed else "from ") + dollars(min(amounts))
        if len(methods) > 1 or "cp-readoutput" in methods:
            return ""
        least = f"{dollars(min(amounts))} {METHODS[methods.pop()]}"
        return least if min(amounts) == max(amounts) else f"from {least}"

    def price(self, body: Mapping[str, Any]) -> Price:
        """Return the price of a run with this ``body``: JSON values under Wiro's names, local
        files as they are."""
        rates = self._rates
        found = self._by_rates(rates, body) if rates else self._fallback()
        most = found.high or found.low
        if most is not None and most > MOST:
            found = unknown(f"{dollars(most)} is no price that Wiro means")
        return Price(found.low, found.high, found.exact, found.basis, self.data.get("as_of"))

    @property
    def _rates(self) -> Sequence[Mapping[str, Any]]:
        return self.data.get("rates") or ()

    def _by_rates(self, rates: Sequence[Mapping[str, Any]], body: Mapping[str, Any]) -> Price:
        listed: dict[str, set[str]] = {}
        for rate in rates:
            for key, wanted in rate["inputs"].items():
                listed.setdefault(key, set()).add(wanted)
        found: list[Price] = []
        opened: dict[str, set[str]] = {}
        for rate in rates:
            matches = {
                key: self._matches(key, wanted, body, listed[key])
                for key, wanted in rate["inputs"].items()
            }
            if False in matches.values():
                continue
            for key in (key for key, match in matches.items() if match is None):
                opened.setdefault(key, set()).add(rate["inputs"][key])
            found.append(self._price(rate, body))
            if None not in matches.values():
                return _together(found, list(opened), certain=True)
        if not found:
            return unknown("no rate of the price list fits these inputs")
        lone = next((key for key, wanted in opened.items() if len(wanted) == 1), None)
        if lone is not None:
            # What another choice costs is said nowhere.
            (wanted,) = opened[lone]
            return unknown(
                f"depends on {lone}, for which the price list has {wanted or 'no value'} alone"
            )
        return _together(found, list(opened), certain=False)

    def _matches(self, key: str, wanted: str, body: Mapping[str, Any], listed: set[str]) -> Match:
        quantity = QUANTITY.fullmatch(wanted)
        if quantity or key in self.data.get("files", {}):
            count = len(self._files(key, body))
            if quantity:
                return count == int(quantity[1])
            return not wanted if not count else None
        value = body.get(key)
        if isinstance(value, (list, tuple)):
            texts = [as_text(each) for each in cast("list[Any]", value)]
            if wanted in texts:
                return True if len(texts) == 1 else None
            return not texts and not wanted
        text = as_text(value)
        if text == wanted:
            return True
        if _alike(text, wanted):
            return None if isinstance(value, str) else True
        return None if text.lower() in _OPEN and text not in listed else False

    def _price(self, rate: Mapping[str, Any], body: Mapping[str, Any]) -> Price:
        """The price by one rate, taken to be the one that counts."""
        if "odd" in rate:
            return unknown(f"the price list has a rate that cannot be read: {rate['odd']}")
        amount = Decimal(rate["price"])
        words = f"{dollars(amount)} {METHODS[rate['method']]}"
        low: Decimal | None
        high: Decimal | None
        match rate["method"]:
            case "cpr":
                low, high, exact, more = amount, amount, True, ""
            case "cpo":
                low, high, exact, more = self._outputs(amount, body)
            case "cps":
                low, high, exact, more = self._by_time(amount)
            case "cp-pixel":
                low, high, exact, more = self._pixels(amount, rate, body)
            case "cp-promptlength":
                low, high, exact, more = self._characters(amount, body)
            case "cp-audiosecondslength":
                low, high, exact, more = self._audio(amount, body)
            case "cp-outputVideoLength":
                low, high, exact, more = self._video(amount, body)
            case "cp-readoutput":
                # The price beside it has no meaning.
                words = "billed as the tool reports, which is not known before it has run"
                low, high, exact, more = None, None, False, ""
            case _:
                low, high, exact, more = None, None, False, "; how many is not known"
        at = ", ".join(f"{key} {wanted}" for key, wanted in rate["inputs"].items())
        basis = words + more + (f" ({at})" if at else "")
        return Price(low, high, exact, basis)

    def _outputs(self, amount: Decimal, body: Mapping[str, Any]) -> _Bounds:
        count = self._count_outputs(body)
        if count is None:
            return amount, None, False, ", at least one"
        total = _EXACT.multiply(amount, Decimal(count))
        if self.data.get("most") and count > 1:
            return amount, total, False, f" × 1 to {count}"
        return total, total, True, f" × {count}"

    def _count_outputs(self, body: Mapping[str, Any]) -> int | None:
        text = as_text(self._given("outputs", body))
        if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= _MOST_OUTPUTS:
            return None
        return int(text)

    def _by_time(self, amount: Decimal) -> _Bounds:
        seconds = self.data.get("seconds")
        if not seconds:
            return None, None, False, "; how long a run takes is not known"
        low, high = (_EXACT.multiply(amount, Decimal(each)) for each in seconds)
        times = " to ".join(dict.fromkeys(seconds))
        return low, high, False, f" × {times} as a rule"

    def _pixels(self, amount: Decimal, rate: Mapping[str, Any], body: Mapping[str, Any]) -> _Bounds:
        images = sum(len(self._files(key, body)) for key in self.data.get("images", ()))
        each_image = Decimal(rate.get("each_image", 0))
        counted = f" and {images} × {dollars(each_image)} for input images"
        shown = counted if images and each_image else ""
        first = _EXACT.add(amount, _EXACT.multiply(Decimal(images), each_image))
        size = self._size(body)
        if size is None:
            return first, None, False, f"{shown}, at least; the size is not known"
        tiers = max(1, -(-size[0] * size[1] // _TIER))
        inputs = _EXACT.multiply(Decimal(images * tiers), each_image)
        exact = tiers == 1 or "extra" in rate
        # Without `priceExtra` it is not said whether further tiers cost as much or nothing.
        extra = Decimal(rate.get("extra", rate["price"]))
        high = _EXACT.add(_EXACT.add(amount, _EXACT.multiply(Decimal(tiers - 1), extra)), inputs)
        low = high if exact else _EXACT.add(amount, inputs)
        more = f", {size[0]} × {size[1]}"
        if tiers > 1:
            more += f": {tiers - 1} × {dollars(extra)} for the rest"
        if images and each_image:
            more += f" and {images * tiers} × {dollars(each_image)} for input images"
        count = self._count_outputs(body)
        if self.data.get("outputs") and count != 1:
            # Not said anywhere: whether the pixels of all outputs are counted together.
            most = None if count is None else _EXACT.multiply(high, Decimal(count))
            return low, most, False, f"{more}, for 1 to {count or 'all'} outputs"
        return low, high, exact, more

    def _size(self, body: Mapping[str, Any]) -> tuple[int, int] | None:
        """The width and height of the output, if the inputs tell. 0 means "as the input"."""
        sides = [as_text(self._given(side, body)) for side in ("width", "height")]
        found = [int(side) if _WHOLE.fullmatch(side) else 0 for side in sides]
        if all(found):
            return found[0], found[1]
        for key in self.data.get("size", ()):
            if size := _read_size(as_text(body.get(key))):
                return size
        return None

    def _characters(self, amount: Decimal, body: Mapping[str, Any]) -> _Bounds:
        prompt = self._given("prompt", body)
        if not isinstance(prompt, str):
            return None, None, False, "; the prompt is not known"
        length = len(prompt)
        # A sign outside of the first 65,536 counts once or twice, as Wiro's language counts it.
        most = length + sum(ord(sign) > 0xFFFF for sign in prompt)
        low, high = (_EXACT.multiply(amount, Decimal(each)) for each in (length, most))
        times = f"{length}" if length == most else f"{length} to {most}"
        return low, high, length == most, f" × {times}"

    def _audio(self, amount: Decimal, body: Mapping[str, Any]) -> _Bounds:
        total, exact, count = Decimal(0), True, 0
        for key in self.data.get("audio", ()):
            for file in self._files(key, body):
                found = media_seconds(file)
                if found is None:
                    return None, None, False, "; its length is not known"
                total, exact, count = _EXACT.add(total, found[0]), exact and found[1], count + 1
        if not count:
            return None, None, False, "; its length is not known"
        price = _EXACT.multiply(amount, total)
        return price, price, exact, f" × {plain(total)}"

    def _video(self, amount: Decimal, body: Mapping[str, Any]) -> _Bounds:
        match = _SECONDS.fullmatch(as_text(self._given("duration", body)).lower())
        if match is None or not Decimal(match[1]):
            return None, None, False, "; its length is not known"
        price = _EXACT.multiply(amount, Decimal(match[1]))
        # What is made is measured, and can be some frames longer or shorter.
        return price, price, False, f" × {match[1]}"

    def _given(self, what: str, body: Mapping[str, Any]) -> Any:
        """The value of the input that says how much of something is made, if there is one."""
        name = self.data.get(what)
        return None if name is None else body.get(name)

    def _files(self, key: str, body: Mapping[str, Any]) -> list[Any]:
        """The files and addresses that an input of files holds."""
        found: list[Any] = []
        for each in self.data.get("files", {}).get(key, (key, f"{key}Url")):
            value = body.get(each)
            values: list[Any] = (
                list(cast("Iterable[Any]", value)) if isinstance(value, (list, tuple)) else [value]
            )
            if each in self.data.get("many", ()) and isinstance(value, str):
                values = value.split(",")
            found += [one for one in values if one is not None and one != ""]
        return found

    def _fallback(self) -> Price:
        """The price of a tool without rates."""
        cps, about = (self._amount(key) for key in ("cps", "about"))
        second = f"{dollars(cps)} {METHODS['cps']}" if cps else ""
        if about:
            basis = "the mean of past runs" + (f", at {second}" if cps else "")
            return Price(about, about, exact=False, basis=basis)
        if not cps:
            return unknown("Wiro gives no price")
        low, high, exact, more = self._by_time(cps)
        return Price(low, high, exact, second + more)

    def _fallback_summary(self) -> str:
        price = self._fallback()
        cps = self._amount("cps")
        if price.low is None:
            return f"{dollars(cps)} {METHODS['cps']}" if cps else ""
        return str(price)

    def _amount(self, key: str) -> Decimal | None:
        """An amount of the fallback; 0 stands for a tool that has never run."""
        return Decimal(self.data.get(key) or 0) or None


_Bounds: TypeAlias = "tuple[Decimal | None, Decimal | None, bool, str]"
"""Low, high, exact, and the end of the basis."""


def _together(found: Sequence[Price], opened: Sequence[str], *, certain: bool) -> Price:
    """The price when one of several rates counts. ``certain``: one of them does."""
    if not opened:
        return found[0]
    depends = f"depends on {', '.join(opened)}: "
    missing = next((each for each in found if each.low is None), None)
    if missing is not None:
        return unknown(depends + missing.basis)
    cheap = min(found, key=lambda each: each.low or Decimal(0))
    dear = next((each for each in found if each.high is None), None)
    if dear is None:
        dear = max(found, key=lambda each: each.high or Decimal(0))
    exact = certain and cheap.low == dear.high and all(each.exact for each in found)
    words = cheap.basis if cheap is dear else f"{cheap.basis} to {dear.basis}"
    return Price(cheap.low, dear.high, exact, depends + words)


def is_size(text: str) -> bool:
    """Whether a text is a width and a height: ``1024x1024``, ``832*480``, ``1280:720``."""
    return _read_size(text) is not None


def _read_size(text: str) -> tuple[int, int] | None:
    match = _SIZE.fullmatch(text.lower())
    if match is None or min(int(match[1]), int(match[2])) < _LEAST_SIDE:
        return None
    return int(match[1]), int(match[2])


def as_text(value: object) -> str:
    """A JSON value as it is compared; empty for what is neither text, number nor flag."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        try:
            return json.dumps(value)
        except ValueError:
            return ""
    return ""


def _alike(left: str, right: str) -> bool:
    """Whether two texts mean the same: ``5`` and ``5.0``, ``true`` and ``True``."""
    if _PLAIN.fullmatch(left) and _PLAIN.fullmatch(right):
        return Decimal(left) == Decimal(right)
    return left.lower() == right.lower()
