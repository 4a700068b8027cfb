"""Checks events with the models that the receiver uses to read them.

    python check.py FILE...

A file holds one event as JSON, or one event a line. Each must be valid as the receiver's `DeviceOCSFModel`
(PyPI `sekoia-automation-models`) and come out of it as it went in: whatever the receiver would drop, convert
or add shows as a difference. Prints the file, the event and the reason for each that does not fit, and a last
line `N passed, N failed`, where a file without an event counts as one that failed. Exits with 0 if all fit,
with 1 if one does not, with 2 if a file cannot be read.
"""

import json
import sys
from pathlib import Path

from pydantic import ValidationError
from sekoia_automation_models.ocsf import DeviceOCSFModel


def events(text: str) -> list:
    """The events of a file: all of it, or one a line."""
    try:
        return [json.loads(text)]
    except json.JSONDecodeError:
        pass
    found = []
    # Not `splitlines`: an event may hold U+2028, which ends a line there but not in JSON.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise ValueError(f"line {number} is not JSON: {error}") from error
    return found


def differences(sent, received, path: str = "") -> list[str]:
    """Where a value that was sent is not the value that was received."""
    if isinstance(sent, dict) and isinstance(received, dict):
        return [
            difference
            for key in sent.keys() | received.keys()
            for difference in differences(sent.get(key), received.get(key), f"{path}/{key}")
        ]
    if isinstance(sent, list) and isinstance(received, list) and len(sent) == len(received):
        return [
            difference
            for index, (one, other) in enumerate(zip(sent, received))
            for difference in differences(one, other, f"{path}/{index}")
        ]
    # `True == 1` in Python, but not for a receiver; a time is an integer here and a float there.
    same = sent == received and isinstance(sent, bool) == isinstance(received, bool)
    return [] if same else [f"{path}: {sent!r} is received as {received!r}"]


def faults(event) -> list[str]:
    """Why the receiver would not take an event as it is; empty for a good one."""
    try:
        model = DeviceOCSFModel.model_validate(event)
    except ValidationError as error:
        return ["/" + "/".join(map(str, fault["loc"])) + f": {fault['msg']}" for fault in error.errors()]
    return sorted(differences(event, model.model_dump(mode="json", exclude_unset=True)))


def main(files: list[str]) -> int:
    """Checks every file and returns the exit code."""
    if not files:
        print("usage: check.py FILE...", file=sys.stderr)
        return 2
    passed = failed = 0
    for file in files:
        try:
            found = events(Path(file).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            print(f"{file}: cannot be read: {error}", file=sys.stderr)
            return 2
        if not found:
            print(f"{file}: holds no event", file=sys.stderr)
            failed += 1
        for number, event in enumerate(found, start=1):
            reasons = faults(event)
            passed += not reasons
            failed += bool(reasons)
            for reason in reasons:
                print(f"{file}: event {number}: {reason}", file=sys.stderr)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
