#!/bin/sh
# Makes sure that the system libraries which pip cannot bring are there: those of Qt, OpenGL and numba's
# threads, and Xvfb, on whose screens the tests run. Installs them with apt as root or with sudo;
# elsewhere names exactly what is missing and stops. Quick and silent when nothing is missing.
# usage: scripts/system_libraries.sh PYTHON
set -u
python=${1:-python3}

if [ "$(uname -s)" != Linux ]; then
    exit 0
fi

# What must be there (a shared library's soname or a command) and the Debian/Ubuntu package that brings it.
libraries="
libglib-2.0.so.0:libglib2.0-0
libdbus-1.so.3:libdbus-1-3
libfontconfig.so.1:libfontconfig1
libEGL.so.1:libegl1
libGL.so.1:libgl1
libxkbcommon-x11.so.0:libxkbcommon-x11-0
libxcb-cursor.so.0:libxcb-cursor0
libxcb-icccm.so.4:libxcb-icccm4
libxcb-keysyms.so.1:libxcb-keysyms1
libxcb-shape.so.0:libxcb-shape0
libxcb-xkb.so.1:libxcb-xkb1
libgomp.so.1:libgomp1
"
commands="
Xvfb:xvfb
xvfb-run:xvfb
xauth:xauth
"

known=$(ldconfig -p 2>/dev/null || /sbin/ldconfig -p 2>/dev/null)
missing=""
packages=""
want() { # want NAME PACKAGE
    missing="$missing $1"
    case " $packages " in *" $2 "*) ;; *) packages="$packages $2" ;; esac
}
for entry in $libraries; do
    case "$known" in *"${entry%%:*} "*) ;; *) want "${entry%%:*}" "${entry#*:}" ;; esac
done
for entry in $commands; do
    command -v "${entry%%:*}" >/dev/null 2>&1 || want "${entry%%:*}" "${entry#*:}"
done
# Software OpenGL has no soname of its own to look for: a driver file in any of the usual folders will do.
found=$(ls /usr/lib/*/dri/*_dri.so /usr/lib/dri/*_dri.so /usr/lib64/dri/*_dri.so /usr/lib/*/libgallium*.so 2>/dev/null | head -n 1)
[ -n "$found" ] || want "an OpenGL driver (Mesa)" "libgl1-mesa-dri"
# Debian splits venv off its python3.
"$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || want "Python's ensurepip" "python3-venv"

[ -n "$missing" ] || exit 0

stop() {
    echo "Splatime needs these system libraries or programs, which are missing:$missing" >&2
    echo "On Debian or Ubuntu install them with: sudo apt-get install$packages" >&2
    exit 1
}
command -v apt-get >/dev/null 2>&1 || stop
if [ "$(id -u)" = 0 ]; then
    sudo=""
elif command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    sudo="sudo"
else
    stop
fi
echo "Installing system packages:$packages"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -q </dev/null || stop
# shellcheck disable=SC2086
$sudo apt-get install -y -q --no-install-recommends $packages </dev/null || stop
# python3-venv serves the system's own python3; one from elsewhere has a package of its own.
"$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || {
    echo "$python still has no ensurepip; install its own venv package (for python3.13: python3.13-venv) or set PYTHON=python3." >&2
    exit 1
}
