#!/bin/sh
# The demo: lift the sample that ships, measure it against the truth, render a film, open the window.
# usage: scripts/demo.sh PYTHON FOLDER
set -eu
python=$1
out=$2
sample=resources/sample
"$python" main.py lift --reference $sample/reference.mp4 --freeze-time $sample/freeze_time.mp4 --out "$out" --preset draft --resume
echo "How close is it to the truth (frames and cameras that the lift never saw)?"
"$python" main.py evaluate "$out" --scene $sample
"$python" main.py render "$out" --camera reference --out "$out/renders/reference.mp4"
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    exec "$python" main.py "$out"
fi
echo "No display here; on a machine with one, open the scene with: $python main.py $out"
