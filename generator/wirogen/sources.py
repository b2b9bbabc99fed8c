"""Documents and specs on disk: found, read and checked against each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wirogen.diagnostics import Diagnostic, InputError
from wirogen.document import parse_document
from wirogen.spec import ToolSpec, load_spec
from wirogen.spec.names import tool_paths


@dataclass(slots=True)
class Sources:
    """What could be read: specs by tool id, what is odd, and what could not be read at all.

    ``origin`` names the file that each tool came from, for messages.
    """

    specs: dict[str, ToolSpec] = field(default_factory=dict[str, ToolSpec])
    origin: dict[str, str] = field(default_factory=dict[str, str])
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    errors: list[Diagnostic] = field(default_factory=list[Diagnostic])

    def add(self, spec: ToolSpec, origin: str) -> None:
        if spec.tool in self.specs:
            self.errors.append(
                Diagnostic(
                    code="S002",
                    message=f"{spec.tool} is also in {self.origin[spec.tool]}; remove one of them",
                    path=origin,
                )
            )
            return
        self.specs[spec.tool] = spec
        self.origin[spec.tool] = origin

    def spec_files(self) -> dict[str, ToolSpec]:
        """The specs by the path, below ``specs/tools/`` and with its suffix, that each one has."""
        paths = tool_paths(self.specs)
        return {f"{paths[tool]}.yaml": spec for tool, spec in sorted(self.specs.items())}


def read_documents(files: Sequence[Path], *, base: Path, into: Sources) -> None:
    """Parse documents; ``base`` is the folder that their ``source.document`` is relative to."""
    for file in files:
        shown = display_path(file)
        try:
            data = read_bytes(file)
            parsed = parse_document(data, path=shown, document=_relative(file, base))
        except InputError as error:
            into.errors.append(error.diagnostic)
            continue
        into.diagnostics += parsed.diagnostics
        into.add(parsed.spec, shown)


def read_specs(files: Iterable[Path], *, into: Sources) -> None:
    """Load specs; a tool that a document has already given is passed over."""
    from_documents = set(into.specs)
    for file in files:
        shown = display_path(file)
        try:
            text = decode(read_bytes(file), shown)
            spec = load_spec(text, path=shown)
        except InputError as error:
            into.errors.append(error.diagnostic)
            continue
        if spec.tool not in from_documents:
            into.add(spec, shown)


def files_below(folder: Path, suffix: str) -> list[Path]:
    """Every file with the suffix, in an order that no file system decides."""
    return sorted(
        (path for path in folder.rglob(f"*{suffix}") if path.is_file()),
        key=lambda path: path.relative_to(folder).as_posix(),
    )


def read_bytes(file: Path) -> bytes:
    """The bytes of a file; what the operating system refuses is one line."""
    try:
        return file.read_bytes()
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise InputError(Diagnostic(code="S004", message=reason, path=display_path(file))) from None


def decode(data: bytes, path: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not UTF-8"
        raise InputError(Diagnostic(code="S001", message=message, path=path)) from None


def display_path(file: Path) -> str:
    """The path as the user would type it: relative to where they are, when it is below."""
    try:
        return file.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(file)


def _relative(file: Path, base: Path) -> str:
    try:
        return file.resolve().relative_to(base.resolve()).as_posix()
    except ValueError:
        return file.name
