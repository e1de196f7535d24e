/** Reading CommonMark. */

import { Lexer, type Token, type Tokens } from 'marked';

/** Longer texts, and what is nested deeper, are shown as they are written. */
const MAX_LENGTH = 20_000;
export const MAX_DEPTH = 16;
/** Quotes in quotes and lists in lists, which take long to read. */
const DEEP = /^(?:\s*(?:>|[-*+]\s)){17}/m;

const ENTITIES: Record<string, string> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&nbsp;': '\u00a0',
};

/** The parts of a text; `undefined` for one that is shown as it is written. */
export function readMarkdown(text: string): Token[] | undefined {
  if (text.length > MAX_LENGTH || DEEP.test(text)) return undefined;
  try {
    return new Lexer().lex(text);
  } catch {
    return undefined;
  }
}

/** The first line without its marks, where there is room for no more. */
export function firstLineOf(text: string | undefined): string {
  const line = (text ?? '').trim().split('\n')[0] ?? '';
  const tokens = readMarkdown(line);
  return tokens ? plainOf(tokens, 0) : line;
}

function plainOf(tokens: Token[], depth: number): string {
  if (depth > MAX_DEPTH) return '';
  return tokens
    .map(token => {
      if (token.type === 'list') return (token as Tokens.List).items.map(it => it.text).join(' ');
      const inner = 'tokens' in token ? token.tokens : undefined;
      if (inner) return plainOf(inner, depth + 1);
      return decoded('text' in token ? String(token.text) : '');
    })
    .join('');
}

/** A text with its character references replaced. */
export function decoded(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|nbsp|#39);/g, entity => ENTITIES[entity] ?? entity);
}
