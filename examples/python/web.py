"""Requests of a component: judged, spread over time, sent, and their failures by the names of `wasi:http`."""

import http.client
import socket
import ssl
import threading
import time
from concurrent.futures import Future, wait
from types import SimpleNamespace
from urllib.parse import urlsplit

from wasmtime.component import Variant

#: The largest body of a request.
MOST_BYTES = 1 << 20


class Body:
    """The body of a request, sent once it is whole."""

    def __init__(self):
        self.bytes = b""
        self.is_whole = False
        self._ended = threading.Event()

    def write(self, contents):
        self.bytes += contents
        if len(self.bytes) > MOST_BYTES:
            raise ValueError("the body of a request is larger than 1 MiB")

    def finish(self):
        self.is_whole = True
        self._ended.set()

    def drop(self):
        self._ended.set()

    def wait(self, timeout):
        return self._ended.wait(timeout) and self.is_whole


class Answer:
    """The answer to a request, its body still on its way."""

    def __init__(self, rights, response, connection):
        self.status = response.status
        self.headers = [(name.lower(), value.encode("latin-1")) for name, value in response.getheaders()]
        # The connection is closed with the answer.
        self._rights, self._response, self._connection = rights, response, connection

    def read(self, count):
        """Returns the next bytes; none at the end. An early end is an `OSError`, like any other break."""
        future = in_background(self._read, count)
        while not wait([future], timeout=1).done:
            self._rights.in_time()
        return future.result()

    def _read(self, count):
        try:
            read = self._response.read1(count)
        except http.client.HTTPException as error:
            raise ConnectionError("the answer broke off") from error
        if not read and self._response.length:
            raise ConnectionError("the answer broke off")
        return read


def in_background(function, *arguments):
    """Returns the future of a call in a thread that does not keep the process: a server may drip for hours."""
    future = Future()

    def run():
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def send(rights, request):
    """Returns a future of the answer, or of an error code of `wasi:http`; an error code at once if it may not leave."""
    scheme = name_of(request.values["scheme"] or "https")
    method = name_of(request.values["method"])
    authority = request.values["authority"] or ""
    if not rights.allowed.permits(method, scheme, authority):
        return Variant("HTTP-request-denied")
    delay = rights.throttle.reserve(time.monotonic())
    return in_background(sent, rights, request, method.upper(), urlsplit(f"{scheme}://{authority}"), delay)


def name_of(variant):
    """Returns the name of a case of `scheme` or `method`, or the text of the case `other`, in lower case."""
    named = variant if isinstance(variant, str) else variant.payload or variant.tag
    return named.lower()


def sent(rights, request, method, url, delay):
    with rights.uncounted():
        time.sleep(delay)
    try:
        return exchange(rights, request, method, url)
    except Exception as error:  # The component must get an answer, whatever the library raises.
        return code_of(error)


def exchange(rights, request, method, url):
    if request.content and not request.content.wait(rights.timeout):
        return Variant("HTTP-protocol-error")
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname, url.port, timeout=rights.timeout)
    connection.connect()
    try:
        connection.putrequest(method, request.values["path-with-query"] or "/", skip_accept_encoding=True)
        for name, value in request.fields.list:
            connection.putheader(name, value)
        contents = request.content.bytes if request.content else None
        if contents and not request.fields.has("content-length"):
            connection.putheader("content-length", str(len(contents)))
        connection.endheaders(contents)
        return Answer(rights, connection.getresponse(), connection)
    except TimeoutError:
        return Variant("connection-read-timeout")


def code_of(error):
    match error:
        case socket.gaierror():
            return Variant("DNS-error", SimpleNamespace(**{"rcode": None, "info-code": None}))
        case ssl.SSLCertVerificationError():
            return Variant("TLS-certificate-error")
        case ssl.SSLError():
            return Variant("TLS-protocol-error")
        case TimeoutError():
            return Variant("connection-timeout")
        case ConnectionRefusedError():
            return Variant("connection-refused")
        case ConnectionError():
            return Variant("connection-terminated")
        case OSError():
            return Variant("destination-unavailable")
        case http.client.HTTPException():
            return Variant("HTTP-protocol-error")
        case _:
            return Variant("internal-error", str(error))
