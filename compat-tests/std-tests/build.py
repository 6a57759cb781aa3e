"""Builds a generated project; a test that does not compile is taken out of its suite, not the suite."""
import json, os, re, subprocess

import rust_text as text
from generate import write
from suites import S


class Built:
    def __init__(self):
        self.executables = {}       # suite -> path
        self.broken = {}            # suite -> its errors, rendered, if nothing helped
        self.removed = {}           # suite -> {test: its first error}


def build(base, cls, names, release):
    """Builds, taking out the tests that do not compile until the rest does."""
    built, todo = Built(), names
    while todo:
        executables, messages = cargo(base, cls, todo, release)
        built.executables.update(executables)
        again = []
        for n in todo:
            if n in executables:
                built.broken.pop(n, None)
                continue
            path = f"{base}/{cls}/{n}/t.rs"
            found, outside = blame(path, messages.get(n, [])) if S[n].get("harness", True) else ({}, [])
            errors = outside or messages.get(n, [])
            rendered = [m["rendered"] for m in errors]
            built.broken[n] = rendered or ["no message for this suite; a dependency failed?\n"]
            if found:
                s = open(path).read()
                tests = text.find_tests(s, r"#\[::cotest::test\]")
                write(path, text.cut(s, [(a, b) for a, b, t in tests if t in found]))
                for t, ms in found.items():
                    built.removed.setdefault(n, {})[t] = ms[0]["rendered"]
                again.append(n)
        todo = again
    return built


def cargo(base, cls, names, release):
    """({suite: executable}, {suite: [error messages]}); all suites if no names are given."""
    env = dict(os.environ, CARGO_TARGET_DIR=f"{base}/target-{cls}")
    env.pop("RUSTC_BOOTSTRAP", None)
    if cls == "unstable":
        env["RUSTC_BOOTSTRAP"] = "1"
    command = ["cargo", "build", "--keep-going", "--message-format=json", "-q"]
    command += ["--release"] if release else []
    for n in names:
        command += ["--test", n]
    command += [] if names else ["--tests"]
    executables, messages = {}, {}
    with open(f"{base}/build-{cls}.log", "w") as log:
        p = subprocess.run(command, cwd=f"{base}/{cls}", env=env, stdout=subprocess.PIPE, stderr=log, text=True)
        for line in p.stdout.splitlines():
            try:
                j = json.loads(line)
            except ValueError:
                continue
            if j.get("reason") == "compiler-artifact" and j.get("executable"):
                executables[j["target"]["name"]] = j["executable"]
            elif j.get("reason") == "compiler-message" and j["message"]["level"] == "error":
                n = j["target"]["name"]
                messages.setdefault(n, []).append(j["message"])
                log.write(f"[{n}] " + j["message"]["rendered"] + "\n")
    return executables, messages


def blame(path, messages):
    """({test: [messages]}, [messages outside of tests]) for the errors in a generated t.rs."""
    s = open(path).read()
    starts = [0] + [i + 1 for i, c in enumerate(s) if c == "\n"]
    tests = text.find_tests(s, r"#\[::cotest::test\]")

    def tests_at(spans):
        hit = set()
        for span in spans:
            while span:                 # out of the macros
                if span["file_name"] == path:
                    p = starts[span["line_start"] - 1]
                    hit |= {t for a, b, t in tests if a <= p < b}
                span = (span.get("expansion") or {}).get("span")
        return hit

    found, outside = {}, []
    for m in messages:
        hit = tests_at([span for span in m["spans"] if span["is_primary"]]) or tests_at(m["spans"])
        for t in hit:
            found.setdefault(t, []).append(m)
        if not hit and m["spans"]:
            outside.append(m)
    return found, outside
