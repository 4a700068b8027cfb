"""Collects every endpoint of an account with the component in Python's wasmtime, one event a line.

    python collect.py sophos-assets.wasm CONFIG_JSON

The client secret is read from SOPHOS_CLIENT_SECRET. A host of your own would store `cursor` after each
page, once the page's events are safe, and hand it in next time; this one always walks everything.
"""

import os
import sys

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, Linker


def main(path, config):
    engine = Engine()
    store = Store(engine)
    store.set_wasi(WasiConfig())
    store.set_wasi_http()
    linker = Linker(engine)
    linker.add_wasip2()
    linker.add_wasi_http()
    with linker.root() as root, root.add_instance("inventory:connector/secrets@0.1.0") as secrets:
        secrets.add_func("get", lambda _store, _name: os.environ["SOPHOS_CLIENT_SECRET"])
    instance = linker.instantiate(store, Component.from_file(engine, path))
    collection = instance.get_export_index(store, "inventory:connector/collection@0.1.0")
    collect = instance.get_func(store, instance.get_export_index(store, "collect", collection))

    cursor, more = None, True
    while more:
        batch = collect(store, config, cursor)
        if not hasattr(batch, "events"):
            sys.exit(f"{batch.tag}: {batch.payload}")
        for event in batch.events:
            print(event.json)
        for reject in batch.rejects:
            print(f"rejected: {reject.id}: {reject.reason}", file=sys.stderr)
        cursor, more = batch.cursor, batch.more


if __name__ == "__main__":
    main(*sys.argv[1:])
