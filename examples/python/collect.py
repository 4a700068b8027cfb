"""Runs a component of inventory:connector for one account; README.md says how to use it."""

import argparse
import json
import os
import sys

from account import collect, sources
from connector import Connector
from retry import CallError, retry


def main():
    options = arguments().parse_args()
    text = read(options.text)
    config = json.loads(text) if options.command != "explain" else {}
    if not isinstance(config, dict):
        raise ValueError("CONFIG is not an object")
    prefix = "SECRET_"
    secrets = {name[len(prefix):]: value for name, value in os.environ.items() if name.startswith(prefix)}
    limits = {"throttled": not options.no_throttle, "timeout": options.timeout, "deadline": options.deadline}
    connector = Connector(options.component, config, secrets, options.allow, **limits)
    match options.command:
        case "check":
            write([line(vars(retry(lambda: connector.call("check", text), options.patience, tell)))])
        case "discover":
            for id, name, of_source, reason in sources(connector, text, options.patience, tell):
                what = {"reason": reason} if of_source is None else {"config": json.loads(of_source)}
                write([line({"id": id, "name": name, **what})])
        case "collect":
            return collect(connector, text, options.cursors, options.patience, write, tell)
        case "explain":
            write([explained(connector.call("explain", text, options.dialect))])
    return True


def arguments():
    secrets = "Secrets come from the environment: client_secret from SECRET_CLIENT_SECRET."
    parser = argparse.ArgumentParser(description=secrets)
    parser.add_argument("component", help="the component's file")
    commands = parser.add_subparsers(dest="command", required=True)
    for command in ("check", "discover", "collect", "explain"):
        each = commands.add_parser(command)
        each.add_argument("text", metavar="RECORD" if command == "explain" else "CONFIG", help="JSON text, or @FILE")
        if command == "explain":
            each.add_argument("dialect")
        if command == "collect":
            each.add_argument("--cursors", metavar="FILE",
                              help="go on from the cursors in this file, and store them there")
        each.add_argument("--allow", metavar="HOST", action="append", default=[],
                          help="let the component reach this host or origin, too; can be repeated")
        each.add_argument("--no-throttle", action="store_true", help="do not keep to the rate limits of the manifest")
        for name, seconds, meaning in [
            ("--timeout", 60, "how long a request may be silent"),
            ("--deadline", 300, "how long a call may take"),
            ("--patience", 600, "how long to try again while the API is unavailable"),
        ]:
            each.add_argument(name, metavar="SECONDS", type=int, default=seconds, help=f"{meaning} ({seconds})")
    return parser


def read(text):
    if not text.startswith("@"):
        return text
    with open(text[1:], encoding="utf-8") as file:
        return file.read()


def tell(message):
    """Prints a line for people. What came from an API may hold anything, but reaches no terminal."""
    print("".join(each if each.isprintable() else "?" for each in str(message)), file=sys.stderr)


def write(lines):
    """Returns once the lines have left the process."""
    sys.stdout.write("".join(f"{each}\n" for each in lines))
    sys.stdout.flush()


def line(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def explained(explanation):
    """Returns the explanation as one line of JSON; what the component gives as JSON text stays as it is."""

    def raw(text):
        return text.replace("\r", " ").replace("\n", " ")

    def value(each):
        sources = (f'{{"pointer":{line(source.pointer)},"value":{raw(value_of(source))}}}' for source in each.sources)
        return (f'{{"path":{line(each.path)},"value":{raw(value_of(each))},"sources":[{",".join(sources)}],'
                f'"rule":{line(each.rule)}}}')

    def value_of(record):
        return vars(record)["value-json"]

    return (f'{{"event":{raw(explanation.event)},"values":[{",".join(map(value, explanation.values))}],'
            f'"omitted":[{",".join(map(value, explanation.omitted))}],"unused":{line(explanation.unused)}}}')


if __name__ == "__main__":
    # Whatever the locale is.
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    try:
        sys.exit(0 if main() else 1)
    except (CallError, ValueError, OSError) as error:
        tell(error)
        # Without the interpreter's own attempt to flush what could not be written.
        os._exit(1)
