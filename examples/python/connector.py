"""A component with the rights of one account."""

import json
import threading
from contextlib import contextmanager

from wasmtime import Config, Engine, Store, Trap, WasmtimeError
from wasmtime.component import Component, Linker, Variant

from allowed import Allowed
from retry import CallError
from throttle import Throttle
from wasi import Imports

#: How much memory an instance may use.
MOST_MEMORY = 256 << 20
#: The interface of each function.
INTERFACES = {
    "explain": "inventory:connector/mapping@0.1.0",
    "map": "inventory:connector/mapping@0.1.0",
    "describe": "inventory:connector/collection@0.1.0",
    "check": "inventory:connector/collection@0.1.0",
    "discover": "inventory:connector/collection@0.1.0",
    "collect": "inventory:connector/collection@0.1.0",
}


class Nothing:
    """Allows nothing, until the manifest has been read."""

    @staticmethod
    def permits(*_):
        return False


class Late(Exception):
    """The call has taken too long."""


class Rights:
    """What a component may do for one account. A request may be silent for `timeout` seconds."""

    def __init__(self, secrets, timeout):
        self.allowed = Nothing
        self.throttle = Throttle([])
        self.timeout = timeout
        self.waiting = 0
        #: How many seconds the call may still take.
        self.left = 0
        self._lock = threading.Lock()
        self._secrets = secrets
        self._names = set()

    def grant(self, manifest, config, allow, throttled):
        self.allowed = Allowed(manifest, config, allow)
        self.throttle = Throttle(manifest["rate_limits"] if throttled else [])
        self._names = {secret["name"] for secret in manifest["secrets"]}

    def secret(self, name):
        """Returns a secret that the manifest names; no other."""
        return self._secrets.get(name.upper()) if name in self._names else None

    def in_time(self):
        """Ends a call that waits for too long: a component is interrupted only while it computes."""
        if self.left <= 0:
            raise Late

    @contextmanager
    def uncounted(self):
        """Waits for the rate limit do not count as time of the call."""
        with self._lock:
            self.waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self.waiting -= 1


class Connector:
    """Calls a component for one account.

    An instance is never shared between accounts, and is made anew after a trap and after a call that took `deadline`
    seconds. One call at a time.
    """

    def __init__(self, path, config, secrets, allow=(), throttled=True, timeout=60, deadline=300):
        engine_config = Config()
        engine_config.epoch_interruption = True
        # Compiled once; the files are wasmtime's own.
        engine_config.cache = True
        self._engine = Engine(engine_config)
        self._component = Component.from_file(self._engine, path)
        self._rights = Rights(secrets, timeout)
        self._deadline = deadline
        self._store = self._instance = None
        self._closed = threading.Event()
        threading.Thread(target=self._tick, daemon=True).start()
        self.manifest = json.loads(self.call("describe"))
        self._rights.grant(self.manifest, config, allow, throttled)

    def call(self, name, *arguments):
        """Calls an export and returns its result. Raises a `CallError`."""
        try:
            if self._instance is None:
                self._instantiate()
            self._store.set_epoch_deadline(self._deadline)
            self._rights.left = self._deadline
            result = self._function(name)(self._store, *arguments)
        except (Late, Trap, WasmtimeError, NotImplementedError, ValueError) as error:
            # An instance that has trapped is of no use any more.
            self._store = self._instance = None
            text = str(error)
            if isinstance(error, Late) or "interrupt" in text:
                raise CallError("unavailable", f"the call took longer than {self._deadline} s") from error
            raise CallError("trap", text.splitlines()[-1] if text else type(error).__name__) from error
        # What can be told apart by its type comes bare, the rest as a variant.
        if isinstance(result, Variant):
            if result.tag == "ok":
                return result.payload
            raise call_error(result.payload if result.tag == "err" else result)
        return result

    def _instantiate(self):
        self._store = Store(self._engine)
        self._store.set_limits(memory_size=MOST_MEMORY)
        self._store.set_epoch_deadline(self._deadline)
        linker = Linker(self._engine)
        Imports(self._rights).define(self._engine, linker, self._component)
        self._instance = linker.instantiate(self._store, self._component)

    def _function(self, name):
        interface = self._instance.get_export_index(self._store, INTERFACES[name])
        return self._instance.get_func(self._store, self._instance.get_export_index(self._store, name, interface))

    def close(self):
        """Ends the instance."""
        self._closed.set()
        self._store = self._instance = None

    def _tick(self):
        """Counts the seconds of a call: past its deadline the component is interrupted."""
        while not self._closed.wait(1):
            if not self._rights.waiting:
                self._engine.increment_epoch()
                self._rights.left -= 1


def call_error(error):
    """Makes a sentence of what the component returned."""
    if not isinstance(error, Variant):
        place = f"line {error.line}, column {error.column}: " if error.line else ""
        return CallError("map-error", place + error.message)
    if error.tag == "invalid-config":
        fields = (f"{each.field or 'the config'}: {each.message}" for each in error.payload)
        return CallError(error.tag, "; ".join(fields))
    failure = vars(error.payload)
    id = failure["correlation-id"]
    message = failure["message"] + (f" (correlation id {id})" if id else "")
    return CallError(error.tag, message, failure.get("retry-after"))
