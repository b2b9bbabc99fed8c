"""Where a tool has both a document and Tool/Detail, they are merged by this rule:

The document says how the tool is called: names, types, defaults and what is sent are its own.
Tool/Detail says what is allowed, and what the document cannot say: ``minimum``, ``maximum`` and
``step`` of numbers, ``dynamicprice``, samples, statistics and the readme, and

- ``required``. An input becomes required when Tool/Detail says so and the document sends nothing
  or a blank for it. An input that the document's sample made required is optional when Tool/Detail
  says so. The prompt is always required, and what the document sends stays optional: such a
  request is complete without the caller. A blank beside a documented default stays, too: there the
  Run Command leaves the choice to Wiro.
- options. Those that the document does not list are added behind its own; texts of the document
  win. A label or help that is blank in the document is filled in; other texts about an input are
  kept beside it.
- inputs that the document does not have are added, optional unless Tool/Detail requires them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from wirogen.detail.read import Detail, DetailItem
from wirogen.diagnostics.model import Diagnostic
from wirogen.merge.wire import CALLBACK, PROMPT, blank, decide, decided, either_will_do
from wirogen.specs import Input, Option, Source, ToolSpec, Unsent, Wire
from wirogen.specs.model import CHOICE_TYPES, DETAIL_FIELDS, FILE_TYPES, NUMBER_TYPES


def merge_detail(
    spec: ToolSpec, detail: Detail, *, document: str
) -> tuple[ToolSpec, tuple[Diagnostic, ...]]:
    """``spec`` with what Tool/Detail adds. ``document`` is the file's path below
    ``specs/documents/``."""
    path, diagnostics = detail.path, list(detail.diagnostics)
    listed = {item.name for item in spec.inputs} | {CALLBACK}
    known = _by_document(spec, detail.items, path, diagnostics)
    inputs = [
        _fill(item, known[item.name], path, diagnostics) if item.name in known else item
        for item in spec.inputs
    ]
    for name, extra in known.items():
        if name not in listed:
            inputs.append(_input(extra))
            message = "is not in the document; it is added as Tool/Detail has it"
            diagnostics.append(
                Diagnostic(code="T101", message=message, path=path, subject=extra.name)
            )
    source = spec.source
    if source is not None:
        source = replace(source, detail=document, detail_sha256=detail.sha256)
    found = detail.spec
    facts = {name: fact for name in DETAIL_FIELDS if (fact := getattr(found, name))}
    merged = replace(
        spec,
        inputs=either_will_do(inputs),
        dynamicprice=found.dynamicprice if found.dynamicprice is not None else spec.dynamicprice,
        cover=spec.cover or found.cover,
        examples=spec.examples or found.examples,
        source=source,
        **facts,
    )
    return merged, tuple(diagnostics)


def _by_document(
    spec: ToolSpec, items: Iterable[DetailItem], path: str, diagnostics: list[Diagnostic]
) -> dict[str, DetailItem]:
    """The parameters by the names of the document, which may differ from theirs in case."""
    given = {item.name: item for item in items}
    folded = {item.name.lower(): item.name for item in spec.inputs if item.name not in given}
    names = {item.name for item in spec.inputs}
    found: dict[str, DetailItem] = {}
    for name, item in given.items():
        document = None if name in names else folded.pop(name.lower(), None)
        found[document or name] = item
        if document:
            message = f"is called {document!r} in the document, whose name is sent"
            diagnostics.append(Diagnostic(code="T101", message=message, path=path, subject=name))
    return found


def spec_from_detail(detail: Detail, *, document: str) -> ToolSpec:
    """A spec from Tool/Detail alone: how inputs are sent is guessed from their types."""
    return replace(
        detail.spec,
        inputs=either_will_do(_input(item) for item in detail.items if item.name != CALLBACK),
        source=Source(document=document, sha256=detail.sha256),
    )


def with_required(item: Input, required: bool | None) -> Input:
    """``item`` made required, or optional, as far as the document allows, as Tool/Detail says;
    ``None``: it does not."""
    item = replace(item, stated=required)
    if required is None:
        return item
    if item.required and not required and item.name != PROMPT:
        return replace(item, required=False)
    sent = item.wire.sent
    free = isinstance(sent, Unsent) or (blank(sent) and not item.default)
    if required and not item.required and free and item.type not in FILE_TYPES:
        return replace(item, required=True, wire=Wire(type=item.wire.type))
    return item


def _fill(item: Input, known: DetailItem, path: str, diagnostics: list[Diagnostic]) -> Input:
    if item.type in NUMBER_TYPES:
        item = replace(item, minimum=known.minimum, maximum=known.maximum, step=known.step)
    item = with_required(item, known.required)
    item = replace(item, label=item.label or known.label, help=item.help or known.help)
    item = replace(item, extra={**_other_texts(known, item.help), **item.extra})
    listed = {option.value for option in item.options or ()}
    more = [option for option in known.options or () if option.value not in listed]
    if not more or item.type not in CHOICE_TYPES:
        return item
    if item.options and item.open is False:
        values = ", ".join(repr(option.value) for option in more[:5])
        message = f"has options that the document does not list: {values}"
        diagnostics.append(Diagnostic(code="T104", message=message, path=path, subject=item.name))
    added = [_shaped(option, item.options) for option in more]
    return replace(item, options=(*(item.options or ()), *added))


def _other_texts(item: DetailItem, help_text: str) -> dict[str, str]:
    return {key: text for key, text in item.texts.items() if text != help_text}


def _shaped(option: Option, siblings: tuple[Option, ...] | None) -> Option:
    """Options of one list have the same keys: those of a list of models always have them."""
    if not any(each.triggerwords is not None for each in siblings or ()):
        return option
    return replace(option, description=option.description or "", triggerwords=())


def _input(item: DetailItem) -> Input:
    decision = decide(item, None)
    choice = item.type in CHOICE_TYPES
    made = decided(item, decision, _other_texts(item, item.help))
    if choice:
        made = replace(made, options=item.options or (), open=item.partial or made.open)
    else:
        made = replace(made, options=None)
    if item.type in NUMBER_TYPES:
        made = replace(made, minimum=item.minimum, maximum=item.maximum, step=item.step)
    return with_required(made, item.required)
