#!/usr/bin/env bash
# Open the window on the bundled samples; where there is no screen, print their table and write a picture of the window.
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python

if [ "$(uname -s)" = Darwin ] || [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    exec "$python" -m app --samples
fi

echo "There is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window is opened."
echo "What the model says of the bundled samples:"
mkdir -p build
"$python" -m app score resources/samples --out build/samples.csv
echo
PYTHONPATH=. "$python" scripts/show_table.py build/samples.csv
echo
echo "A picture of the window, drawn off screen:"
"$python" -m app --samples --snapshot build/window.png
