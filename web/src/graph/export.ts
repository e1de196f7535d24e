/** A graph as a picture: SVG that needs nothing else, and PNG made from it. */

import { kindName } from '../ui/kinds';
import type { Graph } from './data';
import { NODE_HEIGHT, NODE_WIDTH, type Places } from './layout';

const MARGIN = 24;
const SCALE = 2;

export interface Colours {
  bg: string;
  border: string;
  text: string;
  muted: string;
}

/** The colours of the page as it looks now. */
export function coloursNow(): Colours {
  const probe = document.createElement('span');
  document.body.append(probe);
  const of = (token: string) => {
    probe.style.color = `var(--${token})`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    bg: of('bg'),
    border: of('border-strong'),
    text: of('text'),
    muted: of('text-muted'),
  };
  probe.remove();
  return colours;
}

export function toSvg(graph: Graph, places: Places, colours: Colours): string {
  const xs = Object.values(places).map(place => place.x);
  const ys = Object.values(places).map(place => place.y);
  const [left, top] = [Math.min(...xs) - MARGIN, Math.min(...ys) - MARGIN];
  const width = Math.max(...xs) + NODE_WIDTH + MARGIN - left;
  const height = Math.max(...ys) + NODE_HEIGHT + MARGIN - top;
  const lines = graph.edges.map(({ from, to, types }) => {
    const [a, b] = [places[from], places[to]];
    if (!a || !b) return '';
    const [x1, y1, x2, y2] = [a.x + NODE_WIDTH, a.y + NODE_HEIGHT / 2, b.x, b.y + NODE_HEIGHT / 2];
    const middle = (x1 + x2) / 2;
    const path = `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
    return `<path d="${path}" fill="none" stroke="${colours.border}"><title>${escaped(types.join(', '))}</title></path>`;
  });
  const boxes = graph.nodes.map(node => {
    const place = places[node.ref];
    if (!place) return '';
    const note = [kindName(node.kind), node.type].filter(Boolean).join(' · ');
    return (
      `<g transform="translate(${place.x} ${place.y})"><title>${escaped(node.ref)}</title>` +
      `<rect width="${NODE_WIDTH}" height="${NODE_HEIGHT}" rx="6" fill="${colours.bg}" stroke="${colours.border}"/>` +
      `<text x="12" y="24" font-weight="600" fill="${colours.text}">${escaped(short(node.title))}</text>` +
      `<text x="12" y="42" fill="${colours.muted}">${escaped(short(note))}</text></g>`
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="${left} ${top} ${width} ${height}" font-family="system-ui, sans-serif" font-size="13">` +
    `<rect x="${left}" y="${top}" width="100%" height="100%" fill="${colours.bg}"/>` +
    `${lines.join('')}${boxes.join('')}</svg>`
  );
}

const MAX_LETTERS = 22;

function short(text: string): string {
  return text.length > MAX_LETTERS ? `${text.slice(0, MAX_LETTERS - 1)}…` : text;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

/** Draws the SVG; the promise fails when the picture would be too large for the browser. */
export async function toPng(svg: string): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = image.width * SCALE;
  canvas.height = image.height * SCALE;
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob(blob =>
      blob ? resolve(blob) : reject(new Error('The picture is too large; export SVG instead')),
    );
  });
}
