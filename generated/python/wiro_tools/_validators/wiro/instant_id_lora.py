# Made by wirogen from wiro/instant-id-lora.yaml; do not edit.

from collections.abc import Sequence
from typing import Annotated, Literal
from pydantic import ConfigDict, Field
from wiro_runtime.generated import FileLike, LoraChoice, LoraOption, ToolInputs


class Inputs(ToolInputs):
    model_config = ConfigDict(
        extra="forbid",
        arbitrary_types_allowed=True,
    )
    selected_model: Annotated[
        str,
        Field(
            alias="selectedModel",
            description="The model that does the work.",
            json_schema_extra={
                "x-wire": "string",
                "x-options": {
                    "606": "wangqixun/YamerMIX v8.0",
                    "1097": "Coolreal/PureRealism-Mix-XL",
                    "966": "StableDiffusionVN/SDVN7-NijiStyleXL",
                    "850": "Lykon/DreamShaper-XL",
                    "927": "Hevok/Endjourney-XL",
                },
            },
        ),
    ] = ""
    selected_model_private: Annotated[
        str,
        Field(
            alias="selectedModelPrivate",
            description="Id of a model of your own.",
            json_schema_extra={"x-wire": "string"},
        ),
    ] = ""
    selected_lora_model: Annotated[
        Sequence[str | LoraChoice | LoraOption],
        Field(
            alias="selectedLoraModel",
            description="LoRAs that are put on top of the model.",
            json_schema_extra={
                "x-wire": "array",
                "x-lora-prompt": "prompt",
                "x-options": {
                    "540": "jjhuang/JJs Interior Style - Modern v1.0 - LoRA XL",
                    "1086": "PromptSharingSamaritan/Samaritan-3d-Cartoon-SDXL",
                    "1170": "desertPixel/Diamond-Jewel-SDXL",
                    "1375": "HailoKnight/Weapon-Dual-Pistols",
                    "1362": "RalFinger/Dissolve-Style-SDXL",
                },
            },
        ),
    ] = []
    selected_lora_model_private: Annotated[
        str | LoraChoice | LoraOption | None,
        Field(
            alias="selectedLoraModelPrivate",
            description="Id of a LoRA of your own.",
            json_schema_extra={"x-wire": "string", "x-lora-prompt": "prompt"},
        ),
    ] = None
    selected_lora_model_private_url: Annotated[
        str,
        Field(
            alias="selectedLoraModelPrivateUrl",
            description="You can provide a direct URL to a LoRA model (.safetensors). We’ll apply it during generation. You can also use links from platforms like Google Drive, AWS S3, or any publicly accessible file host.",
            json_schema_extra={"x-wire": "string"},
            title="LoRA Model Url",
        ),
    ] = ""
    input_image_url: Annotated[
        FileLike,
        Field(
            alias="inputImageUrl",
            description="Address of the image to work on. Required, as the document's sample call suggests.",
            json_schema_extra={"x-file-field": "inputImage", "x-wire": "file-url"},
        ),
    ]
    prompt: Annotated[
        str,
        Field(
            alias="prompt",
            description="What to make, in words.",
            json_schema_extra={"x-wire": "string"},
        ),
    ]
    negative_prompt: Annotated[
        str,
        Field(
            alias="negativePrompt",
            description="What the output should not show.",
            json_schema_extra={"x-wire": "string"},
        ),
    ] = "(lowres, low quality, worst quality:1.2), (text:1.2), watermark, (frame:1.2), deformed, ugly, deformed eyes, blur, out of focus, blurry, mutation, mutated arms, deformed cat, deformed, anthropomorphic cat, monochrome, 3d, drones, drone, nsfw"
    steps: Annotated[
        int,
        Field(
            alias="steps",
            description="How many steps the sampler takes; more take longer. No limits documented.",
            json_schema_extra={"x-wire": "number"},
        ),
    ] = 20
    scale: Annotated[
        int | float,
        Field(
            alias="scale",
            description="How closely the output follows the prompt; higher is closer. No limits documented.",
            json_schema_extra={"x-wire": "string"},
        ),
    ] = 5.0
    ip_adapter_scale: Annotated[
        int | float,
        Field(
            alias="ip_adapter_scale",
            description="How strongly the reference image shapes the output. No limits documented.",
            json_schema_extra={"x-wire": "string"},
        ),
    ] = 0.8
    samples: Annotated[
        int,
        Field(
            alias="samples",
            description="How many outputs are made. No limits documented.",
            json_schema_extra={"x-wire": "number"},
        ),
    ] = 1
    seed: Annotated[
        int | str,
        Field(
            alias="seed",
            description="Start value of the random numbers; the same seed gives the same output again.",
            json_schema_extra={"x-wire": "string"},
        ),
    ] = "3572004920"
    scheduler: Annotated[
        Literal[
            "FlowMatchEulerDiscreteScheduler",
            "EulerDiscreteScheduler",
            "DDIMScheduler",
            "LMSDiscreteScheduler",
            "DPMSolverMultistepScheduler",
            "PNDMScheduler",
            "DDPMScheduler",
            "EulerAncestralDiscreteScheduler",
        ],
        Field(
            alias="scheduler",
            description="The sampling method.",
            json_schema_extra={"x-wire": "string"},
        ),
    ] = "EulerAncestralDiscreteScheduler"
