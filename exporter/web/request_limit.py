"""--web.max-requests: how many scrapes and probes are answered at once. More are refused with 503 and Retry-After."""

from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
RETRY_AFTER_SECONDS = 1


class RequestLimit:
    """Counts the requests that handlers are answering, all of them together; 0 as limit means no limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.inside = 0

    def limited(self, handler: Handler) -> Handler:
        """Return the handler with a 503 for requests beyond the limit."""

        async def answer(request: web.Request) -> web.StreamResponse:
            if self._limit and self.inside >= self._limit:
                text = f"{self.inside} requests are being answered, as many as --web.max-requests allows\n"
                return web.Response(status=503, text=text, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
            self.inside += 1
            try:
                return await handler(request)
            finally:
                self.inside -= 1

        return answer
