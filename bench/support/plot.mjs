const WIDTH = 720;
const LABEL_WIDTH = 190;
const BAR_HEIGHT = 22;
const ROW_HEIGHT = 30;
const TITLE_HEIGHT = 44;

/** A middle grey and a middle blue are legible on white and on black. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600 }
  .bar { fill: #8c959f }
  .ours { fill: #1f7ae0 }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .bar { fill: #6e7681 } .ours { fill: #4493f8 } }
`;

/**
 * Bars as shares of the longest.
 * @param {{ title: string, bars: { label: string, value: number, isOurs: boolean }[] }[]} groups
 */
export function plot(groups) {
  const parts = [];
  let y = 0;
  for (const { title, bars } of groups) {
    parts.push(`<text class="title" x="0" y="${y + 26}">${title}</text>`);
    y += TITLE_HEIGHT;
    const longest = Math.max(...bars.map(({ value }) => value));
    for (const bar of bars) {
      parts.push(drawBar(bar, longest, y));
      y += ROW_HEIGHT;
    }
  }
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img">`;
  const summary = groups.map(({ title }) => title).join('; ');
  return `${[open, `<title>${summary}</title>`, `<style>${STYLE}</style>`, ...parts, '</svg>'].join('\n')}\n`;
}

function drawBar({ label, value, isOurs }, longest, y) {
  const width = Math.round((value / longest) * (WIDTH - LABEL_WIDTH - 50));
  const base = y + 16;
  return [
    `<text x="0" y="${base}">${label}</text>`,
    `<rect class="${isOurs ? 'ours' : 'bar'}" x="${LABEL_WIDTH}" y="${y}" width="${width}" height="${BAR_HEIGHT}" rx="3"/>`,
    `<text x="${LABEL_WIDTH + width + 8}" y="${base}">${value.toFixed(2)}</text>`,
  ].join('\n');
}
