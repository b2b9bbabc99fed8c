"""The base class of every generated validator.

How a value is sent is written beside its field as ``json_schema_extra``: ``x-wire`` is the JSON
type (``string number boolean array object``) or a kind of file input (``file files files-mixed
file-url files-url``), ``x-file-field`` the field that takes the file of a ``…Url`` field,
``x-lora-prompt`` the prompt that gets the tags of a LoRA field, ``x-options`` the labels of
documented options by id.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from contextlib import nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias, TypeVar, cast, get_origin

import pydantic.main
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from wiro_runtime.errors import UndocumentedOption
from wiro_runtime.inputs.messages import HALF, SURROGATE, is_huge, shorten
from wiro_runtime.inputs.options import Options, leaf_types, literals_of, options_of
from wiro_runtime.inputs.problems import UNSENDABLE, problems_of, report
from wiro_runtime.inputs.warn import warn_caller
from wiro_runtime.inputs.wire import request_body, spell
from wiro_runtime.price import Tariff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic.fields import FieldInfo

InputsT = TypeVar("InputsT", bound="ToolInputs")
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class ToolInputs(BaseModel):
    """Inputs of one tool, checked. Fields have Python names; Wiro's names are accepted too.

    Calling it with anything that the tool does not take raises :class:`InvalidInputs`. Pydantic's
    own ways (``model_validate``, ``model_validate_json``, a ``TypeAdapter``, a field of another
    model) check the same and raise pydantic's ``ValidationError``.
    """

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
        allow_inf_nan=False,
        # A fifth of what importing a tool takes, and many tools are imported and not called.
        defer_build=True,
        protected_namespaces=(),
    )
    _tariff: ClassVar[Tariff | None] = None

    if not TYPE_CHECKING:

        def __init__(self, /, **data: Any) -> None:
            problems: dict[str, str] = {}
            cls = type(self)
            # The first check makes more of what is made once.
            making = nullcontext() if cls.__pydantic_complete__ else _making
            try:
                with making:
                    super().__init__(**data)
            except ValidationError as error:
                problems = problems_of(cls, error)
            # Outside the handler: pydantic's own report of the same would only hide this one.
            if problems:
                raise report(cls, problems)

        # Tells pydantic that this is still its own constructor as far as model_validate goes.
        __init__.__pydantic_base_init__ = True

        @classmethod
        def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
            schema = handler(source)
            _guard(cls, schema)
            return schema

    def model_post_init(self, _: Any, /) -> None:
        """Warn of ids that are not documented, and are sent all the same."""
        cls = type(self)
        for name, options in _open_options(cls).items():
            value = getattr(self, name)
            if name not in self.model_fields_set or value == cls.model_fields[name].default:
                continue
            for each in _each(value):
                if isinstance(each, str) and each.strip() and each not in options.labels:
                    text = f"{name}: {shorten(repr(each))} is not documented; it is sent as it is"
                    warning = UndocumentedOption(text, input=name, value=each)
                    package, validators, _ = cls.__module__.partition("._validators.")
                    warn_caller(warning, package=package if validators else "")

    def wire(self) -> dict[str, Json]:
        """The JSON body of the request, keys in the order of the document.

        A file that is to be uploaded shows as ``"<file NAME>"``.
        """
        from wiro_runtime.http.multipart import describe  # noqa: PLC0415 - a cycle otherwise

        return {key: describe(value) for key, value in self.wire_values().items()}

    def wire_values(self) -> dict[str, Any]:
        """Like :meth:`wire`, with the files themselves in the place of their names."""
        return request_body(self)


def inputs_of(tool: type[InputsT], /, **inputs: object) -> InputsT:
    """The inputs of a tool. Its own constructor says to type checkers that it takes ids alone, and
    not the labels that a call may give for them."""
    return tool(**inputs)


class _Sendable:
    """What the type of a field allows, but is not worth a billed run, or not possible to send."""

    def __init__(self, info: FieldInfo) -> None:
        # The blank one may be an option.
        self._text = info.is_required() and not literals_of(info.annotation)
        leaves = leaf_types(info.annotation)[0]
        self._json = any(leaf is Any or get_origin(leaf) in (dict, Mapping) for leaf in leaves)

    def __call__(self, value: object) -> object:
        texts = _each(value)
        if self._json:
            try:
                sent = spell("", value)
                texts = [json.dumps(sent, allow_nan=False, ensure_ascii=False)]
            except (TypeError, ValueError, RecursionError) as error:
                raise self._problem(f"is not JSON: {error}") from None
        if any(isinstance(text, str) and SURROGATE.search(text) for text in texts):
            raise self._problem(HALF)
        if isinstance(value, int) and is_huge(value):
            raise self._problem("has more than 300 digits")
        if self._text and isinstance(value, str) and not value.strip():
            raise self._problem("required, got blank text")
        return value

    def _problem(self, text: str) -> Exception:
        return PydanticCustomError(UNSENDABLE, "{text}", {"text": text})


class _Chosen:
    """Puts the id of an option in the place of its label, or of the part of one that fits it alone.

    Raises what pydantic reports by field, and by place in a list.
    """

    def __init__(self, options: Options, *, many: bool) -> None:
        self._options = options
        self._many = many

    def __call__(self, value: object) -> object:
        if not self._many:
            return self._one(value) if isinstance(value, str) else value
        if not isinstance(value, (list, tuple)):
            return value
        found: list[object] = []
        wrong: list[InitErrorDetails] = []
        for place, each in enumerate(cast("Sequence[object]", value)):
            try:
                found.append(self._one(each) if isinstance(each, str) else each)
            except PydanticCustomError as error:
                wrong.append(InitErrorDetails(type=error, loc=(place,), input=each))
        if wrong:
            raise ValidationError.from_exception_data("", wrong)
        return found

    def _one(self, text: str) -> str:
        try:
            return self._options.read(text)
        except ValueError as error:
            raise PydanticCustomError(UNSENDABLE, "{text}", {"text": str(error)}) from None


@cache
def _open_options(cls: type[ToolInputs]) -> dict[str, Options]:
    """The options of the fields that take other ids, too."""
    found = {name: options_of(info) for name, info in cls.model_fields.items()}
    return {name: each for name, each in found.items() if each and not each.closed}


def _each(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _guard(cls: type[ToolInputs], schema: Any) -> None:
    """Have every field of a model's schema read by :class:`_Chosen` before pydantic checks it, and
    checked by :class:`_Sendable` afterwards."""
    while schema["type"] != "model-fields":
        if "schema" not in schema or schema.get("cls", cls) is not cls:
            return
        schema = schema["schema"]
    for name, field in schema["fields"].items():
        holder = field["schema"] if field["schema"]["type"] == "default" else field
        inner = holder["schema"]
        # Pydantic may ask again about a schema that it has kept.
        if not isinstance(inner.get("function", {}).get("function"), _Sendable):
            info = cls.model_fields[name]
            if options := options_of(info):
                chosen = _Chosen(options, many=leaf_types(info.annotation)[1])
                read = {"type": "no-info", "function": chosen}
                inner = {"type": "function-before", "function": read, "schema": inner}
            check = {"type": "no-info", "function": _Sendable(info)}
            holder["schema"] = {"type": "function-after", "function": check, "schema": inner}


# Pydantic makes the validator of a class when it is first used, under this lock, and pydantic-core
# the rest when that first checks something. A child that is forked meanwhile would wait for a
# thread that it does not have.
_making: Final[threading.RLock] = getattr(pydantic.main, "_rebuild_lock", None) or threading.RLock()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_making.acquire,
        after_in_parent=_making.release,
        after_in_child=_making.release,
    )
