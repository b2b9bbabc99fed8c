"""What every test may use: the project's own specs and a simulator that knows them."""

from __future__ import annotations

import gc
import os
import re
import signal
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, settings

import fork_server
from site_browser import close_chromium
from wiro_runtime.testing import Simulator
from wirogen.common.lock import locked
from wirogen.pipeline.build import read_project
from wirogen.specs import ToolSpec, spec_to_json

ROOT = Path(__file__).resolve().parent.parent
FAST = "not slow"
"""What make test-fast asks for. Tests are slow that start a browser, a server or a process, or that
compute for more than a second."""
MEMORY = "/dev/shm"  # noqa: S108 - the name of a file system, not of a file
"""Where Linux keeps files in memory. Copying a project of 200 files takes a fifth of the CPU there
that it takes on a disk, and no write waits for a disk."""
ROOM = 1 << 30
"""Bytes that must be free there. A run of all tests uses a quarter of it; a container often has 64
megabytes."""
ALL_SLOW = re.compile(r"^pytestmark = \[?\s*pytest\.mark\.slow\b", re.MULTILINE)

settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("default")


def pytest_configure(config: pytest.Config) -> None:
    # A shell starts what runs in the background with Ctrl-C switched off, and children inherit it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        if "TMPDIR" not in os.environ and _memory_is_usable():
            os.environ["TMPDIR"] = tempfile.tempdir = MEMORY
        # All workers share a cache, which holds nothing that other code has made.
        shared = ExitStack()
        config.add_cleanup(shared.close)
        cache = shared.enter_context(tempfile.TemporaryDirectory(prefix="wirogen-cache-"))
        os.environ["WIROGEN_CACHE"] = cache
        shared.enter_context(fork_server.serving())
    # A key that a developer has logged in with is none of the tests'.
    os.environ["WIRO_CONFIG_DIR"] = str(ROOT / "tests" / "no-such-folder")


def _memory_is_usable() -> bool:
    """Whether temporary files can be in memory: tests write programs there and run them."""
    try:
        place = os.statvfs(MEMORY)
    except (AttributeError, OSError):
        return False
    free = place.f_bavail * place.f_frsize
    return os.access(MEMORY, os.W_OK) and not place.f_flag & os.ST_NOEXEC and free > ROOM


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    # What is imported and collected stays: the garbage collector need not look at it.
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    # Spares make test-fast the imports of files whose tests it leaves out.
    if config.option.markexpr != FAST or collection_path.suffix != ".py":
        return None
    return True if ALL_SLOW.search(collection_path.read_text("utf-8")) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # What takes long begins first, so that no worker is left with it at the end. What has a browser
    # is together, for each start of one takes most of a second.
    items.sort(
        key=lambda item: (not _is_slow(item), item.path.parent, not _uses_browser(item), item.path)
    )
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow = list(filter(_is_slow, items))
    fast = items[len(slow) :]
    share = len(items) // workers
    items.clear()
    # A worker begins with the same part of the whole as the others, in a list of its own, the fast
    # tests last. It has whole folders: what one of them imports and sets up, few workers make. So
    # those which wait run beside those which compute, too.
    own: list[list[pytest.Item]] = [[] for _ in range(workers)]
    done, whole = 0, sum(map(_weight, slow))
    for _, group in groupby(slow, lambda item: item.path):
        file = list(group)
        size = sum(map(_weight, file))
        own[int((done + size / 2) / whole * workers)] += file
        done += size
    for number, each in enumerate(own):
        left = max(0, share - len(each)) if number < workers - 1 else len(fast)
        items += each + fast[:left]
        del fast[:left]


def _is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    # One browser serves test after test, and leaves the thread to those that have none.
    if not _uses_browser(nextitem):
        close_chromium()


def _uses_browser(item: pytest.Item | None) -> bool:
    return "browser" in getattr(item, "fixturenames", ())


def _weight(item: pytest.Item) -> int:
    return 8 if _uses_browser(item) else 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    # Many tests wait for a server or a process. Each worker costs 400 MB, and of CPU what it
    # collects, imports and sets up: ten seconds and more of slow tests.
    return 2 * (os.cpu_count() or 1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--accept-golden", action="store_true", help="write what the golden tests now see"
    )


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """A command that runs in this process leaves its reaction to SIGTERM behind."""
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


MakeOnce: TypeAlias = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def make_once(tmp_path_factory: pytest.TempPathFactory) -> MakeOnce:
    """Makes a folder that all worker processes of a run share, by its name and a function that
    fills it. Tests only read it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(name: str, fill: Callable[[Path], object]) -> Path:
        place = shared / name
        place.mkdir(exist_ok=True)
        with locked(place):
            if not (place / "done").exists():
                fill(place / "made")
                (place / "done").touch()
        return place / "made"

    return make


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def project_specs() -> dict[str, ToolSpec]:
    """The specs of the project's own documents, by tool id."""
    sources = read_project(ROOT)
    assert not sources.errors
    return dict(sources.specs)


@pytest.fixture(scope="session")
def project_tools(project_specs: dict[str, ToolSpec]) -> list[dict[str, Any]]:
    """The same, as a simulator takes them."""
    return [dict(spec_to_json(spec)) for spec in project_specs.values()]


@pytest.fixture
def simulator(
    project_tools: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Simulator]:
    """A simulator that knows the project's tools; ``Wiro()`` finds it."""
    with Simulator(project_tools) as running:
        for name, value in running.env().items():
            monkeypatch.setenv(name, value)
        yield running
