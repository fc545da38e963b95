"""``GET /try``: a page to ask the service by hand, and ``POST /explain``, which answers it.

The page is the same bytes for every service and holds nothing of any: it makes its form from
``/openapi.json``, which is asked for with a token where one is demanded. So whoever reaches the
service may have the page, as a browser cannot send a token with an address that is typed.

Trying is no decision: it is decided and explained, but neither logged nor counted, so nobody is
exposed and an experiment does not know of it.
"""

import asyncio
import functools
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import msgspec

from fullcycle.kernel import now, uuid7
from fullcycle.serve.problem import Response, problem, response
from fullcycle.serve.reading import Asked, Rejected, is_array, read_row
from fullcycle.serve.routes import Request
from fullcycle.serve.serving import Active
from fullcycle.serve.tracing import Trace

AT_ONCE = 4
"""How many explanations a worker makes at once: each takes longer than a decision."""

_ASSETS = Path(__file__).parent / "assets"
_SCRIPTS = ("try-form.js", "try-answer.js", "try-page.js")
_ENCODER = msgspec.json.Encoder()


async def page(request: Request) -> Response:
    """The page."""
    return _page()


class Explainer:
    """Decides without deciding: what a request would be answered, and why."""

    def __init__(self) -> None:
        self._busy = 0

    async def answer(self, active: Active, body: bytes, asked: Asked) -> Response:
        """Explain what one row would be answered.

        Raises:
            Rejected: where the body is no row, or holds many; with 429 where many are explained
                just now.
        """
        if is_array(body):
            raise Rejected(problem(422, "send one row: only one is explained at a time"))
        if self._busy >= AT_ONCE:
            raise Rejected(
                problem(429, "many are being explained just now", headers=[(b"retry-after", b"1")])
            )
        decider = active.decider
        row = read_row(decider.release.row, body)
        at = now() if asked.at is None else asked.at
        id = asked.key if asked.key is not None else uuid7(at)
        trace = Trace(
            decider.release,
            number=decider.number,
            environment=decider.environment,
            sticky=decider.sticky,
        )
        self._busy += 1
        try:
            trace.decide(row, id, at)
            told = await asyncio.to_thread(trace.explanation)  # who wants a decision is not kept waiting
        finally:
            self._busy -= 1
        return response(200, _ENCODER.encode(told), headers=[(b"cache-control", b"no-store")])


@functools.cache
def _page() -> Response:
    style = _asset("try.css")
    script = '"use strict";\n(() => {\n' + "\n".join(map(_asset, _SCRIPTS)) + "})();\n"
    html = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n<title>Try it – fullcycle</title>\n'
        f"<style>{style}</style>\n</head>\n<body>\n{_asset('try.html')}<script>{script}</script>\n</body>\n</html>\n"
    )
    headers = [
        (b"content-security-policy", _policy(style, script).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cache-control", b"no-cache"),
    ]
    return response(200, html.encode(), b"text/html; charset=utf-8", headers)


def _policy(style: str, script: str) -> str:
    """What a browser lets the page do: run its own script, and ask the service that it came from.

    Source: W3C, Content Security Policy Level 3.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash(script)}",
            f"style-src {_hash(style)}",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")
