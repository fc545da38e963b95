"""A real browser, driven through a pair of pipes: headless Chromium, that reaches nothing but 127.0.0.1."""

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--no-sandbox",  # in a container it cannot make one; it opens no page but ours
    "--password-store=basic",
)


def installed() -> str | None:
    """The browser's program, None where there is none."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome", "chrome"))
    return next((path for path in found if path), None)


@dataclass
class Browser:
    """What was started, and the pipes to it."""

    pid: int
    to: int
    back: int
    _number: int = 0
    _rest: bytes = b""
    events: list[dict[str, Any]] = field(default_factory=list)

    def send(self, method: str, session: str | None = None, /, **parameters: Any) -> dict[str, Any]:
        """Call a method of the DevTools protocol; its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            heard = self.hear()
            if heard.get("id") == self._number:
                if "error" in heard:
                    raise RuntimeError(f"{method}: {heard['error']}")
                return heard["result"]  # type: ignore[no-any-return]

    def hear(self, wait_s: float = 30) -> dict[str, Any]:
        """The next message; events are kept besides."""
        while b"\0" not in self._rest:
            said = select.poll()  # a test session may hold more files than select can name
            said.register(self.back, select.POLLIN)
            if not said.poll(wait_s * 1000):
                raise TimeoutError("the browser says nothing")
            part = os.read(self.back, 1 << 20)
            if not part:
                raise RuntimeError("the browser has ended")
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        if "method" in message:
            self.events.append(message)
        return message


@dataclass
class Page:
    """A tab."""

    browser: Browser
    session: str

    def send(self, method: str, /, **parameters: Any) -> dict[str, Any]:
        return self.browser.send(method, self.session, **parameters)

    def run(self, script: str) -> Any:
        """What an expression in the page gives; a promise is awaited."""
        told = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise AssertionError(told["exceptionDetails"]["exception"].get("description", told))
        return told["result"].get("value")

    def until(self, script: str, wait_s: float = 20) -> None:
        """Wait for an expression to be true."""
        end = time.monotonic() + wait_s
        while time.monotonic() < end:
            if self.run(f"Boolean({script})"):
                return
            time.sleep(0.02)
        raise AssertionError(f"never: {script}\n{self.run('document.body.innerText')}")

    def look(self, width: int, height: int = 800, *, dark: bool = False) -> None:
        """Take that size of screen, in pixels, and that colour scheme."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, url: str) -> None:
        self.send("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def type(self, text: str) -> None:
        """Write into what has the focus."""
        self.send("Input.insertText", text=text)

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key: Tab, Enter or a letter."""
        codes = {"Tab": 9, "Enter": 13, " ": 32, "ArrowDown": 40}
        more = {"text": "\r"} if key == "Enter" else {"text": " "} if key == " " else {}
        known = {"key": key, "windowsVirtualKeyCode": codes[key], "modifiers": 8 if shift else 0}
        self.send("Input.dispatchKeyEvent", type="keyDown" if more else "rawKeyDown", **known, **more)
        self.send("Input.dispatchKeyEvent", type="keyUp", **known)

    def picture(self, path: Path) -> None:
        """Write the whole page, all of its height, as a PNG."""
        size = self.send("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        told = self.send("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(told["data"]))

    def spoken(self) -> list[tuple[str, str]]:
        """Role and name of what a screen reader tells."""
        nodes = self.send("Accessibility.getFullAXTree")["nodes"]
        return [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes
            if not node.get("ignored")
        ]

    @property
    def requested(self) -> list[str]:
        """The address of every request that the page made."""
        return [
            event["params"]["request"]["url"]
            for event in self.browser.events
            if event["method"] == "Network.requestWillBeSent" and event.get("sessionId") == self.session
        ]

    @property
    def complaints(self) -> list[str]:
        """What the browser wrote to its console: errors, and what a policy forbade."""
        said = []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            if event["method"] == "Log.entryAdded":
                said.append(event["params"]["entry"]["text"])
            elif event["method"] in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
                said.append(json.dumps(event["params"])[:500])
        return said


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser; it and its files are gone at the end."""
    program = installed()
    assert program is not None
    profile = tempfile.mkdtemp(prefix="chromium-")
    theirs, to = os.pipe()
    back, ours = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in (theirs, ours)]
    quiet = os.open(os.devnull, os.O_RDWR)
    actions = [
        (os.POSIX_SPAWN_DUP2, high[0], 3),
        (os.POSIX_SPAWN_DUP2, high[1], 4),
        *((os.POSIX_SPAWN_DUP2, quiet, end) for end in (0, 1, 2)),
    ]
    command = [program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
    environment = {**os.environ, "HOME": profile, "no_proxy": "*"}
    pid = os.posix_spawn(program, command, environment, file_actions=actions, setpgroup=0)
    for end in (theirs, ours, *high, quiet):
        os.close(end)
    browser = Browser(pid, to, back)
    try:
        yield browser
    finally:
        with suppress(OSError, RuntimeError, TimeoutError):
            browser.send("Browser.close")
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(to)
        os.close(back)
        shutil.rmtree(profile, ignore_errors=True)


def opened(browser: Browser) -> Page:
    """A new tab."""
    target = browser.send("Target.createTarget", url="about:blank")["targetId"]
    session = browser.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    page = Page(browser, session)
    for part in ("Page", "Runtime", "Network", "Log", "DOM"):
        page.send(f"{part}.enable")
    return page
