"""Growth curves of a run of run_benches.py as SVG, both axes logarithmic, to be read on a light and on
a dark page."""

import math
import re
from html import escape

# File, title, what is on the x axis, and the curves: name, program, and a pattern on the names of
# benchmarks whose group `x` is the number.
PLOTS = [
    ("positions", "An order, by positions of the account", "positions", [
        ("verdict, fresh", "decision", r"decide_accept/positions:(?P<x>\d+)/scenarios:64"),
        ("with its reservation, fresh", "decision", r"submit_fresh/positions:(?P<x>\d+)/scenarios:64"),
        ("behind a tick", "decision", r"submit_after_tick/positions:(?P<x>\d+)/scenarios:64"),
        ("behind ticks of all groups", "decision",
         r"submit_after_ticks_of_all_groups/positions:(?P<x>\d+)/scenarios:64"),
        ("everything from nothing", "decision",
         r"full_recompute_per_order/positions:(?P<x>\d+)/scenarios:64")]),
    ("scenarios", "An order, by scenarios of each of two sets", "scenarios", [
        ("by the bound", "margin", r"decide_bound/scenarios:(?P<x>\d+)"),
        ("exact, worst", "margin", r"decide_exact/two_sets/worst/scenarios:(?P<x>\d+)/kappa:0.5"),
        ("exact, expected shortfall", "margin",
         r"decide_exact/two_sets/es/scenarios:(?P<x>\d+)/kappa:0.5"),
        ("behind ticks of all groups", "decision",
         r"submit/worst/stale/positions:50/scenarios:(?P<x>\d+)")]),
    ("accounts", "An order of an account at random, by how many there are", "accounts", [
        ("one future, 16 scenarios", "decision",
         r"submit_cold/positions:1/scenarios:16/accounts:(?P<x>\d+)"),
        ("eight futures, 64 scenarios", "decision",
         r"submit_cold/positions:8/scenarios:64/accounts:(?P<x>\d+)"),
        ("two options, 64 scenarios", "accounts", r"submit_at_random/lines:2/accounts:(?P<x>\d+)")]),
    ("factors", "A stale account, by its linear factors", "factors", [
        ("refresh", "stale", r"refresh/after_ticks/factors:(?P<x>\d+)"),
        ("decided, exact", "stale", r"decide_exact/after_ticks/factors:(?P<x>\d+)"),
        ("decided by the bound", "stale", r"decide_bound/after_ticks/factors:(?P<x>\d+)")]),
    ("options", "A stale account, by its options", "options", [
        ("refresh, behind a tick", "stale", r"refresh/after_tick/options:(?P<x>\d+)"),
        ("refresh, a new table", "stale", r"refresh/after_table/options:(?P<x>\d+)"),
        ("decided, exact", "stale", r"decide_exact/after_tick/options:(?P<x>\d+)"),
        ("decided by the bound", "stale", r"decide_bound/after_tick/options:(?P<x>\d+)")]),
]

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 78, 216, 48, 54  # what surrounds the plot; the curves' names are on the right
NAME_LINE = 17
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 15px; }
  .grid { stroke: #d0d7de; stroke-width: 1; }
  .axis { stroke: #57606a; stroke-width: 1; }
  .curve { fill: none; stroke-width: 2; }
  .c0 { stroke: #0550ae; } .c1 { stroke: #bc4c00; } .c2 { stroke: #116329; }
  .c3 { stroke: #8250df; } .c4 { stroke: #a40e26; }
  .f0 { fill: #0550ae; } .f1 { fill: #bc4c00; } .f2 { fill: #116329; }
  .f3 { fill: #8250df; } .f4 { fill: #a40e26; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .grid { stroke: #30363d; } .axis { stroke: #8b949e; }
    .c0 { stroke: #79c0ff; } .c1 { stroke: #ffa657; } .c2 { stroke: #7ee787; }
    .c3 { stroke: #d2a8ff; } .c4 { stroke: #ff7b72; }
    .f0 { fill: #79c0ff; } .f1 { fill: #ffa657; } .f2 { fill: #7ee787; }
    .f3 { fill: #d2a8ff; } .f4 { fill: #ff7b72; }
  }
"""


def duration(ns):
    for limit, divisor, unit in ((1e3, 1, "ns"), (1e6, 1e3, "us"), (1e9, 1e6, "ms")):
        if ns < limit:
            return f"{ns / divisor:g} {unit}"
    return f"{ns / 1e9:g} s"


def points(programs, program, pattern):
    """[(x, cost in ns)] by x."""
    found = []
    for name, row in programs.get(program, {}).items():
        match = re.fullmatch(pattern, name)
        if match:
            found.append((int(match["x"]), row.cost))
    return sorted(found)


def decades(low, high):
    """The powers of ten that enclose both; at least one decade."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return first, max(last, first + 1)


def spread(heights, least):
    """The heights in their order, moved so that none is nearer to the next than `least`."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    placed = [0.0] * len(heights)
    above = -math.inf
    for i in order:
        placed[i] = above = max(heights[i], above + least)
    too_low = max(0.0, above - (HEIGHT - BOTTOM))
    return [height - too_low for height in placed]


def svg(title, x_name, curves):
    """`curves`: [(name, [(x, ns)])], each with a point at least."""
    xs = [x for _, line in curves for x, _ in line]
    costs = [cost for _, line in curves for _, cost in line]
    x_first, x_last = math.log10(min(xs)), math.log10(max(xs))
    if x_first == x_last:
        x_last = x_first + 1
    y_first, y_last = decades(min(costs), max(costs))

    def across(x):
        return LEFT + (math.log10(x) - x_first) / (x_last - x_first) * (WIDTH - LEFT - RIGHT)

    def down(cost):
        return TOP + (y_last - math.log10(cost)) / (y_last - y_first) * (HEIGHT - TOP - BOTTOM)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
           f'aria-label="{escape(title)}">',
           f"<style>{STYLE}</style>",
           f'<text class="title" x="{LEFT}" y="24">{escape(title)}</text>']
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    for power in range(y_first, y_last + 1):
        y = down(10.0 ** power)
        out.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
        out.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">'
                   f"{duration(10.0 ** power)}</text>")
    for x in sorted(set(xs)):
        at = across(x)
        out.append(f'<line class="grid" x1="{at:.1f}" y1="{TOP}" x2="{at:.1f}" y2="{bottom}"/>')
        out.append(f'<text x="{at:.1f}" y="{bottom + 20}" text-anchor="middle">{x:,}</text>')
    out.append(f'<line class="axis" x1="{LEFT}" y1="{bottom}" x2="{right}" y2="{bottom}"/>')
    out.append(f'<line class="axis" x1="{LEFT}" y1="{TOP}" x2="{LEFT}" y2="{bottom}"/>')
    out.append(f'<text x="{(LEFT + right) / 2:.0f}" y="{HEIGHT - 12}" text-anchor="middle">'
               f"{escape(x_name)}</text>")
    names = spread([down(line[-1][1]) for _, line in curves], NAME_LINE)
    for number, ((name, line), at) in enumerate(zip(curves, names)):
        path = " ".join(f"{across(x):.1f},{down(cost):.1f}" for x, cost in line)
        out.append(f'<polyline class="curve c{number}" points="{path}"/>')
        for x, cost in line:
            out.append(f'<circle class="f{number}" cx="{across(x):.1f}" cy="{down(cost):.1f}" r="3">'
                       f"<title>{escape(name)}, {x:,} {escape(x_name)}: {duration(float(f'{cost:.3g}'))}"
                       "</title></circle>")
        out.append(f'<circle class="f{number}" cx="{right + 14}" cy="{at:.1f}" r="4"/>')
        out.append(f'<text x="{right + 24}" y="{at + 4:.1f}">{escape(name)}</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"


def write(programs, folder):
    """Writes the plots of what has run; yields the lines of a page beside the folder that show them."""
    for file, title, x_name, wanted in PLOTS:
        curves = [(name, points(programs, program, pattern)) for name, program, pattern in wanted]
        curves = [(name, line) for name, line in curves if line]
        if not curves:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{file}.svg").write_text(svg(title, x_name, curves))
        yield f"![{title}]({folder.name}/{file}.svg)\n"
