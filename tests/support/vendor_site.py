"""A vendor's site on loopback: files at their real paths, with faults on demand."""

import asyncio
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

type Fault = str  # cut, 429, 429-date, 503, 401, no-range, stall


class Site:
    """`files`: path -> bytes. `faults`: path -> what goes wrong with its next requests, one each. `seen`: requests."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.faults = dict(files), dict[str, list[Fault]]()
        self.seen: list[tuple[str, str]] = []  # path, Range
        self.sums: dict[str, str] = {}  # instead of the true ones
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        self.seen.append((path, request.headers.get("Range", "")))
        fault = self.faults[path].pop(0) if self.faults.get(path) else ""
        if fault.isdigit() or fault == "429-date":
            return _refusal(fault)
        if path.endswith(".CHECKSUM") and (base := path.removesuffix(".CHECKSUM")) in self.files:
            true = hashlib.sha256(self.files[base]).hexdigest()
            return web.Response(text=f"{self.sums.get(base, true)}  {base.rsplit('/', 1)[1]}\n")
        if path not in self.files:
            return web.Response(status=404)
        return await self._file(request, self.files[path], fault)

    async def _file(self, request: web.Request, body: bytes, fault: Fault) -> web.StreamResponse:
        tag = f'"{hashlib.md5(body).hexdigest()}"'
        start = 0
        if request.headers.get("If-Range") == tag and fault != "no-range":
            start = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        if start >= len(body) > 0:
            return web.Response(status=416)
        headers = {"ETag": tag, "Content-Length": str(len(body) - start)}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        response = web.StreamResponse(status=206 if start else 200, headers=headers)
        await response.prepare(request)
        rest = body[start:]
        if fault == "cut":
            await response.write(rest[: len(rest) // 2])
            assert request.transport is not None
            request.transport.close()
            return response
        await response.write(rest)
        return response


def _refusal(fault: Fault) -> web.Response:
    if fault == "429-date":
        when = {"Retry-After": "Thu, 01 Aug 2024 00:00:07 GMT", "Date": "Thu, 01 Aug 2024 00:00:00 GMT"}
        return web.Response(status=429, headers=when)
    return web.Response(status=int(fault), headers={"Retry-After": "3"} if fault == "429" else {})


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[Site]:
    """The site while the block lasts, in a thread of its own."""
    site, loop, ready = Site(files), asyncio.new_event_loop(), threading.Event()
    stop: dict[str, Any] = {}

    async def serve() -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", site.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        listening = web.TCPSite(runner, "127.0.0.1", 0)
        await listening.start()
        host, port = runner.addresses[0][:2]
        site.url, stop["event"] = f"http://{host}:{port}", asyncio.Event()
        ready.set()
        await stop["event"].wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield site
    finally:
        loop.call_soon_threadsafe(stop["event"].set)
        thread.join()
        loop.close()
