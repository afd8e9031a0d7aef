"""What keeps the page to its reader: other sites' pages cannot act in it, texts cannot run."""

from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}

LOCAL = ("127.0.0.1", "localhost")


@web.middleware
async def only_from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse other names for this machine, and posts from other sites' pages.

    A name of somebody else's that leads to 127.0.0.1 would otherwise let a foreign
    page read and act here.
    """
    if request.url.host not in LOCAL:
        raise web.HTTPForbidden(text="Open this page as http://127.0.0.1.")
    if request.method == "POST":
        origin = request.headers.get("Origin", "")
        if origin and origin != f"{request.scheme}://{request.host}":
            raise web.HTTPForbidden(text="Only the sandbox's own page may do this.")
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(text="Send JSON.")
    return await handler(request)


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Every response says what its reader's browser may do with it."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
