import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import data from '../../first-data.json';
import { sortOf } from '../catalog/columns';
import { DEFAULT_QUERY } from '../catalog/defaults';
import { requestsFor } from '../catalog/facets';
import { KEYS, parseQuery, toPredicate } from '../catalog/query';
import { blockQuery } from '../catalog/rows';
import { COUNTED, ownedRequest } from '../home/queries';

interface Route {
  path: string;
  module: string;
  withoutQuery?: boolean;
  requests?: { method: string; path: string; body?: unknown }[];
}

const routes: Route[] = data;
const asker = { userRef: '', ownershipRefs: [], stars: [] };

/** As the binary and the client write the key of a request. */
const keyOf = (method: string, path: string, body: unknown) =>
  `${method} ${path} ${JSON.stringify(body) ?? ''}`.trimEnd();

test('every first view is a module of the app', () => {
  for (const { module } of routes) expect(existsSync(module), module).toBe(true);
});

test('the first page asks for exactly what it brings', () => {
  const home = routes.find(({ path }) => path === '/');
  const brought = home?.requests?.map(({ method, path, body }) => keyOf(method, path, body));
  const refs = ['user:default/ann', 'group:default/crew'];
  // The binary puts those of the user in.
  const filled = brought?.map(key =>
    key.replace('"{ownershipEntityRefs}"', () => JSON.stringify(refs)),
  );
  const query = (body: unknown) => keyOf('POST', '/api/catalog/entities/by-query', body);
  const about = (what: string) => keyOf('GET', `/api/catalog/ingestion/${what}`, undefined);
  expect(filled).toEqual([
    keyOf('POST', '/api/catalog/entity-facets', { facets: ['kind'] }),
    query(ownedRequest(refs)),
    query(COUNTED.orphans),
    query(COUNTED.unowned),
    ...['errors', 'held', 'conflicts'].map(about),
  ]);
});

test('the catalog asks for exactly what its page brings', () => {
  const route = routes.find(({ path, withoutQuery }) => path === '/catalog' && withoutQuery);
  const brought = route?.requests?.map(({ method, path, body }) => keyOf(method, path, body));
  const query = parseQuery(DEFAULT_QUERY);
  const predicate = toPredicate(query, asker);
  const rows = blockQuery({ predicate, text: '', sort: sortOf(undefined) }, 0);
  const facets = requestsFor(query).map(({ keys, without }) => ({
    facets: keys.map(key => KEYS[key]?.field),
    query: toPredicate(query, asker, without),
  }));
  expect(brought).toEqual([
    keyOf('POST', '/api/catalog/entities/by-query', rows),
    ...facets.map(body => keyOf('POST', '/api/catalog/entity-facets', body)),
  ]);
});
