/** Colours of terminals in logs. */

export interface Span {
  text: string;
  /** A colour of the design. */
  colour?: string;
  isBold?: boolean;
}

const COLOURS: Record<number, string | undefined> = {
  31: 'var(--error)',
  32: 'var(--ok)',
  33: 'var(--warn)',
  34: 'var(--info)',
  35: 'var(--kind-system)',
  36: 'var(--kind-api)',
  90: 'var(--text-muted)',
};

// Sequences that colour, and others, which are left out.
// biome-ignore lint/suspicious/noControlCharactersInRegex: escapes begin with a control character
const SEQUENCE = /\u001b\[([0-9;?]*)([A-Za-z])/g;

export function readAnsi(text: string): Span[] {
  const spans: Span[] = [];
  let look: Omit<Span, 'text'> = {};
  let from = 0;
  const push = (to: number) => {
    if (to > from) spans.push({ text: text.slice(from, to), ...look });
  };
  for (const match of text.matchAll(SEQUENCE)) {
    push(match.index);
    from = match.index + match[0].length;
    if (match[2] === 'm') look = (match[1] || '0').split(';').map(Number).reduce(apply, look);
  }
  push(text.length);
  return spans;
}

function apply(look: Omit<Span, 'text'>, code: number): Omit<Span, 'text'> {
  if (code === 0) return {};
  if (code === 1) return { ...look, isBold: true };
  if (code === 22) return { ...look, isBold: undefined };
  if (code === 39) return { ...look, colour: undefined };
  // Bright colours are the same here: both themes have one of each.
  const colour = COLOURS[code] ?? COLOURS[code - 60];
  return colour ? { ...look, colour } : look;
}

/** A text without colours, for files and for searching. */
export function plainText(text: string): string {
  return text.replace(SEQUENCE, '');
}
