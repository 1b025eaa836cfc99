"""Dates spelled in English at random, with their ISO form: the data that train.py learns from."""

import datetime
import random
import zlib

FIRST, LAST = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)

MONTHS = "january february march april may june july august september october november december".split()
WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth"}


def cardinal(n, hyphen=" "):
    """42 as "forty two"."""
    if n < 20:
        return ONES[n]
    return TENS[n // 10] + (hyphen + ONES[n % 10] if n % 10 else "")


def ordinal(n, hyphen=" "):
    """42 as "forty second"."""
    if n >= 20 and n % 10 == 0:
        return TENS[n // 10][:-1] + "ieth"
    head, last = ("", ONES[n]) if n < 20 else (TENS[n // 10] + hyphen, ONES[n % 10])
    return head + ORDINALS.get(last, last + "th")


def suffixed(n):
    """42 as "42nd"."""
    return f"{n}" + ("th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th"))


def year_words(rng, y, hyphen):
    century, rest = divmod(y, 100)
    if rest == 0:
        return "two thousand" if y == 2000 else cardinal(century) + " hundred"
    if 2000 < y < 2010:
        return rng.choice(["two thousand and ", "two thousand ", "twenty oh "]) + ONES[rest]
    if y >= 2000 and rng.random() < 0.3:
        return "two thousand " + rng.choice(["and ", ""]) + cardinal(rest, hyphen)
    if rest < 10:
        return cardinal(century) + rng.choice([" oh ", " hundred and "]) + ONES[rest]
    return cardinal(century) + " " + cardinal(rest, hyphen)


def spell(rng, d):
    """One of the ways of saying the date d."""
    hyphen = rng.choice([" ", " ", "-"])
    if rng.random() < 0.12:
        return rng.choice([d.isoformat(), f"{d.year}/{d.month}/{d.day}", f"{d.day}.{d.month}.{d.year}", f"{d:%d.%m.%Y}"])
    month = MONTHS[d.month - 1]
    if rng.random() < 0.25:
        month = month[:3] + rng.choice(["", "."])
    day = rng.choice([ordinal(d.day, hyphen), ordinal(d.day, hyphen), suffixed(d.day), f"{d.day}", cardinal(d.day, hyphen)])
    year = f"{d.year}" if rng.random() < 0.4 else year_words(rng, d.year, hyphen)
    comma = rng.choice(["", "", ","])
    text = rng.choice([
        f"the {day} of {month}{comma} {year}",
        f"the {day} of {month}{comma} {year}",
        f"{day} of {month}{comma} {year}",
        f"{day} {month}{comma} {year}",
        f"{month} {day}{comma} {year}",
        f"{month} the {day}{comma} {year}",
        f"{year} {month} {day}",
    ])
    if rng.random() < 0.15:
        text = WEEKDAYS[d.weekday()] + comma + " " + text
    return text


def held_out(d):
    """Whether a date, one in twenty, is kept out of training."""
    return zlib.crc32(d.isoformat().encode()) % 20 == 0


def sample(rng, n, test=False):
    """n pairs of a spelling and its ISO date, of dates in training or only of those that are held out."""
    pairs = []
    span = (LAST - FIRST).days + 1
    while len(pairs) < n:
        d = FIRST + datetime.timedelta(rng.randrange(span))
        if held_out(d) == test:
            pairs.append((spell(rng, d), d.isoformat()))
    return pairs


if __name__ == "__main__":
    for text, iso in sample(random.Random(), 20):
        print(iso, text)
