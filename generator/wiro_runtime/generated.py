"""What generated modules import; nothing else is theirs."""

from wiro_runtime.client import Client, ResultT, TaskT
from wiro_runtime.events import OnUpdate
from wiro_runtime.files import FileLike
from wiro_runtime.inputs import ToolInputs
from wiro_runtime.lora import LoraChoice, LoraOption, LoraSetting

__all__ = [
    "Client",
    "FileLike",
    "LoraChoice",
    "LoraOption",
    "LoraSetting",
    "OnUpdate",
    "ResultT",
    "TaskT",
    "ToolInputs",
]
