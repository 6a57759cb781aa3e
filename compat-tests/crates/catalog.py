"""What the lists here say: list.txt, baseline.txt, differences.txt."""
import os
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))
BASELINE = f"{HERE}/baseline.txt"
BASELINE_HEAD = "# name   tests that pass on the real std   ignored   seconds; written by `run.sh --real --save`\n"


@dataclass
class Difference:
    """How a test that does not always pass on costd depends on how many workers there are."""
    fails_up_to: int                                # with so many or fewer it does not pass
    passes_from: int | None                         # with so many or more it does; None: not for certain
    alone: bool                                     # … if it is run alone

    def is_run_with_others(self, workers):
        return self.passes_from is not None and workers >= self.passes_from and not self.alone

    def verdict(self, workers):
        """Whether it has to pass when it is run alone; None: it goes either way."""
        if workers <= self.fails_up_to:
            return False
        return True if self.alone and workers >= self.passes_from else None

    @classmethod
    def parse(cls, fails_up_to, passes_from):
        number = passes_from.removesuffix("a")
        return cls(int(fails_up_to), None if number == "-" else int(number), passes_from.endswith("a"))


@dataclass
class Crate:
    name: str
    version: str
    cargo_args: list
    test_args: list
    skip: list                                      # tests that cannot be run anywhere
    also: list                                      # [(name, version)] of dependencies that get the line as well
    differs: dict = field(default_factory=dict)     # {test: Difference}
    baseline: int | None = None


def lines(name):
    """The lines of a list that say something."""
    with open(f"{HERE}/{name}") as f:
        return [line.strip() for line in f if line.strip() and not line.startswith("#")]


def crates():
    """{name: Crate}, in the order of list.txt."""
    found = {}
    for line in lines("list.txt"):
        name, version, _areas, cargo_args, test_args, skip, also = [part.strip() for part in line.split("|")]
        skip = [entry.split()[0] for entry in skip.split(";") if entry.strip()]
        also = [tuple(entry.split("@")) for entry in also.split()]
        found[name] = Crate(name, version, cargo_args.split(), test_args.split(), skip, also)
    for line in lines("differences.txt"):
        test, fails_up_to, passes_from, _reason = line.split(maxsplit=3)
        name, test = test.split("::", 1)
        found[name].differs[test] = Difference.parse(fails_up_to, passes_from)
    for name, (passed, _ignored, _seconds) in baseline().items():
        found[name].baseline = int(passed)
    return found


def baseline():
    """{name: [passed, ignored, seconds]}"""
    return {name: rest for name, *rest in map(str.split, lines("baseline.txt"))}


def save_baseline(name, passed, ignored, seconds):
    known = baseline()
    known[name] = [passed, ignored, f"{seconds:.1f}"]
    with open(BASELINE, "w") as f:
        f.write(BASELINE_HEAD)
        for name in sorted(known):
            f.write(" ".join(str(part) for part in [name, *known[name]]) + "\n")
