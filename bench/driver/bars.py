"""The bars of the speed issue, and whether figures meet them. Bars of axes that a run did not measure are left out."""

import statistics

# axis in words, figure, what is compared ("ratio" ours/Apache, or "ours" alone), direction, bound
BARS = (
    ("get, 8x64: rate", "get 8x64 rate", "ratio", ">=", 10),
    ("get, 8x1: rate", "get 8x1 rate", "ratio", ">=", 2),
    ("get, 8x1: p99", "get 8x1 p99", "ratio", "<=", 0.5),
    ("set, 8x64: rate", "set 8x64 rate", "ratio", ">=", 6),
    ("set, 1x1: rate", "set 1x1 rate", "ratio", ">=", 1.6),
    ("set, 8x1: rate", "set 8x1 rate", "ratio", ">=", 1.6),
    ("set, 1x1: p99", "set 1x1 p99", "ratio", "<=", 0.3),
    ("set, 8x1: p99", "set 8x1 p99", "ratio", "<=", 0.3),
    ("mix 90/10, 8x64: rate", "mix90 8x64 rate", "ratio", ">=", 8),
    ("server CPU per get, 8x64", "get 8x64 cpu", "ratio", "<=", 0.10),
    ("server CPU per set, 8x64", "set 8x64 cpu", "ratio", "<=", 0.12),
    ("syscalls per get, 8x64", "get 8x64 syscalls", "ours", "<=", 0.2),
    ("syscalls per set, 8x64", "set 8x64 syscalls", "ours", "<=", 0.2),
    ("resident bytes per znode", "rss per node", "ratio", "<=", 0.5),
    ("bytes per watch", "rss per watch", "ratio", "<=", 0.2),
    ("start, empty (ms)", "start empty", "ours", "<=", 20),
    ("restart on the filled tree (ms)", "restart", "ratio", "<=", 0.15),
    ("disk bytes per create", "fill written", "ratio", "<=", 0.5),
    ("resident bytes per idle session", "rss per idle session", "ours", "<=", 2048),
)


class Spread:
    """Median and range of one figure over the rounds."""

    def __init__(self, values):
        self.values = sorted(values)
        self.median = statistics.median(self.values)

    def text(self):
        low, high = self.values[0], self.values[-1]
        return number(self.median) if low == high else f"{number(self.median)} ({number(low)}–{number(high)})"


def number(value):
    """Three digits, with k and M."""
    size = abs(value)
    for unit, letter, least in ((1e6, "M", 1e6), (1e3, "k", 1e4)):
        if size >= least:
            return f"{value / unit:.3g}{letter}"
    return f"{value:.0f}" if size >= 1000 else f"{value:.3g}"


def spread(rounds, side, figure):
    """`rounds`: a list of {side: {figure: value}}; None where no round has the figure."""
    values = [each[side][figure] for each in rounds if each[side].get(figure) is not None]
    return Spread(values) if values else None


def ratio(rounds, figure):
    """Ours/theirs within each round."""
    pairs = [(each["ours"].get(figure), each["theirs"].get(figure)) for each in rounds]
    values = [ours / theirs for ours, theirs in pairs if ours is not None and theirs]
    return Spread(values) if values else None


def judged(rounds):
    """Yields (axis, figure, bound in words, spread that is judged, met) for every bar that the rounds can tell of."""
    for axis, figure, kind, direction, bound in BARS:
        seen = ratio(rounds, figure) if kind == "ratio" else spread(rounds, "ours", figure)
        if seen is None:
            continue
        met = seen.median >= bound if direction == ">=" else seen.median <= bound
        unit = "x" if kind == "ratio" else ""
        yield axis, figure, f"{'≥' if direction == '>=' else '≤'} {bound}{unit}", seen, met
