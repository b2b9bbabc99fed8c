"""Which addresses of outputs are fetched, and by whom."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiro_runtime import ConfigurationError, Wiro
from wiro_runtime.results.addresses import check_address, host_set

NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("url", "requested"),
    [
        ("https://cdn1.wiro.ai/a/0.png?x=1", "https://cdn1.wiro.ai/a/0.png?x=1"),
        ("HTTPS://CDN.wiro.ai/ä", "https://cdn.wiro.ai/%C3%A4"),
        ("https://faß.example/x", "https://xn--fa-hia.example/x"),
        ("https://my_bucket.s3.example:8443/x", "https://my_bucket.s3.example:8443/x"),
        ("https://wiro.ai./x", "https://wiro.ai./x"),
        ("https://cdn.wiro.ai#@127.0.0.1/", "https://cdn.wiro.ai#@127.0.0.1/"),
    ],
)
def test_public_hosts_are_fetched_from_over_https(url: str, requested: str) -> None:
    assert check_address(url, local=False, allow_hosts=NONE) == requested


PRIVATE = [
    "http://cdn.wiro.ai/0.png",
    "http://127.0.0.1/latest/meta-data/iam",
    "https://127.0.0.1/x",
    "https://127.1/x",
    "https://2130706433/x",
    "https://0x7f000001/x",
    "https://0x7f.0.0.1/x",
    "https://0177.0.0.1/x",
    "https://127.0.0.1./x",
    "https://127\u30020\uff0e0\uff611/x",
    "https://0.0.0.0/x",
    "https://10.0.0.1/x",
    "https://192.168.1.1/x",
    "https://169.254.169.254/x",
    "https://100.64.0.1/x",
    "https://93.184.216.34/x",
    "https://[::1]/x",
    "https://[::]/x",
    "https://[::ffff:127.0.0.1]/x",
    "https://[::ffff:7f00:1]/x",
    "https://[64:ff9b::7f00:1]/x",
    "https://[2002:7f00:1::]/x",
    "https://[fe80::1]/x",
    "https://[fe80::1%25eth0]/x",
    "https://[fd00::1]/x",
    "https://localhost/x",
    "https://LOCALHOST./x",
    "https://a.localhost/x",
    "https://printer.local/x",
    "https://metadata.google.internal/x",
    "https://intranet/x",
]

ODD = [
    "",
    "x",
    "//cdn.wiro.ai/x",
    "ftp://cdn.wiro.ai/x",
    "file:///etc/passwd",
    "data:,x",
    "javascript:alert(1)",
    "https:///x",
    "https:cdn.wiro.ai/x",
    "http://[x",
    "https://a..b/x",
    "https://.wiro.ai/x",
    f"https://{'a' * 70}.wiro.ai/x",
    f"https://{'a.' * 130}ai/x",
    "https://cdn.wiro.ai/half\ud83d",
    "https://half\ud83d.wiro.ai/",
    "https://cdn.wiro.aixn--a_/x",
    "https://cdn.wiro.ai_xn--a/x",
    "https://cdn.wiro.ai--xn--a/x",
    "https://cdn.wiro.ai/a\nb",
    "https://cdn.wiro.ai\x00/",
    "https://%6c%6f%63alhost/x",
    "https://cdn.wiro.ai:0/x",
    "https://cdn.wiro.ai:99999/x",
    "https://cdn.wiro.ai@127.0.0.1/x",
    "https://cdn.wiro.ai\\@evil.example/x",
    "https://user:secret@cdn.wiro.ai/x",
    "https://cdn.wiro.ai/" + "x" * 70_000,
]


@pytest.mark.parametrize("url", PRIVATE + ODD)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|https|host"):
        check_address(url, local=False, allow_hosts=NONE)


@pytest.mark.parametrize("url", ODD)
def test_what_is_no_address_is_refused_for_a_local_client_too(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        check_address(url, local=True, allow_hosts=host_set(["127.0.0.1", "cdn.wiro.ai", "x"]))


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/x"),
        ("LOCALHOST", "http://localhost/x"),
        ("cdn.corp.", "http://CDN.corp/x"),
        ("::1", "http://[::1]/x"),
        ("[::1]", "https://[::1]:8443/x"),
    ],
)
def test_hosts_that_are_allowed_are_fetched_from(allowed: str, url: str) -> None:
    hosts = host_set([allowed])
    assert check_address(url, local=False, allow_hosts=hosts)
    for other in ("http://127.0.0.2/x", "http://cdn.wiro.ai/x", "https://[::2]/x"):
        with pytest.raises(ValueError, match="allow_hosts"):
            check_address(other, local=False, allow_hosts=hosts)


@pytest.mark.parametrize("hosts", [["http://x"], ["a/b"], ["h:80"], [""], [7], ["a b"], ["*"]])
def test_a_host_that_is_none_is_said_when_the_client_is_made(hosts: Any) -> None:
    with pytest.raises(ConfigurationError, match="allow_hosts"):
        Wiro("key", allow_hosts=hosts)


@given(st.text(max_size=60), st.booleans())
def test_every_text_is_an_address_or_refused(text: str, local: bool) -> None:
    for url in (text, f"https://{text}", f"https://cdn.wiro.ai/{text}"):
        with suppress(ValueError):
            check_address(url, local=local, allow_hosts=NONE)
