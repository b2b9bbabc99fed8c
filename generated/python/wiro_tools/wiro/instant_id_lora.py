"""wiro/instant-id-lora: InstantID is a method to achieve ID-preserving generation with
only single image.

Made by wirogen from specs/tools/wiro/instant-id-lora.yaml; do not edit.
Its page is docs/tools/wiro/instant_id_lora.md, beside python/.
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
from wiro_tools._validators.wiro.instant_id_lora import Inputs

__all__ = [
    "Default",
    "Inputs",
    "Lora",
    "Scheduler",
    "SchedulerValue",
    "SelectedModel",
    "TOOL",
    "price",
    "run",
    "submit",
]

TOOL: Final = "wiro/instant-id-lora"
"""The tool's id on Wiro."""

SchedulerValue: TypeAlias = Literal[
    "FlowMatchEulerDiscreteScheduler",
    "EulerDiscreteScheduler",
    "DDIMScheduler",
    "LMSDiscreteScheduler",
    "DPMSolverMultistepScheduler",
    "PNDMScheduler",
    "DDPMScheduler",
    "EulerAncestralDiscreteScheduler",
]
"""What ``scheduler`` may be."""


class SelectedModel:
    """Values for ``selected_model``."""

    WANGQIXUN_YAMERMIX_V8_0: Final = "606"
    """wangqixun/YamerMIX v8.0: An instruction-based image editing model SDXL."""

    COOLREAL_PUREREALISM_MIX_XL: Final = "1097"
    """Coolreal/PureRealism-Mix-XL: PureRealism Mix XL"""

    STABLEDIFFUSIONVN_SDVN7_NIJISTYLEXL: Final = "966"
    """StableDiffusionVN/SDVN7-NijiStyleXL: SDVN7-NijiStyleXL Trigger words: niji style."""

    LYKON_DREAMSHAPER_XL: Final = "850"
    """Lykon/DreamShaper-XL: DreamShaper XL"""

    HEVOK_ENDJOURNEY_XL: Final = "927"
    """Hevok/Endjourney-XL: Endjourney XL"""


class Lora:
    """LoRAs for ``selected_lora_model``; call one to set its scale: ``NAME(scale=...)``."""

    JJHUANG_JJS_INTERIOR_STYLE_MODERN_V1_0_LORA_XL: Final = LoraOption(
        value="540",
        label="jjhuang/JJs Interior Style - Modern v1.0 - LoRA XL",
        triggerwords=("Modern Style",),
        settings=(
            LoraSetting(
                id="JJs-Interior-Style-Modern-v1.0-LoRA-XL",
                kind="float",
                minimum="0.00",
                maximum="1",
                default="0.5",
                step="0.1",
            ),
        ),
    )
    """jjhuang/JJs Interior Style - Modern v1.0 - LoRA XL: A text-to-image model with Stable Diffusion XL and Lora XL. The LoRA has a high capacity to generate interior design! Trigger words: Modern Style."""

    PROMPTSHARINGSAMARITAN_SAMARITAN_3D_CARTOON_SDXL: Final = LoraOption(
        value="1086",
        label="PromptSharingSamaritan/Samaritan-3d-Cartoon-SDXL",
        settings=(
            LoraSetting(
                id="Samaritan-3d-Cartoon-SDXL",
                kind="float",
                minimum="0.00",
                maximum="1",
                default="1.0",
                step="0.1",
            ),
        ),
    )
    """PromptSharingSamaritan/Samaritan-3d-Cartoon-SDXL: Samaritan 3d Cartoon SDXL"""

    DESERTPIXEL_DIAMOND_JEWEL_SDXL: Final = LoraOption(
        value="1170",
        label="desertPixel/Diamond-Jewel-SDXL",
        triggerwords=("damndjewl style",),
        settings=(
            LoraSetting(
                id="Diamond-Jewel-SDXL",
                kind="float",
                minimum="0.00",
                maximum="1",
                default="1.0",
                step="0.1",
            ),
        ),
    )
    """desertPixel/Diamond-Jewel-SDXL: Diamond Jewel SDXL Trigger words: damndjewl style."""

    HAILOKNIGHT_WEAPON_DUAL_PISTOLS: Final = LoraOption(
        value="1375",
        label="HailoKnight/Weapon-Dual-Pistols",
        triggerwords=("dual pistols",),
        settings=(
            LoraSetting(
                id="Weapon-Dual-Pistols",
                kind="float",
                minimum="0.00",
                maximum="1",
                default="1.0",
                step="0.1",
            ),
        ),
    )
    """HailoKnight/Weapon-Dual-Pistols: Weapon Dual Pistols Trigger words: dual pistols."""

    RALFINGER_DISSOLVE_STYLE_SDXL: Final = LoraOption(
        value="1362",
        label="RalFinger/Dissolve-Style-SDXL",
        triggerwords=("ral-dissolve",),
        settings=(
            LoraSetting(
                id="Dissolve-Style-SDXL",
                kind="float",
                minimum="0.00",
                maximum="1",
                default="1.0",
                step="0.1",
            ),
        ),
    )
    """RalFinger/Dissolve-Style-SDXL: Dissolve Style SDXL Trigger words: ral-dissolve."""


class Scheduler:
    """Values for ``scheduler``."""

    FLOW_MATCH_EULER_DISCRETE_SCHEDULER: Final = "FlowMatchEulerDiscreteScheduler"
    EULER_DISCRETE_SCHEDULER: Final = "EulerDiscreteScheduler"
    DDIM_SCHEDULER: Final = "DDIMScheduler"
    LMS_DISCRETE_SCHEDULER: Final = "LMSDiscreteScheduler"
    DPM_SOLVER_MULTISTEP_SCHEDULER: Final = "DPMSolverMultistepScheduler"
    PNDM_SCHEDULER: Final = "PNDMScheduler"
    DDPM_SCHEDULER: Final = "DDPMScheduler"
    EULER_ANCESTRAL_DISCRETE_SCHEDULER: Final = "EulerAncestralDiscreteScheduler"


class Default:
    """Long defaults, which the signatures below name instead of repeating."""

    NEGATIVE_PROMPT: Final = (
        "(lowres, low quality, worst quality:1.2), (text:1.2), watermark, (frame:1.2), deformed, ugly, deformed eyes, blur, out of focus, blurry, mutation, mutated arms, deformed cat, deformed, anthropomorphic cat, monochrome, 3d, drones, drone, nsfw"
    )


def run(
    client: Client[ResultT, TaskT],
    *,
    input_image_url: FileLike,
    prompt: str,
    selected_model: str = "",
    selected_model_private: str = "",
    selected_lora_model: Sequence[LoraChoice | LoraOption | str] = (),
    selected_lora_model_private: LoraChoice | LoraOption | str | None = None,
    selected_lora_model_private_url: str = "",
    negative_prompt: str = Default.NEGATIVE_PROMPT,
    steps: int = 20,
    scale: float = 5.0,
    ip_adapter_scale: float = 0.8,
    samples: int = 1,
    seed: int | str = "3572004920",
    scheduler: SchedulerValue = "EulerAncestralDiscreteScheduler",
    timeout: float | None = None,
    on_update: OnUpdate | None = None,
    callback_url: str | None = None,
    max_cost: Dollars | None = None,
    allow_unknown: bool = False,
) -> ResultT:
    """Run wiro/instant-id-lora, wait until it has ended and return its result.

    Price: not documented.

    Args:
        client: A ``Wiro``, or an ``AsyncWiro`` whose result must be awaited.
        input_image_url: Address of the image to work on. Required, as the document's
            sample call suggests.
        prompt: What to make, in words. Required.
        selected_model: The model that does the work. See ``SelectedModel``.
        selected_model_private: Id of a model of your own.
        selected_lora_model: LoRAs that are put on top of the model. See ``Lora``.
        selected_lora_model_private: Id of a LoRA of your own.
        selected_lora_model_private_url: LoRA Model Url: You can provide a direct URL to
            a LoRA model (.safetensors). We’ll apply it during generation. You can also
            use links from platforms like Google Drive, AWS S3, or any publicly
            accessible file host.
        negative_prompt: What the output should not show.
        steps: How many steps the sampler takes; more take longer. No limits documented.
        scale: How closely the output follows the prompt; higher is closer. No limits
            documented.
        ip_adapter_scale: How strongly the reference image shapes the output. No limits
            documented.
        samples: How many outputs are made. No limits documented.
        seed: Start value of the random numbers; the same seed gives the same output
            again.
        scheduler: The sampling method. See ``Scheduler``.
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
        >>> from wiro_tools.wiro import instant_id_lora
        >>> with Wiro() as client:  # doctest: +SKIP
        ...     result = instant_id_lora.run(client, input_image_url="https://example.com/input-portrait-2.jpg", prompt="olympic athlete, standing, wearing olympics uniform, Paris background, photorealistic, realistic, embodies the spirit of victory, captured by the official Olympic Games photographer 2024, the image is framed through photographer Steve McCurry, 2015, used a classic 50mm lens and illuminated by the brilliance of stadium floodlights, realistic")
        ...     paths = result.download("out")
    """
    return client.run(
        TOOL,
        lambda: inputs_of(
            Inputs,
            input_image_url=input_image_url,
            prompt=prompt,
            selected_model=selected_model,
            selected_model_private=selected_model_private,
            selected_lora_model=selected_lora_model,
            selected_lora_model_private=selected_lora_model_private,
            selected_lora_model_private_url=selected_lora_model_private_url,
            negative_prompt=negative_prompt,
            steps=steps,
            scale=scale,
            ip_adapter_scale=ip_adapter_scale,
            samples=samples,
            seed=seed,
            scheduler=scheduler,
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
    input_image_url: FileLike,
    prompt: str,
    selected_model: str = "",
    selected_model_private: str = "",
    selected_lora_model: Sequence[LoraChoice | LoraOption | str] = (),
    selected_lora_model_private: LoraChoice | LoraOption | str | None = None,
    selected_lora_model_private_url: str = "",
    negative_prompt: str = Default.NEGATIVE_PROMPT,
    steps: int = 20,
    scale: float = 5.0,
    ip_adapter_scale: float = 0.8,
    samples: int = 1,
    seed: int | str = "3572004920",
    scheduler: SchedulerValue = "EulerAncestralDiscreteScheduler",
    timeout: float = 60.0,
    callback_url: str | None = None,
    max_cost: Dollars | None = None,
    allow_unknown: bool = False,
) -> TaskT:
    """Start wiro/instant-id-lora and return its task without waiting for it.

    The inputs, defaults and errors are those of :func:`run`. The task's id is enough to
    find it again from anywhere: ``client.task(task.id)``. While as many tasks run as
    the account allows it waits for one of this client's to end, ``timeout`` seconds at
    most (0: not at all), and then raises ``ConcurrencyLimitError``.
    """
    return client.submit(
        TOOL,
        lambda: inputs_of(
            Inputs,
            input_image_url=input_image_url,
            prompt=prompt,
            selected_model=selected_model,
            selected_model_private=selected_model_private,
            selected_lora_model=selected_lora_model,
            selected_lora_model_private=selected_lora_model_private,
            selected_lora_model_private_url=selected_lora_model_private_url,
            negative_prompt=negative_prompt,
            steps=steps,
            scale=scale,
            ip_adapter_scale=ip_adapter_scale,
            samples=samples,
            seed=seed,
            scheduler=scheduler,
        ),
        timeout=timeout,
        callback_url=callback_url,
        max_cost=max_cost,
        allow_unknown=allow_unknown,
    )


def price(
    *,
    input_image_url: FileLike | None = None,
    prompt: str | None = None,
    selected_model: str = "",
    selected_model_private: str = "",
    selected_lora_model: Sequence[LoraChoice | LoraOption | str] = (),
    selected_lora_model_private: LoraChoice | LoraOption | str | None = None,
    selected_lora_model_private_url: str = "",
    negative_prompt: str = Default.NEGATIVE_PROMPT,
    steps: int = 20,
    scale: float = 5.0,
    ip_adapter_scale: float = 0.8,
    samples: int = 1,
    seed: int | str = "3572004920",
    scheduler: SchedulerValue = "EulerAncestralDiscreteScheduler",
) -> Price:
    """Return the price of a run in US dollars; nothing is sent, and no key is needed.

    The inputs are those of :func:`run`. Those that are left out, required ones too,
    leave the price open where it depends on them.
    """
    return price_of(
        Inputs,
        input_image_url=input_image_url,
        prompt=prompt,
        selected_model=selected_model,
        selected_model_private=selected_model_private,
        selected_lora_model=selected_lora_model,
        selected_lora_model_private=selected_lora_model_private,
        selected_lora_model_private_url=selected_lora_model_private_url,
        negative_prompt=negative_prompt,
        steps=steps,
        scale=scale,
        ip_adapter_scale=ip_adapter_scale,
        samples=samples,
        seed=seed,
        scheduler=scheduler,
    )
