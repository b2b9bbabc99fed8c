from __future__ import annotations

import json
import random
import string
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runtime.kit import TOOL, AnyClient, Kit, got
from wiro_runtime import AuthenticationError
from wiro_runtime.http.signing import Credentials, auth_headers, new_nonce, signature
from wiro_runtime.testing import faults


def test_known_vector() -> None:
    result = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", "k"], input=b"s1", capture_output=True, check=True
    )
    assert signature("k", "s", "1") == result.stdout.decode().split()[-1]


@pytest.mark.slow
def test_equals_openssl_for_a_thousand_random_triples(tmp_path: Path) -> None:
    draw = random.Random(1)  # noqa: S311 - test data
    letters = string.ascii_letters + string.digits + "-_.~+/="

    def word(shortest: int, longest: int) -> str:
        first = draw.choice(string.ascii_letters)  # openssl takes "-x" for an option
        return first + "".join(draw.choices(letters, k=draw.randint(shortest, longest)))

    keys = [word(1, 80) for _ in range(20)]
    triples = [(key, word(1, 80), str(draw.getrandbits(64))) for key in keys for _ in range(50)]
    digests: list[str] = []
    for start in range(0, len(triples), 50):
        # One process for each key: it takes a file for each text.
        files = [tmp_path / str(number) for number in range(start, start + 50)]
        for file, (_, secret, nonce) in zip(files, triples[start : start + 50], strict=True):
            file.write_text(secret + nonce, "ascii")
        command = ["openssl", "dgst", "-sha256", "-hmac", triples[start][0], *map(str, files)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        digests += [line.split()[-1] for line in done.stdout.splitlines()]
    assert digests == [signature(*triple) for triple in triples]


def escaped(text: str) -> str:
    return '"' + "".join(f"\\u{ord(letter):04x}" for letter in text) + '"'


def escaped_in_upper_case(text: str) -> str:
    return '"' + "".join(f"\\u{ord(letter):04X}" for letter in text) + '"'


def with_slashes_escaped(text: str) -> str:
    """As PHP writes it."""
    return json.dumps(text).replace("/", "\\/")


def in_turn(text: str) -> str:
    """Each character otherwise than the one before it."""
    ways = escaped, json.dumps, escaped_in_upper_case, with_slashes_escaped
    return f'"{"".join(ways[place % 4](char)[1:-1] for place, char in enumerate(text))}"'


def in_turn_again(text: str) -> str:
    return in_turn(f"xx{text}").replace("\\u0078x", "", 1)


@pytest.mark.parametrize(
    "spell",
    [json.dumps, with_slashes_escaped, escaped, escaped_in_upper_case, in_turn, in_turn_again],
)
@pytest.mark.parametrize(
    "secret", ["a-secret/of+base64/==", 'one"with\\both', '\\\\"/u0041\\/"', "plain-secret"]
)
def test_a_credential_is_found_however_json_spells_it(
    spell: Callable[[str], str], secret: str
) -> None:
    credentials = Credentials("a/key\\of:odd/characters", secret)
    for word in ("a/key\\of:odd/characters", secret):
        before, after = 'said \\/ "C:\\\\" \n', "; é \\u0041 /"
        body = f'{{"said": {json.dumps(before)[:-1]}{spell(word)[1:-1]}{json.dumps(after)[1:]}}}'
        redacted = credentials.redact(body.encode())
        assert json.loads(redacted) == {"said": f"{before}***{after}"}


@pytest.mark.parametrize("cut", [False, True])
def test_a_credential_is_found_in_any_mixture_of_spellings(cut: bool) -> None:
    """In a body that is no JSON, too: it lacks its end."""
    choice = random.Random(1).choice  # noqa: S311 - the same credentials in every run
    for _ in range(500):
        secret = "".join(choice('abXY09/\\"-_') for _ in range(12))
        ways = [escaped, json.dumps, escaped_in_upper_case, with_slashes_escaped]
        spelt = "".join(choice(ways)(letter)[1:-1] for letter in secret)
        body = Credentials(secret, None).redact(f'{{"said": "x{spelt}y"{"}" * (not cut)}'.encode())
        assert json.loads(body + b"}" * cut) == {"said": "x***y"}


def test_what_names_no_credential_stays_as_it_is() -> None:
    data = b'{"url": "https:\\/\\/x\\u002fy", "text": "\\\\u0041 \\n"}'
    assert Credentials("a/key/of/mine", "a/secret/of/mine").redact(data) == data


@pytest.mark.parametrize("escape", [b"\\u0041", b"\\/", b"\\\\", b"\\u002D"])
def test_millions_of_escapes_are_searched_at_once(escape: bytes) -> None:
    data = escape * 2_000_000
    begin = time.process_time()
    assert Credentials("a/key-of/mine", "A/secret-of/mine").redact(data) == data
    assert time.process_time() - begin < 2


def test_nonces_are_integers_that_never_repeat() -> None:
    with ThreadPoolExecutor(8) as threads:
        drawn = [threads.submit(lambda: [new_nonce() for _ in range(2000)]) for _ in range(8)]
        nonces = [nonce for future in drawn for nonce in future.result()]
    assert len(set(nonces)) == len(nonces)
    assert all(nonce.isdigit() for nonce in nonces)


def test_a_project_without_a_secret_sends_its_key_alone() -> None:
    assert auth_headers("key", None) == {"x-api-key": "key"}


def test_every_request_has_its_own_nonce_and_retries_are_signed_again(kit: Kit) -> None:
    kit.simulator.faults.add("Task/Detail", faults.status(503), times=2)

    async def flow(client: AnyClient) -> None:
        await got(client.run(TOOL, {"prompt": "x"}))

    kit.run(flow)
    nonces = [request.headers["x-nonce"] for request in kit.simulator.requests]
    assert len(nonces) == 4 == len(set(nonces))


def test_a_wrong_secret_is_refused_at_once_and_never_shown(kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        await got(client.run(TOOL, {"prompt": "x"}))

    with pytest.raises(AuthenticationError) as caught:
        kit.run(flow, api_secret="not-the-secret")
    assert "not-the-secret" not in str(caught.value)
    assert caught.value.http_status == 401
    assert not caught.value.retryable
    assert len(kit.simulator.requests) == 1


def test_a_key_without_its_secret_is_told_of(kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        await got(client.submit(TOOL, {"prompt": "x"}))

    with pytest.raises(AuthenticationError, match="without a secret"):
        kit.run(flow, api_secret=None)
