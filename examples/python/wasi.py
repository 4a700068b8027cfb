"""The parts of WASI 0.2 that a component may import, with one account's rights.

wasmtime's own `wasi:http` lets a component reach any host and offers no hook, so these are ours: no files, no
environment, no sockets, and requests that `web.py` judges and sends. What is not here is a trap when it is called.
"""

import random
import re
import sys
import time
from types import SimpleNamespace

from wasmtime.component import FuncType, ResourceAny, ResourceHost, ResourceType, Variant

from web import Body, send

#: The names under which interfaces use the resource of another one.
ALIASES = {"headers": "fields", "trailers": "fields", "io-error": "error"}

OK, NONE = Variant("ok"), Variant("none")


class Error:
    def to_debug_string(self):
        return "the stream broke"


class Pollable:
    """Something to wait for: a moment, or a future."""

    def __init__(self, moment=0, future=None):
        self._moment = moment
        self._future = future

    def ready(self):
        return time.monotonic_ns() >= self._moment and (self._future is None or self._future.done())


def poll(rights, pollables):
    """Waits until one is ready, and returns the places of all that are."""
    while True:
        ready = [place for place, pollable in enumerate(pollables) if pollable.ready()]
        if ready:
            return ready
        rights.in_time()
        time.sleep(0.001)


class InputStream:
    """The body of an answer, or nothing."""

    def __init__(self, read=lambda _count: b""):
        self._read = read

    def blocking_read(self, count):
        try:
            # Nothing means the end: `closed`.
            return self._read(min(count, 1 << 20)) or None
        except OSError:
            return Error()

    read = blocking_read

    def subscribe(self):
        return Pollable()


class OutputStream:
    def __init__(self, write=lambda _bytes: None):
        self._write = write

    def check_write(self):
        return 1 << 20

    def write(self, contents):
        self._write(contents)
        return OK

    blocking_write_and_flush = write

    def flush(self):
        return OK

    blocking_flush = flush

    def subscribe(self):
        return Pollable()


FORBIDDEN = re.compile(
    "connection|expect|host|http2-settings|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade", re.IGNORECASE
)
"""The headers that belong to the connection: a component sets none of them."""


class Fields:
    """Headers, with their names as they were written."""

    def __init__(self, entries=()):
        self.list = list(entries)

    @staticmethod
    def from_list(entries):
        fields = Fields()
        errors = (fields.append(name, value) for name, value in entries)
        return next((error for error in errors if error is not None), fields)

    def get(self, name):
        return [value for key, value in self.list if key.lower() == name.lower()]

    def has(self, name):
        return bool(self.get(name))

    def set(self, name, values):
        self.delete(name)
        errors = (self.append(name, value) for value in values)
        return next((error for error in errors if error is not None), None)

    def append(self, name, value):
        if not re.fullmatch(rb"[^\r\n\0]*", value) or not re.fullmatch(r"[!#-'*+.^-z|~A-Z0-9-]+", name):
            return Variant("invalid-syntax")
        if FORBIDDEN.fullmatch(name):
            return Variant("forbidden")
        self.list.append((name, value))
        return None

    def delete(self, name):
        self.list = [(key, value) for key, value in self.list if key.lower() != name.lower()]

    def entries(self):
        return self.list

    def clone(self):
        return Fields(self.list)


class OutgoingRequest:
    def __init__(self, headers):
        self.fields = headers
        self.values = {"method": Variant("get"), "scheme": Variant("HTTPS"), "authority": None, "path-with-query": None}
        self.content = None

    def body(self):
        self.content = Body()
        return OutgoingBody(self.content)

    def headers(self):
        return Fields(self.fields.list)

    def _setter(name):
        def set_value(self, value):
            self.values[name] = value
            return OK

        return set_value

    set_method = _setter("method")
    set_scheme = _setter("scheme")
    set_authority = _setter("authority")
    set_path_with_query = _setter("path-with-query")


class OutgoingBody:
    def __init__(self, content):
        self._content = content

    def write(self):
        return OutputStream(self._content.write)

    @staticmethod
    def finish(body, _trailers):
        body._content.finish()


class RequestOptions:
    """What the host allows is shorter than what a component would ask for."""

    def set_connect_timeout(self, _duration):
        return OK

    set_first_byte_timeout = set_between_bytes_timeout = set_connect_timeout


class FutureIncomingResponse:
    def __init__(self, future):
        self._future = future

    def subscribe(self):
        return Pollable(future=self._future)

    def get(self):
        if not self._future.done():
            return NONE
        answer = self._future.result()
        return Variant("some", answer if isinstance(answer, Variant) else IncomingResponse(answer))


class IncomingResponse:
    def __init__(self, answer):
        self._answer = answer

    def status(self):
        return self._answer.status

    def headers(self):
        return Fields(self._answer.headers)

    def consume(self):
        return IncomingBody(self._answer)


class IncomingBody:
    def __init__(self, answer):
        self._answer = answer

    def stream(self):
        return InputStream(self._answer.read)

    @staticmethod
    def finish(_body):
        return FutureTrailers()


class FutureTrailers:
    def subscribe(self):
        return Pollable()


RESOURCES = {
    "error": Error,
    "pollable": Pollable,
    "input-stream": InputStream,
    "output-stream": OutputStream,
    "fields": Fields,
    "outgoing-request": OutgoingRequest,
    "outgoing-body": OutgoingBody,
    "request-options": RequestOptions,
    "future-incoming-response": FutureIncomingResponse,
    "incoming-response": IncomingResponse,
    "incoming-body": IncomingBody,
    "future-trailers": FutureTrailers,
}


def now():
    nanoseconds = time.time_ns()
    return SimpleNamespace(seconds=nanoseconds // 10**9, nanoseconds=nanoseconds % 10**9)


def log(contents):
    """What the component logs may hold anything: control characters stay away from the terminal."""
    sys.stderr.write(re.sub(r"[^\n\x20-\x7e]", "?", contents.decode(errors="replace")))


def functions(rights):
    """Returns the functions that belong to no resource, by interface (without its version) and name."""
    return {
        "wasi:http/outgoing-handler": {
            "handle": lambda request, _options: refused_or_sent(rights, request),
        },
        "wasi:io/poll": {
            "poll": lambda pollables: poll(rights, pollables),
            "[method]pollable.block": lambda pollable: poll(rights, [pollable]) and None,
        },
        "wasi:clocks/monotonic-clock": {
            "now": time.monotonic_ns,
            "resolution": lambda: 1,
            "subscribe-instant": Pollable,
            "subscribe-duration": lambda duration: Pollable(time.monotonic_ns() + duration),
        },
        "wasi:clocks/wall-clock": {"now": now},
        "wasi:random/insecure-seed": {"insecure-seed": lambda: (random.getrandbits(64), random.getrandbits(64))},
        "wasi:random/random": {
            "get-random-bytes": lambda count: random.SystemRandom().randbytes(count),
            "get-random-u64": lambda: random.SystemRandom().getrandbits(64),
        },
        "wasi:cli/environment": {
            "get-environment": lambda: [],
            "get-arguments": lambda: [],
            "initial-cwd": lambda: None,
        },
        "wasi:cli/stdin": {"get-stdin": InputStream},
        "wasi:cli/stdout": {"get-stdout": OutputStream},
        "wasi:cli/stderr": {"get-stderr": lambda: OutputStream(log)},
        "wasi:cli/terminal-stdin": {"get-terminal-stdin": lambda: None},
        "wasi:cli/terminal-stdout": {"get-terminal-stdout": lambda: None},
        "wasi:cli/terminal-stderr": {"get-terminal-stderr": lambda: None},
        "wasi:filesystem/preopens": {"get-directories": lambda: []},
        "inventory:connector/secrets": {"get": rights.secret},
    }


def refused_or_sent(rights, request):
    sent = send(rights, request)
    return sent if isinstance(sent, Variant) else FutureIncomingResponse(sent)


class Imports:
    """Defines what a component imports, and keeps the objects that it has handles of."""

    def __init__(self, rights):
        self._functions = functions(rights)
        self._objects = {}
        self._next = 0

    def define(self, engine, linker, component):
        """Defines each import by its name, as the component's own type lists them."""
        with linker.root() as root:
            for interface, extern in component.type.imports(engine).items():
                with root.add_instance(interface) as instance:
                    for name, item in extern.ty.exports(engine).items():
                        if isinstance(item.ty, ResourceType):
                            kind = ResourceType.host(self._kind(name))
                            instance.add_resource(name, kind, self._dropped)
                        elif isinstance(item.ty, FuncType):
                            instance.add_func(name, self._function(interface.split("@")[0], name))

    def _kind(self, name):
        names = list(RESOURCES)
        name = ALIASES.get(name, name)
        return names.index(name) if name in names else len(names)

    def _dropped(self, _store, rep):
        dropped = self._objects.pop(rep, None)
        if isinstance(dropped, OutgoingBody):
            dropped._content.drop()

    def _function(self, interface, name):
        target = self._target(interface, name)

        def call(store, *arguments):
            return self._handle(target(*[self._object(store, argument) for argument in arguments]))

        return call

    def _target(self, interface, name):
        """Returns what is called for `[method]fields.get`, or for a function that belongs to no resource."""
        kind, _, rest = name.rpartition("]")
        found = self._functions.get(interface, {}).get(name)
        if kind and not found:
            resource, _, method = rest.partition(".")
            made = RESOURCES.get(ALIASES.get(resource, resource))
            found = made if kind == "[constructor" else getattr(made, method.replace("-", "_"), None)
        return found or (lambda *_: missing(interface, name))

    def _object(self, store, argument):
        if isinstance(argument, list):
            return [self._object(store, each) for each in argument]
        if not isinstance(argument, ResourceAny):
            return argument
        owned = argument.owned
        rep = argument.to_host(store).rep
        return self._objects.pop(rep) if owned else self._objects[rep]

    def _handle(self, value):
        """Gives the component a handle of each object of ours in a result."""
        if isinstance(value, Variant):
            return Variant(value.tag, self._handle(value.payload))
        name = next((name for name, kind in RESOURCES.items() if type(value) is kind), None)
        if name is None:
            return value
        self._next += 1
        self._objects[self._next] = value
        return ResourceHost.own(self._next, self._kind(name))


def missing(interface, name):
    raise NotImplementedError(f"the component calls {interface}#{name}, which this host does not have")
