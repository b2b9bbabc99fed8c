# Made by wirogen from acme/everything-v1-0.yaml; do not edit.

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal
from pydantic import ConfigDict, Field
from wiro_runtime.generated import FileLike, LoraChoice, LoraOption, Tariff, ToolInputs


class Inputs(ToolInputs):
    model_config = ConfigDict(
        extra="forbid",
        arbitrary_types_allowed=True,
    )
    _tariff: ClassVar[Tariff | None] = Tariff(
        {
            "rates": [
                {"inputs": {"samples": "1"}, "method": "cpr", "price": "0.003"},
                {"inputs": {}, "method": "cpr", "price": "0.0125"},
            ]
        }
    )
    prompt: Annotated[
        str,
        Field(
            alias="prompt",
            description="What to make, in words.",
            json_schema_extra={"x-wire": "string"},
        ),
    ]
    class_: Annotated[
        str,
        Field(
            alias="class",
            description="Used for: -Single -Multi. default: none",
            json_schema_extra={"x-wire": "string"},
            title="Kind of thing (optional)",
        ),
    ] = ""
    samples: Annotated[
        int,
        Field(
            alias="samples",
            description="How many outputs are made. From 1 to 8 in steps of 1.",
            ge=1,
            json_schema_extra={"x-step": 1, "x-wire": "number"},
            le=8,
        ),
    ] = 4
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
    ratio: Annotated[
        Literal["16:9", ""],
        Field(
            alias="ratio",
            json_schema_extra={
                "x-wire": "string",
                "x-options": {"16:9": "Wide (16:9)", "": "Auto"},
            },
            title="Ratio",
        ),
    ] = "16:9"
    solver: Annotated[
        Literal["dpmsolver", "dpmsolver++", "dpm solver", "dpm-solver"],
        Field(alias="solver", json_schema_extra={"x-wire": "string"}),
    ] = "dpmsolver"
    selected_model: Annotated[
        str,
        Field(
            alias="selectedModel",
            description="The model that does the work.",
            json_schema_extra={
                "x-wire": "string",
                "x-options": {"901": "KandooAI/Juggernaut"},
            },
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
                "x-options": {"62": "Ostris/Emotion Happy Slider v1.0"},
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
    refiner: Annotated[
        Literal["--id_mix", ""],
        Field(alias="refiner", json_schema_extra={"x-wire": "string"}),
    ] = "--id_mix"
    preprocess: Annotated[
        bool,
        Field(
            alias="preprocess",
            json_schema_extra={"x-wire": "boolean"},
            title="Preprocess",
        ),
    ] = True
    input_image_url: Annotated[
        FileLike,
        Field(
            alias="inputImageUrl",
            description="Address of the image to work on. Required, as the document's sample call suggests.",
            json_schema_extra={"x-file-field": "inputImage", "x-wire": "file-url"},
        ),
    ]
    input_images: Annotated[
        Sequence[FileLike] | None,
        Field(
            alias="inputImages",
            json_schema_extra={"x-wire": "files-mixed"},
            title="Images",
        ),
    ] = None
    negative_prompt: Annotated[
        str,
        Field(
            alias="negativePrompt",
            description="What the output should not show.",
            json_schema_extra={"x-wire": "string"},
        ),
    ] = '(lowres, low quality, worst quality:1.2), (text:1.2), watermark, it\'s "bad"\n[verse]\n\nline'
