import { describe, expect, test } from 'vitest';
import { formatQuery, parseQuery, setTerm, toggleTerm, toPredicate } from './query';

const asker = {
  userRef: 'user:default/ann',
  ownershipRefs: ['user:default/ann', 'group:default/pay'],
  stars: ['component:default/ledger'],
};

test('a value of any form is found as it was clicked', () => {
  for (const value of ['a "b" c: d', '"', '"a"', 'a\\ b', '\\', 'a"b', '" "']) {
    const query = toggleTerm({ terms: [], text: '' }, 'type', value);
    expect(parseQuery(formatQuery(query)), value).toEqual(query);
  }
});

describe('a query', () => {
  test.each([
    ['', [], ''],
    ['ledger', [], 'ledger'],
    ['kind:api', ['kind:api'], ''],
    ['KIND:api seat map', ['kind:api'], 'seat map'],
    ['-tag:old owner:user:default/ann', ['-tag:old', 'owner:user:default/ann'], ''],
    ['name:"a b" "free text"', ['name:"a b"'], 'free text'],
    ['metadata.annotations.a.b/c:x', ['metadata.annotations.a.b/c:x'], ''],
    ['name:"open', ['name:open'], ''],
    ['https://x', ['https://x'], ''],
    ['type:"a \\"b\\" c: d"', ['type:"a \\"b\\" c: d"'], ''],
    ['type:a\\b', ['type:a\\b'], ''],
  ])('%s is read and written', (text, terms, words) => {
    const query = parseQuery(text);
    expect(query.text).toBe(words);
    expect(formatQuery({ ...query, text: '' })).toBe(terms.join(' '));
    expect(parseQuery(formatQuery(query))).toEqual(query);
  });

  test.each([
    ['', undefined],
    ['kind:api', { kind: 'api' }],
    ['kind:api kind:component', { $any: [{ kind: 'api' }, { kind: 'component' }] }],
    [
      'type:service -tag:old',
      { $all: [{ 'spec.type': 'service' }, { $not: { 'metadata.tags': 'old' } }] },
    ],
    ['owner:me', { 'relations.ownedBy': { $in: asker.ownershipRefs } }],
    ['owner:pay', { 'relations.ownedBy': { $in: ['group:default/pay'] } }],
    ['system:x/pay', { 'relations.partOf': { $in: ['system:x/pay'] } }],
    ['has:owner', { 'relations.ownedBy': { $exists: true } }],
    ['is:unowned', { $not: { 'relations.ownedBy': { $exists: true } } }],
    [
      'is:starred',
      { $any: [{ kind: 'component', 'metadata.namespace': 'default', 'metadata.name': 'ledger' }] },
    ],
    ['is:nonsense', { 'metadata.uid': '-' }],
    ['spec.x:1', { 'spec.x': '1' }],
  ])('%s asks for what it says', (text, predicate) => {
    expect(toPredicate(parseQuery(text), asker)).toEqual(predicate);
  });

  test('facets leave out their own key', () => {
    const query = parseQuery('kind:api type:grpc');
    expect(toPredicate(query, asker, 'type')).toEqual({ kind: 'api' });
  });

  test('nobody has starred nothing', () => {
    expect(toPredicate(parseQuery('is:starred'), { ...asker, stars: [] })).toEqual({
      'metadata.uid': '-',
    });
  });
});

describe('clicking', () => {
  test.each([
    ['kind:api', 'type', 'grpc', 'kind:api type:grpc'],
    ['kind:api type:grpc', 'type', 'GRPC', 'kind:api'],
    ['-type:grpc', 'type', 'grpc', '-type:grpc type:grpc'],
    ['text', 'tag', 'a b', 'tag:"a b" text'],
  ])('%s toggles %s:%s', (before, key, value, after) => {
    expect(formatQuery(toggleTerm(parseQuery(before), key, value))).toBe(after);
  });

  test('a single choice replaces', () => {
    const query = parseQuery('owner:me kind:api kind:user');
    expect(formatQuery(setTerm(query, 'kind', 'system'))).toBe('kind:system owner:me');
    expect(formatQuery(setTerm(query, 'kind'))).toBe('owner:me');
  });
});
