"""Builds and runs the tests of one project, and reads what libtest says."""
import os, re, signal, subprocess, time
from dataclasses import dataclass

RESULT = re.compile(r"^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored", re.M)
FAILURES = re.compile(r"^failures:\n((?:    .+\n)+)", re.M)
# The one, with several at a time; the other, at the end, with one at a time.
LONG = re.compile(r"^test (\S+) (?:has been running for over 60 seconds|\.\.\. \Z)", re.M)
ENDED = re.compile(r"^test (\S+) \.\.\. \w", re.M)
# A private network, so that tests with ports of their own meet nobody.
ISOLATED = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


@dataclass
class Outcome:
    passed: int
    failed: int
    ignored: int
    seconds: float
    status: str             # ok, FAIL, CRASH, HANG or BUILD
    names: list             # of tests that failed, or that were running in the end


def environment(build):
    env = dict(os.environ, CARGO_TARGET_DIR=f"{build}/target", CARGO_INCREMENTAL="0", CARGO_TERM_COLOR="never",
               RUST_BACKTRACE="0")
    for profile in ("DEV", "TEST"):
        env.setdefault(f"CARGO_PROFILE_{profile}_DEBUG", "line-tables-only")
    # Crates of all ages: their `#![deny(warnings)]` is not what is tested here.
    for flags in ("RUSTFLAGS", "RUSTDOCFLAGS"):
        env[flags] = f"{env.get(flags, '')} --cap-lints warn".strip()
    return env


def build_tests(crate, folder, env, log):
    """Whether everything but the doctests compiles; those are compiled when they run."""
    command = ["cargo", "test", "--no-run", *crate.cargo_args]
    p = subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    return p.returncode == 0


def run_tests(crate, folder, env, log, skip, options):
    """All tests but those to skip."""
    args = ["--exact", *(f"--skip={test}" for test in skip)]
    return run(crate, folder, env, log, args, options.test_timeout, options)


def run_alone(crate, folder, env, log, test, options):
    """One test in a process of its own."""
    return run(crate, folder, env, log, ["--exact", test], options.alone_timeout, options)


def run(crate, folder, env, log, args, timeout, options):
    command = ["cargo", "test", "--no-fail-fast", *crate.cargo_args, "--", *crate.test_args, *args]
    if options.isolated:
        command = ISOLATED + command
    path = log.name + ".run"
    start = time.time()
    with open(path, "w") as output:
        p = subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                             start_new_session=True)
        hung = not wait(p, path, timeout)
    seconds = time.time() - start
    with open(path, errors="replace") as f:
        text = f.read()
    os.remove(path)
    log.write(text)
    log.flush()
    counts = [sum(map(int, column)) for column in zip(*RESULT.findall(text))] or [0, 0, 0]
    names = [name for block in FAILURES.findall(text) for name in block.split()]
    if hung:
        # What libtest calls long may have ended all the same.
        ended = set(ENDED.findall(text))
        return Outcome(*counts, seconds, "HANG", names + [name for name in LONG.findall(text) if name not in ended])
    if re.search(r"\(signal: \d+", text):
        return Outcome(*counts, seconds, "CRASH", names)
    if p.returncode and not counts[1] and re.search(r"^error(\[|: could not compile)", text, re.M):
        return Outcome(*counts, seconds, "BUILD", names)
    return Outcome(*counts, seconds, "FAIL" if p.returncode else "ok", names)


def wait(p, path, timeout):
    """False, and the process group is gone, if nothing was printed for that long."""
    size, last = 0, time.time()
    try:
        while True:
            try:
                p.wait(0.2)
                return True
            except subprocess.TimeoutExpired:
                pass
            now = time.time()
            if os.path.getsize(path) != size:
                size, last = os.path.getsize(path), now
            if now - last > timeout:
                return False
    finally:
        # Also what the tests may have left behind.
        try:
            os.killpg(p.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        p.wait()
