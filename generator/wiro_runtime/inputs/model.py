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
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    NamedTuple,
    TypeAlias,
    TypeVar,
    cast,
    get_origin,
)

import pydantic.main
from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator
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

    @field_validator("*", mode="before")
    @classmethod
    def _choose(cls, value: object, field: ValidationInfo) -> object:
        """Put ids of options in the place of labels, and of parts that fit one label alone."""
        options, many, _, _ = _rules(cls)[field.field_name or ""]
        if options is None:
            return value
        if not many:
            return _read_option(options, value)
        if not isinstance(value, (list, tuple)):
            return value
        found: list[object] = []
        wrong: list[InitErrorDetails] = []
        for place, each in enumerate(cast("Sequence[object]", value)):
            try:
                found.append(_read_option(options, each))
            except PydanticCustomError as error:
                wrong.append(InitErrorDetails(type=error, loc=(place,), input=each))
        if wrong:
            raise ValidationError.from_exception_data("", wrong)
        return found

    @field_validator("*", mode="after")
    @classmethod
    def _check(cls, value: object, field: ValidationInfo) -> object:
        """Refuse what the type of a field allows, but is not worth a billed run, or not possible to
        send."""
        rule = _rules(cls)[field.field_name or ""]
        texts = _each(value)
        if rule.json:
            try:
                texts = [json.dumps(spell("", value), allow_nan=False, ensure_ascii=False)]
            except (TypeError, ValueError, RecursionError) as error:
                raise _unsendable(f"is not JSON: {error}") from None
        if any(isinstance(text, str) and SURROGATE.search(text) for text in texts):
            raise _unsendable(HALF)
        if isinstance(value, int) and is_huge(value):
            raise _unsendable("has more than 300 digits")
        if isinstance(value, str) and not rule.blank and not value.strip():
            raise _unsendable("required, got blank text")
        return value

    def model_post_init(self, _: Any, /) -> None:
        """Warn of ids that are not documented, and are sent all the same."""
        cls = type(self)
        for name, (options, *_) in _rules(cls).items():
            if options is None or options.closed or name not in self.model_fields_set:
                continue
            value = getattr(self, name)
            if value == cls.model_fields[name].default:
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


class _Rule(NamedTuple):
    """What the type of a field does not say: the ``options`` whose labels it takes too, in a list
    (``many``), and whether it takes any JSON, or a blank text."""

    options: Options | None
    many: bool
    json: bool
    blank: bool


@cache
def _rules(cls: type[ToolInputs]) -> dict[str, _Rule]:
    return {name: _rule(info) for name, info in cls.model_fields.items()}


def _rule(info: FieldInfo) -> _Rule:
    leaves, many = leaf_types(info.annotation)
    return _Rule(
        options=options_of(info),
        many=many,
        json=any(leaf is Any or get_origin(leaf) in (dict, Mapping) for leaf in leaves),
        # The blank one may be an option.
        blank=not info.is_required() or bool(literals_of(info.annotation)),
    )


def _read_option(options: Options, text: object) -> object:
    """The id of the option that a text means; what is no text is left to the type of the field."""
    try:
        return options.read(text) if isinstance(text, str) else text
    except ValueError as error:
        raise _unsendable(str(error)) from None


def _unsendable(text: str) -> PydanticCustomError:
    return PydanticCustomError(UNSENDABLE, "{text}", {"text": text})


def _each(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


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
