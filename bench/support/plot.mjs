const WIDTH = 720;
const LABEL_WIDTH = 190;
const BAR_HEIGHT = 22;
const ROW_HEIGHT = 30;
const TITLE_HEIGHT = 44;

const PADDING = 16;

/** Text and background change together, so that the plot is legible on light and dark pages. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600 }
  .ground { fill: #ffffff }
  .bar { fill: #8c959f }
  .ours { fill: #1f7ae0 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .ground { fill: #0d1117 }
    .bar { fill: #6e7681 }
    .ours { fill: #4493f8 }
  }
`;

/**
 * Draws bars relative to the longest one.
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
  const [width, height] = [WIDTH + 2 * PADDING, y + 2 * PADDING];
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${groups.map(({ title }) => title).join('; ')}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" width="${width}" height="${height}" rx="6"/>`,
    `<g transform="translate(${PADDING} ${PADDING})">`,
    ...parts,
    '</g>',
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
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
