#!/usr/bin/env bash
# Runs tests under ThreadSanitizer: run.sh --dir DIR [arguments of cargo test...]
# Needs Debian's apt and dpkg (not root), and rustup's stable toolchain. See README.md.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ "${1:-}" = --dir ] && [ $# -ge 2 ] || { sed -n 2,3p "$0" >&2; exit 2; }
mkdir -p "$2" && dir=$(cd "$2" && pwd)
shift 2
cd "$here/../.."

target=x86_64-unknown-linux-gnu
runtime=$(rustc --print sysroot)/lib/rustlib/$target/lib/librustc-stable_rt.tsan.a

# Debian's compiler, which has a source of std that fits. Nothing is installed: it is unpacked in DIR.
toolchain() {
    [ ! -e "$dir/rust/done" ] || return 0
    rm -rf "$dir/debs" "$dir/rust"
    mkdir -p "$dir/debs" "$dir/rust"
    local packages
    packages=$(apt-get --simulate --no-install-recommends install rustc-web cargo-web | awk '/^Inst / { print $2 }')
    (cd "$dir/debs" && apt-get download $packages rust-web-src >/dev/null)
    for package in "$dir"/debs/*.deb; do
        dpkg --extract "$package" "$dir/rust"
    done
    rm -rf "$dir/debs"
    # Debian leaves the sanitizers' runtimes out; rustup's are of the same LLVM.
    cp "$runtime" "$dir/rust/usr/lib/rustlib/$target/lib/"
    touch "$dir/rust/done"
}

# std, which the sanitizer is to see as well. In a sysroot of its own, since a crate whose `std` is costd cannot be built with -Zbuild-std:
# there would be two of that name.
standard_library() {
    [ ! -e "$dir/sysroot/done" ] || return 0
    mkdir -p "$dir/std/src"
    : >"$dir/std/src/lib.rs"
    printf '[package]\nname = "nothing"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n' >"$dir/std/Cargo.toml"
    (
        cd "$dir/std"
        # As the std that comes with a toolchain.
        CARGO_TARGET_DIR="$dir/std/target" CARGO_PROFILE_DEV_DEBUG_ASSERTIONS=false RUSTFLAGS=-Zsanitizer=thread \
            "$CARGO" build -Zbuild-std=std,panic_unwind,panic_abort,proc_macro,test --target "$target"
    )
    local lib=$dir/sysroot/lib/rustlib/$target/lib
    rm -rf "$dir/sysroot"
    mkdir -p "$lib"
    cp "$dir/std/target/$target"/debug/deps/*.rlib "$runtime" "$lib/"
    rm "$lib"/libnothing-*
    touch "$dir/sysroot/done"
}

toolchain
export LD_LIBRARY_PATH=$dir/rust/usr/lib/x86_64-linux-gnu
export CARGO=$dir/rust/usr/bin/cargo RUSTC=$dir/rust/usr/bin/rustc RUSTDOC=$dir/rust/usr/bin/rustdoc RUSTC_BOOTSTRAP=1
# Optimised, so that corosensei's switches are inlined (see pal/thread_sanitizer.rs).
export CARGO_PROFILE_DEV_OPT_LEVEL=1 CARGO_PROFILE_DEV_DEBUG=line-tables-only CARGO_INCREMENTAL=0
standard_library
export CARGO_TARGET_DIR=$dir/target
export RUSTFLAGS="-Zsanitizer=thread --cfg costd_tsan --sysroot $dir/sysroot"
export TSAN_OPTIONS="suppressions=$here/suppressions.txt history_size=4 ${TSAN_OPTIONS:-}"
"$CARGO" test --features costd/sanitizer --target "$target" "$@"
