"""Collects one account: its sources, and each of them to its end."""

import json
import os

from retry import CallError, retry


def sources(connector, config, patience, tell):
    """Yields id, name, config and reason of each source, from all pages; one that is listed twice only once."""
    seen = set()
    following = None
    while True:
        page = retry(lambda: connector.call("discover", config, following), patience, tell)
        for source in page.sources:
            good = source.config.tag == "ok"
            if not good or source.id not in seen:
                text = source.config.payload
                yield source.id, source.name, text if good else None, None if good else text
            seen.add(source.id)
        following = page.next
        if following is None:
            return


def collect(connector, config, cursors, patience, write, tell):
    """Collects all sources, and returns whether every one was collected.

    `write` gets the events of a page and returns once they are safe; the cursor is stored only then.
    """
    stored = Cursors(cursors)
    missing = set(stored.cursors)
    failures = 0

    def fail(name, message):
        nonlocal failures
        failures += 1
        tell(f"source {name} failed: {message}")

    for id, name, of_source, reason in sources(connector, config, patience, tell):
        known = id in missing
        missing.discard(id)
        if reason is not None:
            # Devices that used to be collected are missing; else it is only worth a notice.
            fail(name, reason) if known else tell(f"source {name} is not collected: {reason}")
            continue
        try:
            walk(connector, id, name, of_source, stored, patience, write, tell)
        except CallError as error:
            fail(name, error)
    for id in missing:
        fail(id, "it has been collected before and is not listed any more")
    return not failures


def walk(connector, id, name, config, stored, patience, write, tell):
    more = True
    while more:
        cursor = stored.cursors.get(id)
        batch = retry(lambda: connector.call("collect", config, cursor), patience, tell)
        write(event.json for event in batch.events)
        for reject in batch.rejects:
            tell(f"source {name}: rejected {reject.id or 'a record'}: {reject.reason}")
        for warning in batch.warnings:
            tell(f"source {name}: warning: {warning}")
        stored.store(id, batch.cursor)
        more = batch.more


class Cursors:
    """The cursors of one account by the ids of its sources, in a JSON file; in memory alone without a file."""

    def __init__(self, path):
        self._path = path
        self.cursors = {}
        if path and os.path.exists(path):
            self.cursors = read(path)

    def store(self, id, cursor):
        """Writes the file whole beside its place, so that a crash leaves the one before."""
        self.cursors[id] = cursor
        if not self._path:
            return
        # Another run may be writing, too.
        new = f"{self._path}.{os.getpid()}.new"
        with open(new, "w", encoding="utf-8") as file:
            json.dump(self.cursors, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self._path)


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            cursors = json.load(file)
    except ValueError as error:
        raise ValueError(f"the cursors in {path} cannot be read: {error}") from error
    if not isinstance(cursors, dict) or not all(isinstance(each, str) for each in cursors.values()):
        raise ValueError(f"the cursors in {path} cannot be read: it is not an object of texts")
    return cursors
