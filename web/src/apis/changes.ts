/**
 * What changed between two versions of an API, for those who use it. What callers send may become
 * wider without breaking them, what they get may become narrower: the same change weighs differently
 * on each side.
 */

import { type Definition, type Field, type Operation, type Shape, typeOf } from './model';

export type Weight = 'breaking' | 'risky' | 'safe';

export interface Change {
  weight: Weight;
  /** The operation, or the type. */
  where: string;
  text: string;
}

type Side = 'sent' | 'received';

/** More would not be read. */
export const MAX_CHANGES = 1000;
const MAX_DEPTH = 30;

export function changesBetween(before: Definition, after: Definition): Change[] {
  const comparison = new Comparison(before, after);
  const old = new Map(before.operations.map(it => [it.id, it]));
  const now = new Map(after.operations.map(it => [it.id, it]));
  for (const [id, it] of old) {
    if (!now.has(id))
      comparison.add(it.deprecated === undefined ? 'breaking' : 'risky', id, 'is gone');
  }
  for (const [id, it] of now) {
    const known = old.get(id);
    if (known) comparison.operation(known, it);
    else comparison.add('safe', id, 'is new');
  }
  const order: Weight[] = ['breaking', 'risky', 'safe'];
  return order.flatMap(weight => comparison.changes.filter(it => it.weight === weight));
}

class Comparison {
  readonly changes: Change[] = [];
  readonly #said = new Set<string>();
  /** Pairs of types that are being compared: a type may contain itself. */
  readonly #open = new Set<string>();

  constructor(
    private readonly before: Definition,
    private readonly after: Definition,
  ) {}

  add(weight: Weight, where: string, text: string): void {
    const key = `${where} ${text}`;
    if (this.#said.has(key) || this.changes.length >= MAX_CHANGES) return;
    this.#said.add(key);
    this.changes.push({ weight, where, text });
  }

  operation(a: Operation, b: Operation): void {
    if (a.deprecated === undefined && b.deprecated !== undefined) {
      this.add('safe', a.id, `is deprecated${b.deprecated ? `: ${b.deprecated}` : ''}`);
    }
    if (a.deprecated !== undefined && b.deprecated === undefined) {
      this.add('safe', a.id, 'is no longer deprecated');
    }
    for (const need of b.needs.filter(it => !a.needs.includes(it))) {
      this.add(a.needs.length > 0 ? 'safe' : 'breaking', a.id, `may be called with ${need}`);
    }
    for (const need of a.needs.filter(it => !b.needs.includes(it))) {
      this.add(b.needs.length > 0 ? 'breaking' : 'safe', a.id, `no longer takes ${need}`);
    }
    this.#fields(a.id, '', a.inputs, b.inputs, 'sent', 0);
    this.#fields(a.id, '', a.outputs, b.outputs, 'received', 0);
  }

  #fields(where: string, path: string, a: Field[], b: Field[], side: Side, depth: number): void {
    const old = new Map(a.map(it => [keyOf(it), it]));
    const now = new Map(b.map(it => [keyOf(it), it]));
    for (const [key, it] of old) {
      if (now.has(key)) continue;
      // Who sends what nobody reads any more is mostly not refused.
      this.add(side === 'sent' ? 'risky' : 'breaking', where, `${path}${namedIn(it)} is gone`);
    }
    for (const [key, it] of now) {
      const known = old.get(key);
      const name = `${path}${namedIn(it)}`;
      if (known) this.#field(where, name, known, it, side, depth);
      else if (side === 'sent' && it.isRequired)
        this.add('breaking', where, `${name} is new and needed`);
      else this.add('safe', where, `${name} is new`);
    }
  }

  #field(where: string, name: string, a: Field, b: Field, side: Side, depth: number): void {
    // The type of GraphQL says so itself.
    const isInType = a.shape.label !== b.shape.label && isSameBut(a.shape, b.shape);
    if (a.isRequired !== b.isRequired && !isInType) {
      const isBad = b.isRequired === (side === 'sent');
      const text = b.isRequired ? 'is needed now' : 'may be left out now';
      this.add(isBad ? 'breaking' : 'safe', where, `${name} ${text}`);
    }
    if (a.deprecated === undefined && b.deprecated !== undefined) {
      this.add('safe', where, `${name} is deprecated${b.deprecated ? `: ${b.deprecated}` : ''}`);
    }
    this.#fields(where, `${name}: argument `, a.inputs, b.inputs, 'sent', depth + 1);
    this.#shape(where, name, a.shape, b.shape, side, depth + 1);
  }

  #shape(where: string, name: string, a: Shape, b: Shape, side: Side, depth: number): void {
    if (depth > MAX_DEPTH) return;
    const pair = `${where} ${side} ${a.ref ?? ''} ${b.ref ?? ''}`;
    const isNamed = a.ref !== undefined && b.ref !== undefined;
    if (isNamed && this.#open.has(pair)) return;
    if (isNamed) this.#open.add(pair);
    const [old, now] = [typeOf(this.before, a), typeOf(this.after, b)];
    const isKnownBoth = old.fields.length > 0 && now.fields.length > 0;
    // A type that has another name, and the same members, is the same to callers.
    const isOther = isNamed ? wrapperOf(a) !== wrapperOf(b) : a.label !== b.label && !isKnownBoth;
    if (isOther) {
      this.add(weightOfType(a, b, side), where, `${name} is ${b.label}, and was ${a.label}`);
    } else if (isNamed && !isKnownBoth && old.label !== now.label && a.label === b.label) {
      this.add('breaking', where, `${name} is ${now.label}, and was ${old.label}`);
    }
    this.#values(where, name, old, now, side);
    this.#rules(where, name, old, now);
    this.#fields(where, `${name}.`, old.fields, now.fields, side, depth);
    this.#parts(where, name, old, now, side, depth);
  }

  #values(where: string, name: string, a: Shape, b: Shape, side: Side): void {
    const names = (of: Shape) => of.values.map(it => it.name);
    const [old, now] = [names(a), names(b)];
    if (old.length === 0 && now.length === 0) return;
    const list = (values: string[]) => values.map(it => `“${it}”`).join(', ');
    const gone = old.filter(it => !now.includes(it));
    const fresh = now.filter(it => !old.includes(it));
    const isClosed = now.length > 0;
    if (old.length > 0 && gone.length > 0 && isClosed) {
      this.add(side === 'sent' ? 'breaking' : 'safe', where, `${name} is never ${list(gone)} now`);
    }
    if (fresh.length > 0 && old.length === 0) {
      const weight = side === 'sent' ? 'breaking' : 'safe';
      this.add(weight, where, `${name} is only ${list(fresh)} now`);
    } else if (fresh.length > 0) {
      this.add(side === 'sent' ? 'safe' : 'risky', where, `${name} may be ${list(fresh)} now`);
    }
    if (old.length > 0 && !isClosed) {
      this.add(side === 'sent' ? 'safe' : 'risky', where, `${name} may have any value now`);
    }
  }

  #rules(where: string, name: string, a: Shape, b: Shape): void {
    for (const rule of b.rules.filter(it => !a.rules.includes(it))) {
      this.add('risky', where, `${name}: ${rule}`);
    }
    for (const rule of a.rules.filter(it => !b.rules.includes(it))) {
      this.add('risky', where, `${name}: no longer ${rule}`);
    }
  }

  #parts(where: string, name: string, a: Shape, b: Shape, side: Side, depth: number): void {
    const old = new Map(a.parts?.shapes.map((it, at) => [partKey(it, at), it]));
    const now = new Map(b.parts?.shapes.map((it, at) => [partKey(it, at), it]));
    for (const [key, it] of old) {
      const known = now.get(key);
      if (known) this.#shape(where, name, it, known, side, depth + 1);
      else
        this.add(side === 'sent' ? 'breaking' : 'safe', where, `${name} is never ${it.label} now`);
    }
    for (const [key, it] of now) {
      if (old.has(key)) continue;
      this.add(side === 'sent' ? 'safe' : 'risky', where, `${name} may be ${it.label} now`);
    }
  }
}

/** Whether something may be left out shows in the type of GraphQL, and is told already. */
const isSameBut = (a: Shape, b: Shape) =>
  a.label.replaceAll('!', '') === b.label.replaceAll('!', '');

function weightOfType(a: Shape, b: Shape, side: Side): Weight {
  if (!isSameBut(a, b)) return 'breaking';
  const isStricter = b.label.length > a.label.length;
  return isStricter === (side === 'sent') ? 'breaking' : 'safe';
}

const keyOf = ({ name, place = '' }: Field) => `${place} ${name}`;
const partKey = (of: Shape, at: number) => of.ref ?? `${at} ${of.label}`;
/** The list, map or stream that a type is in. */
const wrapperOf = ({ label, ref = '' }: Shape) =>
  label.replace(ref.split(/[./]/).at(-1) ?? '', 'type');

function namedIn({ name, place }: Field): string {
  return place ? `${name} (${place})` : name;
}
