/** Reads the messages of the catalog: what is wrong, with which entity, and what would help. */

import type { IngestionError } from '../api/catalog';
import { isRecord } from '../api/entity';

export interface Problem {
  message: string;
  /** The entity it is about. */
  subject?: string;
  fix?: string;
}

const FIXES: [RegExp, string][] = [
  [
    /backend\.reading\.allow/,
    'The portal reads from known hosts only. Whoever runs it can add this one to `backend.reading.allow`.',
  ],
  [
    /NotAllowedError|is not of an allowed kind|not allowed/i,
    'The portal does not take this kind from here. Whoever runs it can add the kind to `catalog.rules`.',
  ],
  [
    /Unable to read url|cannot connect|404|Not Found/i,
    'Check that the address leads to the file itself, and that the portal has a token for this host (`integrations` in its configuration).',
  ],
  [
    /401|403|Forbidden|Unauthorized/i,
    'The host refused. The portal needs a token that may read this repository (`integrations` in its configuration).',
  ],
  [
    /YAML|syntax|parse/i,
    'The file is not valid YAML at this place; an editor with YAML support shows it.',
  ],
  [/must have required property|should have required/i, 'Add the missing field.'],
];

export function readProblem(text: string): Problem {
  const chain = text.split('; caused by ');
  const last = (chain.at(-1) ?? text).replace(/^(Error|TypeError|InputError): /, '');
  const [plain = last] = last.split(' To learn more about');
  const subject = /\b([a-z][\w-]*:(?!\d+\/)[\w.-]+\/[^\s;,']+)/.exec(chain[0] ?? '')?.[1];
  const fix = FIXES.find(([pattern]) => pattern.test(text))?.[1];
  return { message: plain, subject: subject?.startsWith('https:') ? undefined : subject, fix };
}

/** The faulty entities that an error names; those of which nothing is said are left out. */
export function faultyOf(problems: unknown[]): IngestionError[] {
  const items = problems.filter(
    item =>
      isRecord(item) &&
      typeof item.entityRef === 'string' &&
      Array.isArray(item.problems) &&
      item.problems.length > 0,
  );
  return items as IngestionError[];
}
