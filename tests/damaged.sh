#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# vdsogen show on damaged images: a byte turned over, or the end cut off. It may
# refuse them, and must not crash. In process, vdsogen_open() and vdsogen check
# get every byte and every length (tests/fuzz.sh, tests/check-images.sh); here
# each image takes a process, so every STEP-th (11), from a place that moves.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${VDSOGEN:=$BUILDDIR/vdsogen}" "${ARCHS:=x86_64 aarch64}" "${STEP:=11}"

command -v python3 >/dev/null || { echo "SKIP: no python3" && exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for arch in $ARCHS; do
	"$VDSOGEN" build --arch "$arch" -o "$dir/$arch"
	"$VDSOGEN" build --arch "$arch" --data before --latch -o "$dir/$arch-split"
	"$VDSOGEN" build --arch "$arch" --functions clock_gettime,getpid,getuid,uname,getrandom \
		--slots --process after --fallback jump --fallback-at 4096 -o "$dir/$arch-all"
done
exec python3 - "$VDSOGEN" "$STEP" "$dir" <<'END'
import os, subprocess, sys, time

vdsogen, step, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
shown = failed = 0
start = int(time.time()) % step


def show(data, what):
    global shown, failed
    run = subprocess.run([vdsogen, 'show', '-'], input=data, capture_output=True)
    shown += 1
    sanitizer = b'Sanitizer' in run.stderr or b'runtime error' in run.stderr
    if run.returncode not in (0, 1) or (run.returncode == 1) != bool(run.stderr) or sanitizer:
        print(f'FAIL: {what}: exit status {run.returncode}, {run.stderr[:200]}')
        failed += 1


for name in sorted(os.listdir(folder)):
    with open(os.path.join(folder, name), 'rb') as file:
        image = file.read()
    for at in range(start, len(image), step):
        turned = bytes([image[at] ^ 0xff])
        show(image[:at] + turned + image[at + 1:], f'{name}, byte {at}')
    for size in range(start, len(image), 2 * step):
        show(image[:size], f'{name}, {size} bytes')
print(f'{shown} images shown from {start} on, {failed} failed')
sys.exit(failed > 0)
END
