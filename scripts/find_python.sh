#!/bin/sh
# Prints the first Python of at least 3.11; names the remedy and fails when there is none.
for candidate in "${PYTHON:-python3}" python3 python3.13 python3.12 python3.11 python; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        command -v "$candidate"
        exit 0
    fi
done
echo "Splatime needs Python 3.11 or newer; install it (Debian or Ubuntu: sudo apt-get install python3) or set PYTHON=/path/to/python." >&2
exit 1
