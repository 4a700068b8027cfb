"""Serves a component with wasmtime's command line on a free port while a client of examples/adapters/ runs:

    python3 serve.py WASMTIME COMPONENT ARGUMENT_OF_THE_CLIENT...
"""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

CLIENT = Path(__file__).parent.parent.parent / "examples/adapters/client.py"
# What the server is told about the account.
NAMES = [name for name in os.environ if name.startswith("SECRET_") or name in ("ALLOW", "PATIENCE", "TIMEOUT")]


def main(wasmtime, component, *arguments):
    command = [wasmtime, "serve", "-S", "cli", "-O", "pooling-allocator=n", "--allow-precompiled"]
    # One instance after the other: it keeps the session, and counts the requests.
    command += ["--max-concurrent-requests", "1", "--max-instance-reuse-count", "1000", "--idle-instance-timeout", "3600s"]
    command += ["--addr", "127.0.0.1:0", *(f"--env={name}" for name in NAMES), component]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            url = None
            while url is None:
                line = server.stderr.readline()
                if not line:
                    sys.exit("wasmtime serve has ended")
                url = re.search(r"http://127\.0\.0\.1:\d+", line)
                sys.stderr.write("" if url else line)
            log = threading.Thread(target=lambda: sys.stderr.writelines(server.stderr))
            log.start()
            code = subprocess.run([sys.executable, CLIENT, url[0], *arguments]).returncode
        finally:
            server.terminate()
        log.join()
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
