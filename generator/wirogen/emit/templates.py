"""The template environment: where templates are found and what they may print."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import jinja2
import markupsafe
from jinja2.bccache import Bucket
from jinja2.utils import missing

import wirogen
from wirogen.common.cache import default_cache, key_of
from wirogen.common.files import read_whole
from wirogen.common.text import beginning, did_you_mean
from wirogen.diagnostics.model import input_error
from wirogen.emit.escape import (
    attribute,
    code_span,
    docstring,
    docstring_text,
    fence,
    front_matter,
    link,
    markdown,
    tidy,
)
from wirogen.emit.python.black_style import lay_out
from wirogen.emit.python.soundness import check_module
from wirogen.emit.template_errors import python_error, template_error
from wirogen.emit.template_tree import Scope, part_of, scope_of
from wirogen.plan.identifiers import Safe
from wirogen.plan.literals import source
from wirogen.plan.model import Code


def template_folders(overrides: Path | None = None) -> list[Path]:
    """Where templates are looked for, first to last: the caller's, the wheel's, the checkout's.

    Raises :class:`InputError` when the caller's is no folder, or when there are no others.
    """
    if overrides is not None and not overrides.is_dir():
        raise input_error("S004", "not a folder", overrides)
    package = Path(wirogen.__file__).parent
    folders = [package / "templates", package.parent.parent / "templates"]
    found = [folder for folder in folders if folder.is_dir()]
    if not found:
        message = "wirogen's own templates are missing; install wiro-tools again"
        raise input_error("S004", message, folders[0])
    return ([overrides] if overrides else []) + found[:1]


class _Compiled(jinja2.BytecodeCache):
    """Templates as an earlier build has compiled them, which takes a tenth of a build of few
    tools."""

    def load_bytecode(self, bucket: Bucket) -> None:
        code = default_cache().get("template", _key(bucket))
        if code is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        default_cache().put("template", _key(bucket), bucket.bytecode_to_string())


def _key(bucket: Bucket) -> str:
    return key_of("template", bucket.key, bucket.checksum)


def environment(overrides: Path | None = None) -> jinja2.Environment:
    """An environment that refuses undefined names and text that is not escaped."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(
            [str(folder) for folder in template_folders(overrides)],
            encoding="utf-8-sig",  # Windows' Notepad writes a byte order mark.
        ),
        undefined=_Undefined,
        # Not for HTML as such: it makes every printed value say that it is safe.
        autoescape=True,
        auto_reload=False,
        finalize=_only_safe,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=_Compiled(),
    )
    filters: dict[str, Callable[..., Any]] = env.filters
    filters.update(
        py=source,
        docstring=docstring,
        text=docstring_text,
        md=markdown,
        code=code_span,
        fence=fence,
        link=link,
        attr=attribute,
        yaml=front_matter,
        shorten=beginning,
    )
    return env


class _Undefined(jinja2.StrictUndefined):
    """A name that does not exist; the error says which one is near."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        value: object = self._undefined_obj
        if self._undefined_hint or value is missing or self._undefined_name is None:
            return super()._undefined_message
        name = str(self._undefined_name)
        if isinstance(value, Mapping):
            known = map(str, cast("Mapping[object, object]", value))
        else:
            known = (each for each in dir(value) if not each.startswith("_"))
        return f"no {name!r}{did_you_mean(name, known)}"


def _only_safe(value: Any) -> Any:
    if isinstance(value, (Safe, markupsafe.Markup)):
        return value
    if isinstance(value, jinja2.Undefined):
        return str(value)  # raises
    if isinstance(value, int):
        return Code(value)
    message = f"a template prints {type(value).__name__} without a filter: {value!r:.60}"
    raise jinja2.TemplateRuntimeError(message)


def _by_black(text: str, *, stub: bool) -> str:
    import black  # noqa: PLC0415 - slow to load, and needed for other people's templates only
    from black.mode import TargetVersion  # noqa: PLC0415 - see above

    mode = black.Mode(is_pyi=stub, target_versions={TargetVersion.PY311})
    return black.format_str(text, mode=mode)


class Renderer:
    """The templates, ready to use; ``overrides`` come first. One per process is enough. ``parts``
    are the parts of the tree that are made, all by default.

    What is wrong with a template is an :class:`InputError` that names the line.
    """

    def __init__(
        self,
        overrides: Path | None = None,
        parts: Collection[str] | None = None,
    ) -> None:
        self._parts = parts
        self._env = environment(overrides)
        self._folders = template_folders(overrides)
        self.overridden = overrides is not None
        """Whether the caller's templates come first."""
        self._ours = overrides is None or not (overrides / "python").is_dir()
        self._loader = cast("jinja2.BaseLoader", self._env.loader)

    def text(self, template: str, **values: Any) -> str:
        try:
            return self._env.get_template(template).render(values)
        except Exception as error:
            if self.overridden or isinstance(error, jinja2.TemplateError):
                raise template_error(error, template, self._folders, values) from error
            raise

    def python(self, template: str, **values: Any) -> str:
        """A module or a stub (``.pyi``) in black's form. Templates of the caller may print a
        statement as they like, so black itself formats everything once one of them is there."""
        text = self.text(template, **values)
        try:
            check_module(text, template)
            if self._ours:
                return lay_out(text)
            return _by_black(text, stub=template.endswith(".pyi.jinja"))
        except (SyntaxError, ValueError) as error:
            raise python_error(error, template, self._folders) from error

    def file(self, template: str, **values: Any) -> str:
        """The file that a template makes: Python in black's form, Markdown and text tidied."""
        if template.endswith((".py.jinja", ".pyi.jinja")):
            return self.python(template, **values)
        text = self.text(template, **values)
        return tidy(text) if template.endswith((".md.jinja", ".txt.jinja")) else text

    def copied(self, template: str) -> bytes:
        """The bytes of a file that is copied, a picture for example."""
        return read_whole(
            next(path for each in self._folders if (path := each / template).is_file())
        )

    def source(self, template: str) -> str:
        """The text of a template."""
        try:
            return self._loader.get_source(self._env, template)[0]
        except UnicodeDecodeError as error:
            raise template_error(error, template, self._folders) from error

    def names(self, *scopes: Scope) -> list[str]:
        """The templates with one of the scopes, sorted; hidden files are none."""
        return [name for name, scope in self._scopes.items() if scope in scopes]

    @cached_property
    def _scopes(self) -> dict[str, Scope]:
        return {
            name: scope_of(name)
            for name in sorted(self._loader.list_templates())
            if not any(part.startswith(".") for part in name.split("/")) and self.makes(name)
        }

    def makes(self, path: str) -> bool:
        """Whether the file, or the template, belongs to a part of the tree that is made."""
        return self._parts is None or part_of(path) in self._parts
