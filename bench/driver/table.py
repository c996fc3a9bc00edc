"""The rounds as Markdown: first the bars, then every figure."""

from . import bars

DETAIL = ("rate", "p50", "p99", "cpu", "written")
HEADS = {"rate": "ops/s", "p50": "p50 µs", "p99": "p99 µs", "cpu": "server CPU µs/op", "written": "bytes written/op"}


def _row(*cells):
    return "| " + " | ".join(cells) + " |"


def _sides(rounds, figure):
    return [seen.text() if seen else "–" for seen in
            (bars.spread(rounds, "ours", figure), bars.spread(rounds, "theirs", figure))]


def judged(rounds):
    lines = [_row("axis", "ours", "Apache", "ours/Apache", "bar", ""), "|---|---|---|---|---|---|"]
    for axis, figure, bound, _, met in bars.judged(rounds):
        ratio = bars.ratio(rounds, figure)
        told = ratio.text() + "x" if ratio else "–"
        lines.append(_row(axis, *_sides(rounds, figure), told, bound, "met" if met else "**not met**"))
    return lines


def detail(rounds):
    """Loads by their five figures, then whatever else was measured."""
    names = list(dict.fromkeys(name for each in rounds for name in each["ours"]))
    loads = [name.removesuffix(" rate") for name in names if name.endswith(" rate")]
    lines = [_row("load", "figure", "ours", "Apache", "ours/Apache"), "|---|---|---|---|---|"]
    for load in loads:
        for figure in DETAIL:
            _detail_row(lines, rounds, load, HEADS[figure], f"{load} {figure}")
    rest = [name for name in names if not any(name.startswith(load + " ") for load in loads)]
    for name in rest:
        _detail_row(lines, rounds, "", name, name)
    return lines


def _detail_row(lines, rounds, load, head, figure):
    ratio = bars.ratio(rounds, figure)
    if bars.spread(rounds, "ours", figure):
        lines.append(_row(load, head, *_sides(rounds, figure), ratio.text() + "x" if ratio else "–"))


def page(rounds, notes):
    met = [row[4] for row in bars.judged(rounds)]
    return "\n".join([*notes, "", f"Bars met: {sum(met)} of {len(met)} measured. Median (least–most) of "
                      f"{len(rounds)} rounds; ratios within each round.", "", *judged(rounds), "", *detail(rounds), ""])
