"""Decides which hosts the component of an account may reach."""

import re
from urllib.parse import urlsplit

#: A name or an address with or without a port: no user name, and nothing that two readers could read in two ways.
AUTHORITY = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?")
PORTS = {"http": 80, "https": 443}


class Allowed:
    """What one account's component may reach.

    Allows the hosts that the manifest asks for, the https origins that a person wrote into the config, and `more`: host
    names, or origins such as `http://127.0.0.1:8080`.
    """

    def __init__(self, manifest, config, more):
        self._patterns = manifest["hosts"]
        fields = manifest["config"]["properties"].items()
        names = [name for name, field in fields if field.get("format") == "uri" and not field.get("readOnly")]
        typed = [origin(config[name]) for name in names if isinstance(config.get(name), str)]
        self._origins = {found for found in typed if found and found[0] == "https"}
        for host in more:
            found = origin(host if "://" in host else f"https://{host}")
            if not found:
                raise ValueError(f"--allow: {host} is neither a host nor an origin")
            self._origins.add(found)

    def permits(self, method, scheme, authority):
        """Returns whether a request of this method may leave for this scheme and authority."""
        if method.lower() in ("connect", "trace") or not AUTHORITY.fullmatch(authority):
            return False
        found = origin(f"{scheme}://{authority}")
        if found in self._origins:
            return True
        return bool(found) and found[::2] == ("https", 443) and any(matches(each, found[1]) for each in self._patterns)


def origin(url):
    """Returns scheme, host and port of a URL; nothing if it is none of http or https."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname and port else None


def matches(pattern, host):
    """`*.` stands for one or more labels, not for the name itself."""
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
