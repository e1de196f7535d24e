/** Reads the text of a template: its form, and what is wrong with it, line by line. */

import { isMap, LineCounter, type Node, parseDocument, stringify } from 'yaml';
import { type Entity, isRecord } from '../api/entity';
import type { Action, JsonSchema } from '../api/scaffolder';

export interface Problem {
  severity: 'error' | 'warn';
  message: string;
  line?: number;
  /** What may help. */
  hint?: string;
  /** About steps and expressions, of which the portal knows more. */
  isOfSteps?: boolean;
}

export interface ReadTemplate {
  /** What the text says; nothing when it cannot be read. */
  template: Record<string, unknown> | undefined;
  /** Pages of its form. */
  pages: JsonSchema[];
  problems: Problem[];
}

type Path = (string | number)[];

/** More would not be read, and a text of garbage has no end of them. */
const MAX_PROBLEMS = 100;
const MAX_DEPTH = 60;

export function readTemplate(text: string, actions?: Action[]): ReadTemplate {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true });
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, linePos }) => ({
      severity: 'error' as const,
      message: message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? '',
      line: linePos?.[0].line,
    }));
    return { template: undefined, pages: [], problems: problems.slice(0, MAX_PROBLEMS) };
  }
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  if (!isRecord(value)) {
    const problem: Problem = { severity: 'error', message: 'A template is an object', line: 1 };
    return { template: undefined, pages: [], problems: [problem] };
  }
  const lineOf = (path: Path): number | undefined => {
    for (let n = path.length; n >= 0; n -= 1) {
      const start = startOf(document.contents, path.slice(0, n));
      if (start !== undefined) return lines.linePos(start).line;
    }
    return undefined;
  };
  const problems: Problem[] = [];
  const sayOf =
    (more?: Partial<Problem>): Say =>
    (severity, path, message) => {
      if (problems.length < MAX_PROBLEMS)
        problems.push({ severity, message, line: lineOf(path), ...more });
    };
  const say = sayOf();
  const sayOfSteps = sayOf({ isOfSteps: true });
  checkEnvelope(value, say);
  const spec = isRecord(value.spec) ? value.spec : {};
  const pages = pagesOf(spec.parameters);
  checkPages(spec.parameters, say);
  checkSteps(spec.steps, actions, sayOfSteps);
  checkExpressions(spec, pages, sayOfSteps);
  return { template: value, pages, problems: byLine(problems) };
}

const byLine = (problems: Problem[]) => problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));

/** What was found here, and by the portal, where it has looked. */
export function withLint(own: Problem[], linted: Problem[] | undefined): Problem[] {
  if (!linted) return own;
  const lines = new Set(linted.map(({ line }) => line));
  // Of one line, the portal tells the same in other words.
  const rest = own.filter(({ isOfSteps, line }) => !isOfSteps && !lines.has(line));
  return byLine([...rest, ...linted]);
}

/** Where the key of a member stands, which is what people look for. */
function startOf(root: unknown, path: Path): number | undefined {
  let node = root as Node | null | undefined;
  let start = node?.range?.[0];
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find(
        ({ key: it }) => String((it as Node).toJSON?.()) === String(key),
      );
      if (!pair) return undefined;
      start = (pair.key as Node).range?.[0];
      node = pair.value as Node | null;
    } else {
      const next: unknown = (node as { get?: (key: unknown, keep: true) => unknown })?.get?.(
        key,
        true,
      );
      if (next === undefined) return undefined;
      node = next as Node;
      start = node.range?.[0];
    }
  }
  return start;
}

type Say = (severity: Problem['severity'], path: Path, message: string) => void;

const VERSION = 'scaffolder.backstage.io/v1beta3';

function checkEnvelope(value: Record<string, unknown>, say: Say): void {
  if (value.apiVersion !== VERSION) say('error', ['apiVersion'], `apiVersion has to be ${VERSION}`);
  if (value.kind !== 'Template') say('error', ['kind'], 'kind has to be Template');
  const { metadata, spec } = value;
  const name = isRecord(metadata) ? metadata.name : undefined;
  if (typeof name !== 'string') say('error', ['metadata'], 'metadata.name is missing');
  if (!isRecord(spec)) {
    say('error', ['spec'], 'spec is missing');
    return;
  }
  if (typeof spec.type !== 'string') say('error', ['spec'], 'spec.type is missing');
  if (typeof spec.owner !== 'string')
    say('warn', ['spec'], 'Nobody owns it: spec.owner is missing');
}

export function pagesOf(parameters: unknown): JsonSchema[] {
  const list = Array.isArray(parameters) ? parameters : [parameters];
  return list.filter(isRecord);
}

function checkPages(parameters: unknown, say: Say): void {
  if (parameters === undefined) return;
  const list = Array.isArray(parameters) ? parameters : [parameters];
  for (const [at, page] of list.entries()) {
    const path: Path = ['spec', 'parameters', ...(Array.isArray(parameters) ? [at] : [])];
    if (!isRecord(page)) {
      say('error', path, 'A page of the form is an object');
      continue;
    }
    const names = namesIn(page);
    const { required } = page;
    if (required !== undefined && !Array.isArray(required)) {
      say('error', [...path, 'required'], 'required is a list of names');
      continue;
    }
    required?.forEach((name: unknown, n: number) => {
      if (typeof name === 'string' && !names.has(name)) {
        say('warn', [...path, 'required', n], `${name} is required, but no field of this page`);
      }
    });
  }
}

/** Every name that a page may ask for, also those that appear later. */
export function namesIn(schema: JsonSchema, depth = 0): Set<string> {
  const names = new Set<string>();
  if (depth > MAX_DEPTH) return names;
  const dependencies = isRecord(schema.dependencies) ? Object.values(schema.dependencies) : [];
  const parts = [schema.allOf, schema.anyOf, schema.oneOf, schema.then, schema.else].flat();
  for (const part of [...parts, ...dependencies]) {
    if (isRecord(part)) for (const name of namesIn(part, depth + 1)) names.add(name);
  }
  if (isRecord(schema.properties))
    for (const name of Object.keys(schema.properties)) names.add(name);
  return names;
}

function checkSteps(steps: unknown, actions: Action[] | undefined, say: Say): void {
  if (steps === undefined) say('warn', ['spec'], 'It does nothing: spec.steps is missing');
  else if (!Array.isArray(steps)) say('error', ['spec', 'steps'], 'spec.steps is a list');
  if (!Array.isArray(steps)) return;
  const known = new Map(actions?.map(it => [it.id, it]));
  const ids = new Set<string>();
  for (const [at, step] of steps.entries()) {
    const path: Path = ['spec', 'steps', at];
    if (!isRecord(step)) {
      say('error', path, 'A step is an object');
      continue;
    }
    const { id, action } = step;
    if (typeof id === 'string' && ids.has(id)) {
      say('error', [...path, 'id'], `Two steps have the id ${id}`);
    }
    if (typeof id === 'string') ids.add(id);
    if (typeof action !== 'string') {
      say('error', path, 'A step needs an action');
      continue;
    }
    if (!actions) continue;
    const found = known.get(action);
    if (!found) {
      say('error', [...path, 'action'], `There is no action ${action} here`);
      continue;
    }
    checkInput(step.input, found, [...path, 'input'], say);
  }
}

function checkInput(input: unknown, action: Action, path: Path, say: Say): void {
  const schema = action.schema?.input;
  // Only plain lists of members: what may be one of several shapes is judged by the portal.
  if (!schema || !isRecord(schema.properties) || schema.anyOf || schema.oneOf || schema.allOf)
    return;
  if (input !== undefined && !isRecord(input)) return;
  const given = input ?? {};
  for (const name of Array.isArray(schema.required) ? schema.required : []) {
    if (typeof name === 'string' && !(name in given)) {
      say('error', path, `${action.id} needs the input ${name}`);
    }
  }
  for (const name of Object.keys(given)) {
    if (name in schema.properties) continue;
    say('warn', [...path, name], `${action.id} knows no input ${name}`);
  }
}

const EXPRESSION = /\$\{\{([\s\S]*?)\}\}/g;
const MEMBER = /\b(parameters|steps)(?:\.([A-Za-z_$][\w$]*)|\[\s*(['"])(.*?)\3\s*\])/g;

/** Names in expressions that nothing gives a value to. */
function checkExpressions(spec: Record<string, unknown>, pages: JsonSchema[], say: Say): void {
  const names = new Set(pages.flatMap(page => [...namesIn(page)]));
  const steps = Array.isArray(spec.steps) ? spec.steps : [];
  const ids = steps.map(step => (isRecord(step) ? String(step.id ?? '') : ''));
  const check = (value: unknown, path: Path, before: number) => {
    for (const [of, name] of membersIn(value)) {
      if (of === 'parameters' && !names.has(name)) {
        say('warn', path, `parameters.${name} is asked for on no page`);
      } else if (of === 'steps') {
        const at = ids.indexOf(name);
        if (at < 0) say('error', path, `There is no step ${name}`);
        else if (at >= before) say('error', path, `The step ${name} runs later than this`);
      }
    }
  };
  steps.forEach((step: unknown, at) => {
    eachText(step, ['spec', 'steps', at], (text, path) => check(text, path, at));
  });
  eachText(spec.output, ['spec', 'output'], (text, path) => check(text, path, ids.length));
}

function membersIn(value: unknown): [string, string][] {
  if (typeof value !== 'string') return [];
  return [...value.matchAll(EXPRESSION)].flatMap(([, code = '']) => {
    // What stands in quotes is no code.
    const bare = code.replace(/(?<!\[\s*)(['"])(?:(?!\1).)*\1/g, '');
    return [...bare.matchAll(MEMBER)].map(
      ([, of = '', name, , quoted]) => [of, name ?? quoted ?? ''] as [string, string],
    );
  });
}

function eachText(
  value: unknown,
  path: Path,
  visit: (text: string, path: Path) => void,
  depth = 0,
): void {
  if (depth > MAX_DEPTH) return;
  if (typeof value === 'string') visit(value, path);
  else if (Array.isArray(value)) {
    value.forEach((it, at) => {
      eachText(it, [...path, at], visit, depth + 1);
    });
  } else if (isRecord(value)) {
    for (const [key, it] of Object.entries(value)) eachText(it, [...path, key], visit, depth + 1);
  }
}

/** The pages of a text that is a template, a list of pages, or one page. */
export function readForm(text: string): ReadTemplate {
  const whole = readTemplate(text);
  const { template } = whole;
  if (template && 'kind' in template) return whole;
  if (template) {
    const pages = pagesOf('parameters' in template ? template.parameters : template);
    return { template, pages, problems: [] };
  }
  const document = parseDocument(text);
  if (document.errors.length > 0) return whole;
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  const pages = Array.isArray(value) ? pagesOf(value) : [];
  const message = 'The text has neither properties nor pages';
  return {
    template: undefined,
    pages,
    problems: pages.length > 0 ? [] : [{ severity: 'error', message }],
  };
}

/** What somebody wrote, without what the catalog added. */
export function writtenFrom({ apiVersion, kind, metadata, spec }: Entity): string {
  const { uid: _, etag: __, namespace, annotations, ...rest } = metadata;
  const own = Object.entries(annotations ?? {}).filter(
    ([key]) => !/^backstage\.io\/(managed-by|view-url|edit-url|source-location|orphan)/.test(key),
  );
  const entity = {
    apiVersion,
    kind,
    metadata: {
      ...rest,
      ...(namespace !== 'default' && { namespace }),
      ...(own.length > 0 && { annotations: Object.fromEntries(own) }),
    },
    spec,
  };
  return stringify(entity, { lineWidth: 0, aliasDuplicateObjects: false });
}
