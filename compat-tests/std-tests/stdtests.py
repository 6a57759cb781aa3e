#!/usr/bin/env python3
"""std's own tests against the real std or a `std = {package = ...}` crate. See README.md; run.sh is the way in."""
import argparse, os, sys, tempfile, time

sys.dont_write_bytecode = True
import build, generate, run, std_source
from suites import S

FINE = ("ok", "ignored", "missing", "differs")


def arguments():
    ap = argparse.ArgumentParser(prog="run.sh")
    which = ap.add_mutually_exclusive_group()
    which.add_argument("--real", action="store_true", help="the real std (the default)")
    which.add_argument("--crate", metavar="PATH", help="std = { package = <its name>, path = PATH }")
    ap.add_argument("--on-thread", action="store_true", help="bodies on libtest's thread, not in std::thread::spawn")
    ap.add_argument("--class", dest="cls", choices=("stable", "unstable", "all"), default="all")
    ap.add_argument("--release", action="store_true")
    ap.add_argument("--threads", type=int, default=1, help="libtest's --test-threads (1: bodies one by one)")
    ap.add_argument("--test-timeout", type=float, default=60, help="seconds without any progress = hung")
    ap.add_argument("--suite-timeout", type=float, default=300)
    ap.add_argument("--no-extra", action="store_true", help="without the suites marked extra")
    ap.add_argument("--slow", action="store_true", help="also the tests marked slow (they always run with --release)")
    ap.add_argument("--stacks", action="store_true", help="gdb backtraces of a hung process into its log folder")
    ap.add_argument("--build-only", action="store_true")
    ap.add_argument("--list", action="store_true", help="list the tests of each suite and stop")
    ap.add_argument("filter", nargs="*", help="part of a suite's name, =suite for exactly that one, or suite::test")
    return ap.parse_args()


def wanted(name, options):
    """None: not this suite. Otherwise the part of a test's name that picks from it, "" for all."""
    if options.no_extra and S[name].get("extra"):
        return None
    if not options.filter:
        return ""
    for f in options.filter:
        if "::" in f:
            suite, test = f.lstrip("=").split("::", 1)
            if suite == name:
                return test
        elif f.startswith("=") and f[1:] == name or not f.startswith("=") and f in name:
            return ""
    return None


class Row:
    """One suite in one class: its line of the table, and what there is to say about its failures."""

    def __init__(self, name, cls, total, verdict, seconds, notes):
        self.name, self.cls, self.total, self.seconds = name, cls, total, seconds
        self.ok = sum(v == "ok" for v in verdict.values())
        self.hung = sum(v == "hung" for v in verdict.values())
        self.failed = sum(v not in FINE + ("hung",) for v in verdict.values())
        ignored = sum(v == "ignored" for v in verdict.values())
        missing = sum(v == "missing" for v in verdict.values())
        differs = [t for t, v in verdict.items() if v == "differs"]
        self.total -= missing
        notes = list(notes)
        notes += [f"{ignored} ignored"] if ignored else []
        notes += [f"{missing} cfg'd out"] if missing else []
        notes += [f"differs, as listed: {' '.join(differs)}"] if differs else []
        notes += [f"{v}: {t}" for t, v in verdict.items() if v not in FINE]
        self.note = "; ".join(notes)


def run_class(cls, lists, base, options):
    """([rows], [texts on the failures])"""
    names = [n for n, c in lists if c == cls and wanted(n, options) is not None]
    if not names:
        return [], []
    start = time.time()
    built = build.build(base, cls, names, options.release)
    removed = sum(len(r) for r in built.removed.values())
    if removed:
        print(f"#   {removed} tests do not compile and were taken out", flush=True)
    print(f"# {cls} class built in {time.time() - start:.0f} s: {len(built.executables)} of {len(names)} suites", flush=True)
    if built.broken:
        print(f"#   errors in {base}/build-{cls}.log", flush=True)
    rows, texts = [], []
    for n in names:
        tests = lists[n, cls]
        pick = wanted(n, options)
        if pick:
            tests = [t for t in tests if t == pick] or [t for t in tests if pick in t]
        if not tests:
            continue
        if n in built.broken:
            errors = built.broken[n]
            rows.append(Row(n, cls, len(tests), dict.fromkeys(tests, "does not compile"), 0, ["DOES NOT COMPILE"]))
            texts.append(f"{n} ({cls}) does not compile, {len(errors)} errors; first:\n" + errors[0])
        elif not options.build_only:
            row, more = run_one(n, cls, tests, built, base, options, everything=not pick)
            rows.append(row)
            texts += more
    if options.build_only:
        texts += [f"[{n}::{t}] {m}" for n, r in built.removed.items() for t, m in r.items()]
    return rows, texts


def run_one(name, cls, tests, built, base, options, everything):
    leave_out = everything and not options.slow and not options.release
    slow = [t for t in tests if leave_out and t in S[name].get("slow", [])]
    tests = [t for t in tests if t not in slow]
    gone = {t: m for t, m in built.removed.get(name, {}).items() if t in tests}
    left = [t for t in tests if t not in gone]
    verdict, seconds = run.run_suite(name, cls, built.executables[name], left, options, base)
    verdict.update((t, "does not compile") for t in gone)
    if options.crate:
        mark_differences(name, verdict)
    row = Row(name, cls, len(tests), verdict, seconds, [f"slow, left out: {' '.join(slow)}"] if slow else [])
    print(f"# {name:22} {cls:8} ok {row.ok:4} failed {row.failed:3} of {row.total:4} hung {row.hung:2} "
          f"{seconds:6.1f} s  {row.note}", flush=True)
    logs = run.log_folder(base, options.on_thread, cls, name)
    texts = []
    for t, v in verdict.items():
        if v not in FINE:
            why = gone[t] if t in gone else run.why_failed(logs, t)
            why = "\n  " + why[:600].replace("\n", "\n  ") if why else ""
            texts.append(f"{name}::{t} ({cls}) {v}   logs: {logs}{why}")
    return row, texts


def mark_differences(suite, verdict):
    """A test that is listed as different must differ: one that passes has to leave the list."""
    for test in generate.read_list("differences.txt"):
        s, t = test.split("::", 1)
        if s == suite and t in verdict:
            verdict[t] = "listed in differences.txt, but passes" if verdict[t] == "ok" else "differs"


def print_table(rows, classes, what, options, seconds):
    context = "on libtest's thread" if options.on_thread else "in std::thread::spawn"
    release = ", release" if options.release else ""
    print(f"\n== {what}, bodies {context}{release}, --test-threads {options.threads}")
    print(f"{'suite':22} {'class':8} {'passed':>6} {'failed':>6} {'total':>6} {'hung':>5}")
    for r in rows:
        print(f"{r.name:22} {r.cls:8} {r.ok:6} {r.failed:6} {r.total:6} {r.hung:5}  {r.note}")

    def total(title, of):
        print(f"{title:31} {sum(r.ok for r in of):6} {sum(r.failed for r in of):6} {sum(r.total for r in of):6} "
              f"{sum(r.hung for r in of):5}", end="")

    for cls in classes:
        total(f"TOTAL {cls}", [r for r in rows if r.cls == cls])
        print()
    total("TOTAL", rows)
    print(f"   {seconds:.0f} s, {len(generate.read_skip())} tests in skip.txt")


def main():
    options = arguments()
    start = time.time()
    src = std_source.find()
    tag = generate.package_name(options.crate) if options.crate else "real"
    out = os.environ.get("STDTESTS_DIR", os.path.join(tempfile.gettempdir(), "stdtests-build"))
    base = f"{out}/{tag}"
    lists = generate.projects(src, base, options.crate)
    classes = generate.CLASSES if options.cls == "all" else (options.cls,)
    if options.list:
        for (n, c), tests in lists.items():
            if c in classes and wanted(n, options) is not None:
                print(f"{n} ({c}, {len(tests)}): " + " ".join(tests))
        return 0
    rows, texts = [], []
    for cls in classes:
        more_rows, more_texts = run_class(cls, lists, base, options)
        rows += more_rows
        texts += more_texts
    if not options.build_only:
        print_table(rows, classes, f"std = {tag}" if options.crate else "real std", options, time.time() - start)
    for t in texts:
        print("\n" + t.rstrip())
    if not rows and not options.build_only:
        print("nothing matches the filter")
        return 2
    return 1 if any(r.failed or r.hung for r in rows) else 0


sys.exit(main())
