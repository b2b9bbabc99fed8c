from __future__ import annotations

import pickle
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

import wiro_runtime
from wiro_runtime import (
    ApiError,
    ConfigurationError,
    InvalidInputs,
    RateLimitError,
    SubmissionUncertain,
    Timeouts,
    Wiro,
    WiroError,
)

HEAVY = (
    "jinja2", "yaml", "black", "datamodel_code_generator", "typer", "rich", "websockets",
    "starlette", "uvicorn", "asyncio",
)  # fmt: skip


def test_public_names_are_sorted_exist_and_are_all_there_is() -> None:
    names = wiro_runtime.__all__
    assert names == sorted(names)
    assert all(hasattr(wiro_runtime, name) for name in names)
    errors = {
        name
        for name in dir(wiro_runtime)
        if isinstance(getattr(wiro_runtime, name), type)
        and issubclass(getattr(wiro_runtime, name), Exception)
    }
    assert errors < set(names)


def test_version_is_that_of_the_distribution() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert wiro_runtime.__version__ == project["project"]["version"]


@pytest.mark.slow
def test_importing_loads_nothing_that_a_client_does_not_need() -> None:
    code = (
        "import sys, wiro_runtime, wiro_runtime.generated;"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "error",
    [
        InvalidInputs("x: required", problems={"x": "required"}),
        RateLimitError("slow", code=None, http_status=429, retry_after=2.0, retryable=True),
        SubmissionUncertain("lost", tool="a/b"),
        ApiError("no", code=0, task_id="7"),
    ],
)
def test_errors_survive_pickling(error: WiroError) -> None:
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("API_KEY", "API_SECRET", "BASE_URL", "SOCKET_URL"):
        monkeypatch.delenv(f"WIRO_{name}", raising=False)
    return monkeypatch


def test_without_a_key_it_says_what_to_set(clean: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="WIRO_API_KEY"):
        Wiro()
    clean.setenv("WIRO_API_KEY", "  ")
    with pytest.raises(ConfigurationError, match="WIRO_API_KEY"):
        Wiro()


@pytest.mark.parametrize("key", ["a\nb", "a b", "kéy", "a\x00"])
def test_a_key_that_cannot_be_a_header_is_refused_and_not_shown(
    clean: pytest.MonkeyPatch, key: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Wiro(key)
    assert key not in str(caught.value)


def test_nothing_shows_key_or_secret(clean: pytest.MonkeyPatch) -> None:
    with Wiro("very-secret-key", "very-secret-secret") as client:
        shown = f"{client!r} {client!s} {client._settings!r} {vars(client)!r}"
    assert "very-secret" not in shown
    assert "https://api.wiro.ai/v1" in repr(client)


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://api.wiro.ai/v1", True),
        ("https://api.wiro.ai/v1/", True),
        ("http://127.0.0.1:8000/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://localhost/v1", True),
        ("http://api.wiro.ai/v1", False),
        ("http://10.0.0.1/v1", False),
        ("http://127.0.0.1.evil.example/v1", False),
        ("http://localhost@evil.example/v1", False),
        ("ftp://api.wiro.ai", False),
        ("https://", False),
        ("https://user:pw@api.wiro.ai/v1", False),
        ("https://api.wiro.ai/v1?x=1", False),
        ("https://[bad/v1", False),
        ("https://api.wiro.ai:port/v1", False),
        ("api.wiro.ai/v1", False),
    ],
)
def test_plain_http_reaches_this_computer_only(
    clean: pytest.MonkeyPatch, address: str, good: bool
) -> None:
    clean.setenv("WIRO_BASE_URL", address)
    if good:
        Wiro("key").close()
    else:
        with pytest.raises(ConfigurationError, match="WIRO_BASE_URL"):
            Wiro("key")


def signed(client: Wiro) -> bool:
    credentials = client._settings.credentials
    return credentials is not None and "x-signature" in credentials.headers()


def test_a_secret_from_the_environment_is_never_used_with_another_key(
    clean: pytest.MonkeyPatch,
) -> None:
    clean.setenv("WIRO_API_KEY", "env-key")
    clean.setenv("WIRO_API_SECRET", "env-secret")
    with Wiro() as client:
        assert signed(client)
    with Wiro("mine") as client:
        assert not signed(client)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Wiro(api_key=cast("Any", 5)),
        lambda: Wiro(api_key="k", base_url=cast("Any", 5)),
        lambda: Timeouts(wait=cast("Any", "1")),
    ],
)
def test_settings_of_another_kind_are_refused_in_a_line(build: Callable[[], object]) -> None:
    with pytest.raises(ConfigurationError):
        build()
