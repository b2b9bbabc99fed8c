"""What a person does in a studio, in a real browser: run, watch, stop, come back, compare."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from site_browser import PICTURE, watched
from studio.conftest import TOKEN, Running, check_for_everybody
from wiro_runtime.testing import Scenario

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

HELD = Scenario(stuck="task_output")
HTML = "It is <img src=x onerror=alert(1)> lit."


@pytest.fixture
def site(built: Path) -> Path:
    return built


class Visit:
    """A page of a studio, from its address to its end."""

    def __init__(self, browser: Browser, studio: Running, tool: str, **options: Any) -> None:
        self.watched = watched(browser, studio.origin, **options)
        self._address = f"{studio.origin}/tools/acme/{tool}.html?token={TOKEN}"

    def __enter__(self) -> Page:
        page = self.watched.__enter__()
        page.goto(self._address)
        page.wait_for_selector(".wt-runs")
        return page

    def __exit__(self, kind: type[BaseException] | None, *more: object) -> None:
        self.watched.__exit__(kind, *more)


Open = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, studio: Running) -> Open:
    def open_page(tool: str = "painter", **options: Any) -> Visit:
        return Visit(browser, studio, tool, **options)

    return open_page


def run(page: Page, prompt: str, state: str = "succeeded") -> None:
    page.fill("[data-input=prompt] textarea", prompt)
    page.click(".wt-run-button")
    page.wait_for_selector(f".wt-run[data-state={state}] h3:text-is('{prompt}')")


def test_run_watch_load_compare_delete(visit: Open, studio: Running) -> None:
    with visit() as page:
        assert "token" not in page.url
        run(page, "a lighthouse")
        assert "$0.02 (estimated $0.02)" in page.inner_text(".wt-run")
        page.wait_for_selector(".wt-run img")
        assert page.evaluate("document.querySelector('.wt-run img').decode().then(() => true)")
        page.fill("[data-input=samples] input", "2")
        run(page, "a tower")
        for box in page.locator(".wt-pick input").all():
            box.check()
        compared = page.inner_text(".wt-compare")
        assert "2 inputs differ" in compared
        assert compared.index("a lighthouse") < compared.index("a tower")
        first = page.locator(".wt-run", has_text="a lighthouse")
        first.get_by_text("Load into form").click()
        assert page.input_value("[data-input=prompt] textarea") == "a lighthouse"
        assert page.input_value("[data-input=samples] input") == "1"
        first.get_by_text("Delete").click()
        first.get_by_text("Really?").click()
        first.wait_for(state="detached")
        assert page.locator(".wt-compare").is_hidden()
        with page.expect_download() as download:
            page.click(".wt-run >> text=Download 0.png")
        assert download.value.suggested_filename == "0.png"
        assert len(studio.simulator.runs) == 2


def test_a_run_never_starts_from_an_example(visit: Open, studio: Running) -> None:
    with visit() as page:
        prompt = page.locator("[data-input=prompt] textarea")
        assert prompt.input_value() == ""
        assert prompt.get_attribute("placeholder") == "a tree"
        # What is missing is said once it matters.
        assert page.locator(".wt-problem:visible, .wt-problems:visible").count() == 0
        page.click(".wt-run-button")
        assert "nothing was sent" in page.inner_text(".wt-run-status")
        assert "required" in page.inner_text("[data-input=prompt] .wt-problem")
        assert studio.simulator.runs == []
        page.click(".wt-tries button")
        assert prompt.input_value() == "a tree"
        page.click(".wt-run-button")
        page.wait_for_selector(".wt-run[data-state=succeeded]")
        assert studio.simulator.runs[0].body["prompt"] == "a tree"
        page.click(".wt-reset")
        assert prompt.input_value() == ""
        assert page.locator(".wt-problem:visible, .wt-problems:visible").count() == 0


def test_what_a_link_has_in_vain_is_said_before_a_run(visit: Open) -> None:
    with visit() as page:
        state = json.dumps({"prompt": "a tree", "promt": "x"}).encode()
        page.goto(f"{page.url.partition('#')[0]}#run={urlsafe_b64encode(state).decode()}")
        page.reload()
        page.wait_for_selector(".wt-runs")
        assert page.input_value("[data-input=prompt] textarea") == "a tree"
        assert "promt" in page.inner_text(".wt-problems")


def test_a_run_goes_on_while_the_page_is_loaded_again_and_stops(
    visit: Open, studio: Running
) -> None:
    studio.simulator.plan(HELD)
    with visit() as page:
        run(page, "a lighthouse", "running")
        page.reload()
        page.wait_for_selector(".wt-run[data-state=running] progress")
        page.click(".wt-log summary")
        assert page.inner_text(".wt-log pre") == "Loading the model"
        page.click(".wt-stop")
        page.wait_for_selector(".wt-run[data-state=cancelled]")
        assert page.locator(".wt-stop").is_hidden()
        assert len(studio.simulator.runs) == 1


def test_what_is_wrong_is_said_where_it_is(visit: Open, studio: Running) -> None:
    opened = visit()
    with opened as page:
        page.fill("[data-input=prompt] textarea", "")
        page.click(".wt-run-button")
        assert "nothing was sent" in page.inner_text(".wt-run-status")
        assert page.evaluate("document.activeElement.closest('[data-input]').dataset.input") == (
            "prompt"
        )
        page.fill("[data-input=prompt] textarea", "a lighthouse")
        page.fill(".wt-ceiling input", "0.01")
        page.click(".wt-run-button")
        page.wait_for_selector("text=the price is $0.02, above the ceiling of $0.01")
        assert page.get_attribute(".wt-ceiling input", "aria-invalid") == "true"
        assert studio.simulator.runs == []
        # Chromium reports the response of 422.
        assert len(opened.watched.troubles) == 1
        opened.watched.troubles.clear()
        page.fill(".wt-ceiling input", "0.02")
        run(page, "a lighthouse")


def test_no_message_is_behind_the_bar_on_a_phone(visit: Open) -> None:
    with visit(viewport={"width": 390, "height": 500}) as page:
        page.fill("[data-input=prompt] textarea", "")
        page.evaluate("""() => {
          const [field, bar] = [".wt-builder textarea", ".wt-run-bar"].map((each) =>
            document.querySelector(each).getBoundingClientRect());
          scrollBy(0, field.bottom - innerHeight + bar.height);
        }""")
        page.locator(".wt-run-button").evaluate("button => button.focus({ preventScroll: true })")
        page.keyboard.press("Enter")
        page.wait_for_selector(".wt-run-status >> text=nothing was sent")
        problem = page.locator("[data-input=prompt] .wt-problem").bounding_box() or {}
        bar = page.locator(".wt-run-bar").bounding_box() or {}
        assert problem["y"] + problem["height"] <= bar["y"]


def test_text_is_shown_as_text(visit: Open, studio: Running) -> None:
    studio.simulator.plan(Scenario(kind="text", answer=HTML))
    with visit("writer") as page:
        run(page, "what is it?")
        assert page.inner_text(".wt-answer") == HTML
        assert page.locator(".wt-run img").count() == 0


def test_a_heading_shows_the_beginning_of_a_book(visit: Open) -> None:
    with visit() as page:
        page.fill("[data-input=prompt] textarea", "word " * 20_000)
        page.click(".wt-run-button")
        page.wait_for_selector(".wt-run[data-state=succeeded]", timeout=20_000)
        longest = "[...document.querySelectorAll('.wt-run h3, .wt-run img')]"
        longest += ".map((each) => (each.alt ?? each.textContent).length)"
        assert all(length < 500 for length in page.evaluate(longest))
        page.click(".wt-run >> text=Load into form")
        assert len(page.input_value("[data-input=prompt] textarea")) == 100_000


def test_files_are_dropped_shown_and_sent(visit: Open, studio: Running, tmp_path: Path) -> None:
    picture = tmp_path / "my cat.png"
    picture.write_bytes(PICTURE)
    with visit("editor") as page:
        page.set_input_files(".wt-drop input[type=file]", picture)
        page.wait_for_selector(".wt-preview img")
        assert page.evaluate("document.querySelector('.wt-preview img').decode().then(() => true)")
        assert studio.simulator.runs == []
        run(page, "a hat")
        page.reload()
        page.wait_for_selector(".wt-runs")
        page.click("text=Load into form")
        page.wait_for_selector(".wt-preview img")
        [sent] = studio.simulator.runs
        assert "my cat.png" in str(sent.body["inputImage"])


DROP = """([name, type, bytes, count = 1]) => {
    const dataTransfer = new DataTransfer();
    const data = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
    for (let i = 0; i < count; i++) dataTransfer.items.add(new File([data], name, { type }));
    for (const kind of ["dragover", "drop"]) {
        const event = new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true });
        document.querySelector("[data-input=input_image] .wt-drop").dispatchEvent(event);
        if (!event.defaultPrevented) throw new Error("the browser would open the file");
    }
}"""
"""What a browser does when a file is dropped onto the field of an input."""


def test_a_file_is_dropped_onto_the_form(visit: Open, studio: Running) -> None:
    with visit("editor") as page:
        dropped = ["my cat.png", "image/png", b64encode(PICTURE).decode()]
        page.evaluate(DROP, [*dropped, 2])
        page.wait_for_selector("text=takes one file; 2 were dropped")
        page.evaluate(DROP, dropped)
        page.wait_for_selector(".wt-preview img")
        assert page.inner_text(".wt-preview") == "my cat.png"
        run(page, "a hat")
        [sent] = studio.simulator.runs
        assert f"size={len(PICTURE)}" in str(sent.body["inputImage"])


def test_sound_and_film_play_and_a_model_is_saved(visit: Open) -> None:
    play = """(kind) => {
        const player = document.querySelector(`.wt-newest ${kind}`);
        player.muted = true;
        const found = () => [player.duration > 0.2, player.error, player.videoWidth ?? 0];
        return player.play().then(found);
    }"""
    with visit("speaker") as page:
        run(page, "good evening")
        assert page.evaluate(play, "audio") == [True, None, 0]
    with visit("filmer") as page:
        run(page, "waves")
        assert page.evaluate(play, "video") == [True, None, 320]
        assert page.inner_text(".wt-newest").count("$0.20") == 2
    with visit("sculptor") as page:
        run(page, "a boat")
        page.wait_for_selector(".wt-newest .wt-makes-3d")
        with page.expect_download() as download:
            page.click("text=Download 0.glb")
        assert Path(download.value.path()).read_bytes()[:4] == b"glTF"


def test_text_grows_while_it_is_written(visit: Open, studio: Running) -> None:
    words = " ".join(f"word{number}" for number in range(200))
    studio.simulator.plan(Scenario(kind="text", answer=words, run=3000, updates=100))
    with visit("writer") as page:
        page.fill("[data-input=prompt] textarea", "go on")
        page.click(".wt-run-button")
        page.wait_for_selector(".wt-answer:has-text('word5')")
        first = page.inner_text(".wt-answer")
        assert words.startswith(first)
        assert page.get_attribute(".wt-run", "data-state") == "running"
        page.wait_for_selector(f".wt-answer:not(:text-is('{first}'))")
        grown = page.inner_text(".wt-answer")
        assert words.startswith(grown)
        assert len(grown) > len(first)
        page.click(".wt-stop")
        page.wait_for_selector(".wt-run[data-state=cancelled]")


def test_a_run_goes_on_while_the_connection_is_lost(visit: Open, studio: Running) -> None:
    studio.simulator.plan(HELD)
    opened = visit()
    with opened as page:
        run(page, "a lighthouse", "running")
        page.context.set_offline(True)
        with page.expect_console_message(lambda message: "net::ERR_" in message.text):
            # What is open stays open to Chromium; the studio, which ends, closes it.
            again = studio.restart(port=studio.port)
            page.get_by_role("status").filter(has_text="the run goes on").wait_for()
        page.context.set_offline(False)
        page.wait_for_selector("text=the run goes on", state="hidden")
        assert page.locator(".wt-run[data-state=running]").count() == 1
        page.click(".wt-stop")
        page.wait_for_selector(".wt-run[data-state=cancelled]")
        assert len(again.simulator.runs) == 1
        assert opened.watched.troubles
        assert all("net::ERR_" in each for each in opened.watched.troubles)
        opened.watched.troubles.clear()


def test_an_unknown_price_is_allowed_below_a_ceiling(visit: Open, studio: Running) -> None:
    opened = visit("writer")
    with opened as page:
        assert page.inner_text(".wt-run-price") == "price unknown"
        assert page.locator(".wt-allow").is_hidden()
        page.fill("[data-input=prompt] textarea", "go on")
        page.fill(".wt-ceiling input", "0.50")
        page.click(".wt-run-button")
        # Once, beside the field, and not again below it.
        said = page.locator("text=the price is not known, so it cannot be kept below")
        said.wait_for()
        assert said.count() == 1
        assert page.inner_text(".wt-run-status").startswith("Nothing was sent")
        assert studio.simulator.runs == []
        assert len(opened.watched.troubles) == 1
        opened.watched.troubles.clear()
        page.check("text=Allow unknown prices")
        run(page, "go on")


def test_the_token_is_in_no_address_and_no_referrer(visit: Open) -> None:
    with visit() as page:
        addresses: list[str] = page.evaluate(
            """[location.href, document.referrer]
                .concat(performance.getEntries().map((each) => each.name))"""
        )
        assert not [each for each in addresses if TOKEN in each]
        page.go_back()
        assert TOKEN not in page.url


def test_an_output_that_is_opened_by_itself_runs_nothing(visit: Open, studio: Running) -> None:
    hostile = (
        "<svg xmlns='http://www.w3.org/2000/svg'><script>document.title = 'ran'</script></svg>"
    )
    opened = visit()
    with opened as page:
        run(page, "a lighthouse")
        folder = next(studio.folder.glob("runs/*"))
        record = json.loads((folder / "run.json").read_text("utf-8"))
        record["outputs"][0] |= {"file": "x.svg", "type": "image/svg+xml"}
        (folder / "run.json").write_text(json.dumps(record), "utf-8")
        (folder / "outputs" / "x.svg").write_text(hostile, "utf-8")
        # An open page would complain of the studio that is away meanwhile.
        page.goto("about:blank")
        again = studio.restart(port=studio.port)
        page.goto(f"{again.origin}/studio/runs/{folder.name}/outputs/0")
        assert page.evaluate("document.documentElement.localName") == "svg"
        assert page.title() != "ran"
        assert page.evaluate("origin") == "null"
        troubles = opened.watched.troubles
        assert any("Blocked script execution" in each for each in troubles), troubles
        # On a busy machine the browser says more, of the page before it among others.
        troubles.clear()


def test_for_everybody(visit: Open, studio: Running) -> None:
    with visit() as page:
        page.focus("[data-input=prompt] textarea")
        page.keyboard.type("a lighthouse")
        page.keyboard.press("Control+Enter")
        page.wait_for_selector(".wt-run[data-state=succeeded]")
        studio.simulator.plan(HELD)
        page.focus(".wt-run-button")
        page.keyboard.press("Enter")
        page.wait_for_selector(".wt-run[data-state=running]")
        check_for_everybody(page)
        page.focus(".wt-stop")
        page.keyboard.press("Enter")
        page.wait_for_selector(".wt-run[data-state=cancelled]")
