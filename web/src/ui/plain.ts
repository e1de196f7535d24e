/** Descriptions where there is room for one line: without the marks of Markdown. */

/** A line has room for less. */
const MAX_LENGTH = 500;

/** What is dropped around a text; loads nothing, because lists are on the first pages. */
const MARKS: [RegExp, string][] = [
  [/^\s*(?:#{1,6}|[-*+]|\d{1,3}\.|>)\s+/gm, ''],
  [/!?\[([^\][]*)\]\([^()\s]*\)/g, '$1'],
  [/<(https?:[^<>\s]+)>/g, '$1'],
  [/`+([^`]+)`+/g, '$1'],
  [/(\*\*|__|~~)(?=\S)([^*_~]+)\1/g, '$2'],
  [/(^|[\s(])([*_])(?=\S)([^*_]+)\2(?=$|[\s.,;:!?)])/g, '$1$3'],
  [/\\([\\`*_{}[\]()#+.!~-])/g, '$1'],
  [/\s+/g, ' '],
];

export function plainText(text: string | undefined): string {
  let plain = (text ?? '').slice(0, MAX_LENGTH);
  for (const [mark, instead] of MARKS) plain = plain.replace(mark, instead);
  return plain.trim();
}

/** Whether a text reads otherwise as Markdown than as it is written. */
export const hasMarks = (text: string): boolean =>
  /[*_`~[\]<>#|\\]|^\s*(?:[-+]|\d+\.)\s|\n\s*\n|https?:/m.test(text);
