"""A picture of clusters as one HTML file that needs nothing else: no network, no library."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from vecsmith.clustering.picture import COLOURS, FONT, HEIGHT, LINE, NO_CLUSTER, WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vecsmith.clustering.clusters import Cluster, Clusters
    from vecsmith.clustering.picture import Label, Picture

__all__ = ["page"]

LONGEST = 400
"""Characters of a text that are shown."""

UNSHOWN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What may not stand in a page."""

SHAPES = (
    "M{x} {y}m-{r} 0a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0z",
    "M{x} {y}m-{r} -{r}h{d}v{d}h-{d}z",
    "M{x} {y}m0 -{r}l{r} {d}h-{d}z",
    "M{x} {y}m0 -{r}l{r} {r}l-{r} {r}l-{r} -{r}z",
)
"""Circle, square, triangle, diamond: one after another as the colours are used up."""

STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --faint: #595959; --paper: #fff; --line: #ddd; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eee; --faint: #aaa; --paper: #16181b; --line: #3a3d42; }
}
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1240px;
  margin: 0 auto; padding: 16px; }
h1 { font-size: 22px; margin: 0; }
p { color: var(--faint); margin: 2px 0 8px; }
svg { width: 100%; height: auto; display: block; }
path { fill-opacity: .75; }
path:hover { fill-opacity: 1; stroke: var(--ink); stroke-width: 1.5px; }
line { stroke: var(--ink); stroke-width: .8px; pointer-events: none; }
svg text { font: FONTpx system-ui, sans-serif; fill: var(--ink); stroke: var(--paper); stroke-width: 3px;
  paint-order: stroke; stroke-linejoin: round; pointer-events: none; }
.mark { stroke: var(--paper); stroke-width: 1.5px; fill-opacity: 1; pointer-events: none; }
td .mark { stroke: none; }
#told { position: fixed; max-width: 360px; padding: 6px 10px; color: var(--ink); background: var(--paper);
  border: 1px solid var(--faint); border-radius: 6px; box-shadow: 0 2px 8px #0004; pointer-events: none;
  overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin-top: 16px; }
th, td { text-align: left; vertical-align: top; padding: 6px 10px 6px 0; border-top: 1px solid var(--line); }
td { overflow-wrap: anywhere; }
td svg { width: 14px; height: 14px; display: inline; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
td:last-child { color: var(--faint); }
""".replace("FONT", str(FONT))

SCRIPT = """
const told = document.getElementById('told');
document.querySelectorAll('#points path').forEach(point => {
  const title = point.querySelector('title'), text = title.textContent;
  point.setAttribute('aria-label', text);
  title.remove();
  point.addEventListener('pointermove', event => {
    told.textContent = text;
    told.hidden = false;
    const right = event.clientX + 16 + told.offsetWidth > innerWidth;
    const below = event.clientY + 16 + told.offsetHeight > innerHeight;
    told.style.left = Math.max(4, right ? event.clientX - 12 - told.offsetWidth : event.clientX + 16) + 'px';
    told.style.top = Math.max(4, below ? event.clientY - 12 - told.offsetHeight : event.clientY + 16) + 'px';
  });
  point.addEventListener('pointerleave', () => { told.hidden = true; });
});
"""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src \
'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1 dir="auto">{title}</h1>
<p>{note}</p>
<svg viewBox="0 0 {width} {height}" role="img" aria-label="{title}">
<g id="points">
{points}
</g>
{labels}
</svg>
<table>
<tr><th></th><th>cluster</th><th class="number">texts</th><th class="number">share</th><th>in its middle</th></tr>
{rows}
</table>
<div id="told" dir="auto" hidden></div>
<script>{script}</script>
</body>
</html>
"""


def page(picture: Picture) -> bytes:
    """Return the picture as an HTML page; hovering a point shows its text, and a table tells of the clusters."""
    whole = PAGE.format(
        title=safe(picture.title),
        note=safe(picture.note),
        style=STYLE,
        script=SCRIPT,
        width=WIDTH,
        height=HEIGHT,
        points="\n".join(points(picture)),
        labels="\n".join(part for label in picture.labels for part in written(label)),
        rows="\n".join(row(picture.clusters, each) for each in picture.clusters),
    )
    return whole.encode("utf-8", "replace")


def safe(text: str, most: int = LONGEST) -> str:
    """Return a text that is shown as it is, whatever is in it, and cut where it is long."""
    kept = text if len(text) <= most else text[: most - 1] + "…"
    return html.escape(UNSHOWN.sub("\ufffd", kept))


def points(picture: Picture) -> Iterator[str]:
    """Yield each point with its text, those without a cluster beneath the others."""
    labels, texts = picture.clusters.labels[picture.places], picture.clusters.collection.texts
    radius = 3.2 if picture.crowded else 4.5
    for at in sorted(range(len(labels)), key=lambda place: labels[place] >= 0):
        x, y = picture.points[at].tolist()
        label, text = int(labels[at]), safe(texts[picture.places[at]])
        yield mark(label, (x, y), radius if label >= 0 else radius / 1.5, inside=f"<title>{text}</title>")


def mark(cluster: int, at: tuple[float, float], radius: float, *, inside: str = "", kind: str = "") -> str:
    """Return a cluster's shape in its colour."""
    colour = COLOURS[cluster % len(COLOURS)] if cluster >= 0 else NO_CLUSTER
    shape = SHAPES[cluster // len(COLOURS) % len(SHAPES)] if cluster >= 0 else SHAPES[0]
    x, y = (round(value, 1) for value in at)
    path = shape.format(x=x, y=y, r=round(radius, 1), d=round(2 * radius, 1))
    return f'<path{kind} d="{path}" fill="{colour}">{inside}</path>'


def written(label: Label) -> Iterator[str]:
    """Yield a label with its mark, and a line to what it names where that is not beneath it."""
    left, top = label.x - label.width / 2, label.y - label.height / 2
    if label.away:
        (x, y), (to_x, to_y) = label.start, label.at
        yield f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"/>'
    yield mark(label.cluster, (left + 6, top + LINE / 2), 5.5, kind=' class="mark"')
    for number, line in enumerate(label.lines):
        yield f'<text x="{left + 16:.1f}" y="{top + LINE * number + FONT * 0.95:.1f}">{safe(line)}</text>'


def row(clusters: Clusters, cluster: Cluster) -> str:
    """Return what is told of a cluster in the table."""
    sign = f'<svg viewBox="0 0 14 14">{mark(cluster.index, (7, 7), 6, kind=" class=mark")}</svg>'
    central = "<br>".join(safe(text, 200) for text in cluster.central[:3])
    return (
        f'<tr><td>{sign}</td><td dir="auto">{safe(cluster.name)}</td><td class="number">{cluster.size:,}</td>'
        f'<td class="number">{clusters.share(cluster):.0%}</td><td dir="auto">{central}</td></tr>'
    )
