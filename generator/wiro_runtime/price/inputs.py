"""The price list of a tool and its inputs → a tariff. Which inputs say how much of something is
made is decided here and nowhere else, by their names; what was seen in tool documents:

- outputs: ``samples`` (wiro/text-to-image-sd-lora, wiro/instant-id-lora); an input whose label or
  help says "maximum number of output images" (seedream v4) gives an upper bound.
- size: ``width`` and ``height``, where 0 means "as the input" (wiro/text-to-image-sd-lora), or a
  choice with an option such as ``832*480`` (Wan), ``2048x2048`` (seedream v4) or ``1280:720``.
- duration of a video: ``duration`` or ``seconds``, such as ``5`` or ``5s`` (PixVerse, sora-2).
- audio: inputs of files that are called so, otherwise the only input of files.
- images that are counted: inputs of files that are neither audio nor video.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from wiro_runtime.price.rates import read_amount, read_rates
from wiro_runtime.price.tariff import is_size

_OUTPUTS: Final = frozenset(
    """
    samples outputs n batchsize batchcount numsamples numimages numoutputs numvideos nimages
    numberofimages numberofoutputs numberofsamples imagecount imagescount outputcount maximages
    maxoutputs
    """.split()
)
_MAXIMUM: Final = re.compile(
    r"max(imum)? (number|count) of (output|image|generated)", re.IGNORECASE
)
_DURATION: Final = frozenset(
    "duration seconds videoduration videolength durationseconds outputduration".split()
)
_SIZES: Final = frozenset("size imagesize outputsize videosize".split())
_AUDIO: Final = ("audio", "voice", "speech", "song", "music", "sound")
_VIDEO: Final = ("video",)
_TIME: Final = re.compile(
    r"(\d+(?:\.\d+)?) ?(?:- ?(\d+(?:\.\d+)?) ?)?(s|secs?|seconds?|m|mins?|minutes?|h|hours?)?",
    re.ASCII | re.IGNORECASE,
)
_IN_SECONDS: Final = {"m": 60, "h": 3600}


class PricedInput(NamedTuple):
    """What is asked of an input. ``text`` is its label and help, ``values`` are its options,
    ``file`` says that it takes files, ``many`` that its text holds several addresses."""

    name: str
    text: str = ""
    values: Sequence[str] = ()
    file: bool = False
    many: bool = False


def tariff_data(
    inputs: Iterable[PricedInput],
    *,
    dynamicprice: object = None,
    cps: str | None = None,
    approximatelycost: str | None = None,
    computingtime: str | None = None,
    as_of: str | None = None,
) -> dict[str, Any] | None:
    """Return the data of a :class:`~wiro_runtime.price.Tariff`, with what its rates need and
    nothing else; ``None`` when Tool/Detail gives no price."""
    rates, _ = read_rates(dynamicprice)
    methods = {rate.get("method", "") for rate in rates}
    seconds = _seconds(computingtime or "") if "cps" in methods or (cps and not rates) else None
    given: dict[str, Any] = {"rates": rates}
    if not rates:
        given = {"cps": read_amount(cps), "about": read_amount(approximatelycost)}
    data = {key: value for key, value in given.items() if value}
    if not data:
        return None
    found = {"seconds": seconds, **_amounts(list(inputs), rates, methods), "as_of": as_of}
    return data | {key: value for key, value in found.items() if value}


def _amounts(
    inputs: Sequence[PricedInput], rates: Sequence[Mapping[str, Any]], methods: set[str]
) -> dict[str, Any]:
    """The names of the inputs that say how much, as far as ``methods`` need them."""
    found: dict[str, Any] = {}
    counted: list[str] = []
    if methods & {"cpo", "cp-pixel"}:
        found |= _outputs(inputs)
    if "cp-pixel" in methods:
        found |= {key: _named(inputs, {key}) for key in ("width", "height")}
        found["size"] = [each.name for each in inputs if _is_size(each)]
        counted += _files_called(inputs, (*_AUDIO, *_VIDEO), called=False)
        found["images"] = counted[:]
    if "cp-promptlength" in methods:
        found["prompt"] = _named(inputs, {"prompt"})
    if "cp-audiosecondslength" in methods:
        audio = _files_called(inputs, _AUDIO)
        files = [each.name for each in inputs if each.file]
        found["audio"] = audio or (files if len(files) == 1 else [])
        counted += found["audio"]
    if "cp-outputVideoLength" in methods:
        found["duration"] = _named(inputs, _DURATION)
    wanted = {*counted, *(key for rate in rates for key in rate["inputs"])}
    fields, many = _files(inputs, wanted)
    return found | {"files": fields, "many": many}


def _outputs(inputs: Sequence[PricedInput]) -> dict[str, Any]:
    for each in inputs:
        most = bool(_MAXIMUM.search(each.text)) or _plain_name(each.name).startswith("max")
        if _plain_name(each.name) in _OUTPUTS or (most and _MAXIMUM.search(each.text)):
            return {"outputs": each.name, "most": most}
    return {}


def _is_size(item: PricedInput) -> bool:
    return not item.file and (
        _plain_name(item.name) in _SIZES or any(is_size(value) for value in item.values)
    )


def _files_called(
    inputs: Sequence[PricedInput], words: Iterable[str], *, called: bool = True
) -> list[str]:
    names = [each.name for each in inputs if each.file]
    return [name for name in names if any(word in name.lower() for word in words) == called]


def _files(
    inputs: Sequence[PricedInput], wanted: set[str]
) -> tuple[dict[str, list[str]], list[str]]:
    """The keys in a body of the inputs of files that are ``wanted``, by either of their names, and
    those keys whose text holds several addresses."""
    files: dict[str, list[str]] = {}
    many: list[str] = []
    for each in inputs:
        stem = each.name.removesuffix("Url").replace("UrlMultiple", "Multiple")
        # `inputDocumentUrlMultiple` stands beside `inputDocumentMultiple` in some tools.
        keys = [stem, f"{stem}Url", stem.replace("Multiple", "UrlMultiple")]
        keys = list(dict.fromkeys(keys))
        if each.file and not wanted.isdisjoint(keys):
            files |= dict.fromkeys(sorted(wanted.intersection(keys)), keys)
            many += [key for key in keys if each.many and key != stem and key not in many]
    return files, many


def _named(inputs: Iterable[PricedInput], names: Iterable[str]) -> str | None:
    return next((each.name for each in inputs if _plain_name(each.name) in names), None)


def _plain_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _seconds(text: str) -> list[str] | None:
    """The shortest and the longest time of a run: ``5``, ``8s``, ``1-2 minutes``."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    scale = _IN_SECONDS.get((match[3] or "s")[0].lower(), 1)
    found = sorted(Decimal(each) * scale for each in match.group(1, 2) if each)
    return [f"{each:f}" for each in (found[0], found[-1])] if found[0] else None
