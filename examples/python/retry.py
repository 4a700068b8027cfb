"""Repeats a call of the component while its error says that this may help."""

import random
import time

#: How many times in a row the API may ask for fewer requests before the call is given up.
MOST_RATE_LIMITED = 20
#: The longest that the API may make a call wait at a time, in seconds.
MOST_ASKED = 3600
#: The bounds of the first pause and of the longest, in seconds.
FIRST, LONGEST = 0.5, 60


class CallError(Exception):
    """Why a call gave no answer: `tag` is a case of the contract's variant `error`, or `map-error` or `trap`."""

    def __init__(self, tag, message, retry_after=None):
        super().__init__(f"{tag}: {message}")
        self.tag = tag
        self.retry_after = retry_after


def retry(call, patience, tell):
    """Returns what `call` returns.

    Raises the error of the last try once another does not help, or after `patience` seconds in which the API was
    unavailable. `tell` gets a sentence before each pause.
    """
    tries = Tries(patience)
    while True:
        try:
            return call()
        except CallError as error:
            wait = tries.pause_after(error)
            if wait is None:
                raise
            tell(f"trying again in {wait:.1f} s: {error}")
            time.sleep(wait)


class Tries:
    def __init__(self, patience):
        self._patience = patience
        self._pauses = self._rate_limited = 0
        self._expired = False
        self._began = None

    def pause_after(self, error):
        """Returns how many seconds to wait before the next try; nothing where it does not help."""
        asked = error.retry_after or 0
        match error.tag:
            case "expired" if not self._expired:
                # The component has forgotten its session and begins a new one.
                self._expired = True
                return 0
            case "rate-limited":
                self._rate_limited += 1
                if self._rate_limited > MOST_RATE_LIMITED or asked > MOST_ASKED:
                    return None
                return max(asked, self._next_pause())
            case "unavailable":
                self._began = self._began or time.monotonic()
                left = self._patience - (time.monotonic() - self._began)
                if left <= 0 or asked > left:
                    return None
                return min(left, max(asked, self._next_pause()))
        return None

    def _next_pause(self):
        """Returns a random pause below a bound that doubles with each."""
        bound = min(FIRST * 2**self._pauses, LONGEST)
        self._pauses += 1
        return bound * random.random()
