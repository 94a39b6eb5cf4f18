"""Reads where no memory is, instead of starting."""

import ctypes

ctypes.string_at(0)
