/** The comparison as SVG: bars of millijoules, modelled ones by Energest's states, measured ones hatched. */

import { formatQuantity } from "../quantity.js";
import type { Rival } from "./compare.js";

const WIDTH = 900;
const LABEL = 270;
const BAR = 22;
const GAP = 12;
const TOP = 60;
const colours = { CPU: "#0072b2", TRANSMIT: "#d55e00", LISTEN: "#e69f00" } as const;
/** Room for the figure behind the longest bar. */
const FIGURE = 90;

const CAPTION =
  "Coloured: modelled, not measured. Hatched: reported by others, unverified; with an operating system, waiting awake.";

/** The picture, with its title. */
export function comparisonSvg(rivals: readonly Rival[], title: string): string {
  const largest = rivals.reduce((most, { joules }) => Math.max(most, joules), 0);
  const scale = (WIDTH - LABEL - FIGURE) / largest;
  const height = TOP + rivals.length * (BAR + GAP) + 30;
  const rows = rivals.map((rival, i) => {
    const y = TOP + i * (BAR + GAP);
    const bar = rival.ledger === undefined ? hatched(rival, y, scale) : stacked(rival, y, scale);
    const figure = text(LABEL + rival.joules * scale + 6, y + 16, formatQuantity(rival.joules, "J", 3));
    return `<g><title>${escaped(rival.source)}</title>${text(LABEL - 8, y + 16, rival.name, "end")}${bar}${figure}</g>`;
  });
  const key = [...Object.entries(colours), ["measured by others", "url(#hatch)"]].map(
    ([name, fill], i) =>
      `<rect x="${LABEL + i * 130}" y="34" width="12" height="12" fill="${fill}" stroke="#555"/>` +
      text(LABEL + 17 + i * 130, 44, name),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">`,
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">',
    '<rect width="6" height="6" fill="#ddd"/><rect width="2" height="6" fill="#777"/></pattern></defs>',
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="8" y="20" font-size="15">${escaped(title)}</text>`,
    ...key,
    ...rows,
    text(8, height - 10, CAPTION),
    "</svg>",
    "",
  ].join("\n");
}

function stacked({ ledger }: Rival, y: number, scale: number): string {
  let x = LABEL;
  return (ledger?.lines ?? [])
    .map(({ state, joules }) => {
      const width = joules * scale;
      const fill = colours[state as keyof typeof colours];
      x += width;
      return `<rect x="${(x - width).toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${fill}"/>`;
    })
    .join("");
}

function hatched({ joules }: Rival, y: number, scale: number): string {
  return `<rect x="${LABEL}" y="${y}" width="${(joules * scale).toFixed(1)}" height="${BAR}" fill="url(#hatch)"/>`;
}

function text(x: number, y: number, content: string, anchor = "start"): string {
  return `<text x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
