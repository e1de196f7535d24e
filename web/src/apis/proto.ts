/** Protocol buffers: services, messages and enumerations of one file, with the comments before them. */

import { firstLineOf } from '../ui/markdownText';
import {
  type Definition,
  type Field,
  field,
  MAX_OPERATIONS,
  type Operation,
  operation,
  type Shape,
  shape,
} from './model';

const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[\w.+-]+|[^\s\w]/g;
const MAX_TOKENS = 500_000;
const MAX_DEPTH = 40;
const LABELS = ['optional', 'repeated', 'required'];

interface Token {
  text: string;
  line: number;
  /** The comment before it, or behind it on the same line. */
  comment?: string;
}

class ProtoError extends Error {
  constructor(
    message: string,
    readonly line: number,
  ) {
    super(message);
  }
}

export function readProto(text: string): Definition {
  const reader = new Reader(tokensOf(text));
  const problems: Definition['problems'] = [];
  try {
    reader.file();
  } catch (error) {
    // What was read before it is shown.
    if (!(error instanceof ProtoError)) throw error;
    problems.push({ message: error.message, line: error.line });
  }
  reader.link();
  const { types, operations, name } = reader;
  return {
    title: name,
    servers: [],
    operations: operations.slice(0, MAX_OPERATIONS),
    types,
    problems,
  };
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let from = 0;
  let comment: string[] = [];
  let commentEnd = 0;
  for (const { 0: found, index } of text.matchAll(TOKEN)) {
    line += text.slice(from, index).split('\n').length - 1;
    from = index;
    const isComment = found.startsWith('//') || found.startsWith('/*');
    if (!isComment) {
      // A blank line between: it is about something else.
      const isNear = commentEnd >= line - 1;
      const about = isNear && comment.length > 0 ? comment.join('\n') : undefined;
      tokens.push({ text: found, line, comment: about });
      comment = [];
      if (tokens.length > MAX_TOKENS) break;
      continue;
    }
    const end = line + found.split('\n').length - 1;
    const last = tokens.at(-1);
    if (last?.line === line) last.comment ??= plain(found);
    else {
      if (commentEnd < line - 1) comment = [];
      comment.push(plain(found));
      commentEnd = end;
    }
  }
  return tokens;
}

function plain(comment: string): string {
  const inner = comment.replace(/^\/\*+|\*+\/$|^\/\/+/g, '');
  return inner.replace(/^[ \t]*\*?[ \t]*/gm, '').trim();
}

class Reader {
  name: string | undefined;
  readonly types = new Map<string, Shape>();
  readonly operations: Operation[] = [];
  #at = 0;
  /** Fields that name a type, and where they were written: names are looked up from there outwards. */
  readonly #named: { of: Shape; name: string; scope: string[] }[] = [];

  constructor(private readonly tokens: Token[]) {}

  file(): void {
    while (this.#at < this.tokens.length) this.#declaration([], 0);
  }

  /** Names become references once all types are known. */
  link(): void {
    for (const { of, name, scope } of this.#named) {
      const plainName = name.startsWith('.') ? name.slice(1) : name;
      const inPackage = this.name ? `${this.name}.` : '';
      const local = plainName.startsWith(inPackage) ? plainName.slice(inPackage.length) : plainName;
      for (let n = scope.length; n >= 0; n -= 1) {
        const key = [...scope.slice(0, n), local].join('.');
        if (!this.types.has(key)) continue;
        of.ref = key;
        break;
      }
    }
  }

  #declaration(scope: string[], depth: number): void {
    const { text, comment } = this.#next();
    if (text === ';') return;
    if (text === 'package') this.name = this.#until(';').join('');
    else if (text === 'message') this.#message(scope, comment, depth);
    else if (text === 'enum') this.#enum(scope, comment);
    else if (text === 'service') this.#service();
    else this.#skip();
  }

  #message(scope: string[], comment: string | undefined, depth: number): void {
    const { text: name, line } = this.#next();
    if (depth > MAX_DEPTH) throw new ProtoError('messages are nested too deeply', line);
    const inner = [...scope, name];
    const type = shape(name, { description: comment, rules: ['message'] });
    this.types.set(inner.join('.'), type);
    this.#expect('{');
    this.#members(type, inner, depth, undefined);
  }

  #members(type: Shape, scope: string[], depth: number, choice: string | undefined): void {
    while (!this.#take('}')) {
      const next = this.#peek();
      const word = next?.text;
      if (word === 'message' || word === 'enum') this.#declaration(scope, depth + 1);
      else if (word === 'oneof') {
        this.#next();
        const { text: name } = this.#next();
        this.#expect('{');
        this.#members(type, scope, depth, name);
      } else if (['option', 'reserved', 'extensions', 'extend', ';'].includes(word ?? '')) {
        this.#next();
        if (word !== ';') this.#skip();
      } else this.#field(type, scope, choice);
    }
  }

  #field(type: Shape, scope: string[], choice: string | undefined): void {
    const first = this.#next();
    const label = LABELS.includes(first.text) ? first.text : undefined;
    const kind = label ? this.#next() : first;
    let typeName = kind.text;
    let written = typeName;
    if (typeName === 'map') {
      const [, , ...value] = this.#until('>').slice(1).join('').split(/(,)/);
      typeName = value.join('');
      written = `map of ${typeName}`;
    }
    const name = this.#next();
    if (name.text === '=') throw new ProtoError('a field has a type and a name', name.line);
    this.#expect('=');
    const number = this.#next();
    const options = this.#rest();
    const of = shape(label === 'repeated' ? `${written}[]` : written, {
      rules: [`field ${number.text}`, ...(choice ? [`one of ${choice}`] : [])],
    });
    this.#named.push({ of, name: typeName, scope });
    const isDeprecated = /deprecated=true/.test(options.join(''));
    type.fields.push(
      field(name.text, of, {
        isRequired: label === 'required',
        description: first.comment ?? this.tokens[this.#at - 1]?.comment,
        deprecated: isDeprecated ? '' : undefined,
        place: label === 'optional' ? 'optional' : undefined,
      }),
    );
  }

  #enum(scope: string[], comment: string | undefined): void {
    const { text: name } = this.#next();
    const type = shape(name, { description: comment, rules: ['enum'] });
    this.types.set([...scope, name].join('.'), type);
    this.#expect('{');
    while (!this.#take('}')) {
      const first = this.#next();
      if (first.text === ';') continue;
      if (first.text === 'option' || first.text === 'reserved') {
        this.#skip();
        continue;
      }
      this.#expect('=');
      const options = this.#rest();
      type.values.push({
        name: first.text,
        description: first.comment ?? this.tokens[this.#at - 1]?.comment,
        deprecated: /deprecated=true/.test(options.join('')) ? '' : undefined,
      });
    }
  }

  #service(): void {
    const { text: service } = this.#next();
    this.#expect('{');
    while (!this.#take('}')) {
      const token = this.#next();
      if (token.text === 'rpc') this.#method(service, token.comment);
      else if (token.text !== ';') this.#skip();
    }
  }

  #method(service: string, comment: string | undefined): void {
    const { text: name } = this.#next();
    const input = this.#carried('request');
    this.#expect('returns');
    const output = this.#carried('answer');
    const isOpen = this.#peek()?.text === '{';
    const options = isOpen ? this.#block() : this.#rest();
    const flow = `${input.shape.label} → ${output.shape.label}`;
    this.operations.push(
      operation('RPC', `${service}/${name}`, {
        group: service,
        summary: firstLineOf(comment) || flow,
        description: comment,
        deprecated: /deprecated=true/.test(options.join('')) ? '' : undefined,
        inputs: [input],
        outputs: [output],
      }),
    );
  }

  #carried(name: string): Field {
    this.#expect('(');
    const words = this.#until(')');
    const isStream = words[0] === 'stream' && words.length > 1;
    const type = (isStream ? words.slice(1) : words).join('');
    const of = shape(isStream ? `stream of ${type}` : type);
    this.#named.push({ of, name: type, scope: [] });
    return field(name, of, { isRequired: true });
  }

  #peek(): Token | undefined {
    return this.tokens[this.#at];
  }

  #next(): Token {
    const token = this.tokens[this.#at];
    if (!token) throw new ProtoError('the file ends too early', this.tokens.at(-1)?.line ?? 1);
    this.#at += 1;
    return token;
  }

  #take(text: string): boolean {
    if (!this.#peek()) this.#next();
    const isThere = this.#peek()?.text === text;
    if (isThere) this.#at += 1;
    return isThere;
  }

  #expect(text: string): void {
    const token = this.#next();
    if (token.text !== text) {
      throw new ProtoError(`“${text}” is expected, not “${token.text}”`, token.line);
    }
  }

  /** What stands before a mark, which is taken, too. */
  #until(mark: string): string[] {
    const found: string[] = [];
    for (let token = this.#next(); token.text !== mark; token = this.#next()) {
      found.push(token.text);
    }
    return found;
  }

  /** Options in brackets, up to the semicolon. */
  #rest(): string[] {
    return this.#until(';');
  }

  /** Goes behind a declaration that is not shown. */
  #skip(): void {
    for (let token = this.#next(); token.text !== ';'; token = this.#next()) {
      if (token.text !== '{') continue;
      this.#at -= 1;
      this.#block();
      return;
    }
  }

  #block(): string[] {
    const found: string[] = [];
    let depth = 0;
    do {
      const { text } = this.#next();
      if (text === '{') depth += 1;
      else if (text === '}') depth -= 1;
      found.push(text);
    } while (depth > 0);
    return found;
  }
}
