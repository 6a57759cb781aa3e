#!/usr/bin/env python3
"""Makes unstable.txt anew for another version of std: `: > unstable.txt; python3 classify.py`.

Builds the stable class without any #![feature] and moves every test that has an error (E0658 and the like) to the
list, until what is left compiles.
"""
import os, re, sys, tempfile

sys.dont_write_bytecode = True

import build, generate, std_source


def main():
    base = os.path.join(os.environ.get("STDTESTS_DIR", os.path.join(tempfile.gettempdir(), "stdtests-build")), "classify")
    src = std_source.find()
    for step in range(12):
        generate.projects(src, base, None, classify="more" if step else "first")
        _, messages = build.cargo(base, "stable", [], False)
        found, outside = {}, []
        for name, of_suite in messages.items():
            hits, others = build.blame(f"{base}/stable/{name}/t.rs", of_suite)
            for t, ms in hits.items():
                for m in ms:
                    features = re.findall(r"use of unstable library feature `(\w+)`", m["rendered"])
                    found.setdefault(f"{name}::{t}", set()).update(features)
            outside += [f"[{name}] " + m["rendered"] for m in others]
        print(f"step {step}: {len(found)} tests moved, {len(outside)} errors outside of tests")
        if outside and step:
            print("\n".join(outside))
        if step and not found:
            break
        with open(f"{generate.HERE}/unstable.txt", "a") as f:
            for k in sorted(found):
                f.write(f"{k} {','.join(sorted(found[k]))}\n")


main()
