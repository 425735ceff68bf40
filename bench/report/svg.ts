/** The elements of a plot; colours suit a light and a dark page. */
const STYLE =
  'text{font:12px sans-serif;fill:#777}.title{font-weight:bold}.axis{stroke:#999;stroke-width:1}' +
  '.engine{fill:#2b7bba}.peer{fill:#d9822b}.curve{fill:none;stroke:#2b7bba;stroke-width:2}.goal{stroke:#c0392b;stroke-width:2}';

export function svg(width: number, height: number, parts: readonly string[]): string {
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}><style>${STYLE}</style>\n${parts.join('\n')}\n</svg>\n`;
}

export function text(x: number, y: number, value: string, attributes = ''): string {
  const safe = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text x="${at(x)}" y="${at(y)}" ${attributes}>${safe}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, name: string): string {
  return `<line x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}" class="${name}"/>`;
}

export function bar(x: number, y: number, width: number, height: number, name: string): string {
  return `<rect x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${height}" class="${name}"/>`;
}

export function dot(x: number, y: number, name: string): string {
  return `<circle cx="${at(x)}" cy="${at(y)}" r="4" class="${name}"/>`;
}

export function curve(points: readonly (readonly [number, number])[]): string {
  return `<polyline class="curve" points="${points.map(([x, y]) => `${at(x)},${at(y)}`).join(' ')}"/>`;
}

function at(value: number): string {
  return value.toFixed(1);
}
