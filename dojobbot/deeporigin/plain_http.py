"""HTTP/1.1 by the standard library, as a transport for httpx's blocking client.

A dataframe of 100,000 jobs is 200 MB of answers. Through httpx's own transport their way from the socket
costs about as much processor time as decoding them; read in large pieces, it costs next to none. Everything
else stays httpx's: headers, encodings, the errors that it raises.
"""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from urllib.request import getproxies, proxy_bypass

import httpx

__all__ = ["PlainTransport", "without_proxy"]

PIECE = 512 * 1024
MOST_IDLE = 10
Connection = http.client.HTTPConnection


def without_proxy(url: str) -> bool:
    """Whether nothing in the environment asks to go to an address by way of a proxy."""
    target = httpx.URL(url)
    proxies = getproxies()
    named = target.scheme in proxies or "all" in proxies
    return not named or bool(proxy_bypass(target.host))


class PlainTransport(httpx.BaseTransport):
    """Sends each request over a connection of its own or one that is idle; safe to share between threads."""

    def __init__(self) -> None:
        self._tls: ssl.SSLContext | None = None
        self._idle: dict[httpx.URL, list[Connection]] = {}
        self._at_work: dict[Connection, socket.socket] = {}
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; raises one of httpx's errors when no answer begins to come."""
        origin = request.url.copy_with(raw_path=b"/", userinfo=b"")
        timeout = request.extensions.get("timeout", {})
        connection = self._idle_one(origin) or self._connected(origin, timeout.get("connect"))
        with self._work_of(connection), _as_httpx(request):
            connection.sock.settimeout(timeout.get("read"))
            connection.putrequest(
                request.method,
                request.url.raw_path.decode("ascii"),
                skip_host=True,
                skip_accept_encoding=True,
            )
            for name, value in request.headers.raw:
                connection.putheader(name.decode("ascii"), value)
            connection.endheaders(request.read())
            response = connection.getresponse()
        body = _Body(response, request, lambda is_whole: self._done(origin, connection, response, is_whole))
        return httpx.Response(response.status, headers=_headers(response), stream=body, request=request)

    def close(self) -> None:
        """Close the idle connections, and let whoever waits on another one hear that it is over."""
        with self._lock:
            idle, self._idle = self._idle, {}
            at_work = tuple(self._at_work.values())
        for connections in idle.values():
            for connection in connections:
                connection.close()
        for sock in at_work:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def _work_of(self, connection: Connection) -> Iterator[None]:
        """Send and hear on a connection; when that fails, it is of no more use."""
        with self._lock:
            # The socket itself: a connection forgets it once an answer says that nothing follows on it.
            self._at_work[connection] = connection.sock
        try:
            yield
        except BaseException:
            with self._lock:
                self._at_work.pop(connection, None)
            connection.close()
            raise

    def _connected(self, origin: httpx.URL, timeout: float | None) -> Connection:
        if origin.scheme == "https":
            with self._lock:
                # Made when first needed: it reads all the certificates.
                self._tls = self._tls or _tls()
            connection: Connection = http.client.HTTPSConnection(
                origin.host, origin.port, timeout=timeout, context=self._tls
            )
        else:
            connection = Connection(origin.host, origin.port, timeout=timeout)
        try:
            connection.connect()
        except TimeoutError as fault:
            raise httpx.ConnectTimeout(str(fault)) from fault
        except (OSError, UnicodeError) as fault:  # UnicodeError: no host can have that name
            raise httpx.ConnectError(str(fault)) from fault
        return connection

    def _idle_one(self, origin: httpx.URL) -> Connection | None:
        while True:
            with self._lock:
                idle = self._idle.get(origin)
                connection = idle.pop() if idle else None
            if connection is None or not _has_ended(connection):
                return connection
            connection.close()

    def _done(
        self, origin: httpx.URL, connection: Connection, response: http.client.HTTPResponse, is_whole: bool
    ) -> None:
        """Keep a connection whose answer was read to its end, where the server keeps it too."""
        stays = is_whole and not response.will_close
        response.close()
        with self._lock:
            self._at_work.pop(connection, None)
            idle = self._idle.setdefault(origin, [])
            if stays and len(idle) < MOST_IDLE:
                idle.append(connection)
                return
        connection.close()


class _Body(httpx.SyncByteStream):
    """What follows the headers, in large pieces."""

    def __init__(
        self, response: http.client.HTTPResponse, request: httpx.Request, done: Callable[[bool], None]
    ) -> None:
        self._response = response
        self._request = request
        self._done = done
        self._is_whole = False
        self._is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        announced = None if self._response.chunked else self._response.length
        came = 0
        with _as_httpx(self._request):
            while piece := self._response.read1(PIECE):
                came += len(piece)
                yield piece
        if announced is not None and came < announced:
            raise httpx.RemoteProtocolError(f"hung up after {came} of {announced} bytes")
        self._is_whole = True

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._done(self._is_whole)


@contextlib.contextmanager
def _as_httpx(request: httpx.Request) -> Iterator[None]:
    """Raise what goes wrong as httpx would."""
    try:
        yield
    except TimeoutError as fault:
        raise httpx.ReadTimeout(str(fault), request=request) from fault
    except OSError as fault:
        raise httpx.ReadError(str(fault), request=request) from fault
    except http.client.HTTPException as fault:
        raise httpx.RemoteProtocolError(type(fault).__name__, request=request) from fault


def _headers(response: http.client.HTTPResponse) -> list[tuple[bytes, bytes]]:
    """Give the headers as they came: `http.client` took each byte for a letter."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.getheaders()]


def _tls() -> ssl.SSLContext:
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _has_ended(connection: Connection) -> bool:
    """Whether the other side has closed an idle connection, or has sent what nobody asked for."""
    if connection.sock is None:
        return True
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([connection.sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))
