#!/usr/bin/env python3
"""Checks or mends the links of the pages in a folder: `pages.py check|mend FOLDER`.

The pages are written for a clone. In a release, `mend` leaves the text of a link to a file that the release does not
have, and `check` fails on such a link. Links to the web are not looked at.
"""

import pathlib
import re
import sys

LINK = re.compile(r"\[([^\]]+)\]\(([^)\s#]+)(#[^)\s]*)?\)")

order, folder = sys.argv[1], pathlib.Path(sys.argv[2])
dead = []
for page in sorted(folder.rglob("*.md")):

    def mended(link):
        text, target, _ = link.groups()
        if ":" in target or (page.parent / target).exists():
            return link.group()
        dead.append(f"{page}: {target}")
        return text

    before = page.read_text()
    after = LINK.sub(mended, before)
    if order == "mend" and after != before:
        page.write_text(after)
if order == "check" and dead:
    sys.exit("links to nothing:\n" + "\n".join(dead))
