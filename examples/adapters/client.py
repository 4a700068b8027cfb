"""A client of the server that `sophos-assets-http.wasm` is, with the command line of the other hosts.

    python3 client.py http://127.0.0.1:8080 check|discover|collect CONFIG [--cursors FILE]
    python3 client.py http://127.0.0.1:8080 explain RECORD DIALECT

CONFIG and RECORD are JSON text, or @FILE. The server holds the secret, waits and tries again; all that is left to a
client is to keep the cursor of each page once its events are written.
"""

import argparse
import http.client
import json
import os
import sys
import urllib.error
import urllib.request


class ServerError(Exception):
    """What the server could not do, as a sentence."""


def sentence(error):
    fields = [f"{field['field'] or 'the config'}: {field['message']}" for field in error.get("fields", [])]
    place = f"line {error['line']}, column {error['column']}: " if "line" in error else ""
    return f"{error['error']}: {place}{error.get('message') or '; '.join(fields)}"


def post(url, path, body):
    """Yields the lines of the answer as they come."""
    request = urllib.request.Request(url + path, json.dumps(body).encode(), {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            yield from answer
    except urllib.error.HTTPError as error:
        raise ServerError(sentence(json.load(error))) from None
    except (OSError, http.client.HTTPException) as error:
        raise ServerError(f"no answer from {url}: {error}") from None


def text(argument):
    if argument.startswith("@"):
        with open(argument[1:], encoding="utf-8") as file:
            return file.read()
    return argument


def write(line):
    sys.stdout.buffer.write(line)


def tell(message):
    print(message, file=sys.stderr)


class Cursors:
    def __init__(self, path):
        self.path, self.known = path, {}
        if path and os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self.known = json.load(file)

    def store(self, source, cursor):
        """Called once the events before the cursor are written."""
        self.known[source] = cursor
        if self.path:
            with open(f"{self.path}.new", "w", encoding="utf-8") as file:
                json.dump(self.known, file)
            os.replace(f"{self.path}.new", self.path)


def walk(url, source, cursors):
    """Collects a source to the end of its walk. The lines of the events pass through as they are."""
    body = {"config": source["config"], "cursor": cursors.known.get(source["id"])}
    ended = False
    for line in post(url, "/collect", body):
        if line.startswith(b'{"event":'):
            write(line[len(b'{"event":') : -len(b"}\n")] + b"\n")
            continue
        line = json.loads(line)
        if "page" in line:
            sys.stdout.buffer.flush()
            cursors.store(source["id"], line["page"]["cursor"])
            ended = not line["page"]["more"]
        elif "reject" in line:
            tell(f"source {source['name']}: rejected {line['reject']['id']}: {line['reject']['reason']}")
        elif "warning" in line:
            tell(f"source {source['name']}: warning: {line['warning']}")
        else:
            raise ServerError(sentence(line["error"]))
    if not ended:
        raise ServerError("the server ended the answer early")


def collect(url, config, cursors):
    """Returns whether every source was collected. One that fails does not stop the others."""
    sources = [json.loads(line) for line in post(url, "/discover", {"config": config})]
    good = True
    for known in set(cursors.known) - {source["id"] for source in sources}:
        tell(f"source {known} failed: it was collected before and is not listed any more")
        good = False
    for source in sources:
        if "reason" in source and source["id"] not in cursors.known:
            tell(f"source {source['name']} is not collected: {source['reason']}")
            continue
        try:
            if "reason" in source:
                raise ServerError(source["reason"])
            walk(url, source, cursors)
        except ServerError as error:
            tell(f"source {source['name']} failed: {error}")
            good = False
    return good


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("url")
    parser.add_argument("command", choices=["check", "discover", "collect", "explain"])
    parser.add_argument("given")
    parser.add_argument("dialect", nargs="?")
    parser.add_argument("--cursors")
    options = parser.parse_args()
    given = text(options.given)
    if options.command == "collect":
        good = collect(options.url, json.loads(given), Cursors(options.cursors))
        sys.stdout.buffer.flush()
        return 0 if good else 1
    if options.command == "explain":
        body = {"record": given, "dialect": options.dialect}
    else:
        body = {"config": json.loads(given)}
    for line in post(options.url, f"/{options.command}", body):
        write(line.rstrip(b"\n") + b"\n")
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ServerError, OSError, ValueError) as failure:
        tell(failure)
        # Else what could not be written would be tried again, and change the code.
        os._exit(1)
