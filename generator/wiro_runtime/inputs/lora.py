"""LoRAs: an option's id for the request and, where it has sliders, a tag for the prompt.

Wiro has no field for the sliders. As its own pages do, ``<lora:ID:VALUE>, `` goes in front of the
prompt, where ID is the setting's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from wiro_runtime.inputs.messages import invalid, is_huge, nearest, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wiro_runtime.errors import InvalidInputs

_NOISE: Final = Decimal("1e-9")
"""Off a step by less than this is what arithmetic with floats leaves behind."""


class LoraChoice:
    """What a LoRA input takes besides a plain id: an option, called or not.

    ``value`` goes into the request, ``prompt_prefix`` in front of the prompt.
    """

    __slots__ = ()
    value: str

    @property
    def prompt_prefix(self) -> str:
        raise NotImplementedError

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        from pydantic_core import core_schema  # noqa: PLC0415 - only the validators need it

        return core_schema.is_instance_schema(LoraChoice)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraSetting:
    """One slider, all numbers as the decimal text of the document."""

    id: str
    kind: str
    minimum: str | None = None
    maximum: str | None = None
    default: str | None = None
    step: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _ChosenLora(LoraChoice):
    value: str
    label: str
    parts: tuple[str, ...]

    @property
    def prompt_prefix(self) -> str:
        return "".join(f"{part}, " for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraOption(LoraChoice):
    """A LoRA of a tool. As it is, it stands for its default scale; call it to choose.

    ``triggerwords`` are words that make the LoRA act when the prompt contains them.
    """

    value: str
    label: str
    triggerwords: tuple[str, ...] = ()
    settings: tuple[LoraSetting, ...] = ()

    @property
    def prompt_prefix(self) -> str:
        return self().prompt_prefix

    def __call__(
        self,
        scale: float | None = None,
        *,
        scales: Mapping[str, float] | None = None,
        tag: bool = True,
        words: Sequence[str] = (),
    ) -> LoraChoice:
        """This LoRA with ``scale`` on its slider, or ``scales`` by setting id when it has several.

        ``tag=False`` puts nothing into the prompt, for those who write the tag themselves.
        ``words`` are trigger words to put in front of the prompt as well. Raises
        :class:`InvalidInputs` for a scale of the wrong type, range or step.
        """
        wanted = self._wanted(scale, scales)
        words = (words,) if isinstance(words, str) else words
        if not isinstance(words, (tuple, list)):
            raise self._problem(f"expected words, got {shown(words)}")
        for word in words:
            if word not in self.triggerwords:
                near = nearest(word, self.triggerwords)
                raise self._problem(f"{shown(word, 80)} is not a trigger word{near}")
        tags = [
            f"<lora:{setting.id}:{text}>"
            for setting in self.settings
            if (text := self._text(setting, wanted.get(setting.id))) is not None
        ]
        parts = (*(tags if tag else ()), *words)
        return _ChosenLora(value=self.value, label=self.label, parts=parts)

    def _wanted(self, scale: float | None, scales: Mapping[str, float] | None) -> dict[str, float]:
        ids = [setting.id for setting in self.settings]
        if scales is not None and not isinstance(scales, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - callers' values
            raise self._problem(f"expected scales by setting, got {shown(scales)}")
        wanted = dict(scales or {})
        for id_ in wanted:
            if id_ not in ids:
                raise self._problem(f"no setting {shown(id_, 80)}{nearest(id_, ids)}")
        if scale is not None:
            if len(ids) != 1:
                have = f"settings {', '.join(ids)}; use scales={{...}}" if ids else "no settings"
                raise self._problem(f"scale does not apply: it has {have}")
            wanted.setdefault(ids[0], scale)
        return wanted

    def _text(self, setting: LoraSetting, given: float | None) -> str | None:
        """The value for the tag; ``None`` when nothing is given and there is no default."""
        if given is None:
            default = _decimal(setting.default)
            return None if default is None else _spell(setting.kind, default)
        allowed = _allowed(setting)
        if isinstance(given, int) and is_huge(given):
            raise self._problem(f"expected {allowed}, got more than 300 digits")
        number = _decimal(str(given)) if type(given) in (int, float, Decimal) else None
        if number is None or (setting.kind == "number" and number != number.to_integral_value()):
            raise self._problem(f"expected {allowed}, got {shown(given)}")
        low, high, step = (_decimal(x) for x in (setting.minimum, setting.maximum, setting.step))
        if step:
            # 0.1 * 3 is not quite 0.3.
            near = (low or 0) + round((number - (low or 0)) / step) * step
            number = near if abs(number - near) < _NOISE else number
        outside = (low is not None and number < low) or (high is not None and number > high)
        if outside or (step and (number - (low or 0)) % step != 0):
            raise self._problem(f"expected {allowed}, got {given}")
        return _spell(setting.kind, number)

    def _problem(self, text: str) -> InvalidInputs:
        return invalid(self.label, text)


def _decimal(text: str | None) -> Decimal | None:
    try:
        number = Decimal((text or "").strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _spell(kind: str, number: Decimal) -> str:
    if number == number.to_integral_value():
        return f"{int(number)}" if kind == "number" else f"{int(number)}.0"
    return f"{number.normalize():f}"


def _allowed(setting: LoraSetting) -> str:
    parts = ["a whole number" if setting.kind == "number" else "a number"]
    if setting.minimum is not None:
        parts.append(f"from {setting.minimum}")
    if setting.maximum is not None:
        parts.append(f"to {setting.maximum}")
    if setting.step:
        parts.append(f"in steps of {setting.step}")
    return " ".join(parts)
