#!/usr/bin/env python3
"""The own tests of published crates on the real std, or on costd. See README.md; run.sh is the way in."""
import argparse, os, sys, tempfile

sys.dont_write_bytecode = True
import catalog, project, suite


def arguments():
    ap = argparse.ArgumentParser(prog="run.sh")
    which = ap.add_mutually_exclusive_group()
    which.add_argument("--real", action="store_true", help="as published (the default)")
    which.add_argument("--crate", metavar="PATH", type=os.path.abspath,
                       help='with `std = { package = "costd", path = PATH }`')
    ap.add_argument("--also", action="store_true", help="the line for the dependencies in the `also` column, too")
    ap.add_argument("--save", action="store_true", help="(--real) write the counts into baseline.txt")
    ap.add_argument("--lock", action="store_true", help="(--crate) make Cargo.lock anew, of all crates, and stop")
    ap.add_argument("--keep", action="store_true", help="keep the sources that are there, as they are")
    ap.add_argument("--isolated", action="store_true", help="tests run in a network namespace of their own")
    ap.add_argument("--no-run", action="store_true", help="only compile the tests")
    ap.add_argument("--test-timeout", type=float, default=120, help="seconds without any output = hung")
    ap.add_argument("--alone-timeout", type=float, default=5, help="the same for a test of differences.txt")
    ap.add_argument("--list", action="store_true", help="list the crates and stop")
    ap.add_argument("names", nargs="*", metavar="NAME", help="these crates (default: all of list.txt)")
    options = ap.parse_args()
    if options.save and options.crate or options.lock and not options.crate:
        ap.error("--save goes with --real, --lock with --crate")
    return options


class Row:
    def __init__(self, crate):
        self.crate, self.good, self.notes = crate, True, []

    def print(self, status, outcome=None):
        columns = [outcome.passed, outcome.failed, outcome.ignored, f"{outcome.seconds:.1f}"] if outcome else ["-"] * 4
        print(f"{self.crate.name:22} {columns[0]:>6} {columns[1]:>6} {columns[2]:>7} {columns[3]:>7}  {status:8}"
              f" {'; '.join(self.notes)}".rstrip(), flush=True)

    def bad(self, status, outcome=None):
        self.good = False
        self.print(status, outcome)


def run_crate(row, folders, build, options):
    """Builds and runs one crate, and prints its line."""
    crate, mode = row.crate, "costd" if options.crate else "real"
    folder = f"{build}/{crate.name}/{mode}"
    env = suite.environment(build)
    with open(f"{build}/{crate.name}-{mode}.log", "w") as log:
        if not options.keep or not os.path.isdir(folder):
            also = {package: folders[package] for package in crate.also} if options.crate and options.also else {}
            project.lay_out(crate, folders[crate.name, crate.version], folder, options.crate, also)
            # Some tests look for their helper programs there.
            os.symlink(env["CARGO_TARGET_DIR"], f"{folder}/target")
        if not suite.build_tests(crate, folder, env, log):
            return row.bad("BUILD")
        if options.no_run:
            return row.print("built")
        differs = crate.differs if options.crate else {}
        left_out = [test for test, difference in differs.items() if not difference.is_run_with_others(workers())]
        outcome = suite.run_tests(crate, folder, env, log, crate.skip + left_out, options)
        row.notes += outcome.names
        if outcome.status != "ok":
            return row.bad(outcome.status, outcome)
        for test, difference in differs.items():
            has_to_pass = difference.verdict(workers())
            if has_to_pass is not None:
                alone = suite.run_alone(crate, folder, env, log, test, options)
                row.good &= note_difference(row, test, alone, has_to_pass)
        if not row.good:
            return row.print("LISTED", outcome)
    if options.crate and crate.baseline is not None and outcome.passed != crate.baseline - len(left_out):
        row.notes.append(f"{crate.baseline - len(left_out)} expected")
        return row.bad("COUNT", outcome)
    row.print("ok", outcome)
    if options.save:
        catalog.save_baseline(crate.name, outcome.passed, outcome.ignored, outcome.seconds)


def workers():
    """How many costd starts."""
    return int(os.environ.get("COSTD_WORKERS") or len(os.sched_getaffinity(0)))


def note_difference(row, test, alone, has_to_pass):
    """Whether a test that is listed as different has done what the list says."""
    passes = alone.status == "ok" and alone.passed > 0
    if alone.status == "ok" and not passes:
        row.notes.append(f"{test} is in differences.txt, but is not there")
        return False
    if passes == has_to_pass:
        if not passes:
            row.notes.append(f"listed: {test} {alone.status}")
        return True
    row.notes.append(f"{test} is in differences.txt, but " + ("passes" if passes else f"does not pass alone: {alone.status}"))
    return False


def main():
    options = arguments()
    build = os.environ.get("CRATES_BUILD", os.path.join(tempfile.gettempdir(), "crates-build"))
    known = catalog.crates()
    unknown = [name for name in options.names if name not in known]
    if unknown:
        print(f"not in list.txt: {' '.join(unknown)}", file=sys.stderr)
        return 2
    crates = [crate for crate in known.values() if not options.names or crate.name in options.names]
    if options.list:
        for crate in crates:
            print(f"{crate.name} {crate.version}")
        return 0
    os.makedirs(build, exist_ok=True)
    packages = dict.fromkeys((crate.name, crate.version) for crate in crates)
    packages.update(dict.fromkeys(package for crate in crates for package in crate.also))
    with open(f"{build}/sources.log", "w") as log:
        try:
            folders = project.sources(list(packages), build, log)
            if options.lock:
                project.save_lock(crates, folders, options.crate, build, log)
                return 0
        except project.Failed as failure:
            print(f"{failure} failed; see {log.name}", file=sys.stderr)
            return 2
    print(f"{'crate':22} {'passed':>6} {'failed':>6} {'ignored':>7} {'seconds':>7}  status")
    rows = [Row(crate) for crate in crates]
    for row in rows:
        run_crate(row, folders, build, options)
    bad = [row.crate.name for row in rows if not row.good]
    print(f"logs: {build}/NAME-{'costd' if options.crate else 'real'}.log")
    if bad:
        print(f"not ok: {' '.join(bad)}")
    return 1 if bad else 0


sys.exit(main())
