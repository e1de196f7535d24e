/** What can be read from API definitions: their operations, and how they are written. */

import { parse } from 'yaml';
import { isRecord } from '../api/entity';

export interface Operation {
  verb: string;
  path: string;
  summary: string;
  isDeprecated: boolean;
}

const HTTP_VERBS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query'];
/** A definition of a machine can be endless. */
const MAX_OPERATIONS = 1000;

export function languageOf(text: string): 'json' | 'yaml' | 'text' {
  const start = text.trimStart();
  if (start.startsWith('{') || start.startsWith('[')) return 'json';
  return /^(openapi|asyncapi|swagger|info)\s*:/m.test(text) ? 'yaml' : 'text';
}

/** The operations of a definition; none when it is not understood. */
export function outlineOf(type: string, text: string): Operation[] {
  const operations =
    type === 'graphql' ? graphql(text) : type === 'grpc' ? proto(text) : described(type, text);
  return operations.slice(0, MAX_OPERATIONS);
}

function described(type: string, text: string): Operation[] {
  if (type !== 'openapi' && type !== 'asyncapi') return [];
  let document: unknown;
  try {
    document = parse(text, { maxAliasCount: 100 });
  } catch {
    return [];
  }
  if (!isRecord(document)) return [];
  return type === 'openapi' ? openApi(document) : asyncApi(document);
}

function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function operation(verb: string, path: string, value: unknown): Operation {
  const { summary, description, operationId, deprecated } = record(value);
  const text = [summary, description, operationId].find(it => typeof it === 'string' && it !== '');
  const line = typeof text === 'string' ? (text.split('\n')[0] ?? '') : '';
  return { verb, path, summary: line, isDeprecated: deprecated === true };
}

function openApi(document: Record<string, unknown>): Operation[] {
  return Object.entries(record(document.paths)).flatMap(([path, item]) =>
    Object.entries(record(item))
      .filter(([verb]) => HTTP_VERBS.includes(verb))
      .map(([verb, value]) => operation(verb.toUpperCase(), path, value)),
  );
}

/** Version 3 has operations of their own, version 2 has them in channels. */
function asyncApi(document: Record<string, unknown>): Operation[] {
  const named = Object.entries(record(document.operations)).map(([name, value]) => {
    const { action, channel } = record(value);
    const target = record(channel).$ref;
    const path = typeof target === 'string' ? (target.split('/').at(-1) ?? name) : name;
    return operation(String(action ?? 'send').toUpperCase(), path, value);
  });
  const channels = Object.entries(record(document.channels)).flatMap(([path, item]) =>
    ['publish', 'subscribe']
      .filter(verb => verb in record(item))
      .map(verb => operation(verb.toUpperCase(), path, record(item)[verb])),
  );
  return [...named, ...channels];
}

/** Fields of the root types. */
function graphql(text: string): Operation[] {
  const operations: Operation[] = [];
  for (const [, root = '', body = ''] of text.matchAll(
    /type\s+(Query|Mutation|Subscription)\b[^{]*\{([^}]*)\}/g,
  )) {
    const fields = body
      .replace(/"""[\s\S]*?"""|#.*|"[^"\n]*"/g, '')
      .matchAll(/^\s*(\w+)\s*(\([^)]*\))?\s*:\s*(\S+)(.*)$/gm);
    for (const [, name = '', parameters = '', result, rest = ''] of fields) {
      operations.push({
        verb: root.toUpperCase(),
        path: `${name}${parameters.replace(/\s+/g, ' ')}`,
        summary: `→ ${result}`,
        isDeprecated: rest.includes('@deprecated'),
      });
    }
  }
  return operations;
}

function proto(text: string): Operation[] {
  const plain = text.replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
  const operations: Operation[] = [];
  for (const service of plain.matchAll(/service\s+(\w+)\s*\{([\s\S]*?)\n\}/g)) {
    const methods = (service[2] ?? '').matchAll(
      /rpc\s+(\w+)\s*\(([^)]*)\)\s*returns\s*\(([^)]*)\)/g,
    );
    for (const [, name, input = '', output = ''] of methods) {
      operations.push({
        verb: 'RPC',
        path: `${service[1]}/${name}`,
        summary: `${input.trim()} → ${output.trim()}`,
        isDeprecated: false,
      });
    }
  }
  return operations;
}
