"""Where the source of std is on this machine. Nothing is fetched: if it is not here, the message says how to get it."""
import glob, os, re, subprocess, sys

MISSING = """The source of std, whose tests these are, was not found. One of these brings it:

    apt-get install rust-web-src            (Debian; it goes to /usr/src)
    rustup component add rust-src           (rustup; it goes to the toolchain)

or set STD_SRC to the folder `library` of a checkout of Rust."""


def find():
    """The folder `library` of a Rust source tree."""
    given = os.environ.get("STD_SRC")
    for folder in [given] if given else _places():
        if os.path.exists(f"{folder}/std/tests/thread.rs"):
            return folder
    sys.exit(MISSING if not given else f"STD_SRC is {given}, which has no std/tests/thread.rs in it.")


def _places():
    def version(folder):
        return [int(n) for n in re.findall(r"\d+", os.path.basename(os.path.dirname(folder)))]

    yield from sorted(glob.glob("/usr/src/rustc-*/library"), key=version, reverse=True)
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], stdout=subprocess.PIPE, text=True).stdout.strip()
    yield f"{sysroot}/lib/rustlib/src/rust/library"


if __name__ == "__main__":
    print(find())
