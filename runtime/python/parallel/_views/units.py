"""Numbers as people read them: counts, bytes, durations, rates."""

from __future__ import annotations

import math
import time

NONE = "–"  # what is not known, or does not apply


def count_text(count: int | None) -> str:
    """1,204"""
    return NONE if count is None else f"{count:,}"


def plural(count: int, noun: str) -> str:
    """1 item, 2 items"""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def bytes_text(count: float | None) -> str:
    """1.2 MB; decimal units, as everywhere in this module."""
    if count is None:
        return NONE
    for unit in ("B", "kB", "MB", "GB", "TB"):
        # 999.95 would be rounded to 1000.0
        if abs(count) < (1000 if unit == "B" else 999.95) or unit == "TB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("unreachable")


def duration_text(seconds: float | None) -> str:
    """12 µs, 350 ms, 3.2 s, 1 min 05 s, 2 h 03 min, 3 days"""
    if seconds is None:
        return NONE
    seconds = max(0.0, seconds)
    if seconds < 0.9995e-3:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.0f} ms" if seconds >= 0.00995 else f"{seconds * 1e3:.1f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = round(seconds / 60)
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{round(seconds / 86400)} days"


def whole_seconds_text(seconds: float) -> str:
    """A duration that is only an estimate: 12 s"""
    return f"{max(1, round(seconds))} s" if seconds < 59.5 else duration_text(seconds)


def short_number(value: float) -> str:
    """Three digits or so: 0.125, 12, 1.5 k, 3.4 M, 1e+12"""
    if isinstance(value, int) and abs(value) < 10_000:
        return str(value)
    if not math.isfinite(value):
        return str(value)
    for unit, factor in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= 999.5 * factor and unit == "G":
            return f"{value:.3g}"
        if abs(value) >= factor * 0.9995:
            return f"{value / factor:.3g} {unit}"
    return f"{value:.3g}"


def rate_text(per_second: float) -> str:
    """1.2 M/s"""
    return f"{short_number(float(per_second))}/s"


def clock_text(moment: float | None) -> str:
    """A point in time, in local time: 14:03:12"""
    return NONE if moment is None else time.strftime("%H:%M:%S", time.localtime(moment))


def exact_clock_text(moment: float) -> str:
    """14:03:12.345"""
    milliseconds = int(moment * 1000)
    return f"{clock_text(milliseconds // 1000)}.{milliseconds % 1000:03}"


def time_step(least: float) -> float:
    """The smallest round step of a scale of seconds that is at least this; above 20 s, of minutes and hours."""
    if least > 20:
        for step in (30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 43_200, 86_400):
            if step >= least:
                return step
    power = 10.0 ** math.floor(math.log10(max(least, 1e-9)))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9))


def offset_text(seconds: float) -> str:
    """On a scale: +20 s, +1:20, +1:00:00"""
    if seconds < 60:
        return "+" + duration_text(seconds).replace(".0 ", " ")
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"+{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"+{rest // 60}:{rest % 60:02}"
