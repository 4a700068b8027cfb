#!/usr/bin/env python3
"""Prints the licences of all crates that are linked into programs or components: `licences.py PACKAGE:TARGET…`.

The texts are those that each crate has in its own package, in the registry's sources, so this needs no network.
"""

import hashlib
import json
import pathlib
import re
import subprocess
import sys

LICENCE = re.compile(r"^(licen[cs]e|copying|copyright|notice|unlicense)", re.IGNORECASE)
HEAD = """\
Third-party software in this release
====================================

{packages} are made of the crates below, and of the Rust
standard library (MIT OR Apache-2.0, https://www.rust-lang.org). The static program also
contains musl's C library (MIT, https://musl.libc.org), and the SQLite library, which is in
the public domain. Where an expression offers a choice, any of its licences may be chosen.
"""


def cargo(*arguments: str) -> str:
    return subprocess.run(["cargo", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def linked(package: str, target: str) -> set[tuple[str, str]]:
    """The names and versions of what a package is linked of; no macros, no build scripts."""
    edges = "normal,no-proc-macro"
    lines = cargo("tree", "--locked", "-p", package, "-e", edges, "--target", target, "--prefix", "none", "-f", "{p}")
    crates = (line.split() for line in lines.splitlines() if line)
    return {(name, version.removeprefix("v")) for name, version, *_ in crates}


def texts(manifest: str) -> list[str]:
    """The licence files of a crate, with plain line ends."""
    folder = pathlib.Path(manifest).parent
    files = sorted(file for file in folder.iterdir() if LICENCE.match(file.name))
    files = [inner for file in files for inner in (sorted(file.iterdir()) if file.is_dir() else [file])]
    texts = [file.read_text(errors="replace") for file in files if file.is_file()]
    return ["\n".join(line.rstrip() for line in text.strip().splitlines()) for text in texts]


roots = [argument.split(":") for argument in sys.argv[1:]]
wanted = set().union(*(linked(package, target) for package, target in roots))
metadata = json.loads(cargo("metadata", "--locked", "--format-version", "1"))
crates = [crate for crate in metadata["packages"] if (crate["name"], crate["version"]) in wanted and crate["source"]]
crates.sort(key=lambda crate: (crate["name"], crate["version"]))

users: dict[str, list[str]] = {}
text_of: dict[str, str] = {}
without = []
print(HEAD.format(packages=" and ".join(package for package, _ in roots)))
for crate in crates:
    label = f"{crate['name']} {crate['version']}"
    print(f"{label}: {crate['license'] or crate['license_file']}")
    found = texts(crate["manifest_path"])
    for text in found:
        # Line breaks alone make no other licence.
        digest = hashlib.sha256(" ".join(text.split()).encode()).hexdigest()
        text_of.setdefault(digest, text)
        if label not in users.setdefault(digest, []):
            users[digest].append(label)
    if not found:
        without.append(label)
if without:
    print("\nThese crates come without the text of their licence; the expression above names it, and its standard text is")
    print(f"among those below or in LICENSE: {', '.join(without)}.")
for digest, labels in users.items():
    print(f"\n{'-' * 90}\n{', '.join(labels)}\n{'-' * 90}\n\n{text_of[digest]}")
