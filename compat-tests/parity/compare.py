"""The differences between std's pages and costd's."""
import os, re

import page, signature

KINDS = {"fn": "function", "type": "type alias", "derive": "derive macro", "attr": "attribute", "traitalias": "trait alias"}


class Module:
    """A module's line of the table."""

    def __init__(self, name):
        self.name = name
        self.items = self.members = self.impls = 0
        self.shared, self.own_items = [], []        # paths
        self.differences = []

    @property
    def own(self):
        return len(self.own_items)


def compare(real, ours):
    """{name: Module}, from the two folders of pages, and the paths that have to be of one item in costd, as pairs."""
    theirs, mine = _items(real), _items(ours)
    names = _names(theirs)
    modules, own, homes = {}, set(), []
    for key in sorted(set(theirs) | set(mine)):
        name, kind, item = key
        module = modules.setdefault(name, Module(name))
        path = _path(name, item)
        if key not in theirs:
            module.differences.append(f"{path}: extra {KINDS.get(kind, kind)}")
            continue
        std = page.Page(theirs[key])
        stable = std.stable and not _unstable_module(real, name)
        module.items += stable
        if key not in mine:
            if stable:
                module.differences.append(f"{path}: missing {KINDS.get(kind, kind)}")
            continue
        costd = page.Page(mine[key])
        if stable:
            (module.shared if costd.crate else module.own_items).append(path)
            homes.append((path, names[kind, path]))
            own |= set() if costd.crate else {names[kind, path]}
        # What lies below std names nothing that costd may have of its own. What is std's does: then costd needs its own.
        if costd.crate in (None, "std"):
            _Comparison(module, path, std.read(names), costd.read(names), stable, real).run()
    return modules, [(path, home) for path, home in homes if home in own and path != home]


def _items(folder):
    """{(module, kind, name): page}"""
    found = {}
    for directory, _, files in os.walk(folder):
        module = os.path.relpath(directory, folder).replace("/", "::").lstrip(".")
        for file in files:
            m = re.fullmatch(r"(\w+)\.(\w+)\.html", file)
            if m:
                found[module, m[1], m[2]] = f"{directory}/{file}"
    return found


def _path(module, item):
    return f"{module}::{item}".lstrip(":")


def _names(items):
    """{(kind, path): path}: one path for each item of std's, of the several that it may have. rustdoc takes any of them."""
    groups = {}
    for (module, kind, item), path in items.items():
        groups.setdefault((kind, item, page.Page(path).source), []).append(_path(module, item))
    # A prelude is nobody's home.
    order = lambda path: ("prelude::" in path, not path.startswith("prelude::v1::"), path)
    return {(kind, path): min(paths, key=order) for (kind, _, _), paths in groups.items() for path in paths}


def _unstable_module(folder, name):
    parts = name.split("::") if name else []
    for n in range(1, len(parts) + 1):
        with open(f"{folder}/{'/'.join(parts[:n])}/index.html", encoding="utf-8") as f:
            text = f.read()
        # The mark of the module itself stands before its text and its tables.
        start = text.find('<section id="main-content"')
        ends = [e for e in (text.find(end, start) for end in ('<details class="toggle top-doc"', "<h2")) if e >= 0]
        if "stab unstable" in text[start:min(ends, default=None)]:
            return True
    return False


class _Comparison:
    """Of an item on both sides. An unstable one may have another shape, but nothing that std's has not. On an item that is
    std's itself there may be more: impls for costd's types, and of other crates. Who implements a trait of std's is on the
    pages of the types."""

    def __init__(self, module, path, std, costd, stable, real):
        self.module, self.path, self.std, self.costd, self.stable, self.real = module, path, std, costd, stable, real
        if costd.crate and std.is_trait:
            std.members = [m for m in std.members if m.inherent]
            std.impls = []

    def run(self):
        if self.stable and self.std.declaration != self.costd.declaration:
            self._differ(f"declaration {_versus(self.std.declaration, self.costd.declaration)}")
        self.module.members += self._compare(self.std.members, self.costd.members)
        for impl in self.std.impls:
            # Of the impls of an unstable trait only some are marked.
            impl.stable = impl.stable and not self._unstable_trait(impl.name)
        self.module.impls += self._compare(self.std.impls, self.costd.impls)

    def _compare(self, std, costd):
        """How many things of std's were looked for."""
        theirs, mine = _by_name(std), _by_name(costd)
        compared = 0
        for name, members in theirs.items():
            required = [m for m in members if m.stable and self.stable]
            have = {m.signature for m in mine.get(name, [])}
            lack = [m.signature for m in required if m.signature not in have]
            more = sorted(have - {m.signature for m in members})
            if required and not have:
                self._differ(f"missing {' and '.join(lack)}")
            elif required and (lack or more and not self.costd.crate):
                self._differ(f"differs {_versus(' and '.join(lack), ' and '.join(more))}")
            compared += len(required)
        for name, members in mine.items():
            if name not in theirs and not self.costd.crate and (self.stable or members[0].inherent):
                self._differ(f"extra {' and '.join(m.signature for m in members)}")
        return compared

    def _unstable_trait(self, name):
        trait = re.match(r"impl ([\w:]+)", name)
        *module, trait = trait[1].split("::")
        path = f"{self.real}/{'/'.join(module)}/trait.{trait}.html"
        return os.path.exists(path) and not page.Page(path).stable

    def _differ(self, text):
        self.module.differences.append(f"{self.path}: {signature.shown(text)}")


def _by_name(members):
    named = {}
    for m in members:
        named.setdefault(m.name, []).append(m)
    return named


def _versus(std, costd):
    return f"std [{std}] costd [{costd}]"
