# Made by wirogen from wiro/text-to-image-sd-lora.yaml; do not edit.

from collections.abc import Sequence
from typing import Annotated, Literal
from pydantic import ConfigDict, Field
from wiro_runtime.generated import LoraChoice, LoraOption, ToolInputs


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
                    "482": "SG161222/Realistic Vision v6.0 B1 noVAE",
                    "1087": "PromptSharingSamaritan/Doll-Like-Anime",
                    "881": "SG_161222/Paragon-V1.0",
                    "1116": "Insult_to_Ninjary/ItNs-Cute-Merge",
                    "901": "KandooAI/Juggernaut",
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
                    "62": "Ostris/Emotion Happy Slider v1.0",
                    "68": "Ostris/Skin Tone Slider v1.0",
                    "524": "NestOrtiz3D/Linkedin Profile Photo Helper Female v1.0",
                    "61": "Kairen92/Fish out of Water v1.0",
                    "508": "MelmothTheWanderer/Roman Legionary - Lorica Segmentata Armor v1.0",
                },
            },
        ),
    ] = []
    selected_lora_model_private: Annotated[
        Sequence[str | LoraChoice | LoraOption] | None,
        Field(
            alias="selectedLoraModelPrivate",
            description="Ids of your own LoRAs.",
            json_schema_extra={"x-wire": "array", "x-lora-prompt": "prompt"},
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
    ] = ""
    samples: Annotated[
        int,
        Field(
            alias="samples",
            description="How many outputs are made. No limits documented.",
            json_schema_extra={"x-wire": "number"},
        ),
    ] = 4
    steps: Annotated[
        int,
        Field(
            alias="steps",
            description="How many steps the sampler takes; more take longer. No limits documented.",
            json_schema_extra={"x-wire": "number"},
        ),
    ] = 30
    scale: Annotated[
        int | float,
        Field(
            alias="scale",
            description="How closely the output follows the prompt; higher is closer. No limits documented.",
            json_schema_extra={"x-wire": "string"},
        ),
    ] = 7.5
    seed: Annotated[
        int | str,
        Field(
            alias="seed",
            description="Start value of the random numbers; the same seed gives the same output again.",
            json_schema_extra={"x-wire": "string"},
        ),
    ] = "123456"
    clip_skip: Annotated[
        int,
        Field(
            alias="clipSkip",
            description="How many of the text encoder's last layers are left out. No limits documented.",
            json_schema_extra={"x-wire": "number"},
        ),
    ] = 4
    width: Annotated[
        int,
        Field(
            alias="width",
            description="Width of the output in pixels. No limits documented.",
            json_schema_extra={"x-wire": "number"},
        ),
    ] = 512
    height: Annotated[
        int,
        Field(
            alias="height",
            description="Height of the output in pixels. No limits documented.",
            json_schema_extra={"x-wire": "number"},
        ),
    ] = 512
    scheduler: Annotated[
        Literal[
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
    ] = "EulerDiscreteScheduler"
