"""What generated modules import; nothing else is theirs."""

from wiro_runtime.base_client import Client, ResultT, TaskT
from wiro_runtime.inputs.conversation import Earlier
from wiro_runtime.inputs.files import FileLike
from wiro_runtime.inputs.lora import LoraChoice, LoraOption, LoraSetting
from wiro_runtime.inputs.model import ToolInputs, inputs_of
from wiro_runtime.price import Dollars, Price, Tariff
from wiro_runtime.price.estimate import price_of
from wiro_runtime.tasks.events import OnUpdate

__all__ = [
    "Client",
    "Dollars",
    "Earlier",
    "FileLike",
    "LoraChoice",
    "LoraOption",
    "LoraSetting",
    "OnUpdate",
    "Price",
    "ResultT",
    "Tariff",
    "TaskT",
    "ToolInputs",
    "inputs_of",
    "price_of",
]
