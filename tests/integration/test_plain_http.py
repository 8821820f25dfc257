"""The transport of the Python API's client, against servers that answer byte by byte as told."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from dojobbot.deeporigin.plain_http import PlainTransport, without_proxy

Answer = Callable[[socket.socket], None]
OK = b"HTTP/1.1 200 OK\r\n"
BODY = b"0123456789" * 100_000


def sized(body: bytes, *headers: bytes, said: int | None = None) -> bytes:
    length = b"Content-Length: %d" % (len(body) if said is None else said)
    return OK + b"\r\n".join([length, *headers]) + b"\r\n\r\n" + body


def sends(*parts: bytes, close: bool = False) -> Answer:
    def answer(peer: socket.socket) -> None:
        for part in parts:
            peer.sendall(part)
        if close:
            peer.close()

    return answer


class Server:
    """Answers one request after the other as told, and counts connections."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0
        self.heard: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _talk(self, peer: socket.socket) -> None:
        with peer, contextlib.suppress(OSError):
            heard = b""
            while peer.fileno() >= 0:
                while b"\r\n\r\n" not in heard:
                    more = peer.recv(65536)
                    if not more:
                        return
                    heard += more
                head, _, heard = heard.partition(b"\r\n\r\n")
                with self._lock:
                    self.heard.append(head)
                    answer = self._answers.pop(0)
                answer(peer)


@contextmanager
def serving(*answers: Answer) -> Iterator[tuple[Server, httpx.Client]]:
    server = Server(*answers)
    try:
        with httpx.Client(transport=PlainTransport(), base_url=server.url, timeout=40) as client:
            yield server, client
    finally:
        server.stop()


def test_answers_of_every_kind_arrive_whole() -> None:
    """With a length, in chunks, packed, empty, and ended by the end of the connection."""
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (BODY[:7], BODY[7:])) + b"0\r\n\r\n"
    with serving(
        sends(sized(BODY)),
        sends(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked),
        sends(sized(gzip.compress(BODY), b"Content-Encoding: gzip")),
        sends(b"HTTP/1.1 204 No Content\r\n\r\n"),
        sends(OK + b"\r\n" + BODY, close=True),
    ) as (server, client):
        assert [client.get("/").content for _ in range(5)] == [BODY, BODY, BODY, b"", BODY]
        assert server.connections == 1


def test_a_request_is_sent_as_httpx_would() -> None:
    with serving(sends(sized(b"{}"))) as (server, client):
        answer = client.patch("/a b:cancel", params={"q": "x y"}, headers={"Accept": "application/json"})
        assert answer.json() == {}
    (head,) = server.heard
    line, *headers = head.decode().split("\r\n")
    assert line == "PATCH /a%20b:cancel?q=x+y HTTP/1.1"
    names = [header.partition(":")[0].lower() for header in headers]
    assert sorted(set(names)) == sorted(names)
    assert {"host", "accept", "accept-encoding", "user-agent"} <= set(names)


def test_a_connection_that_the_server_closed_meanwhile_is_not_used() -> None:
    """Nothing is sent into it, so nothing that changes something can be lost in it or sent twice."""
    with serving(sends(sized(b"1"), close=True), sends(sized(b"2"))) as (server, client):
        assert client.get("/").content == b"1"
        time.sleep(0.05)
        assert client.get("/").content == b"2"
        assert server.connections == 2
        assert len(server.heard) == 2


def test_a_server_that_keeps_no_connection_is_asked_anew() -> None:
    with serving(sends(sized(b"1", b"Connection: close")), sends(sized(b"2"))) as (server, client):
        assert [client.get("/").content for _ in range(2)] == [b"1", b"2"]
        assert server.connections == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (sends(sized(b"short", said=100), close=True), httpx.RemoteProtocolError),
        (sends(OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\nshort", close=True), httpx.RemoteProtocolError),
        (sends(b"what?\r\n\r\n", close=True), httpx.RemoteProtocolError),
        (sends(b"", close=True), httpx.ReadError),
        (sends(sized(b"short", said=100)), httpx.ReadTimeout),
        (sends(), httpx.ReadTimeout),
    ],
)
def test_what_goes_wrong_is_an_error_of_httpx_and_the_connection_is_given_up(
    answer: Answer, error: type[httpx.RequestError]
) -> None:
    with serving(answer, sends(sized(b"fine"))) as (server, client):
        with pytest.raises(error):
            client.get("/", timeout=0.3)
        assert client.get("/").content == b"fine"
        assert server.connections == 2


@pytest.mark.parametrize(
    ("sent", "read"), [(b"Jos\xe9", "José"), ("José".encode(), "José"), (b"\xff\x80", "ÿ\x80")]
)
def test_a_header_in_any_letters_costs_nothing(sent: bytes, read: str) -> None:
    """It is read as httpx's own transport reads it, and the connection stays in use."""
    with serving(sends(sized(b"1", b"X-User: " + sent)), sends(sized(b"2"))) as (server, client):
        assert client.get("/").headers["x-user"] == read
        assert client.get("/").content == b"2"
        assert server.connections == 1


@pytest.mark.parametrize("host", ["a" * 64 + ".example.org", "a..example.org"])
def test_a_name_that_no_host_can_have_is_an_error_of_httpx(host: str) -> None:
    with httpx.Client(transport=PlainTransport()) as client, pytest.raises(httpx.ConnectError):
        client.get(f"http://{host}")


def test_nobody_there_is_an_error_of_httpx() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with httpx.Client(transport=PlainTransport()) as client, pytest.raises(httpx.ConnectError):
        client.get(url)


def test_an_answer_that_is_not_read_to_its_end_leaves_no_connection_for_others() -> None:
    with serving(sends(sized(BODY)), sends(sized(b"fine"))) as (server, client):
        with client.stream("GET", "/") as response:
            next(response.iter_raw())
        assert client.get("/").content == b"fine"
        assert server.connections == 2


def test_closing_ends_what_somebody_else_waits_for() -> None:
    asked = threading.Event()
    ended: list[Exception] = []
    transport = PlainTransport()
    server = Server(lambda _peer: asked.set())

    def wait() -> None:
        with httpx.Client(transport=transport, timeout=30) as client:
            try:
                client.get(server.url)
            except httpx.RequestError as error:
                ended.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert asked.wait(5)
    transport.close()
    waiting.join(5)
    server.stop()
    assert not waiting.is_alive()
    assert len(ended) == 1


@pytest.mark.parametrize(
    "head", [sized(BODY[:9], b"Connection: close", said=99), b"HTTP/1.0 200 OK\r\n\r\n12"]
)
def test_closing_ends_an_answer_after_which_the_server_hangs_up(head: bytes) -> None:
    """Such an answer is the last on its connection; whoever waits for the rest of it hears of the end."""
    begun = threading.Event()
    ended: list[str] = []
    transport = PlainTransport()
    server = Server(sends(head))

    def read() -> None:
        with (
            httpx.Client(transport=transport, timeout=30) as client,
            contextlib.suppress(httpx.RequestError),
            client.stream("GET", server.url) as response,
        ):
            begun.set()
            response.read()
        ended.append("heard")

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    assert begun.wait(5)
    transport.close()
    reading.join(5)
    server.stop()
    assert ended == ["heard"]


def test_many_threads_share_it() -> None:
    count = 24
    with serving(*[sends(sized(BODY))] * count) as (server, client):
        sizes: list[int] = []
        threads = [
            threading.Thread(target=lambda: sizes.append(len(client.get("/").content))) for _ in range(count)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert sizes == [len(BODY)] * count
        assert server.connections <= count


@pytest.mark.parametrize(
    ("environment", "url", "direct"),
    [
        ({}, "https://api.example.org", True),
        ({"https_proxy": "http://proxy:3128"}, "https://api.example.org", False),
        ({"https_proxy": "http://proxy:3128"}, "http://127.0.0.1:8000", True),
        ({"all_proxy": "http://proxy:3128"}, "https://api.example.org", False),
        ({"https_proxy": "http://proxy:3128", "no_proxy": "example.org"}, "https://api.example.org", True),
    ],
)
def test_a_proxy_is_left_to_httpx(
    environment: dict[str, str], url: str, direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert without_proxy(url) is direct
