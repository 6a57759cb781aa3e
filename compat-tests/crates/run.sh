#!/bin/sh
# The own tests of published crates, with `std = { package = "costd", .. }` in their Cargo.toml.  See README.md.
exec python3 "$(dirname "$(readlink -f "$0")")/crates.py" "$@"
