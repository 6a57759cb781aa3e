#!/bin/sh
# The API of costd against that of std.  See README.md.
exec python3 "$(dirname "$(readlink -f "$0")")/parity.py" "$@"
