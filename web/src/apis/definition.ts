/** Definitions of APIs: how they are written, and what they say. Readers are loaded when needed. */

import { parse, type YAMLParseError } from 'yaml';
import { isRecord } from '../api/entity';
import type { Definition, Problem } from './model';

export function languageOf(text: string): 'json' | 'yaml' | 'text' {
  const start = text.trimStart();
  if (start.startsWith('{') || start.startsWith('[')) return 'json';
  return /^(openapi|asyncapi|swagger|info)\s*:/m.test(text) ? 'yaml' : 'text';
}

/** Types of APIs whose definitions are understood. */
export const READABLE = ['openapi', 'swagger', 'asyncapi', 'graphql', 'grpc', 'proto'];

/** What a definition says; nothing of it when it is not understood, but why. */
export async function readDefinition(type: string, text: string): Promise<Definition | undefined> {
  switch (type.toLowerCase()) {
    case 'openapi':
    case 'swagger':
      return described(text, async it => (await import('./openapi')).readOpenApi(it));
    case 'asyncapi':
      return described(text, async it => (await import('./asyncapi')).readAsyncApi(it));
    case 'graphql':
      return (await import('./graphql')).readGraphql(text);
    case 'grpc':
    case 'proto':
      return (await import('./proto')).readProto(text);
    default:
      return undefined;
  }
}

async function described(
  text: string,
  read: (document: Record<string, unknown>) => Promise<Definition>,
): Promise<Definition> {
  let document: unknown;
  try {
    document = parsed(text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const line = (error as Partial<YAMLParseError>).linePos?.[0].line;
    return unread({ message: error.message.split('\n')[0] ?? '', line });
  }
  if (isRecord(document)) return read(document);
  return unread({ message: 'The definition is no object with members.' });
}

function parsed(text: string): unknown {
  if (languageOf(text) === 'json') {
    try {
      return JSON.parse(text);
    } catch {
      // YAML reads more than JSON, and says in which line it does not.
    }
  }
  return parse(text, { maxAliasCount: 100 });
}

function unread(problem: Problem): Definition {
  return { servers: [], operations: [], types: new Map(), problems: [problem] };
}
