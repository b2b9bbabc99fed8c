"""The template environment: where templates are found and what they may print."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import jinja2
import markupsafe
from jinja2.bccache import Bucket

import wirogen
from wirogen.common.cache import NO_CACHE, Cache, key_of
from wirogen.diagnostics.model import Diagnostic, InputError
from wirogen.emit.escape import (
    DocstringText,
    Markdown,
    attribute,
    code_span,
    docstring,
    docstring_text,
    fence,
    front_matter,
    link,
    markdown,
    shorten,
)
from wirogen.emit.python.black_style import lay_out
from wirogen.emit.python.soundness import check_module
from wirogen.emit.template_errors import python_error, template_error
from wirogen.plan.identifiers import Identifier
from wirogen.plan.literals import source
from wirogen.plan.model import Code


def template_folders(overrides: Path | None = None) -> list[Path]:
    """Where templates are looked for, first to last: the caller's, the wheel's, the checkout's.

    Raises :class:`InputError` when the caller's is no folder, or when there are no others.
    """
    if overrides is not None and not overrides.is_dir():
        raise InputError(Diagnostic(code="S004", message="not a folder", path=str(overrides)))
    package = Path(wirogen.__file__).parent
    folders = [package / "templates", package.parent.parent / "templates"]
    found = [folder for folder in folders if folder.is_dir()]
    if not found:
        message = "wirogen's own templates are missing; install wiro-tools again"
        raise InputError(Diagnostic(code="S004", message=message, path=str(folders[0])))
    return ([overrides] if overrides else []) + found[:1]


def environment(overrides: Path | None = None) -> jinja2.Environment:
    """An environment that refuses undefined names and text that nobody escaped."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader([str(folder) for folder in template_folders(overrides)]),
        undefined=jinja2.StrictUndefined,
        # Not for HTML as such: it makes every printed value say that it is safe.
        autoescape=True,
        auto_reload=False,
        finalize=_only_safe,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters: dict[str, Callable[..., Any]] = env.filters  # pyright: ignore[reportAssignmentType] - jinja2 types it too narrowly
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
        shorten=shorten,
    )
    return env


def _only_safe(value: Any) -> Any:
    if isinstance(value, (Code, DocstringText, Identifier, Markdown, markupsafe.Markup)):
        return value
    if isinstance(value, int):
        return Code(value)
    raise TypeError(f"a template prints {type(value).__name__} without a filter: {value!r:.60}")


def _by_black(text: str, *, stub: bool) -> str:
    import black  # noqa: PLC0415 - slow to load, and needed for other people's templates only
    from black.mode import TargetVersion  # noqa: PLC0415 - see above

    mode = black.Mode(is_pyi=stub, target_versions={TargetVersion.PY311})
    return black.format_str(text, mode=mode)


class _Compiled(jinja2.BytecodeCache):
    """Templates that have been compiled before; a key holds their text."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def load_bytecode(self, bucket: Bucket) -> None:
        found: bytes | None = self._cache.get("template", self._key(bucket))
        if found is not None:
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._cache.put("template", self._key(bucket), bucket.bytecode_to_string())

    def _key(self, bucket: Bucket) -> str:
        return key_of("template", bucket.key, bucket.checksum)


class Renderer:
    """The templates, ready to use; ``overrides`` are looked at first. One per process is enough.

    What is wrong with somebody else's templates is an :class:`InputError` that names the line.
    """

    def __init__(self, overrides: Path | None = None, cache: Cache = NO_CACHE) -> None:
        self._env = environment(overrides)
        if cache.enabled:
            self._env.bytecode_cache = _Compiled(cache)
        self._folders = template_folders(overrides)
        self._foreign = overrides is not None
        self._ours = overrides is None or not (overrides / "python").is_dir()
        self._loader = cast("jinja2.BaseLoader", self._env.loader)

    @property
    def overridden(self) -> bool:
        """Whether somebody else's templates are looked at first."""
        return self._foreign

    def text(self, template: str, **values: Any) -> str:
        try:
            return self._env.get_template(template).render(values)
        except Exception as error:
            if self._foreign or isinstance(error, jinja2.TemplateNotFound):
                raise template_error(error, template, self._folders) from error
            raise

    def python(self, template: str, **values: Any) -> str:
        """A module or a stub (``.pyi``) in black's form. Templates of somebody else may print a
        statement as they like, so black itself formats everything once one of them is there."""
        text = self.text(template, **values)
        try:
            check_module(text, template)
            if self._ours:
                return lay_out(text)
            return _by_black(text, stub=template.endswith(".pyi.jinja"))
        except (SyntaxError, ValueError) as error:
            raise python_error(error, template, self._folders) from error

    def raw(self, folder: str) -> dict[str, str]:
        """Every file below ``folder`` as it is, by its path below the template folders."""
        found: dict[str, str] = {}
        for name in self.names(folder):
            try:
                found[name] = self._loader.get_source(self._env, name)[0]
            except UnicodeDecodeError as error:
                raise template_error(error, name, self._folders) from error
        return found

    def names(self, folder: str) -> list[str]:
        """The templates below ``folder``, sorted."""
        found = self._loader.list_templates()
        return sorted(
            name
            for name in found
            if name.startswith(f"{folder}/") and not name.rpartition("/")[2].startswith(".")
        )
