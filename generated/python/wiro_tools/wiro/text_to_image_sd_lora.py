"""wiro/text-to-image-sd-lora: A text-to-image tool capable of generating images using a
Stable Diffusion model and LoRA.

Made by wirogen from specs/tools/wiro/text-to-image-sd-lora.yaml; do not edit.
Its page is docs/tools/wiro/text_to_image_sd_lora.md, beside python/.
"""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias
from wiro_runtime.generated import (
    Client,
    Dollars,
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
from wiro_tools._validators.wiro.text_to_image_sd_lora import Inputs

__all__ = [
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

TOOL: Final = "wiro/text-to-image-sd-lora"
"""The tool's id on Wiro."""

SchedulerValue: TypeAlias = Literal[
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

    SG161222_REALISTIC_VISION_V6_0_B1_NOVAE: Final = "482"
    """SG161222/Realistic Vision v6.0 B1 noVAE: An instruction-based image editing model"""

    PROMPTSHARINGSAMARITAN_DOLL_LIKE_ANIME: Final = "1087"
    """PromptSharingSamaritan/Doll-Like-Anime: Doll Like Anime"""

    SG_161222_PARAGON_V1_0: Final = "881"
    """SG_161222/Paragon-V1.0: Paragon V1.0"""

    INSULT_TO_NINJARY_ITNS_CUTE_MERGE: Final = "1116"
    """Insult_to_Ninjary/ItNs-Cute-Merge: ItN's Cute Merge"""

    KANDOOAI_JUGGERNAUT: Final = "901"
    """KandooAI/Juggernaut: Juggernaut"""


class Lora:
    """LoRAs for ``selected_lora_model``; call one to set its scale: ``NAME(scale=...)``."""

    OSTRIS_EMOTION_HAPPY_SLIDER_V1_0: Final = LoraOption(
        value="62",
        label="Ostris/Emotion Happy Slider v1.0",
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
    """Ostris/Emotion Happy Slider v1.0: Simple LoRA to help with adjusting the happiness of a character."""

    OSTRIS_SKIN_TONE_SLIDER_V1_0: Final = LoraOption(
        value="68",
        label="Ostris/Skin Tone Slider v1.0",
        settings=(
            LoraSetting(
                id="Skin-Tone-Slider-v1.0",
                kind="number",
                minimum="-5",
                maximum="5",
                default="4",
                step="1",
            ),
        ),
    )
    """Ostris/Skin Tone Slider v1.0: Simple LoRA to help with adjusting a character's skin tone."""

    NESTORTIZ3D_LINKEDIN_PROFILE_PHOTO_HELPER_FEMALE_V1_0: Final = LoraOption(
        value="524",
        label="NestOrtiz3D/Linkedin Profile Photo Helper Female v1.0",
        triggerwords=("business, linkedin, office, picture, professional, profile",),
        settings=(
            LoraSetting(
                id="Linkedin-Profile-Photo-Helper-Female-v1.0",
                kind="float",
                minimum="0.00",
                maximum="1",
                default="1.0",
                step="0.1",
            ),
        ),
    )
    """NestOrtiz3D/Linkedin Profile Photo Helper Female v1.0: A text-to-image model with Stable Diffusion and Lora. The LORA has a high capacity to generate business profile photos for women! Trigger words: business, linkedin, office, picture, professional, profile."""

    KAIREN92_FISH_OUT_OF_WATER_V1_0: Final = LoraOption(
        value="61",
        label="Kairen92/Fish out of Water v1.0",
        triggerwords=(
            "reef-fish",
            "gold-fish",
            "koi-fish",
            "dolphin-fish",
            "shark-fish",
            "whale-fish",
        ),
        settings=(
            LoraSetting(
                id="Fish-out-of-Water-v1.0",
                kind="float",
                minimum="0.00",
                maximum="1",
                default="0.3",
                step="0.1",
            ),
        ),
    )
    """Kairen92/Fish out of Water v1.0: This LoRA creates a bunch of fish (and some mammals) around your character. There are six types of fish so use the trigger prompt accordingly. Trigger words: reef-fish; gold-fish; koi-fish; dolphin-fish; shark-fish; whale-fish."""

    MELMOTHTHEWANDERER_ROMAN_LEGIONARY_LORICA_SEGMENTATA_ARMOR_V1_0: Final = LoraOption(
        value="508",
        label="MelmothTheWanderer/Roman Legionary - Lorica Segmentata Armor v1.0",
        triggerwords=(
            "wearing loriseg armor",
            "wearing loriseg armor and helmet",
            "red tunic, red shirt",
            "sandals",
            "shield, spear, sword (read notes)",
        ),
        settings=(
            LoraSetting(
                id="Roman-Legionary-Lorica-Segmentata-Armor-v1.0",
                kind="float",
                minimum="0.00",
                maximum="1",
                default="0.5",
                step="0.1",
            ),
        ),
    )
    """MelmothTheWanderer/Roman Legionary - Lorica Segmentata Armor v1.0: A text-to-image model with Stable Diffusion and Lora. The LORA has a high capacity to generate roman legionaries! Trigger words: wearing loriseg armor; wearing loriseg armor and helmet; red tunic, red shirt; sandals; shield, spear, sword (read notes)."""


class Scheduler:
    """Values for ``scheduler``."""

    EULER_DISCRETE_SCHEDULER: Final = "EulerDiscreteScheduler"
    DDIM_SCHEDULER: Final = "DDIMScheduler"
    LMS_DISCRETE_SCHEDULER: Final = "LMSDiscreteScheduler"
    DPM_SOLVER_MULTISTEP_SCHEDULER: Final = "DPMSolverMultistepScheduler"
    PNDM_SCHEDULER: Final = "PNDMScheduler"
    DDPM_SCHEDULER: Final = "DDPMScheduler"
    EULER_ANCESTRAL_DISCRETE_SCHEDULER: Final = "EulerAncestralDiscreteScheduler"


def run(
    client: Client[ResultT, TaskT],
    *,
    prompt: str,
    selected_model: str = "",
    selected_model_private: str = "",
    selected_lora_model: Sequence[LoraChoice | LoraOption | str] = (),
    selected_lora_model_private: Sequence[LoraChoice | LoraOption | str] | None = None,
    selected_lora_model_private_url: str = "",
    negative_prompt: str = "",
    samples: int = 4,
    steps: int = 30,
    scale: float = 7.5,
    seed: int | str = "123456",
    clip_skip: int = 4,
    width: int = 512,
    height: int = 512,
    scheduler: SchedulerValue = "EulerDiscreteScheduler",
    timeout: float | None = None,
    on_update: OnUpdate | None = None,
    callback_url: str | None = None,
    max_cost: Dollars | None = None,
    allow_unknown: bool = False,
) -> ResultT:
    """Run wiro/text-to-image-sd-lora, wait until it has ended and return its result.

    Price: not documented.

    Args:
        client: A ``Wiro``, or an ``AsyncWiro`` whose result must be awaited.
        prompt: What to make, in words. Required.
        selected_model: The model that does the work. See ``SelectedModel``.
        selected_model_private: Id of a model of your own.
        selected_lora_model: LoRAs that are put on top of the model. See ``Lora``.
        selected_lora_model_private: Ids of your own LoRAs.
        selected_lora_model_private_url: LoRA Model Url: You can provide a direct URL to
            a LoRA model (.safetensors). We’ll apply it during generation. You can also
            use links from platforms like Google Drive, AWS S3, or any publicly
            accessible file host.
        negative_prompt: What the output should not show.
        samples: How many outputs are made. No limits documented.
        steps: How many steps the sampler takes; more take longer. No limits documented.
        scale: How closely the output follows the prompt; higher is closer. No limits
            documented.
        seed: Start value of the random numbers; the same seed gives the same output
            again.
        clip_skip: How many of the text encoder's last layers are left out. No limits
            documented.
        width: Width of the output in pixels. No limits documented.
        height: Height of the output in pixels. No limits documented.
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
        >>> from wiro_tools.wiro import text_to_image_sd_lora
        >>> with Wiro() as client:  # doctest: +SKIP
        ...     result = text_to_image_sd_lora.run(client, prompt="summer landscape, red color, Bokeh, the waterfall, fog over the lake, insanely detailed and intricate, hypermaximalist, elegant, ornate, hyper realistic, super detailed.")
        ...     paths = result.download("out")
    """
    return client.run(
        TOOL,
        lambda: inputs_of(
            Inputs,
            prompt=prompt,
            selected_model=selected_model,
            selected_model_private=selected_model_private,
            selected_lora_model=selected_lora_model,
            selected_lora_model_private=selected_lora_model_private,
            selected_lora_model_private_url=selected_lora_model_private_url,
            negative_prompt=negative_prompt,
            samples=samples,
            steps=steps,
            scale=scale,
            seed=seed,
            clip_skip=clip_skip,
            width=width,
            height=height,
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
    prompt: str,
    selected_model: str = "",
    selected_model_private: str = "",
    selected_lora_model: Sequence[LoraChoice | LoraOption | str] = (),
    selected_lora_model_private: Sequence[LoraChoice | LoraOption | str] | None = None,
    selected_lora_model_private_url: str = "",
    negative_prompt: str = "",
    samples: int = 4,
    steps: int = 30,
    scale: float = 7.5,
    seed: int | str = "123456",
    clip_skip: int = 4,
    width: int = 512,
    height: int = 512,
    scheduler: SchedulerValue = "EulerDiscreteScheduler",
    timeout: float = 60.0,
    callback_url: str | None = None,
    max_cost: Dollars | None = None,
    allow_unknown: bool = False,
) -> TaskT:
    """Start wiro/text-to-image-sd-lora and return its task without waiting for it.

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
            selected_model=selected_model,
            selected_model_private=selected_model_private,
            selected_lora_model=selected_lora_model,
            selected_lora_model_private=selected_lora_model_private,
            selected_lora_model_private_url=selected_lora_model_private_url,
            negative_prompt=negative_prompt,
            samples=samples,
            steps=steps,
            scale=scale,
            seed=seed,
            clip_skip=clip_skip,
            width=width,
            height=height,
            scheduler=scheduler,
        ),
        timeout=timeout,
        callback_url=callback_url,
        max_cost=max_cost,
        allow_unknown=allow_unknown,
    )


def price(
    *,
    prompt: str | None = None,
    selected_model: str = "",
    selected_model_private: str = "",
    selected_lora_model: Sequence[LoraChoice | LoraOption | str] = (),
    selected_lora_model_private: Sequence[LoraChoice | LoraOption | str] | None = None,
    selected_lora_model_private_url: str = "",
    negative_prompt: str = "",
    samples: int = 4,
    steps: int = 30,
    scale: float = 7.5,
    seed: int | str = "123456",
    clip_skip: int = 4,
    width: int = 512,
    height: int = 512,
    scheduler: SchedulerValue = "EulerDiscreteScheduler",
) -> Price:
    """Return the price of a run in US dollars; nothing is sent, and no key is needed.

    The inputs are those of :func:`run`. Those that are left out, required ones too,
    leave the price open where it depends on them.
    """
    return price_of(
        Inputs,
        prompt=prompt,
        selected_model=selected_model,
        selected_model_private=selected_model_private,
        selected_lora_model=selected_lora_model,
        selected_lora_model_private=selected_lora_model_private,
        selected_lora_model_private_url=selected_lora_model_private_url,
        negative_prompt=negative_prompt,
        samples=samples,
        steps=steps,
        scale=scale,
        seed=seed,
        clip_skip=clip_skip,
        width=width,
        height=height,
        scheduler=scheduler,
    )
