"""Checks the section for analysts in docs/mapping.md, as it is written there, against events of both dialects.

    check.py ASSET_HOST

ASSET_HOST maps a fleet of which the last endpoint alone has a certain field: after what DuckDB samples by default.
The SQL runs with DuckDB, the OpenSearch mapping and the Splunk settings are compared with the events. Exits with 0 if
all of it holds; an assertion names what does not.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTATION = (ROOT / "docs/mapping.md").read_text(encoding="utf-8")
# DuckDB looks at the first 20,480 events by default.
DEVICES = 21_000
NOW = datetime.now(timezone.utc)
PLATFORMS = ["windows", "windows", "linux", "macOS"]
UNITS = {"sekoia": 1, "ocsf": 1000}


def endpoint(number: int) -> dict:
    """The endpoint of that number, as the API sends it."""
    seen = NOW - timedelta(days=number % 60, hours=1)
    platform = PLATFORMS[number % len(PLATFORMS)]
    return {
        "id": f"device-{number}",
        "hostname": f"host-{number}",
        "type": "computer",
        "tenant": {"id": "tenant"},
        "os": {"platform": platform, "name": f"{platform} 1"},
        "health": {"overall": ["good", "suspicious", "bad"][number % 3]},
        "associatedPerson": {"id": f"person-{number % 500}", "viaLogin": rf"CORP\user-{number % 500}",
                             "name": rf"CORP\user-{number % 500}"},
        "lastSeenAt": seen.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "registeredAt": "2023-06-26T10:28:08.836Z",
        "online": False,
    }


def fleet() -> list[dict]:
    """Every device once, but for the first: it changed without being seen again, so that the times are equal."""
    before = endpoint(0) | {"hostname": "host-before", "health": {"overall": "bad"}}
    last = endpoint(DEVICES - 1) | {"rareField": {"value": 1}}
    return [before, *map(endpoint, range(DEVICES - 1)), last]


def blocks(language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENTATION, re.MULTILINE | re.DOTALL)


def statements(dialect: str) -> dict[str, str]:
    """The statements of the SQL block of a dialect, by the comment before each."""
    (block,) = [block for block in blocks("sql") if block.startswith(f"-- {dialect}: ")]
    parts = re.findall(r"^-- (.*?)\n(.*?;)$", block, re.MULTILINE | re.DOTALL)
    assert len(parts) == block.count(";"), f"{dialect}: a statement without a comment before it"
    return dict(parts)


def check_queries(dialect: str) -> None:
    """Runs the SQL of a dialect, and compares what it answers with what it says that it does."""
    database = duckdb.connect()
    view, *queries = statements(dialect).items()
    database.execute(view[1])
    answers = {title: database.execute(query).fetchall() for title, query in queries}
    devices = range(DEVICES)

    stale = answers.pop("devices not seen for 30 days")
    assert {row[0] for row in stale} == {f"host-{n}" for n in devices if n % 60 >= 30}
    for (_, seen) in stale:
        age = NOW.replace(tzinfo=None) - seen.replace(tzinfo=None)
        assert timedelta(days=30) <= age <= timedelta(days=61), f"{dialect}: seen {seen}"

    bad = answers.pop("devices that are not compliant")
    # The first device is compliant by its last event.
    assert {row[0] for row in bad} == {f"host-{n}" for n in devices if n % 3}
    if dialect == "ocsf":
        assert {row[1:] for row in bad} == {("Medium", "suspicious"), ("High", "bad")}
    else:
        assert {row[1:] for row in bad} == {(False,)}

    systems = answers.pop("devices by operating system")
    assert [row[2] for row in systems] == [DEVICES // 2, DEVICES // 4, DEVICES // 4], systems
    captions = ["Windows", "Linux", "macOS"] if dialect == "ocsf" else ["windows", "linux", "macos"]
    assert systems[0][:2] == (captions[0], "windows 1") and {row[0] for row in systems} == set(captions)

    owners = {row[:-1]: row[-1] for row in answers.pop("devices of each owner")}
    owner = ("CORP", "user-7") if dialect == "ocsf" else (r"CORP\user-7",)
    assert len(owners) == 500 and set(owners[owner]) == {f"host-{n}" for n in devices if n % 500 == 7}
    assert not answers, f"not checked: {', '.join(answers)}"

    # What the text says of `sample_size`.
    (count,) = database.execute("select count(*) from (select * from devices)").fetchone()
    assert count == DEVICES
    if dialect == "ocsf":
        sampled = view[1].replace(", sample_size = -1", "").replace("view devices", "view sampled")
        database.execute(sampled)
        try:
            database.execute("select * from sampled").fetchall()
        except duckdb.Error as error:
            assert "rareField" in str(error), error
        else:
            raise AssertionError("`select *` takes a rare name without `sample_size = -1`: say so no longer")


def columns(dialect: str) -> dict[str, set[str]]:
    """The columns of each type, as the table says."""
    _, table = DOCUMENTATION.split("<!-- columns -->")
    rows = [line.strip("| ").split(" | ") for line in table.split("<!-- end -->")[0].splitlines() if "`" in line]
    of = {"sekoia": slice(1, 2), "ocsf": slice(1, 3)}[dialect]
    return {row[0]: set(re.findall("`(.*?)`", " ".join(row[of]))) for row in rows[1:]}


def leaves(value, path: str = ""):
    """Every scalar of an event, with its column and every column around it."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from leaves(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for entry in value:
            yield from leaves(entry, f"{path}[]")
    else:
        yield path, value


def check_columns(dialect: str, events: list[dict]) -> None:
    """Every value has the type that the table says, and every column of the table has a value."""
    table = columns(dialect)
    numbers = table["integer"] | table["time"]
    unseen = numbers | table["boolean"]
    shapeless = tuple(f"{column}." for column in table["JSON of any shape, as Sophos writes it"])
    for event in events:
        for path, value in leaves(event):
            if shapeless and path.startswith(shapeless):
                continue
            wanted = int if path in numbers else bool if path in table["boolean"] else str
            assert type(value) is wanted, f"{dialect}: {path} is {value!r}, not {wanted.__name__}"
            unseen.discard(path)
    assert not unseen, f"{dialect}: no event has {', '.join(sorted(unseen))}"


def check_open_search() -> None:
    """The mapping of the index names the columns of times, and those of any shape."""
    (index,) = map(json.loads, blocks("json"))
    found = {}
    for path, value in leaves(index["mappings"]["properties"]):
        found[re.sub(r"(^|\.)properties\.", r"\1", path)] = value
    times = {path.removesuffix(".format") for path, value in found.items() if value == "epoch_millis"}
    assert times == columns("ocsf")["time"], times
    flat = {path.removesuffix(".type") for path, value in found.items() if value == "flat_object"}
    shapeless = columns("ocsf")["JSON of any shape, as Sophos writes it"]
    assert flat == {column.replace("[]", "") for column in shapeless}, flat


def check_splunk(dialect: str, lines: list[str]) -> None:
    """The settings find the time of each event and read it in its unit."""
    (stanza,) = blocks("ini")
    settings = dict(re.findall(r"^(\w+) = (.*)$", stanza, re.MULTILINE))
    digits = {"ocsf": int(settings["MAX_TIMESTAMP_LOOKAHEAD"]), "sekoia": 10}[dialect]
    assert settings["TIME_FORMAT"] == "%s%3N" and "`TIME_FORMAT = %s`" in DOCUMENTATION
    for line in lines:
        start = re.search(settings["TIME_PREFIX"], line).end()
        time = int(line[start : start + digits])
        assert time == json.loads(line)["time"]
        year = datetime.fromtimestamp(time / UNITS[dialect], timezone.utc).year
        assert NOW.year - 1 <= year <= NOW.year, f"{dialect}: an event of the year {year}"


def main(asset_host: str) -> None:
    """Checks both dialects."""
    for dialect, golden in [("sekoia", "expected"), ("ocsf", "ocsf")]:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            Path("endpoints.ndjson").write_text("".join(json.dumps(it) + "\n" for it in fleet()), encoding="utf-8")
            with open("events.ndjson", "wb") as events:
                subprocess.run([asset_host, "map", "--dialect", dialect, "endpoints.ndjson"], stdout=events, check=True)
            lines = Path("events.ndjson").read_text(encoding="utf-8").split("\n")[:-1]
            assert len(lines) == DEVICES + 1
            check_queries(dialect)
            check_splunk(dialect, lines)
            files = sorted((ROOT / "tests/golden").glob(f"*.{golden}.json"))
            check_columns(dialect, [json.loads(text) for text in lines] + [json.loads(it.read_text()) for it in files])
            os.chdir(ROOT)
        print(f"{dialect}: columns, queries and settings hold for {len(lines)} events")
    check_open_search()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: check.py ASSET_HOST")
    main(str(Path(sys.argv[1]).resolve()))
