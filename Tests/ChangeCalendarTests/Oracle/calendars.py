"""Random calendars, and what python-dateutil says about them by brute force over all their starts.

usage: calendars.py COUNT SEED CASES EXPECTED      (times are seconds of UTC)

Gap rule: a start or an end that a clock skips counts with the offset before the gap; one that it shows twice is the first (fold=0).
Left out, because python-dateutil and the RFC (or ISO 8601) differ there: BYDAY that mixes `MO` with `1MO`, and BYWEEKNO of 52 or 53,
where the last week of the year before is miscounted.
"""
import bisect
import datetime as datetime_module
import json
import random
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Casablanca"]
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
CLOCK = "%Y-%m-%dT%H:%M:%S"
BASIC = "%Y%m%dT%H%M%S"
# Around the days on which these zones move their clocks, and a leap day.
TURNS = [datetime(2026, 3, 29), datetime(2026, 10, 25), datetime(2026, 3, 8), datetime(2026, 11, 1), datetime(2026, 4, 5),
         datetime(2026, 10, 4), datetime(2024, 2, 29), datetime(2026, 9, 6), datetime(2026, 2, 15), datetime(2026, 3, 22)]
EPOCH = datetime(1970, 1, 1)
datetime_module.MAXYEAR = 2032  # where python-dateutil stops to look for starts of a rule that matches nothing
offsets = {}


def to_utc(local, zone):
    seconds = (local - EPOCH) // timedelta(seconds=1)
    key = (zone, seconds // 1800)  # these zones change at whole half hours of the clock
    if key not in offsets:
        offsets[key] = int(local.replace(tzinfo=ZoneInfo(zone)).utcoffset().total_seconds())
    return seconds - offsets[key]


def some(draw, values, most):
    return ",".join(str(value) for value in sorted(draw.sample(values, draw.randint(1, most))))


def random_rule(draw, start):
    frequency = draw.choice(["YEARLY", "MONTHLY", "WEEKLY", "DAILY"] * 5 + ["HOURLY"])
    parts, named = ["FREQ=" + frequency], 0
    if draw.random() < .4:
        parts.append("INTERVAL=%d" % draw.choice([2, 2, 3, 4, 5, 7, 13]))
    if draw.random() < .2:
        parts.append("WKST=" + draw.choice(DAYS))
    if draw.random() < .25:
        parts.append("BYMONTH=" + some(draw, list(range(1, 13)), 6))
        named += 1
    has_weeks = False
    if frequency == "YEARLY":
        kind = draw.random()
        if kind < .15:
            parts.append("BYWEEKNO=" + some(draw, [1, 2, 10, 20, 26, 40, -1, -2, -10], 4))
            has_weeks, named = True, named + 1
        elif kind < .3:
            parts.append("BYYEARDAY=" + some(draw, [1, 50, 59, 60, 61, 100, 200, 365, 366, -1, -100, -366], 5))
            named += 1
    if frequency != "WEEKLY" and draw.random() < .3:
        parts.append("BYMONTHDAY=" + some(draw, [1, 2, 13, 15, 28, 29, 30, 31, -1, -2, -15, -31], 5))
        named += 1
    if draw.random() < .45:
        named += 1
        if frequency in ("YEARLY", "MONTHLY") and not has_weeks and draw.random() < .6:
            ordinals = ["1", "2", "3", "4", "5", "-1", "-2", "+1"]
            days = {draw.choice(ordinals) + draw.choice(DAYS) for _ in range(draw.randint(1, 3))}
            parts.append("BYDAY=" + ",".join(sorted(days)))
        else:
            parts.append("BYDAY=" + ",".join(draw.sample(DAYS, draw.randint(1, 4))))
    if draw.random() < .3:
        parts.append("BYHOUR=" + some(draw, list(range(24)), 4))
        named += 1
    if draw.random() < .2:
        parts.append("BYMINUTE=" + some(draw, [0, 15, 30, 45], 3))
        named += 1
    if named and frequency != "HOURLY" and draw.random() < .25:
        parts.append("BYSETPOS=" + some(draw, [1, 2, 3, -1, -2, 5], 2))
    end = draw.random()
    if end < .2:
        parts.append("COUNT=%d" % draw.choice([1, 2, 5, 10, 40, 200]))
    elif end < .35:
        until = start + timedelta(days=draw.randint(0, 900), hours=draw.randint(0, 23))
        parts.append("UNTIL=" + until.strftime(BASIC) + draw.choice(["", "Z"]))
    draw.shuffle(parts)
    return ";".join(parts)


def random_window(draw):
    start = draw.choice(TURNS) + timedelta(
        days=draw.randint(-400, 100) * draw.choice([0, 1]),
        minutes=draw.choice([0, 30, 60, 90, 120, 150, 180, 600, 1020]) + draw.choice([0, 0, 0, 7]))
    length = timedelta(minutes=draw.choice([15, 30, 60, 90, 120, 480, 1440, 1500, 4320, 20160]))
    return {
        "kind": draw.choice(["freeze", "window"]), "start": start.strftime(CLOCK), "end": (start + length).strftime(CLOCK),
        "zone": draw.choice(ZONES), "recurrence": random_rule(draw, start) if draw.random() < .85 else None,
        "directions": draw.choice([["forward"], ["forward"], ["forward", "rollback"], ["rollback"]])}


def random_case(draw):
    moments = [datetime(2026, 3, 29, 1), datetime(2026, 10, 25, 1), datetime(2026, 3, 8, 7), datetime(2026, 11, 1, 6),
               datetime(2026, 4, 4, 15), datetime(2028, 2, 29), datetime(2026, 9, 6, 4), datetime(2026, 3, 22, 2)]
    at = []
    for _ in range(4):
        moment = draw.choice(moments) + timedelta(
            days=draw.choice([0, 0, 1, -1, draw.randint(-200, 300)]), minutes=draw.randint(-200, 200))
        at.append(int(moment.replace(tzinfo=timezone.utc).timestamp()))
    return {"windows": [random_window(draw) for _ in range(draw.randint(1, 4))],
            "direction": draw.choice(["forward", "forward", "rollback"]), "at": at}


def occurrences(window, low, high):
    start, end = (datetime.strptime(window[key], CLOCK) for key in ("start", "end"))
    starts, until_utc = [start], None
    if window["recurrence"]:
        parts = window["recurrence"].split(";")
        for part in parts:
            if part.startswith("UNTIL=") and part.endswith("Z"):
                until_utc = int(datetime.strptime(part[6:-1], BASIC).replace(tzinfo=timezone.utc).timestamp())
        parts = [part for part in parts if not (part.startswith("UNTIL=") and part.endswith("Z"))]
        try:
            rule = rrulestr(";".join(parts), dtstart=start)
        except ValueError as error:
            if "empty" not in str(error):
                raise
            return []
        starts = []
        for one in rule:
            if one > high or (until_utc is not None and to_utc(one, window["zone"]) > until_utc):
                break
            if one >= low - (end - start) - timedelta(days=3):
                starts.append(one)
    intervals = [(to_utc(one, window["zone"]), to_utc(one + (end - start), window["zone"])) for one in starts]
    return [interval for interval in intervals if interval[1] > interval[0]]


def union(intervals):
    merged = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(end, merged[-1][1])
        else:
            merged.append([start, end])
    return merged, [interval[0] for interval in merged]


def decide(case):
    at = case["at"]
    low = datetime.fromtimestamp(min(at), timezone.utc).replace(tzinfo=None) - timedelta(days=3)
    high = datetime.fromtimestamp(max(at), timezone.utc).replace(tzinfo=None) + timedelta(days=735)
    named = [window for window in case["windows"] if case["direction"] in window["directions"]]
    freezes = [union(occurrences(window, low, high)) for window in named if window["kind"] == "freeze"]
    windows = [union(occurrences(window, low, high)) for window in named if window["kind"] == "window"]

    def is_active(merged, starts, time):
        index = bisect.bisect_right(starts, time) - 1
        return index >= 0 and time < merged[index][1]

    def is_open(time):
        if any(is_active(*freeze, time) for freeze in freezes):
            return False
        return not windows or any(is_active(*window, time) for window in windows)

    edges = sorted({end for merged, _ in freezes for _, end in merged} | {start for _, starts in windows for start in starts})

    def next_open(time):
        if is_open(time):
            return time
        now = datetime.fromtimestamp(time, timezone.utc)
        try:
            limit = now.replace(year=now.year + 2)
        except ValueError:
            limit = now.replace(year=now.year + 2, day=28)
        for edge in edges[bisect.bisect_right(edges, time):]:
            if edge > limit.timestamp():
                return None
            if is_open(edge):
                return edge
        return None

    return {"open": [is_open(time) for time in at], "nextOpen": [next_open(time) for time in at]}


if __name__ == "__main__":
    count, seed, cases_path, expected_path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    draw = random.Random(seed)
    cases = [random_case(draw) for _ in range(count)]
    with open(cases_path, "w") as file:
        json.dump(cases, file)
    with open(expected_path, "w") as file:
        json.dump([decide(case) for case in cases], file)
