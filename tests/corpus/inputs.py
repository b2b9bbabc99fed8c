"""The inputs of made-up tools: every kind that real pages have, in varying company."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from types import EllipsisType

from corpus.page import Choice, Field, Json
from corpus.words import (
    COLOURS,
    CREATORS,
    DETAILS,
    HELPS,
    LANGUAGES,
    MODELS,
    RATIOS,
    SCHEDULERS,
    SUBJECTS,
    TRIGGERS,
    VERSE,
)


def fields(number: int, chance: random.Random) -> Iterator[Field]:
    """The inputs of tool ``number``, in the order in which pages list them."""
    kind = number % 8
    if kind in (0, 1):
        yield from _stable_diffusion(chance, many=kind == 0)
    elif kind == 2:
        yield from _video(chance)
    elif kind == 3:
        yield from _editor(chance)
    elif kind == 4:
        yield from _voice(chance)
    elif kind == 5:
        yield from _song(chance)
    elif kind == 6:
        yield from _shop(chance)
    else:
        yield from _chat(chance)
    yield _seed(chance)


def inspires(made: Sequence[Field], chance: random.Random) -> tuple[Mapping[str, str], ...]:
    """Sets of example values, on about a third of all pages; files go by their stem."""
    if chance.random() < 0.65:
        return ()
    chosen = [each for each in made if each.type in {"text", "textarea", "number"}][:4]
    return tuple(
        {each.name.removesuffix("Url"): _inspiration(each, chance) for each in chosen}
        for _ in range(chance.randint(1, 3))
    )


def _inspiration(each: Field, chance: random.Random) -> str:
    if each.name.endswith("Url"):
        return "https://cdn.wiro.ai/uploads/sampleinputs/portrait.jpg"
    if each.type == "number":
        return str(chance.randint(1, 50))
    return "" if chance.random() < 0.2 else prompt(chance, 4)


def prompt(chance: random.Random, length: int) -> str:
    """A prompt of ``length`` phrases on one line; now and then it begins with a comma."""
    parts = [chance.choice(SUBJECTS), *chance.sample(DETAILS, min(length, len(DETAILS)))]
    text = ", ".join(parts)
    return f", {text}" if chance.random() < 0.05 else text


def _make(
    name: str,
    kind: str,
    chance: random.Random,
    default: str = "",
    *,
    shown: Json | EllipsisType = ...,
    options: tuple[Choice, ...] | None = None,
    sends: bool = True,
) -> Field:
    """An input with a label and help of some kind; its Run Command shows the default as text
    unless ``shown`` is given."""
    return Field(
        name=name,
        label=chance.choice((name.lower(), name, f"{name[:1].upper()}{name[1:]} (optional)")),
        help=chance.choice(HELPS).format(name=name),
        type=kind,
        default=default,
        options=options,
        shown=default if shown is ... else shown,
        sends=sends,
    )


def _number(name: str, chance: random.Random, value: int) -> Field:
    return _make(name, "number", chance, str(value), shown=value)


def _seed(chance: random.Random) -> Field:
    value = chance.randint(0, 4_000_000_000)
    if chance.random() < 0.7:
        return _make("seed", "text", chance, str(value))
    return _number("seed", chance, value)


def _prompts(chance: random.Random, length: int) -> Iterator[Field]:
    yield _make("prompt", "textarea", chance, prompt(chance, length))
    negative = "" if chance.random() < 0.5 else "(lowres, worst quality:1.2), (text:1.2), nsfw"
    yield _make("negativePrompt", "textarea", chance, negative)


def _plain(*values: str) -> tuple[Choice, ...]:
    return tuple(Choice(value=value, label=value or "Auto") for value in values)


def models(chance: random.Random, count: int, *, sliders: bool) -> tuple[Choice, ...]:
    """``count`` models with distinct ids, the highest first."""
    ids = sorted(chance.sample(range(60, 4000), count), reverse=True)
    return tuple(_model(str(each), chance, sliders=sliders) for each in ids)


def _model(value: str, chance: random.Random, *, sliders: bool) -> Choice:
    name = f"{chance.choice(MODELS)} {value}"
    words = tuple(chance.sample(TRIGGERS, chance.choice((0, 0, 1, 2, 5))))
    settings: tuple[Mapping[str, Json], ...] = ()
    if sliders:
        settings = tuple(_slider(name, chance, part) for part in range(chance.choice((1, 1, 1, 2))))
    description = chance.choice((name, f"A LoRA. It's made for {name}: try it, don't wait!"))
    label = f"{chance.choice(CREATORS)}/{name}"
    return Choice(
        value=value, label=label, description=description, triggerwords=words, settings=settings
    )


def _slider(name: str, chance: random.Random, part: int) -> Mapping[str, Json]:
    ident = name.replace(" ", "-") + (f"-{part}" if part else "")
    whole = chance.random() < 0.3
    low, high, default, step = ("-5", "5", "4", "1") if whole else ("0.00", "1", "0.5", "0.1")
    return {
        "type": "number" if whole else "float",
        "template": "",
        "id": ident,
        "placeholder": f"{ident} scale",
        "label": f"{ident} scale",
        "minvalue": low,
        "maxvalue": high,
        "value": default,
        "defaultvalue": default,
        "incrementby": step,
        "options": [],
        "note": "",
    }


def _stable_diffusion(chance: random.Random, *, many: bool) -> Iterator[Field]:
    bases = models(chance, chance.choice((7, 12, 40)), sliders=False)
    loras = models(chance, chance.choice((6, 20, 120)), sliders=True)
    chosen = chance.choice(bases).value
    picker = "multiselect" if many else "select"
    yield _make(
        "selectedModel",
        "select",
        chance,
        chance.choice(("", f'"{chosen}"')),
        shown="",
        options=bases,
    )
    blank = chance.choice(("", '""'))
    yield _make("selectedModelPrivate", "select", chance, blank, shown="", options=())
    yield _make("selectedLoraModel", picker, chance, '"61"', shown=[], options=loras)
    yield _make("selectedLoraModelPrivate", picker, chance, blank, options=(), sends=False)
    yield _make("selectedLoraModelPrivateUrl", "text", chance)
    if not many:
        yield _make("inputImageUrl", "text", chance, shown="input-portrait-2.jpg")
    yield from _prompts(chance, 9)
    yield _number("samples", chance, chance.randint(1, 4))
    yield _number("steps", chance, chance.randint(20, 50))
    scale = chance.choice(("7.5", "5.0", "7", "0.0"))
    yield _make("scale", "float", chance, scale)
    yield _make("ip_adapter_scale", "float", chance, "0.8")
    yield _number("clipSkip", chance, 4)
    yield _number("width", chance, chance.choice((0, 512, 1024)))
    yield _number("height", chance, chance.choice((0, 512, 1024)))
    order = chance.sample(SCHEDULERS, len(SCHEDULERS))
    yield _make("scheduler", "select", chance, order[2], options=_plain(*order))
    if chance.random() < 0.3:
        yield _make("id_mix", "checkbox", chance, "--id_mix")
        flags = (Choice(value="--only_base_model", label="NO"), Choice(value="", label="YES"))
        yield _make("refiner", "select", chance, "", options=flags)


def _video(chance: random.Random) -> Iterator[Field]:
    yield _make(
        "inputImageFirst", "combinefileinput", chance, "first-frame.png", shown=["first-frame.png"]
    )
    yield from _prompts(chance, 6)
    yield _make("aspectRatio", "select", chance, "16:9", options=_plain("", *RATIOS))
    lengths = tuple(Choice(value=text, label=f"{text}s") for text in ("5", "10", "15"))
    yield _make("duration", "select", chance, "5", options=lengths)
    effects = (f"effect_{index}" for index in range(chance.choice((10, 110))))
    covers = ("3d_animation", *effects)
    yield _make("effect", "selectwithcover", chance, "3d_animation", options=_plain(*covers))
    sizes = _plain("360p(Turbo)", "540p", "832*480", "1280:720")
    yield _make("resolution", "select", chance, "540p", options=sizes)
    yield _make("cameraFixed", "number", chance, "false", shown=False)
    yield _make("Watermark", "select", chance, "true", options=_plain("true", "false"))
    yield _make("flowShift", "float", chance, "1")
    yield _number("numFrames", chance, 81)


def _editor(chance: random.Random) -> Iterator[Field]:
    files = "resized_transparent_192x192.png,google-sample-13.png"
    yield _make("inputImage", "combinefileinput", chance, files, shown=list[Json](files.split(",")))
    yield _make("inputImageMask", "combinefileinput", chance, "", shown=[])
    yield _make("inputImage2Url", "text", chance, "", shown="second-sample.webp")
    yield from _prompts(chance, 5)
    swap = _plain("None", "left", "right")
    yield _make("swapPosition", "select", chance, "None", options=swap)
    yield _make("outputFormat", "select", chance, "png", options=_plain("png", "jpg", "webp"))
    yield _make("safetyTolerance", "select", chance, "2", options=_plain("2"))
    yield _make("guidance", "float", chance, "4.5")
    yield _make("colours", "select", chance, COLOURS[0], options=_plain(*COLOURS))


def _voice(chance: random.Random) -> Iterator[Field]:
    yield _make("prompt", "textarea", chance, prompt(chance, 3))
    voices = (f"v2/en_speaker_{index}" for index in range(chance.choice((8, 45))))
    speakers = tuple(
        Choice(value=value, label=f"[EN] Speaker {index} Male")
        for index, value in enumerate(voices)
    )
    yield _make("voice", "select", chance, "v2/en_speaker_0", options=speakers)
    languages = _plain(*LANGUAGES)
    yield _make("language", "select", chance, "English", options=languages)
    yield _make("audio_prompt_type", "text", chance, "1")
    yield _make("speed", "float", chance, "1.0")
    yield _make("stability", "range", chance, "0.5")


def _song(chance: random.Random) -> Iterator[Field]:
    yield _make("prompt", "textarea", chance, "open … | boil … | work …")
    yield _make("lyrics", "textarea", chance, chance.choice(VERSE))
    for name in ("genre", "mood", "timbre"):
        options = _plain("pop", "rock", "jazz", "folk", "Drum & Bass")
        yield _make(name, "multiselect", chance, "pop", shown=["pop"], options=options)
    yield _make("inputAudioUrl", "text", chance, "", shown="sample-song.mp3")
    yield _number("maxNewTokens", chance, 3000)


def _shop(chance: random.Random) -> Iterator[Field]:
    yield _make("inputImageProduct", "combinefileinput", chance, "shoe.png", shown=["shoe.png"])
    yield _make("inputDocumentMultiple", "multifileinput", chance, "", shown=[])
    yield _make("logo", "fileinput", chance, "", shown="")
    yield _make("prompt", "textarea", chance, prompt(chance, 4))
    yield _make("captionFontColor", "color", chance, "#FF8800")
    stores = _plain("Apple App Store", "Google Play", "Own site")
    yield _make("store", "select", chance, "Apple App Store", options=stores)
    yield _make("preprocess", "checkbox", chance, "true", shown=True)
    yield _make("conv_mode", "text", chance, "vicuna_v1")
    yield _make("matchInput", "select", chance, "", options=_plain("", "match_input_image"))


def _chat(chance: random.Random) -> Iterator[Field]:
    yield _make("prompt", "textarea", chance, prompt(chance, 2))
    yield _make("system_prompt", "textarea", chance, "You are helpful. Say “no” - when asked.")
    bases = models(chance, chance.choice((3, 9)), sliders=False)
    chosen = chance.choice(bases).value
    yield _make("selectedModel", "select", chance, f'"{chosen}"', shown="", options=bases)
    yield _make("do_sample", "checkbox", chance, "true", shown=True)
    yield _make("quantization", "checkbox", chance, "--quantization")
    yield _make("temperature", "float", chance, "0.7")
    yield _make("top_p", "float", chance, "0.95")
    yield _number("max_tokens", chance, 0)
    yield _make("style", "select", chance, "default", options=_plain("default", "short", "long"))
