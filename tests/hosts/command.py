"""Runs a command, a component that exports `wasi:cli/run`, in Python's wasmtime, as `wasmtime run` would:

    python command.py COMPONENT FOLDER... -- ARGUMENT...

The command sees the folders under their own paths, the first one also as the current one, and the variables SECRET_….
"""

import os
import sys

from wasmtime import Config, Engine, Store, WasiConfig
from wasmtime.component import Component, Linker


def main(path, *arguments):
    split = arguments.index("--")
    folders, arguments = arguments[:split], arguments[split + 1 :]
    config = Config()
    config.cache = True
    store = Store(Engine(config))
    wasi = WasiConfig()
    wasi.argv = [path, *arguments]
    wasi.env = [(name, value) for name, value in os.environ.items() if name.startswith("SECRET_")]
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    for folder, name in [(folders[0], "."), *((folder, folder) for folder in folders)]:
        wasi.preopen_dir(folder, name)
    store.set_wasi(wasi)
    store.set_wasi_http()
    linker = Linker(store.engine)
    linker.add_wasip2()
    linker.add_wasi_http()
    instance = linker.instantiate(store, Component.from_file(store.engine, path))
    interface = instance.get_export_index(store, "wasi:cli/run@0.2.0")
    run = instance.get_func(store, instance.get_export_index(store, "run", interface))
    return 0 if run(store).tag == "ok" else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
