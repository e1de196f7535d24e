/** Codes that people type. */

export const LENGTH = 8;
const HALF = LENGTH / 2;

/** What is left of what was typed: letters, at most as many as a code has. */
export function readCode(text: string): string {
  return text
    .toUpperCase()
    .replace(/[^A-Z]/g, '')
    .slice(0, LENGTH);
}

/** In two halves, as programs show it. */
export function showCode(code: string): string {
  return code.length > HALF ? `${code.slice(0, HALF)}-${code.slice(HALF)}` : code;
}
