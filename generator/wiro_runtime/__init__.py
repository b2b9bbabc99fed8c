"""Run the AI tools hosted on Wiro.

from wiro_runtime import Wiro
from wiro_tools.wiro import text_to_image_sd_lora as sd

with Wiro() as client:
    paths = sd.run(client, prompt="a lighthouse").download("out/")

Guides are in generated/docs/guides/ of the project, every class and function is in
generated/docs/reference/python.md.
"""

from wiro_runtime.base_client import Client
from wiro_runtime.client import AsyncWiro, Wiro
from wiro_runtime.errors import (
    ApiError,
    AuthenticationError,
    ConcurrencyLimitError,
    ConfigurationError,
    ConnectionFailed,
    DownloadError,
    InsufficientBalanceError,
    InvalidInputs,
    NotFoundError,
    PriceExceeded,
    RateLimitError,
    SubmissionUncertain,
    TaskCancelled,
    TaskFailed,
    TaskTimeout,
    UndocumentedOption,
    UnexpectedAnswer,
    UnexpectedResponse,
    WiroError,
)
from wiro_runtime.hooks import Hooks, RequestInfo, ResponseInfo, RetryInfo, TaskInfo
from wiro_runtime.inputs.lora import LoraChoice, LoraOption
from wiro_runtime.inputs.model import ToolInputs
from wiro_runtime.price import Price
from wiro_runtime.results.output import AsyncOutput, Output
from wiro_runtime.results.result import AsyncResult, Result
from wiro_runtime.settings import PollSchedule, Retries, Timeouts
from wiro_runtime.tasks.detail import TaskDetail
from wiro_runtime.tasks.events import (
    BinaryFrame,
    Event,
    LogLine,
    OutputsReady,
    Progress,
    StatusChanged,
    TaskEnded,
    TextDelta,
    ThinkingDelta,
)
from wiro_runtime.tasks.records import LostSubmission
from wiro_runtime.tasks.settle import Settlement
from wiro_runtime.tasks.task import AsyncTask, Task
from wiro_runtime.tasks.text import Segment, ToolCall, Usage
from wiro_runtime.version import __version__

__all__ = [
    "ApiError",
    "AsyncOutput",
    "AsyncResult",
    "AsyncTask",
    "AsyncWiro",
    "AuthenticationError",
    "BinaryFrame",
    "Client",
    "ConcurrencyLimitError",
    "ConfigurationError",
    "ConnectionFailed",
    "DownloadError",
    "Event",
    "Hooks",
    "InsufficientBalanceError",
    "InvalidInputs",
    "LogLine",
    "LoraChoice",
    "LoraOption",
    "LostSubmission",
    "NotFoundError",
    "Output",
    "OutputsReady",
    "PollSchedule",
    "Price",
    "PriceExceeded",
    "Progress",
    "RateLimitError",
    "RequestInfo",
    "ResponseInfo",
    "Result",
    "Retries",
    "RetryInfo",
    "Segment",
    "Settlement",
    "StatusChanged",
    "SubmissionUncertain",
    "Task",
    "TaskCancelled",
    "TaskDetail",
    "TaskEnded",
    "TaskFailed",
    "TaskInfo",
    "TaskTimeout",
    "TextDelta",
    "ThinkingDelta",
    "Timeouts",
    "ToolCall",
    "ToolInputs",
    "UndocumentedOption",
    "UnexpectedAnswer",
    "UnexpectedResponse",
    "Usage",
    "Wiro",
    "WiroError",
    "__version__",
]
