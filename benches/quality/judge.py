"""Asks PESQ whether our resamplers sound as good as libsoxr's best.

    python3 -m venv /tmp/quality && /tmp/quality/bin/pip install numpy pesq soxr
    /tmp/quality/bin/python benches/quality/judge.py

Takes every clip of `fixtures/speech` from 8 to 24 kHz and back, once through
ours, once through libsoxr at its very highest quality, and has PESQ
(ITU-T P.862, narrow band) compare what returns with what went in. Prints a
table, and exits with 1 if ours is more than 0.02 below libsoxr's anywhere.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import soxr
from pesq import pesq

HOUSE = Path(__file__).resolve().parents[2]
RATE, HIGH_RATE = 8000, 24_000
TOLERANCE = 0.02


def filter_program():
    """Builds the bench `quality` and returns where it lies."""
    build = ["cargo", "bench", "--bench", "quality", "--no-run", "--message-format", "json"]
    messages = subprocess.run(build, cwd=HOUSE, check=True, stdout=subprocess.PIPE, text=True).stdout
    artifacts = [json.loads(line) for line in messages.splitlines()]
    found = [a["executable"] for a in artifacts if a.get("target", {}).get("name") == "quality" and a.get("executable")]
    return found[-1]


def decoded(mulaw):
    """G.711 as 16-bit samples."""
    code = ~np.frombuffer(mulaw, dtype=np.uint8)
    segment, step = (code >> 4) & 7, (code & 15).astype(np.int32)
    magnitude = (((step << 3) + 0x84) << segment) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype("<i2")


def ours(program, samples):
    silence = np.zeros(27, dtype="<i2")
    sound = np.concatenate([samples, silence]).tobytes()
    returned = subprocess.run([program, "round-trip"], input=sound, check=True, stdout=subprocess.PIPE).stdout
    return np.frombuffer(returned, dtype="<i2")[27:]


def theirs(samples):
    up = soxr.resample(samples, RATE, HIGH_RATE, quality="VHQ")
    return soxr.resample(up, HIGH_RATE, RATE, quality="VHQ")


def main():
    program = filter_program()
    print(f"{'clip':24} {'ours':>7} {'soxr VHQ':>9} {'better by':>10}")
    failed = False
    for clip in sorted((HOUSE / "fixtures/speech").glob("*.ulaw")):
        original = decoded(clip.read_bytes())
        scores = [pesq(RATE, original, returned, "nb") for returned in (ours(program, original), theirs(original))]
        difference = scores[0] - scores[1]
        failed |= difference < -TOLERANCE
        print(f"{clip.stem:24} {scores[0]:7.4f} {scores[1]:9.4f} {difference:+10.4f}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
