"""``wiro-tools login``, ``logout`` and ``whoami``: the key, which is never an argument."""

from __future__ import annotations

import getpass
import os
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from wiro_runtime import AuthenticationError, ConfigurationError, Wiro, WiroError
from wiro_runtime.cli.console import PROGRAM, CommandError, print_facts, print_json, read_stdin, say
from wiro_runtime.cli.options import AsJson
from wiro_runtime.cli.results import message_of
from wiro_runtime.settings import load_settings, make_credentials
from wiro_runtime.stored_keys import check_profile, forget, place_of, profile_name, store
from wiro_runtime.tasks.listing import tool_of

if TYPE_CHECKING:
    from wiro_runtime.http.signing import Credentials
    from wiro_runtime.tasks.task import Task

SETTINGS: Final = {"allow_extra_args": True, "ignore_unknown_options": True}
"""A key given as an argument gets a message of our own, which does not repeat it."""

LOGIN_HELP: Final = """\
Keep a key, in the keyring of the system or else in a file that only you can read.

It is asked for without echo, or read from the standard input: the key on the first line, the
secret, if the project has one, on the second. It is checked by one free call first.
Exit 1: Wiro could not be reached. 2: there was no key, or Wiro refused it.
"""
LOGOUT_HELP: Final = "Forget the key that login has kept. Exit 1: there was none."
WHOAMI_HELP: Final = """\
Which key is used, where it comes from, and whether it works (one free call).

Exit 1: it does not. 2: there is none.
"""

Profile: TypeAlias = Annotated[
    str | None, typer.Option(metavar="NAME", help="One of several keys, by name.")
]

_LONGEST: Final = 4096


def use_profile(name: str | None) -> None:
    """Have the clients of this process use a profile. What the environment says wins."""
    if not name:
        return
    check_profile(name)
    if name != os.environ.get("WIRO_PROFILE") and os.environ.get("WIRO_API_KEY", "").strip():
        say(f"{PROGRAM}: WIRO_API_KEY is set, and wins over the profile {name}", style="yellow")
    os.environ["WIRO_PROFILE"] = name


def login(context: typer.Context, profile: Profile = None) -> int:
    if context.args:
        raise CommandError(
            "login: a key is no argument, because others can see those; it is asked for, or read "
            f"from the standard input: {PROGRAM} login < FILE"
        )
    if profile:
        os.environ["WIRO_PROFILE"] = profile
    name = profile_name()
    credentials = _read_key()
    if isinstance(credentials, ConfigurationError):
        raise credentials
    settings = load_settings(credentials=credentials)
    try:
        with Wiro(credentials.reveal()["key"], credentials.reveal()["secret"]) as client:
            next(client.tasks(limit=1), None)
    except AuthenticationError as error:
        raise CommandError(f"login: {refusal(error)}; nothing was kept") from None
    place = store(name, credentials, settings.base_url)
    signed = "signed" if credentials.signs else "not signed: the project has no secret"
    say(f"key {credentials.masked} works ({signed}); kept in {place}")
    if os.environ.get("WIRO_API_KEY", "").strip():
        say(f"{PROGRAM}: WIRO_API_KEY is set, and wins over what is kept", style="yellow")
    return 0


def _read_key() -> Credentials | ConfigurationError:
    """The key and the secret that a person types or a program writes."""
    if sys.stdin is not None and sys.stdin.isatty():  # None: closed, as with <&-
        say("Your project on https://wiro.ai shows its key and its secret.")
        try:
            key = getpass.getpass("API key (not shown): ").strip()
            secret = getpass.getpass("API secret (not shown; empty when there is none): ").strip()
        except EOFError:
            say("")
            return ConfigurationError("login: no key was given")
    else:
        lines = read_stdin(_LONGEST).decode("utf-8", "replace").splitlines()
        key, secret, *_ = [*(line.strip() for line in lines), "", ""]
    if not key:
        return ConfigurationError("login: no key was given")
    return make_credentials(key, secret)


def refusal(error: WiroError) -> str:
    """The message without the advice to try what is being done."""
    return message_of(error).removesuffix(": wiro-tools whoami")


def logout(profile: Profile = None) -> int:
    if profile:
        os.environ["WIRO_PROFILE"] = profile
    name = profile_name()
    found = forget(name)
    say(f"the key of the profile {name} is forgotten" if found else f"no key of {name} was kept")
    return 0 if found else 1


def whoami(profile: Profile = None, as_json: AsJson = False) -> int:
    use_profile(profile)
    found = describe_key()
    begun = time.monotonic()
    problem = ""
    last: Task | None = None
    try:
        with Wiro() as client:
            last = next(client.tasks(limit=1), None)
    except WiroError as error:
        problem = refusal(error)
    seconds = time.monotonic() - begun
    if as_json:
        print_json(
            {
                **found,
                "works": not problem,
                "problem": problem or None,
                "last_task": None if last is None else last.id,
            }
        )
        return 1 if problem else 0
    works = f"no: {problem}" if problem else f"yes, Task/List answered in {seconds:.2f} s"
    rows = [
        ("key", found["key"]),
        ("from", found["from"]),
        ("signed", "yes" if found["signed"] else "no: the project has no secret"),
        ("address", found["address"]),
        ("works", works),
        ("last task", _last(last)),
    ]
    print_facts(rows)
    return 1 if problem else 0


def describe_key() -> dict[str, Any]:
    """The key that a client would use, masked, and where it comes from. Raises
    :class:`ConfigurationError` when there is none."""
    settings = load_settings()
    credentials = settings.credentials
    if credentials is None:
        raise ConfigurationError("no API key")
    if os.environ.get("WIRO_API_KEY", "").strip():
        source = "WIRO_API_KEY"
    else:
        source = f"the profile {profile_name()}, in {place_of(profile_name())}"
    return {
        "key": credentials.masked,
        "from": source,
        "signed": credentials.signs,
        "address": settings.base_url,
    }


def _last(task: Task | None) -> str:
    if task is None or task.detail is None:
        return ""
    created = task.detail.created
    moment = f", {datetime.fromtimestamp(created, UTC):%Y-%m-%d %H:%M} UTC" if created else ""
    tool = tool_of(task.detail)
    return f"{task.id}{f' ({tool})' if tool else ''}{moment}"
