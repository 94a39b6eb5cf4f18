"""Waits for the function, where the interpreter was started before it was known."""

import os
import sys
import time

_LIMIT = 262144


def take():
    """Returns once this process has its function's directory and variables; at once if it has had them from the start."""
    number = os.environ.get("LAMBENT_HANDOVER_FD")
    if number is None:
        return
    words = os.read(int(number), _LIMIT)
    os.close(int(number))
    if not words:
        sys.exit(0)
    words = words.split(b"\0")
    os.environ.clear()
    for word in words[1:-1]:
        name, _, value = word.partition(b"=")
        os.environ[_text(name)] = _text(value)
    os.chdir(_text(words[0]))
    time.tzset()


if str is bytes:

    def _text(word):
        return word

else:
    _text = os.fsdecode
