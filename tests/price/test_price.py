"""What a run costs: rates, amounts, and what makes a price unknown."""

from __future__ import annotations

import io
import json
import wave
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiro_runtime import Result, TaskDetail, TaskEnded
from wiro_runtime.price import Price, Tariff, dollars, unknown
from wiro_runtime.price.rates import read_rates

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "cases.json").read_text("utf-8"))


def local(value: Any) -> Any:
    """A value of a case, its files as paths."""
    if isinstance(value, list):
        return [local(each) for each in cast("list[Any]", value)]
    return Path(cast("dict[str, str]", value)["$path"]) if isinstance(value, dict) else value


def price_of(case: dict[str, Any]) -> Price:
    """What Python makes of a case; tests of the site compare it with what the page does."""
    return Tariff(case["tariff"]).price({key: local(value) for key, value in case["body"].items()})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_price_of_a_body(case: dict[str, Any]) -> None:
    price = price_of(case)
    assert (str(price), price.exact, price.basis) == (
        case["price"],
        case["exact"],
        case["basis"],
    )
    assert price.as_of == case["tariff"].get("as_of")


def test_a_price_as_json() -> None:
    price = Price(Decimal("0.10"), None, exact=False, basis="x", as_of="2026-11-02")
    assert json.dumps(price.to_dict()) == (
        '{"price": "from $0.10", "low": "0.1", "high": null, "exact": false, "basis": "x", '
        '"as_of": "2026-11-02"}'
    )
    assert not price.known


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("1E+2", "$100.00"),
        ("0.1", "$0.10"),
        ("0.00351", "$0.00351"),
        ("-2", "-$2.00"),
        ("0.1000000000000000055511151231257827", "$0.1000000000000000055511151231257827"),
        ("-12345678901234567890123456789.01", "-$12345678901234567890123456789.01"),
    ],
)
def test_dollars(amount: str, text: str) -> None:
    assert dollars(Decimal(amount)) == text


def rate(**more: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {"inputs": {}, "price": 0.1, "priceMethod": "cpr"}
    return plain | more


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (rate(), {"price": "0.1"}),
        (rate(price="0.10"), {"price": "0.1"}),
        (rate(price=1e-07), {"price": "0.0000001"}),
        (rate(price=0.1 + 0.2), {"price": "0.3"}),
        (rate(inputs=None), {"inputs": {}}),
        (rate(inputs=[]), {"inputs": {}}),
        (rate(inputs={"a": 5, "b": True, "c": None, "d": "QUANTITY:2"}),
         {"inputs": {"a": "5", "b": "true", "c": "", "d": "QUANTITY:2"}}),
        (rate(priceMethod="cp-pixel", priceExtra="0.5", priceInput=0),
         {"method": "cp-pixel", "extra": "0.5", "each_image": "0"}),
        (rate(priceMethod="cp-readoutput", price=None), {"price": "0"}),
        # In Unicode 15, which Python 3.12 knows and 3.11 does not.
        (rate(inputs={"a": "\U0001fae8"}), {"inputs": {"a": "\U0001fae8"}}),
    ],
)  # fmt: skip
def test_a_rate_that_can_be_read(value: Any, read: dict[str, Any]) -> None:
    (found,), problems = read_rates([value])
    assert found | read == found
    assert not problems


@pytest.mark.parametrize(
    "value",
    [
        *(
            rate(price=price)
            for price in (-1, "-0.5", 1e300, "1e9", True, None, "", "NaN", "1,5", [1])
        ),
        *(rate(price=price) for price in (float("inf"), 10**5000, "0." + "0" * 20 + "1", 2**64)),
        *(rate(priceMethod=method) for method in ("cpx", "", None, 5, ["cpr"], "CPR")),
        rate(priceExtra=-1),
        rate(priceInput="much"),
        rate(inputs="all"),
        rate(inputs={"a": ["b"]}),
        rate(inputs={"a": "QUANTITY:x"}),
        rate(inputs={"a": "QUANTITY:\u0663"}),
        rate(inputs={"a": "b\x1b[2J"}),
        rate(inputs={"a": "b\u202e"}),
        rate(inputs={"a\xa0": "b"}),
        rate(inputs={"a": "b" * 300}),
        rate(inputs={str(number): "" for number in range(50)}),
        "cpr",
        None,
    ],
)
def test_a_rate_that_cannot_be_read_makes_the_price_unknown(value: Any) -> None:
    rates, (problem,) = read_rates([value, rate()])
    price = Tariff({"rates": rates}).price({"a": "b"})
    assert str(price) == "unknown"
    assert not Tariff({"rates": rates}).summary
    assert "number 1: " in problem
    assert problem.isprintable()


def test_inputs_of_a_rate_have_the_order_that_javascript_gives_them() -> None:
    """Whole numbers that can be an index first, in their order, then the others as they came."""
    keys = ["b", "4294967295", "10", "a", "02", "4294967294", "\u0663", "2", "0"]
    ((found,), _) = read_rates([rate(inputs=dict.fromkeys(keys, "x"))])
    assert list(found["inputs"]) == [
        *("0", "2", "10", "4294967294", "b", "4294967295", "a", "02", "\u0663")
    ]


@pytest.mark.parametrize("value", ["3 cents", {"price": 1}, 5, True])
def test_a_price_list_that_is_none(value: Any) -> None:
    rates, problems = read_rates(value)
    assert str(Tariff({"rates": rates}).price({})) == "unknown"
    assert problems == ["is no list of rates"]


@pytest.mark.parametrize(
    ("rates", "says"),
    [
        ([rate(price=0.03)], "$0.03"),
        ([rate(price=0.3, inputs={"a": "b"}), rate(price=0.1)], "from $0.10"),
        ([rate(priceMethod="cpo")], "from $0.10"),
        ([rate(priceMethod="cpt", price=0.00001)], "$0.00001 a token, in and out"),
        ([rate(priceMethod="cps"), rate(priceMethod="cps", price=1)],
         "from $0.10 a second of processing"),
        ([rate(priceMethod="cpt"), rate()], ""),
        ([rate(priceMethod="cp-readoutput")], ""),
    ],
)  # fmt: skip
def test_what_lists_say(rates: list[Any], says: str) -> None:
    assert Tariff({"rates": read_rates(rates)[0]}).summary == says


def wav(seconds: float, rate: int = 8000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(rate)
        audio.writeframes(b"\0\0" * round(seconds * rate))
    return out.getvalue()


def test_audio_has_the_length_that_its_file_tells(tmp_path: Path) -> None:
    tariff = Tariff(
        {
            "audio": ["inputAudio"],
            "files": {"inputAudio": ["inputAudio", "inputAudioUrl"]},
            "rates": read_rates([rate(priceMethod="cp-audiosecondslength", price=0.002)])[0],
        }
    )
    (tmp_path / "a.wav").write_bytes(wav(1.5))
    # It is sent from its beginning, wherever it stands.
    opened = io.BytesIO(wav(2))
    opened.seek(5)
    files = [tmp_path / "a.wav", wav(1, rate=3), opened]
    price = tariff.price({"inputAudio": files})
    assert (str(price), price.exact) == ("$0.009", True)
    assert opened.tell() == 5
    cut = wav(2)[:-4000]
    for odd in (tmp_path / "none.wav", b"ID3", cut, io.StringIO("x"), tmp_path):
        assert str(tariff.price({"inputAudio": [wav(1), odd]})) == "unknown"
    assert str(tariff.price({"inputAudio": wav(1), "inputAudioUrl": "https://a.b/c"})) == "unknown"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "prompt", "samples"]), inner, max_size=3)
    ),
    max_leaves=5,
)
RATE = st.fixed_dictionaries(
    {},
    optional={
        "inputs": JSON,
        "price": JSON,
        "priceMethod": st.sampled_from(["cpr", "cpo", "cp-pixel", "cp-promptlength", "cpx"]) | JSON,
        "priceExtra": JSON,
        "priceInput": JSON,
    },
)
BODY = st.dictionaries(st.sampled_from(["a", "prompt", "samples", "width", "height"]), JSON)


@given(st.lists(RATE | JSON, max_size=4) | JSON, BODY)
def test_no_price_list_breaks_anything(value: Any, body: dict[str, Any]) -> None:
    tariff = Tariff({
        "rates": read_rates(value)[0], "outputs": "samples", "prompt": "prompt",
        "width": "width", "height": "height",
    })  # fmt: skip
    price = tariff.price(body)
    assert tariff.summary.isprintable()
    assert str(price).isprintable()
    json.dumps(price.to_dict(), allow_nan=False)
    for amount in (price.low, price.high):
        assert amount is None or 0 <= amount <= 1_000_000
    if price.exact:
        assert price.low == price.high is not None


def test_a_price_is_readable_where_it_is_shown() -> None:
    price = Price(
        Decimal("0.1"), Decimal("0.4"), exact=False, basis="an output < 4", as_of="2026-11-02"
    )
    assert str(price) == "$0.10–$0.40"
    assert repr(price) == "<Price $0.10–$0.40: an output < 4; prices of 2026-11-02>"
    assert "<b>$0.10–$0.40</b> an output &lt; 4; prices" in price._repr_html_()
    assert repr(unknown("no price list")) == "<Price unknown: no price list>"


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0.1", "$0.10"), ("0", "$0.00"), ("1E+2", "$100.00"), ("0.00351000", "$0.00351")],
)
def test_money_has_one_form(amount: str, text: str) -> None:
    """In prices, results, events and the summaries of the commands alike."""
    cost = Decimal(amount)
    raw = {"id": "7", "status": "task_postprocess_end", "pexit": "0", "totalcost": amount}
    detail = TaskDetail.read(raw)
    result = Result.from_detail(detail, "7", cast("Any", None))
    assert dollars(cost) == text
    for shown in (str(result), str(TaskEnded(task_id="7", status="", raw=raw, detail=detail))):
        assert f", {text}" in shown.replace("cost ", "")
    assert f" {text}<" in result._repr_html_()
