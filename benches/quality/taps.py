"""Finds the taps of `src/audio/filter.rs`.

    python3 -m venv /tmp/quality && /tmp/quality/bin/pip install numpy scipy
    /tmp/quality/bin/python benches/quality/taps.py

A linear program gives the taps whose loudest frequency above 4.6 kHz is the
softest; then whole numbers near them are sought by steepest descent from many
places, always the same ones. Prints the tables and how loud the stop band is.
Takes some minutes.
"""

import numpy as np
from scipy.optimize import linprog

TAPS = 28
DISTANCES = np.array([d for d in range(1, 3 * TAPS // 2) if d % 3])
STOP_BAND = np.linspace(4600, 12_000, 800)
ATTEMPTS = 3000


def cosines(frequencies):
    return 2 * np.cos(np.outer(2 * np.pi * frequencies / 24_000, DISTANCES))


def ideal():
    """The taps at each distance from the middle, which is 1, without rounding."""
    a = cosines(np.linspace(4600, 12_000, 1500))
    bound = -np.ones((len(a), 1))
    result = linprog(
        np.append(np.zeros(TAPS), 1),
        A_ub=np.block([[a, bound], [-a, bound]]),
        b_ub=np.concatenate([-np.ones(len(a)), np.ones(len(a))]),
        A_eq=[np.append(np.ones(TAPS), 0)],
        b_eq=[1],
        bounds=[(None, None)] * (TAPS + 1),
    )
    return result.x[:-1]


def descend(x, a, middle, tied):
    """Takes the best of all small steps until none helps; the sum of the first `tied` stays."""
    response = middle + a @ x
    loudest = np.abs(response).max()
    pairs = [(i, j) for i in range(tied) for j in range(tied) if i != j]
    steps = np.zeros((len(pairs) + 2 * (len(x) - tied), len(x)))
    for step, (i, j) in zip(steps, pairs):
        step[i], step[j] = 1, -1
    for n, i in enumerate(range(tied, len(x))):
        steps[len(pairs) + 2 * n, i], steps[len(pairs) + 2 * n + 1, i] = 1, -1
    moves = a @ steps.T
    while True:
        reached = np.abs(response[:, None] + moves).max(axis=0)
        best = reached.argmin()
        if reached[best] > loudest - 1e-9:
            return loudest, x
        x, response, loudest = x + steps[best], response + moves[:, best], reached[best]


def whole_numbers(seed, exact, a, middle, tied, unit, whole):
    random = np.random.default_rng(seed)
    best, found = np.inf, None
    for attempt in range(ATTEMPTS):
        if found is None or attempt % 4 == 0:
            x = np.floor(exact + random.random(len(exact)))
        else:
            x = found.copy()
            for _ in range(random.integers(2, 7)):
                x[random.integers(len(x))] += random.choice([-1, 1])
        x[0] += unit - x[:tied].sum()
        loudest, x = descend(x, a, middle, tied)
        if loudest < best:
            best, found = loudest, x
    return 20 * np.log10(best / whole), found.astype(int)


def report(name, taps):
    print(f"{name}: {', '.join(str(tap) for tap in taps)}")


taps = ideal()
half = TAPS // 2

# Up: sums and differences of opposite taps, 2^14 to the unit. Both phases and
# the middle add up to three units.
opposite = np.kron(np.eye(half), [[1], [1]]), np.kron(np.eye(half), [[1], [-1]])
a = cosines(STOP_BAND) @ np.hstack(opposite) / 2
exact = np.concatenate([taps[0::2] + taps[1::2], taps[0::2] - taps[1::2]]) * 2**14
loudness, x = whole_numbers(1, exact, a, 2**14, half, 2**14, 3 * 2**14)
print(f"up: {loudness:.2f} dB")
report("sums", x[:half][::-1])
report("differences", x[half:][::-1])

# Down: half sums of opposite samples, 2^15 to the unit, a third for each phase.
unit = 2**15 // 3 * 2 + 1
loudness, x = whole_numbers(6, taps * unit, cosines(STOP_BAND) / 2, 2**15 - unit, TAPS, unit, 2**15)
print(f"down: {loudness:.2f} dB")
report("taps", np.concatenate([x[0::2][::-1], x[1::2]]))
report("middle", [2**15 - unit])
