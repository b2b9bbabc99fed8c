"""What common inputs do, for documents that print a translation key where help should stand.

Keyed by the words of the input's name. Only inputs that mean the same on every tool are here; a
help that a document spells out always wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MEANINGS: Final[Mapping[str, str]] = {
    "aspect ratio": "Proportions of the output, width to height.",
    "clip skip": "How many of the text encoder's last layers are left out.",
    "duration": "Length of the output in seconds.",
    "fps": "Frames per second of the output.",
    "guidance scale": "How closely the output follows the prompt; higher is closer.",
    "height": "Height of the output in pixels.",
    "input audio": "The audio file to work on.",
    "input audio url": "Address of the audio file to work on.",
    "input image": "The image to work on.",
    "input image url": "Address of the image to work on.",
    "input video": "The video to work on.",
    "input video url": "Address of the video to work on.",
    "ip adapter scale": "How strongly the reference image shapes the output.",
    "negative prompt": "What the output should not show.",
    "num frames": "How many frames are made.",
    "prompt": "What to make, in words.",
    "resolution": "Size of the output.",
    "samples": "How many outputs are made.",
    "scale": "How closely the output follows the prompt; higher is closer.",
    "scheduler": "The sampling method.",
    "seed": "Start value of the random numbers; the same seed gives the same output again.",
    "selected lora model": "LoRAs that are put on top of the model.",
    "selected lora model private": "Ids of your own LoRAs.",
    "selected model": "The model that does the work.",
    "selected model private": "Id of a model of your own.",
    "steps": "How many steps the sampler takes; more take longer.",
    "strength": "How far the output may move away from the input.",
    "width": "Width of the output in pixels.",
}

MEANINGS_OF_ONE: Final[Mapping[str, str]] = {
    "selected lora model": "A LoRA that is put on top of the model.",
    "selected lora model private": "Id of a LoRA of your own.",
}
"""The same for inputs that take one value where others take a list."""
