#!/usr/bin/env python3
"""The API of costd against std's. See README.md; run.sh is the way in."""
import argparse, os, sys

sys.dont_write_bytecode = True
import allowed, compare, identity, mirror


def arguments():
    ap = argparse.ArgumentParser(prog="run.sh")
    ap.add_argument("--all", action="store_true", help="print the allowed differences too")
    target = os.environ.get("CARGO_TARGET_DIR", f"{mirror.REPOSITORY}/target")
    ap.add_argument("--dir", default=os.path.join(target, "parity"), help="where to build (default: %(default)s)")
    return ap.parse_args()


def print_table(modules, listed):
    columns = ("items", "own", "members", "impls", "differ", "allowed")
    print(f"{'module':24}" + "".join(f"{c:>8}" for c in columns))
    rows = [(m.name or "(macros)", m.items, m.own, m.members, m.impls, len(m.differences), len(listed[m.name]))
            for m in modules]
    rows.append(("TOTAL", *(sum(r[i] for r in rows) for i in range(1, 7))))
    for name, *numbers in rows:
        print(f"{name:24}" + "".join(f"{n:8}" for n in numbers))


def unseen(modules):
    """What the check is for and has not seen: it would find no difference there."""
    missing = [name for name in mirror.EXPECTED if name not in modules or not modules[name].items]
    if not sum(m.members for m in modules.values()) or not sum(m.impls for m in modules.values()):
        missing.append("members and impls")
    return [f"nothing was found of {name}: have rustdoc's pages changed?" for name in missing]


def main():
    options = arguments()
    base = os.path.abspath(options.dir)
    real, ours = mirror.pages("std", base), mirror.pages("costd", base)
    modules, one = compare.compare(real, ours)
    entries = allowed.read()
    listed, errors = {}, []
    for module in modules.values():
        listed[module.name] = [d for d in module.differences if allowed.is_allowed(d, entries)]
        errors += [d for d in module.differences if d not in listed[module.name]]
    shown = [m for m in modules.values() if m.items or m.differences]
    print_table(shown, listed)
    if options.all:
        print("\nallowed:")
        print("\n".join(f"  {d}" for m in shown for d in listed[m.name]))
    errors += allowed.unused(entries) + unseen(modules)
    same = [path for m in modules.values() for path in m.shared]
    own = [path for m in modules.values() for path in m.own_items]
    two = identity.check(base, same, own, one)
    print(f"\n{len(same)} items are std's own and {len(own)} are costd's" + ("" if two else ", by the compiler's word"))
    errors += two
    print("".join(f"\n{error}" for error in errors) + f"\n{len(errors)} errors")
    return 1 if errors else 0


sys.exit(main())
