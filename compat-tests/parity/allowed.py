"""The differences that there may be, from allowed.txt."""
import os, re, subprocess, sys

import mirror

LIST = f"{mirror.HERE}/allowed.txt"


class Entry:
    def __init__(self, line, pattern, before):
        self.line, self.pattern, self.before, self.reason, self.used = line, pattern, before, "", False
        self.regex = re.compile(".*".join(re.escape(p) for p in pattern.split("*")))


def read():
    """The entries that hold for this version of std."""
    entries, version = [], _version()
    with open(LIST) as f:
        for number, text in enumerate(f, 1):
            if not text.strip() or text.startswith("#"):
                continue
            if text.startswith(" "):
                if not entries:
                    sys.exit(f"{LIST}:{number}: a reason without a difference")
                entries[-1].reason += text.strip()
                continue
            m = re.fullmatch(r"(?:\[std before 1\.(\d+)\] )?(.+)", text.strip())
            entries.append(Entry(number, m[2], int(m[1]) if m[1] else None))
    without = [str(e.line) for e in entries if not e.reason]
    if without:
        sys.exit(f"{LIST}: no reason under line {', '.join(without)}")
    return [e for e in entries if e.before is None or version < e.before]


def is_allowed(difference, entries):
    """Marks every entry that says so as used."""
    fits = [e for e in entries if e.regex.fullmatch(difference)]
    for e in fits:
        e.used = True
    return bool(fits)


def unused(entries):
    return [f"allowed.txt:{e.line}: there is no such difference: {e.pattern}" for e in entries if not e.used]


def _version():
    text = subprocess.run(["rustc", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return int(re.match(r"rustc 1\.(\d+)", text)[1])
