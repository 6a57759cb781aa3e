"""Runs the tests of one suite, in as many processes as it takes."""
import json, os, re, shutil, signal, subprocess, time

from suites import S

EVENT = re.compile(r'\{ "type": "test", "event": "started", "name": "([^"]*)"')
_target_libdir = None


def log_folder(base, on_thread, cls, name):
    return f"{base}/logs-{'thread' if on_thread else 'spawned'}/{cls}/{name}"


def run_suite(name, cls, exe, tests, options, base):
    """({test: verdict}, seconds). A verdict is ok, ignored, missing, hung, notrun, or failed with a reason."""
    env = dict(os.environ, RUSTC_BOOTSTRAP="1", RUST_BACKTRACE="0", LD_LIBRARY_PATH=target_libdir())
    env.pop("COTEST_ON_THREAD", None)           # RUSTC_BOOTSTRAP is for libtest's --format json
    if options.on_thread:
        env["COTEST_ON_THREAD"] = "1"
    logs = log_folder(base, options.on_thread, cls, name)
    shutil.rmtree(logs, ignore_errors=True)
    os.makedirs(logs)
    start = time.time()
    if S[name].get("harness", True):
        verdict = _with_libtest(exe, tests, options, env, logs)
    else:
        verdict = {"main": _without_libtest(exe, options, env, logs)}
    return verdict, time.time() - start


def _without_libtest(exe, options, env, logs):
    with open(logs + "/0.out", "w") as f:
        p = subprocess.Popen([exe], stdin=subprocess.DEVNULL, stdout=f, stderr=f, env=env, cwd=logs,
                             start_new_session=True)
    try:
        status = p.wait(options.test_timeout)
        return "ok" if status == 0 else f"failed (exit {status})"
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        p.wait()
        return "hung"


def _with_libtest(exe, tests, options, env, logs):
    """A test that kills or hangs its process is named, and the rest go on in a new one."""
    deadline = time.time() + options.suite_timeout
    verdict, todo, number = {}, [list(tests)], 0
    while todo:
        batch = todo.pop(0)
        results, started, how, status = _one_process(exe, batch, options, env, f"{logs}/{number}", deadline)
        number += 1
        verdict.update(results)
        left = [t for t in batch if t not in results]
        if not left:
            continue
        if how == "timeout":
            verdict.update((t, "hung" if t in started else "notrun") for t in left)
            verdict.update((t, "notrun") for b in todo for t in b)
            break
        culprits = [t for t in started if t in left]
        rest = [t for t in left if t not in culprits]
        if not culprits:
            # Listed but unknown to the binary (cfg'd out), or it died before the first test.
            bad = "missing" if status in (0, 101) and how == "exit" else f"failed (process died, {status})"
            verdict.update((t, bad) for t in left)
            continue
        if len(culprits) == 1:
            verdict[culprits[0]] = "hung" if how == "hang" else f"failed (process died, {status})"
        else:
            todo += [[t] for t in culprits]
        if rest:
            todo.append(rest)
    return verdict


def _one_process(exe, tests, options, env, logbase, deadline):
    """(results, tests that were started, how it ended: exit, hang or timeout, exit status)"""
    outp, errp, resp = logbase + ".out", logbase + ".err", logbase + ".res"
    for path in (outp, errp, resp):
        open(path, "w").close()
    command = [exe, "--test-threads", str(options.threads), "-Z", "unstable-options", "--format", "json",
               "--logfile", resp, "--exact"] + ["t::" + t for t in tests]
    with open(outp, "w") as so, open(errp, "w") as se:
        p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=so, stderr=se, env=env,
                             cwd=os.path.dirname(logbase), start_new_session=True)
    last, seen, how = time.time(), (0, 0), "exit"
    while p.poll() is None and how == "exit":
        time.sleep(0.02)
        now = time.time()
        sizes = (os.path.getsize(outp), os.path.getsize(resp))
        if sizes != seen:
            seen, last = sizes, now
        if now - last > options.test_timeout:
            how = "hang"
        elif now > deadline:
            how = "timeout"
    if how != "exit" and options.stacks:
        with open(logbase + ".stacks", "w") as f:
            subprocess.run(["gdb", "-p", str(p.pid), "-batch", "-ex", "thread apply all bt"], stdout=f,
                           stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        os.killpg(p.pid, signal.SIGKILL)        # itself if it hangs, and processes the tests may have left
    except ProcessLookupError:
        pass
    status = p.wait()
    started = [x[3:] for x in EVENT.findall(open(outp, errors="replace").read()) if x.startswith("t::")]
    results = {}
    for line in open(resp, errors="replace"):
        w = re.match(r"(ok|failed|ignored)\b.* t::(\S+)$", line.rstrip())
        if w:
            results[w.group(2)] = w.group(1)
    return results, started, how, status


def why_failed(logs, test):
    """What libtest captured of a failed test (a panic in a coroutine may be in a .err file instead)."""
    pattern = re.compile(r'"name": "t::' + re.escape(test) + r'", "event": "failed"'
                         r'(?:, "stdout": ("(?:[^"\\]|\\.)*"))?(?:[^}]*"(?:message|reason)": ("(?:[^"\\]|\\.)*"))?')
    for f in sorted(os.listdir(logs)):
        x = f.endswith(".out") and pattern.search(open(f"{logs}/{f}", errors="replace").read())
        if x:
            try:
                return " ".join(json.loads(g).strip() for g in x.groups() if g)
            except ValueError:
                return x.group(0)
    return ""


def target_libdir():
    global _target_libdir
    if _target_libdir is None:
        p = subprocess.run(["rustc", "--print", "target-libdir"], stdout=subprocess.PIPE, text=True)
        _target_libdir = p.stdout.strip()
    return _target_libdir
