/** Conditions of policies: in words, and as a form has them. */

import type { Criteria } from '../../api/permission';

/** What is said before the parts of a condition. */
export function headOf(criteria: Criteria): string {
  if ('anyOf' in criteria) return 'any of';
  if ('allOf' in criteria) return 'all of';
  return 'not' in criteria ? 'not' : criteria.rule;
}

export function partsOf(criteria: Criteria): Criteria[] {
  if ('anyOf' in criteria) return criteria.anyOf;
  if ('allOf' in criteria) return criteria.allOf;
  return 'not' in criteria ? [criteria.not] : [];
}

/** The parameters of a rule in one line. */
export function paramsText(params: Record<string, unknown> | undefined): string {
  return Object.entries(params ?? {})
    .map(([key, value]) => `${key}: ${Array.isArray(value) ? value.join(', ') : String(value)}`)
    .join('; ');
}

/** One line of the form: a rule, or its opposite. */
export interface Line {
  isNot: boolean;
  rule: string;
  params: Record<string, unknown>;
}

export interface Lines {
  join: 'anyOf' | 'allOf';
  lines: Line[];
}

/** The form of a condition; `undefined` for one that is nested deeper than the form goes. */
export function toLines(criteria: Criteria): Lines | undefined {
  const join = 'allOf' in criteria ? 'allOf' : 'anyOf';
  const parts = 'anyOf' in criteria || 'allOf' in criteria ? partsOf(criteria) : [criteria];
  const lines: Line[] = [];
  for (const part of parts) {
    const isNot = 'not' in part;
    const inner = isNot ? part.not : part;
    if (!('rule' in inner)) return undefined;
    lines.push({ isNot, rule: inner.rule, params: inner.params ?? {} });
  }
  return { join, lines };
}

export function fromLines({ join, lines }: Lines, resourceType: string): Criteria {
  const parts = lines.map(({ isNot, rule, params }): Criteria => {
    const inner = { rule, resourceType, params };
    return isNot ? { not: inner } : inner;
  });
  return join === 'anyOf' ? { anyOf: parts } : { allOf: parts };
}

/** What somebody typed for a parameter; lists have commas between their items. */
export function readParam(text: string, type: string | undefined): unknown {
  if (type !== 'array') return text;
  return text
    .split(',')
    .map(item => item.trim())
    .filter(Boolean);
}
