"""Spreads requests over time as the manifest's `rate_limits` ask for."""

from collections import deque
from threading import Lock


class Throttle:
    """Gives each request the moment at which it may leave, so that no window of a limit's length, wherever it begins,
    holds more requests than the limit allows."""

    def __init__(self, limits):
        self._limits = [(limit["requests"], limit["seconds"]) for limit in limits]
        self._moments = deque(maxlen=max((requests for requests, _ in self._limits), default=1))
        self._lock = Lock()

    def reserve(self, now):
        """Returns how many seconds after `now` one more request may leave, and counts it."""
        with self._lock:
            moment = now
            for requests, seconds in self._limits:
                if len(self._moments) >= requests:
                    moment = max(moment, self._moments[-requests] + seconds)
            self._moments.append(moment)
            return moment - now
