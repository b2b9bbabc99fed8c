"""Acme/Everything v1.0: One of each: "quotes", \\backslashes\\, {{ braces }}, <tags> and |
pipes.

Made by wirogen from specs/tools/acme/everything-v1-0.yaml; do not edit.
Its page is docs/tools/acme/everything_v1_0.md, beside python/.
"""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias
from wiro_runtime.generated import (
    Client,
    Dollars,
    FileLike,
    LoraChoice,
    LoraOption,
    LoraSetting,
    OnUpdate,
    Price,
    ResultT,
    TaskT,
    inputs_of,
    price_of,
)
from wiro_tools._validators.acme.everything_v1_0 import Inputs

__all__ = [
    "Default",
    "Inputs",
    "Lora",
    "Ratio",
    "RatioValue",
    "RefinerValue",
    "SelectedModel",
    "Solver",
    "SolverValue",
    "TOOL",
    "price",
    "run",
    "submit",
]

TOOL: Final = "Acme/Everything v1.0"
"""The tool's id on Wiro."""

RatioValue: TypeAlias = Literal["16:9", "", "Wide (16:9)", "Auto"]
"""What ``ratio`` may be: an id or a label."""

SolverValue: TypeAlias = Literal["dpmsolver", "dpmsolver++", "dpm solver", "dpm-solver"]
"""What ``solver`` may be."""

RefinerValue: TypeAlias = Literal["--id_mix", ""]
"""What ``refiner`` may be."""


class Ratio:
    """Values for ``ratio``."""

    WIDE_16_9: Final = "16:9"
    """Wide (16:9)"""

    AUTO: Final = ""
    """Auto"""


class Solver:
    """Values for ``solver``."""

    DPMSOLVER: Final = "dpmsolver"
    DPMSOLVER_PLUS_PLUS: Final = "dpmsolver++"
    DPM_SOLVER_DPM_SOLVER: Final = "dpm solver"
    DPM_SOLVER_DPM_SOLVER_2: Final = "dpm-solver"


class SelectedModel:
    """Values for ``selected_model``."""

    KANDOOAI_JUGGERNAUT: Final = "901"
    """KandooAI/Juggernaut: It's | sharp"""


class Lora:
    """LoRAs for ``selected_lora_model``; call one to set its scale: ``NAME(scale=...)``."""

    OSTRIS_EMOTION_HAPPY_SLIDER_V1_0: Final = LoraOption(
        value="62",
        label="Ostris/Emotion Happy Slider v1.0",
        triggerwords=("happy", "shield, spear (read notes)"),
        settings=(
            LoraSetting(
                id="Emotion-Happy-Slider-v1.0",
                kind="number",
                minimum="-5",
                maximum="5",
                default="5",
                step="1",
            ),
        ),
    )
    """Ostris/Emotion Happy Slider v1.0: Happiness. Trigger words: happy; shield, spear (read notes)."""


class Default:
    """Long defaults, which the signatures below name instead of repeating."""

    NEGATIVE_PROMPT: Final = (
        '(lowres, low quality, worst quality:1.2), (text:1.2), watermark, it\'s "bad"\n[verse]\n\nline'
    )


def run(
    client: Client[ResultT, TaskT],
    *,
    prompt: str,
    input_image_url: FileLike,
    class_: str = "",
    samples: int = 4,
    scale: float = 7.5,
    seed: int | str = "123456",
    ratio: RatioValue = "16:9",
    solver: SolverValue = "dpmsolver",
    selected_model: str = "",
    selected_lora_model: Sequence[LoraChoice | LoraOption | str] = (),
    selected_lora_model_private: Sequence[LoraChoice | LoraOption | str] | None = None,
    refiner: RefinerValue = "--id_mix",
    preprocess: bool = True,
    input_images: Sequence[FileLike] | None = None,
    negative_prompt: str = Default.NEGATIVE_PROMPT,
    timeout: float | None = None,
    on_update: OnUpdate | None = None,
    callback_url: str | None = None,
    max_cost: Dollars | None = None,
    allow_unknown: bool = False,
) -> ResultT:
    """Run Acme/Everything v1.0, wait until it has ended and return its result.

    Price: from $0.003; :func:`price` computes that of a run.

    Args:
        client: A ``Wiro``, or an ``AsyncWiro`` whose result must be awaited.
        prompt: What to make, in words. Required.
        input_image_url: Address of the image to work on. Required, as the document's
            sample call suggests.
        class_: Kind of thing (optional): Used for: -Single -Multi. default: none.
        samples: How many outputs are made. From 1 to 8 in steps of 1.
        scale: How closely the output follows the prompt; higher is closer. No limits
            documented.
        seed: Start value of the random numbers; the same seed gives the same output
            again.
        ratio: Ratio. See ``Ratio``.
        solver: Solver. See ``Solver``.
        selected_model: The model that does the work. See ``SelectedModel``.
        selected_lora_model: LoRAs that are put on top of the model. See ``Lora``.
        selected_lora_model_private: Ids of your own LoRAs.
        refiner: Refiner.
        preprocess: Preprocess.
        input_images: Images.
        negative_prompt: What the output should not show.
        timeout: Seconds to wait at most; the task goes on if they pass.
        on_update: Called with each change of the task while it runs.
        callback_url: Where Wiro posts the task's detail when it has ended.
        max_cost: Dollars that the run may cost at most, by its estimate.
        allow_unknown: Run it also when the estimate has no upper bound.

    Returns:
        The ``Result``, or an awaitable of it for an ``AsyncWiro``.

    Raises:
        InvalidInputs: An input is not what the tool takes; nothing was sent.
        PriceExceeded: It may cost more than max_cost; nothing was sent.
        TaskFailed: The tool failed; error.detail.cost tells what was billed.
        WiroError: Anything else, with the task's id once there is one.

    Example:
        >>> from wiro_runtime import Wiro
        >>> from wiro_tools.acme import everything_v1_0
        >>> with Wiro() as client:  # doctest: +SKIP
        ...     result = everything_v1_0.run(client, prompt="a boat", input_image_url="https://example.com/sample.jpg")
        ...     paths = result.download("out")
    """
    return client.run(
        TOOL,
        lambda: inputs_of(
            Inputs,
            prompt=prompt,
            input_image_url=input_image_url,
            class_=class_,
            samples=samples,
            scale=scale,
            seed=seed,
            ratio=ratio,
            solver=solver,
            selected_model=selected_model,
            selected_lora_model=selected_lora_model,
            selected_lora_model_private=selected_lora_model_private,
            refiner=refiner,
            preprocess=preprocess,
            input_images=input_images,
            negative_prompt=negative_prompt,
        ),
        timeout=timeout,
        on_update=on_update,
        callback_url=callback_url,
        max_cost=max_cost,
        allow_unknown=allow_unknown,
    )


def submit(
    client: Client[ResultT, TaskT],
    *,
    prompt: str,
    input_image_url: FileLike,
    class_: str = "",
    samples: int = 4,
    scale: float = 7.5,
    seed: int | str = "123456",
    ratio: RatioValue = "16:9",
    solver: SolverValue = "dpmsolver",
    selected_model: str = "",
    selected_lora_model: Sequence[LoraChoice | LoraOption | str] = (),
    selected_lora_model_private: Sequence[LoraChoice | LoraOption | str] | None = None,
    refiner: RefinerValue = "--id_mix",
    preprocess: bool = True,
    input_images: Sequence[FileLike] | None = None,
    negative_prompt: str = Default.NEGATIVE_PROMPT,
    timeout: float = 60.0,
    callback_url: str | None = None,
    max_cost: Dollars | None = None,
    allow_unknown: bool = False,
) -> TaskT:
    """Start Acme/Everything v1.0 and return its task without waiting for it.

    The inputs, defaults and errors are those of :func:`run`. The task's id is enough to
    find it again from anywhere: ``client.task(task.id)``. While as many tasks run as
    the account allows it waits for one of this client's to end, ``timeout`` seconds at
    most (0: not at all), and then raises ``ConcurrencyLimitError``.
    """
    return client.submit(
        TOOL,
        lambda: inputs_of(
            Inputs,
            prompt=prompt,
            input_image_url=input_image_url,
            class_=class_,
            samples=samples,
            scale=scale,
            seed=seed,
            ratio=ratio,
            solver=solver,
            selected_model=selected_model,
            selected_lora_model=selected_lora_model,
            selected_lora_model_private=selected_lora_model_private,
            refiner=refiner,
            preprocess=preprocess,
            input_images=input_images,
            negative_prompt=negative_prompt,
        ),
        timeout=timeout,
        callback_url=callback_url,
        max_cost=max_cost,
        allow_unknown=allow_unknown,
    )


def price(
    *,
    prompt: str | None = None,
    input_image_url: FileLike | None = None,
    class_: str = "",
    samples: int = 4,
    scale: float = 7.5,
    seed: int | str = "123456",
    ratio: RatioValue = "16:9",
    solver: SolverValue = "dpmsolver",
    selected_model: str = "",
    selected_lora_model: Sequence[LoraChoice | LoraOption | str] = (),
    selected_lora_model_private: Sequence[LoraChoice | LoraOption | str] | None = None,
    refiner: RefinerValue = "--id_mix",
    preprocess: bool = True,
    input_images: Sequence[FileLike] | None = None,
    negative_prompt: str = Default.NEGATIVE_PROMPT,
) -> Price:
    """Return the price of a run in US dollars; nothing is sent, and no key is needed.

    The inputs are those of :func:`run`. Those that are left out, required ones too,
    leave the price open where it depends on them.
    """
    return price_of(
        Inputs,
        prompt=prompt,
        input_image_url=input_image_url,
        class_=class_,
        samples=samples,
        scale=scale,
        seed=seed,
        ratio=ratio,
        solver=solver,
        selected_model=selected_model,
        selected_lora_model=selected_lora_model,
        selected_lora_model_private=selected_lora_model_private,
        refiner=refiner,
        preprocess=preprocess,
        input_images=input_images,
        negative_prompt=negative_prompt,
    )
