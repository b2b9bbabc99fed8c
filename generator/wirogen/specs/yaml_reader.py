"""YAML → spec, checked: whatever a person could have written wrong is one line with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from wirogen.common.json_values import decimal
from wirogen.diagnostics.model import Position
from wirogen.specs.checks import ENDPOINTS, SEEN, SHA256, input_problem
from wirogen.specs.model import (
    SPEC_VERSION,
    UNSENT,
    WIRE_TYPES,
    Finding,
    Input,
    Json,
    Option,
    Section,
    Source,
    ToolSpec,
    Wire,
)
from wirogen.specs.names import tool_name_problem
from wirogen.specs.tree import (
    ListNode,
    MapNode,
    Node,
    ScalarNode,
    read_tree,
    spec_error,
    to_json,
    to_text,
)

T = TypeVar("T")

_FLAGS: Final = {"true": True, "false": False}


def load_spec(text: str, *, path: str) -> ToolSpec:
    """The spec in a YAML text. ``path`` is for messages only.

    Raises:
        InputError: not YAML, an unknown or missing key, or a value of the wrong kind (S001).
    """
    return SpecReader(path).spec(read_tree(text, path))


class Fields:
    """The keys of one mapping, taken one by one; what is left over at the end is unknown. All of
    ``needed`` that are missing are named at once."""

    def __init__(self, node: Node, path: str, what: str, *needed: str) -> None:
        if not isinstance(node, MapNode):
            raise spec_error(path, f"{what} must be a mapping", node.place)
        missing = [key for key in needed if key not in node.items]
        if len(missing) > 1:
            raise spec_error(path, f"{what} lacks {', '.join(missing)}", node.place)
        self._left = dict(node.items)
        self._node = node
        self.path = path
        self.what = what

    @property
    def place(self) -> Position:
        return self._node.place

    def where(self, key: str) -> Position:
        return self._node.items[key].place if key in self._node.items else self._node.place

    def name(self, key: str) -> str:
        return f"{self.what}.{key}" if self.what != "the spec" else key

    def error(self, key: str, message: str) -> Exception:
        return spec_error(self.path, f"{self.name(key)} {message}", self.where(key))

    def optional(self, key: str) -> Node | None:
        return self._left.pop(key, None)

    def required(self, key: str) -> Node:
        node = self._left.pop(key, None)
        if node is None:
            raise spec_error(self.path, f"{self.name(key)} is missing", self._node.place)
        return node

    def text(self, key: str) -> str:
        return to_text(self.required(key), self.path, self.name(key))

    def optional_text(self, key: str) -> str | None:
        node = self.optional(key)
        return None if node is None else to_text(node, self.path, self.name(key))

    def nullable(self, key: str) -> str | None:
        value = to_json(self.required(key), self.path, self.name(key))
        if value is not None and not isinstance(value, str):
            raise self.error(key, "must be text between double quotes, or null")
        return value

    def flag(self, node: Node, key: str) -> bool:
        if not isinstance(node, ScalarNode) or not node.plain or node.text not in _FLAGS:
            raise self.error(key, "must be true or false")
        return _FLAGS[node.text]

    def texts(self, node: Node, key: str) -> tuple[str, ...]:
        return self.each(node, key, lambda item, name: to_text(item, self.path, name))

    def text_map(self, key: str) -> dict[str, str]:
        node = self.optional(key)
        return {} if node is None else self.as_text_map(node, self.name(key))

    def as_text_map(self, node: Node, name: str) -> dict[str, str]:
        if not isinstance(node, MapNode):
            raise spec_error(self.path, f"{name} must be a mapping of texts", node.place)
        return {
            key: to_text(value, self.path, f"{name}.{key}") for key, value in node.items.items()
        }

    def each(self, node: Node, key: str, read: Callable[[Node, str], T]) -> tuple[T, ...]:
        if not isinstance(node, ListNode):
            raise self.error(key, "must be a list")
        return tuple(
            read(item, f"{self.name(key)}[{index}]") for index, item in enumerate(node.items)
        )

    def end(self) -> None:
        for key in self._left:
            raise spec_error(
                self.path,
                f"{self.what} has the unknown key {key!r}; put it under 'extra'",
                self._node.keys[key],
            )


class SpecReader:
    def __init__(self, path: str) -> None:
        self.path = path

    def spec(self, node: Node) -> ToolSpec:
        fields = Fields(
            node, self.path, "the spec",
            "spec", "tool", "name", "description", "cover", "categories", "endpoints", "inputs",
        )  # fmt: skip
        version = to_json(fields.required("spec"), self.path, "spec")
        if version != SPEC_VERSION or isinstance(version, bool):
            raise fields.error("spec", f"must be {SPEC_VERSION}")
        tool = fields.text("tool")
        if problem := tool_name_problem(tool):
            raise fields.error("tool", problem)
        tags = fields.optional("tags")
        examples = fields.optional("examples")
        sections = fields.optional("sections")
        source = fields.optional("source")
        price = fields.optional("dynamicprice")
        spec = ToolSpec(
            tool=tool,
            name=fields.text("name"),
            description=fields.text("description"),
            cover=fields.nullable("cover"),
            categories=fields.texts(fields.required("categories"), "categories"),
            tags=() if tags is None else fields.texts(tags, "tags"),
            endpoints=self._endpoints(fields),
            extra=fields.text_map("extra"),
            inputs=fields.each(fields.required("inputs"), "inputs", self.input),
            examples=()
            if examples is None
            else fields.each(examples, "examples", fields.as_text_map),
            sections=() if sections is None else fields.each(sections, "sections", self._section),
            dynamicprice=None if price is None else to_json(price, self.path, "dynamicprice"),
            source=None if source is None else self._source(source),
        )
        fields.end()
        self._no_input_twice(fields, spec)
        return spec

    def _endpoints(self, fields: Fields) -> Mapping[str, str]:
        endpoints = fields.text_map("endpoints")
        for key in ENDPOINTS:
            if key not in endpoints:
                raise fields.error("endpoints", f"must have the key {key!r}")
        return endpoints

    def _no_input_twice(self, fields: Fields, spec: ToolSpec) -> None:
        seen: set[str] = set()
        for item in spec.inputs:
            if item.name in seen:
                raise fields.error("inputs", f"has {item.name!r} twice")
            seen.add(item.name)

    def _section(self, node: Node, what: str) -> Section:
        fields = Fields(node, self.path, what, "title", "text")
        section = Section(title=fields.text("title"), text=fields.text("text"))
        fields.end()
        return section

    def _source(self, node: Node) -> Source:
        fields = Fields(node, self.path, "source", "document", "sha256")
        findings = fields.optional("findings")
        source = Source(
            document=fields.text("document"),
            sha256=fields.text("sha256"),
            detail=fields.optional_text("detail"),
            detail_sha256=fields.optional_text("detail_sha256"),
            findings=() if findings is None else fields.each(findings, "findings", self._finding),
        )
        for key in ("sha256", "detail_sha256"):
            if not SHA256.match(getattr(source, key) or "0" * 64):
                raise fields.error(key, "must be 64 lower-case hexadecimal digits")
        if (source.detail is None) != (source.detail_sha256 is None):
            raise fields.error("detail", "and detail_sha256 go together")
        fields.end()
        return source

    def _finding(self, node: Node, what: str) -> Finding:
        fields = Fields(node, self.path, what, "code", "subject", "message")
        finding = Finding(
            code=fields.text("code"),
            subject=fields.text("subject"),
            message=fields.text("message"),
        )
        fields.end()
        return finding

    def input(self, node: Node, what: str) -> Input:
        fields = Fields(
            node, self.path, what, "name", "label", "help", "type", "default", "required", "wire"
        )
        name = fields.text("name")
        if not name:
            raise fields.error("name", "must not be empty")
        fields.what = f"input {name!r}"
        kind = fields.text("type")
        open_ = fields.optional("open")
        options = fields.optional("options")
        example = fields.optional("example")
        item = Input(
            name=name,
            label=fields.text("label"),
            help=fields.text("help"),
            type=kind,
            default=fields.nullable("default"),
            required=fields.flag(fields.required("required"), "required"),
            example=None if example is None else to_json(example, self.path, "example"),
            wire=self.wire(fields.required("wire"), f"{fields.what} wire"),
            open=None if open_ is None else fields.flag(open_, "open"),
            minimum=self.number(fields, "minimum"),
            maximum=self.number(fields, "maximum"),
            step=self.number(fields, "step"),
            python_name=fields.optional_text("python_name"),
            extra=fields.text_map("extra"),
            options=None if options is None else fields.each(options, "options", self.option),
        )
        fields.end()
        if problem := input_problem(item):
            raise fields.error(*problem)
        return item

    def number(self, fields: Fields, key: str) -> str | None:
        node = fields.optional(key)
        if node is None:
            return None
        text = node.text if not isinstance(node, (ListNode, MapNode)) else ""
        if decimal(text) is None:
            raise fields.error(key, 'must be a decimal number in text, such as "0.5"')
        return text

    def wire(self, node: Node, what: str) -> Wire:
        fields = Fields(node, self.path, what)
        kind = fields.text("type")
        if kind not in WIRE_TYPES:
            raise fields.error("type", f"must be one of {', '.join(WIRE_TYPES)}")
        sent = fields.optional("sent")
        wire = Wire(
            type=kind, sent=UNSENT if sent is None else to_json(sent, self.path, f"{what}.sent")
        )
        fields.end()
        return wire

    def option(self, node: Node, what: str) -> Option:
        fields = Fields(node, self.path, what, "value", "label")
        words = fields.optional("triggerwords")
        settings = fields.optional("generatesettings")
        option = Option(
            value=fields.text("value"),
            label=fields.text("label"),
            description=fields.optional_text("description"),
            triggerwords=None if words is None else fields.texts(words, "triggerwords"),
            generatesettings=None
            if settings is None
            else fields.each(settings, "generatesettings", self.setting),
            extra=fields.text_map("extra"),
            seen=fields.optional_text("seen"),
        )
        if option.seen is not None and not SEEN.match(option.seen):
            raise fields.error("seen", "must be 12 lower-case hexadecimal digits")
        fields.end()
        return option

    def setting(self, node: Node, what: str) -> dict[str, Json]:
        if not isinstance(node, MapNode):
            raise spec_error(self.path, f"{what} must be a mapping", node.place)
        return {
            key: to_json(value, self.path, f"{what}.{key}") for key, value in node.items.items()
        }
