"""The client goes where the guard lets it, shows credentials to nobody else and gives up in time."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from bot.errors import Rejected, Temporary
from bot.model.credentials import Credentials
from bot.repository.fetching import ANONYMOUS, Answer, Client, Request
from bot.repository.guard import Allowed, origin_of
from tests.integration.repository.charts.servers import Certificates, Reply, WebServer, redirect

LOOPBACK = Allowed.of(["127.0.0.0/8"])
ALICE = Credentials(username="alice", password="hush")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WebServer]:
    with WebServer(tmp_path) as found:
        yield found


@pytest.fixture
def other(tmp_path: Path) -> Iterator[WebServer]:
    with WebServer(tmp_path) as found:
        yield found


def client(allowed: Allowed = LOOPBACK, *, timeout: float = 10.0) -> Client:
    return Client(allowed, timeout=timeout, proxies={})


def get(
    url: str, *, by: Client | None = None, access: Credentials = ANONYMOUS, most: int = 1_000
) -> tuple[Answer, bytes]:
    into = io.BytesIO()
    answer = (by or client()).get(Request(url, origin_of(url), access, most=most), into)
    return answer, into.getvalue()


def test_a_body_is_fetched_with_the_credentials_of_its_repository(server: WebServer) -> None:
    answer, body = get(server.serve("/index.yaml", b"entries: {}"), access=ALICE)
    assert (answer.status, body) == (200, b"entries: {}")
    assert server.seen[0].headers["Authorization"] == "Basic YWxpY2U6aHVzaA=="


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"])
def test_this_machine_is_not_reached_however_it_is_written(server: WebServer, host: str) -> None:
    server.serve("/", b"secret")
    with pytest.raises(Rejected, match="not a public address"):
        get(f"http://{host}:{server.port}/", by=client(Allowed()))
    assert server.seen == []


def test_what_the_operator_names_in_a_secret_may_be_at_home_and_no_metadata_service(
    server: WebServer, other: WebServer
) -> None:
    vouched = Credentials(vouched=True)
    assert get(server.serve("/", b"chart"), by=client(Allowed()), access=vouched)[1] == b"chart"
    with pytest.raises(Rejected, match="not a public address"):
        get("http://169.254.169.254/", by=client(Allowed()), access=vouched)
    server.replies["/away"] = redirect(other.serve("/", b"secret"))
    with pytest.raises(Rejected, match="not a public address"):
        get(f"{server.url}/away", by=client(Allowed()), access=vouched)
    assert other.seen == []


def test_plain_http_needs_the_operators_word() -> None:
    public = Client(Allowed(), timeout=5.0, proxies={}, resolver=lambda _host, _port: ["93.184.216.34"])
    with pytest.raises(Rejected, match="over plain http") as refused:
        get("http://charts.example/", by=public)
    assert "FORESAIL_FETCH_ALLOW" in refused.value.remedy


def test_a_redirect_to_a_metadata_service_is_not_followed(server: WebServer) -> None:
    server.replies["/chart.tgz"] = redirect("http://169.254.169.254/latest/meta-data/")
    with pytest.raises(Rejected, match=r"169\.254\.169\.254, which is not a public address"):
        get(f"{server.url}/chart.tgz")


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://127.0.0.1/", "//", "https://u:p@127.0.0.1/"])
def test_a_redirect_leads_to_the_web_or_nowhere(server: WebServer, target: str) -> None:
    server.replies["/chart.tgz"] = redirect(target)
    with pytest.raises(Rejected):
        get(f"{server.url}/chart.tgz")


def test_redirects_come_to_an_end(server: WebServer) -> None:
    server.replies["/a"] = redirect("/a")
    with pytest.raises(Rejected, match="redirects more than 5 times"):
        get(f"{server.url}/a")
    assert len(server.seen) == 6


def test_credentials_are_not_shown_to_another_port(server: WebServer, other: WebServer) -> None:
    server.replies["/chart.tgz"] = redirect(other.serve("/blob", b"chart"))
    _, body = get(f"{server.url}/chart.tgz", access=Credentials(bearer_token="t0ken"))
    assert body == b"chart"
    assert "Authorization" in server.seen[0].headers
    assert "Authorization" not in other.seen[0].headers


def test_what_is_connected_to_is_what_was_resolved(server: WebServer) -> None:
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    rebinding = Client(LOOPBACK, timeout=5.0, proxies={}, resolver=lambda _host, _port: next(answers))
    server.serve("/", b"first answer")
    assert get(f"http://rebinding.example:{server.port}/", by=rebinding)[1] == b"first answer"
    assert server.seen[0].headers["Host"] == f"rebinding.example:{server.port}"


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    mixed = Client(Allowed(), timeout=5.0, proxies={}, resolver=lambda _host, _port: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(Rejected, match=r"10\.0\.0\.1"):
        get("https://mixed.example/", by=mixed)


def test_a_certificate_is_checked_for_the_name_and_not_the_address(tmp_path: Path) -> None:
    certificates = Certificates.of("charts.example")
    access = Credentials(authorities=certificates.authority)
    pinned = Client(LOOPBACK, timeout=5.0, proxies={}, resolver=lambda _host, _port: ["127.0.0.1"])
    with WebServer(tmp_path, certificates) as server:
        server.serve("/", b"private")
        assert get(f"https://charts.example:{server.port}/", by=pinned, access=access)[1] == b"private"
        for url in (f"https://other.example:{server.port}/", f"https://127.0.0.1:{server.port}/"):
            with pytest.raises(Rejected, match="is not trusted"):
                get(url, by=pinned, access=access)
        with pytest.raises(Rejected, match="is not trusted"):
            get(f"https://charts.example:{server.port}/", by=pinned)
        insecure = Credentials(insecure=True)
        assert get(f"https://other.example:{server.port}/", by=pinned, access=insecure)[1] == b"private"


def test_a_client_certificate_is_shown_to_its_own_host(tmp_path: Path) -> None:
    certificates, mine = Certificates.of("127.0.0.1"), Certificates.of("alice")
    access = Credentials(authorities=certificates.authority, client_certificate=mine.certificate, client_key=mine.key)
    with WebServer(tmp_path, certificates, client_authority=mine.authority) as server:
        assert get(server.serve("/", b"for alice"), access=access)[1] == b"for alice"
        with pytest.raises(Temporary):
            get(f"{server.url}/", access=Credentials(authorities=certificates.authority))


def test_a_broken_client_certificate_is_told_without_its_content(tmp_path: Path) -> None:
    certificates = Certificates.of("127.0.0.1")
    access = Credentials(authorities=certificates.authority, client_certificate="nonsense", client_key="s3cret")
    with WebServer(tmp_path, certificates) as server, pytest.raises(Rejected, match="cannot be read") as refused:
        get(f"{server.url}/", access=access)
    assert "s3cret" not in f"{refused.value} {refused.value.remedy} {access!r}"


def test_a_body_that_is_too_large_is_not_read(server: WebServer) -> None:
    def announced(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000000\r\n\r\n")

    server.replies["/announced"] = announced
    server.serve("/index.yaml", b"x" * 1_001)
    for path in ("/announced", "/index.yaml"):
        with pytest.raises(Rejected, match="larger than the 1,000 bytes"):
            get(server.url + path)


def test_an_endless_body_is_cut_off(server: WebServer) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while not handler.wfile.closed:
            handler.wfile.write(b"400\r\n" + b"x" * 1_024 + b"\r\n")

    server.replies["/"] = _until_hung_up(endless)
    with pytest.raises(Rejected, match="larger than"):
        get(f"{server.url}/", most=100_000)


@pytest.mark.parametrize("where", ["headers", "body"])
def test_a_server_that_drips_is_given_up(server: WebServer, where: str) -> None:
    stop = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"\r\n" if where == "body" else b""))
        while not stop.wait(0.05):
            handler.wfile.write(b"x")

    server.replies["/"] = _until_hung_up(drip)
    try:
        with pytest.raises(Temporary, match=r"longer than 0\.6 s"):
            get(f"{server.url}/", by=client(timeout=0.6), most=10**9)
    finally:
        stop.set()


def test_a_server_that_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for scheme in ("http", "https"):
            with pytest.raises(Temporary, match="cannot fetch"):
                get(f"{scheme}://127.0.0.1:{port}/", by=client(timeout=0.4))


def test_many_addresses_that_do_not_answer_are_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        port = deaf.getsockname()[1]
        with ExitStack() as full:  # the kernel answers as many as fit into its queue, and then nobody
            for _ in range(4):
                one = full.enter_context(socket.socket())
                one.setblocking(False)
                one.connect_ex(("127.0.0.1", port))
            many = Client(LOOPBACK, timeout=0.5, proxies={}, resolver=lambda _host, _port: ["127.0.0.1"] * 50)
            with pytest.raises(Temporary):
                get(f"http://many.example:{port}/", by=many)


def test_a_token_that_no_header_can_carry_is_told_without_it(server: WebServer) -> None:
    with pytest.raises(Rejected, match="bearer token has characters") as refused:
        get(server.serve("/", b""), access=Credentials(bearer_token="tökén"))
    assert "tök" not in str(refused.value)


def test_a_body_that_breaks_off_is_not_taken_for_whole(server: WebServer) -> None:
    def half(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")

    server.replies["/"] = half
    with pytest.raises(Temporary, match="breaks off"):
        get(f"{server.url}/")


@pytest.mark.parametrize(("asked", "wait"), [("7", 7.0), ("99999", 600.0), ("soon", 10.0)])
def test_a_busy_server_is_asked_again_when_it_says(server: WebServer, asked: str, wait: float) -> None:
    server.serve("/", b"", status=429, headers={"Retry-After": asked})
    with pytest.raises(Temporary) as refused:
        get(f"{server.url}/")
    assert refused.value.retry_after == wait


def test_a_host_that_is_not_there_is_told() -> None:
    with pytest.raises(Rejected, match=r"there is no host nowhere\.invalid"):
        get("https://nowhere.invalid/", by=Client(LOOPBACK, timeout=5.0, proxies={}, resolver=_nowhere))


def test_a_proxy_leads_to_where_this_machine_cannot_go(tmp_path: Path) -> None:
    certificates = Certificates.of("charts.example")
    access = Credentials(authorities=certificates.authority)
    with WebServer(tmp_path, certificates) as server, _tunnel(server.port) as (port, asked):
        server.serve("/", b"beyond")
        proxies = {"https": f"http://bob:pass@127.0.0.1:{port}"}
        proxied = Client(Allowed(), timeout=5.0, proxies=proxies, resolver=_nowhere)
        assert get("https://charts.example/", by=proxied, access=access)[1] == b"beyond"
    assert asked[0].startswith(b"CONNECT charts.example:443 ")
    assert b"Proxy-Authorization: Basic Ym9iOnBhc3M=" in asked[0]


def test_a_proxy_is_not_asked_for_what_it_is_not_for(server: WebServer) -> None:
    proxies = {"http": "http://127.0.0.1:1", "no": "127.0.0.1"}
    direct = Client(LOOPBACK, timeout=5.0, proxies=proxies)
    assert get(server.serve("/", b"direct"), by=direct)[1] == b"direct"


def test_a_proxy_does_not_lead_around_the_guard(server: WebServer) -> None:
    proxied = Client(Allowed(), timeout=5.0, proxies={"https": server.url})
    with pytest.raises(Rejected, match="not a public address"):
        get("https://169.254.169.254/", by=proxied)
    assert server.seen == []


def _until_hung_up(reply: Reply) -> Reply:
    def careful(handler: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            reply(handler)

    return careful


def _nowhere(_host: str, _port: int) -> list[str]:
    raise socket.gaierror(socket.EAI_NONAME, "not known")


@contextmanager
def _tunnel(port: int) -> Iterator[tuple[int, list[bytes]]]:
    """Run a proxy that connects everybody to one port of this machine; yield its own, and what it is asked."""
    asked: list[bytes] = []

    def serve(listening: socket.socket) -> None:
        inner, _ = listening.accept()
        with inner, socket.create_connection(("127.0.0.1", port)) as outer:
            asked.append(inner.recv(65_536))
            inner.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            back = threading.Thread(target=_pipe, args=(outer, inner), daemon=True)
            back.start()
            _pipe(inner, outer)
            back.join()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        yield listening.getsockname()[1], asked
        thread.join()


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
