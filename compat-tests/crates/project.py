"""Lays out the source of a published crate as a project of its own, on the real std or on another one."""
import json, os, re, shutil, stat, subprocess

from catalog import HERE

LOCK = f"{HERE}/Cargo.lock"
# costd needs these itself. A patch would reach costd as well, and be a cycle; they go in by path, for the crate alone.
COSTD_NEEDS = ("crossbeam-channel", "crossbeam-utils")
# What only the benchmarks use; they are not run, and these take long to build.
BENCHMARKS = ("criterion", "divan", "iai")
# Cargo publishes manifests with a table for each dependency.
DEPENDENCY = re.compile(r"\[(?:target\..*\.)?(?:dev-|build-)?dependencies\.([\w-]+)\]")
PACKAGE = re.compile(r'^package = "(.*)"\n', re.M)
VERSION = re.compile(r'^version = ".*"\n', re.M)


class Failed(Exception):
    """Cargo could not do it; the log says why."""


def call(command, log, **options):
    """Runs cargo for its effect, or for what it prints."""
    p = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, **options)
    if p.returncode:
        raise Failed(" ".join(command))
    return p.stdout


def sources(packages, build, log):
    """{(name, version): folder} in cargo's own cache, by way of a package that depends on them all."""
    probe = f"{build}/.sources"
    shutil.rmtree(probe, ignore_errors=True)
    os.makedirs(f"{probe}/src")
    open(f"{probe}/src/lib.rs", "w").close()
    with open(f"{probe}/Cargo.toml", "w") as f:
        f.write('[package]\nname = "sources"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n')
        for i, (name, version) in enumerate(packages):
            f.write(f'[dependencies.p{i}]\npackage = "{name}"\nversion = "={version}"\n')
    copy_lock(probe)
    found = json.loads(call(["cargo", "metadata", "--format-version", "1"], log, cwd=probe))["packages"]
    folders = {(p["name"], p["version"]): os.path.dirname(p["manifest_path"]) for p in found}
    return {package: folders[package] for package in packages}


def lay_out(crate, source, folder, std, also):
    """Makes `folder` the project of a crate. `std` is the line's path or None; `also`: {(name, version): source}."""
    copies = {package: f"{os.path.dirname(folder)}/also/{'-'.join(package)}" for package in also}
    by_path = {name: path for (name, _), path in copies.items() if name in COSTD_NEEDS}
    patches = [patch(*package, path) for package, path in copies.items() if package[0] not in COSTD_NEEDS]
    for package, other in also.items():
        copy_source(other, copies[package])
        edit_manifest(copies[package], lambda manifest: with_paths(manifest, by_path) + line(std))
    copy_source(source, folder)
    more = line(std) + "".join(patches) + "\n[workspace]\n"
    edit_manifest(folder, lambda manifest: with_paths(manifest, by_path) + more)
    copy_lock(folder)


def patch(name, version, path):
    """What makes a package that path's, wherever it is needed."""
    return (f'\n[patch.crates-io."{name}-{version.replace(".", "-")}"]\n'
            f'package = "{name}"\npath = "{path}"\n')


def edit_manifest(folder, edit):
    with open(f"{folder}/Cargo.toml") as f:
        manifest = f.read()
    with open(f"{folder}/Cargo.toml", "w") as f:
        f.write(edit(manifest))


def line(std):
    """The one line, as a table to put behind the others."""
    return f'\n[dependencies.std]\npackage = "costd"\npath = "{std}"\n' if std else ""


def copy_source(source, folder):
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    for root, _, files in os.walk(folder):
        for path in [root] + [f"{root}/{name}" for name in files]:
            os.chmod(path, os.stat(path).st_mode | stat.S_IWUSR)
    # What is the publisher's own business: toolchain, settings, lock.
    shutil.rmtree(f"{folder}/.cargo", ignore_errors=True)
    for name in ("rust-toolchain", "rust-toolchain.toml", "Cargo.lock"):
        if os.path.exists(f"{folder}/{name}"):
            os.remove(f"{folder}/{name}")
    edit_manifest(folder, without_benchmarks)


def without_benchmarks(manifest):
    return "".join(table for table in tables(manifest) if dependency(table) not in BENCHMARKS)


def tables(manifest):
    """Its tables, as texts; each begins with its header."""
    return re.split(r"^(?=\[)", manifest, flags=re.M)


def with_paths(manifest, copies):
    """The dependencies in `copies` are by path."""
    return "".join(VERSION.sub(f'path = "{copies[name]}"\n', table) if (name := dependency(table)) in copies else table
                   for table in tables(manifest))


def dependency(table):
    """The package whose dependency table this is, if it is one."""
    header, package = DEPENDENCY.match(table), PACKAGE.search(table)
    return header and (package.group(1) if package else header.group(1))


def copy_lock(folder):
    """Cargo keeps to the versions that it finds in a lock file, and drops those that nobody needs."""
    if os.path.exists(LOCK):
        shutil.copy(LOCK, f"{folder}/Cargo.lock")


def save_lock(crates, folders, std, build, log):
    """Makes the lock file anew: the newest versions of what all the crates and costd need."""
    workspace = f"{build}/.lock"
    shutil.rmtree(workspace, ignore_errors=True)
    for crate in crates:
        member = f"{workspace}/{crate.name}"
        copy_source(folders[crate.name, crate.version], member)
        edit_manifest(member, lambda manifest: manifest + line(std))
    with open(f"{workspace}/Cargo.toml", "w") as f:
        members = ", ".join(f'"{crate.name}"' for crate in crates)
        f.write(f'[workspace]\nresolver = "2"\nmembers = [{members}]\n')
    call(["cargo", "generate-lockfile"], log, cwd=workspace)
    shutil.copy(f"{workspace}/Cargo.lock", LOCK)
