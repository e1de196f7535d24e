'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { CATALOG_FILTER_EXISTS } = require('@backstage/catalog-client');
const { stringifyEntityRef } = require('@backstage/catalog-model');
const { clientOf, eventually, startPortal } = require('./portal');

const FILE = path.join(__dirname, 'fixture/catalog.yaml');
const COMPONENTS = [
  'component:default/curtain',
  'component:default/lights',
  'component:paper/programme',
];

const refs = entities => entities.map(stringifyEntityRef);
const sorted = entities => refs(entities).sort();
const names = entities => entities.map(entity => entity.metadata.name);

async function collect(pages) {
  const all = [];
  for await (const page of pages) all.push(page);
  return all;
}

describe('reads', () => {
  let portal;
  let client;

  before(async () => {
    portal = await startPortal({ locations: [FILE] });
    client = clientOf(portal);
    // Seven documents and the location they are from, with their relations.
    await eventually(async () => {
      const { items } = await client.getEntities();
      const curtain = items.find(item => item.metadata.name === 'curtain');
      return items.length === 8 && curtain.relations.length === 3;
    }, 'the fixture is in the catalog');
  });
  after(() => portal?.stop());

  describe('getEntities', () => {
    const cases = [
      ['one value', { kind: 'component' }, COMPONENTS],
      ['any case', { kind: 'COMPONENT', 'Metadata.Name': 'CURTAIN' }, [COMPONENTS[0]]],
      ['several values', { 'metadata.name': ['curtain', 'lights'] }, COMPONENTS.slice(0, 2)],
      ['existence', { 'metadata.labels.act': CATALOG_FILTER_EXISTS }, [COMPONENTS[0]]],
      ['items of lists', { 'metadata.tags': 'rust' }, COMPONENTS.slice(0, 2)],
      ['annotations', { 'metadata.annotations.example.com/colour': 'red' }, [COMPONENTS[0]]],
      [
        'relations',
        { 'relations.consumesapi': 'api:default/curtain-api' },
        ['component:default/lights'],
      ],
      [
        'several sets',
        [{ kind: 'user' }, { kind: 'component', 'spec.type': 'website' }],
        ['component:paper/programme', 'user:default/ada'],
      ],
      ['nothing', { kind: 'template' }, []],
    ];
    for (const [what, filter, expected] of cases) {
      it(`filters by ${what}`, async () => {
        const { items } = await client.getEntities({ filter });
        assert.deepEqual(sorted(items), expected);
      });
    }

    it('gives only the fields asked for', async () => {
      const { items } = await client.getEntities({
        filter: { 'metadata.name': 'curtain' },
        fields: ['kind', 'metadata.name', 'spec.type'],
      });
      assert.deepEqual(items, [
        { kind: 'Component', metadata: { name: 'curtain' }, spec: { type: 'service' } },
      ]);
    });

    it('orders by several fields', async () => {
      const { items } = await client.getEntities({
        filter: { kind: 'component' },
        // A Backstage honours only the first field when the list is not limited.
        limit: 10,
        order: [
          { field: 'spec.type', order: 'desc' },
          { field: 'metadata.name', order: 'asc' },
        ],
      });
      assert.deepEqual(names(items), ['programme', 'curtain', 'lights']);
    });

    it('pages by offset and limit', async () => {
      const filter = { kind: 'component' };
      const order = { field: 'metadata.name', order: 'asc' };
      const page = offset => client.getEntities({ filter, order, limit: 2, offset });
      assert.deepEqual(names((await page(0)).items), ['curtain', 'lights']);
      assert.deepEqual(names((await page(2)).items), ['programme']);
    });
  });

  describe('getEntitiesByRefs', () => {
    it('answers in order, and undefined for what is not there', async () => {
      const { items } = await client.getEntitiesByRefs({
        entityRefs: ['component:default/lights', 'api:default/none', 'component:default/curtain'],
        fields: ['metadata.name'],
      });
      assert.deepEqual(items, [
        { metadata: { name: 'lights' } },
        undefined,
        { metadata: { name: 'curtain' } },
      ]);
    });

    it('answers more references than fit one request', async () => {
      const entityRefs = Array.from({ length: 2500 }, (_, n) => `component:default/none-${n}`);
      for (const at of [0, 999, 1000, 2499]) entityRefs[at] = 'component:default/curtain';
      const { items } = await client.getEntitiesByRefs({ entityRefs });
      assert.equal(items.length, 2500);
      const found = items.flatMap((item, at) => (item ? [at] : []));
      assert.deepEqual(found, [0, 999, 1000, 2499]);
    });

    it('applies filter and query', async () => {
      const entityRefs = COMPONENTS;
      const filter = { 'metadata.tags': 'rust' };
      const query = { 'spec.lifecycle': 'production' };
      const found = async request => {
        const { items } = await client.getEntitiesByRefs({ entityRefs, ...request });
        return items.map(item => item?.metadata.name);
      };
      assert.deepEqual(await found({ filter }), ['curtain', 'lights', undefined]);
      assert.deepEqual(await found({ query }), ['curtain', undefined, 'programme']);
      assert.deepEqual(await found({ filter, query }), ['curtain', undefined, undefined]);
    });

    it('answers nothing to nothing', async () => {
      assert.deepEqual(await client.getEntitiesByRefs({ entityRefs: [] }), { items: [] });
    });
  });

  describe('queryEntities', () => {
    const forms = [
      ['a filter', { filter: { kind: ['component', 'api'] } }],
      ['a predicate', { query: { kind: { $in: ['component', 'api'] } } }],
    ];
    for (const [form, request] of forms) {
      it(`pages forth and back through ${form}`, async () => {
        const orderFields = { field: 'metadata.name', order: 'asc' };
        const fields = ['metadata.name'];
        const first = await client.queryEntities({ ...request, orderFields, limit: 3, fields });
        assert.deepEqual(names(first.items), ['curtain', 'curtain-api', 'lights']);
        assert.equal(first.totalItems, 4);
        assert.equal(first.pageInfo.prevCursor, undefined);

        const cursor = first.pageInfo.nextCursor;
        const second = await client.queryEntities({ cursor, limit: 3, fields });
        assert.deepEqual(second.items, [{ metadata: { name: 'programme' } }]);
        assert.equal(second.totalItems, 4);
        assert.equal(second.pageInfo.nextCursor, undefined);

        const back = second.pageInfo.prevCursor;
        const again = await client.queryEntities({ cursor: back, limit: 3, fields });
        assert.deepEqual(again.items, first.items);
      });
    }

    it('takes offset, and leaves the total out', async () => {
      const page = await client.queryEntities({
        filter: { kind: 'component' },
        orderFields: [{ field: 'metadata.name', order: 'desc' }],
        offset: 1,
        limit: 1,
        totalItems: 'exclude',
      });
      assert.deepEqual(names(page.items), ['lights']);
      assert.equal(page.totalItems, 0);
    });

    const predicates = [
      [
        { $all: [{ 'spec.owner': 'props' }, { $not: { kind: 'component' } }] },
        ['curtain-api', 'stage'],
      ],
      [{ $any: [{ 'metadata.name': 'ada' }, { 'spec.type': 'website' }] }, ['ada', 'programme']],
      [{ 'metadata.labels.act': { $exists: true } }, ['curtain']],
      [{ 'metadata.name': { $hasPrefix: 'cur' } }, ['curtain', 'curtain-api']],
      [{ 'metadata.tags': { $contains: 'velvet' } }, ['curtain']],
    ];
    for (const [query, expected] of predicates) {
      it(`finds ${JSON.stringify(query)}`, async () => {
        const { items } = await client.queryEntities({ query });
        assert.deepEqual(names(items).sort(), expected);
      });
    }

    it('combines filter and predicate', async () => {
      const { items } = await client.queryEntities({
        filter: { kind: 'component' },
        query: { 'spec.type': 'website' },
      });
      assert.deepEqual(names(items), ['programme']);
    });

    for (const form of [{}, { query: { kind: 'component' } }]) {
      it(`searches text ${form.query ? 'within a predicate' : 'by parameter'}`, async () => {
        const fullTextFilter = { term: 'LAMPS', fields: ['metadata.description'] };
        const { items } = await client.queryEntities({ ...form, fullTextFilter });
        assert.deepEqual(names(items), ['lights']);
      });
    }
  });

  it('streamEntities visits every entity once', async () => {
    for (const form of [{}, { query: { kind: { $exists: true } } }]) {
      const pages = await collect(client.streamEntities({ ...form, pageSize: 3 }));
      assert.deepEqual(pages.map(page => page.length), [3, 3, 2]);
      assert.equal(new Set(refs(pages.flat())).size, 8);
    }
  });

  it('getEntityAncestors leads to the location', async () => {
    const request = { entityRef: 'component:default/curtain' };
    const { rootEntityRef, items } = await client.getEntityAncestors(request);
    assert.equal(rootEntityRef, request.entityRef);
    const [self, location] = items;
    assert.equal(items.length, 2);
    assert.equal(self.entity.metadata.name, 'curtain');
    assert.deepEqual(self.parentEntityRefs, [stringifyEntityRef(location.entity)]);
    assert.equal(location.entity.spec.target, FILE);
    assert.deepEqual(location.parentEntityRefs, []);
  });

  describe('getEntityByRef', () => {
    it('takes text and parts', async () => {
      const parts = { kind: 'Component', namespace: 'paper', name: 'programme' };
      const byText = await client.getEntityByRef('component:paper/programme');
      assert.deepEqual(byText, await client.getEntityByRef(parts));
      assert.deepEqual(byText, await client.getEntityByName(parts));
      assert.equal(byText.spec.owner, 'group:default/props');
    });

    it('gives undefined for what is not there', async () => {
      assert.equal(await client.getEntityByRef('component:default/none'), undefined);
    });

    it('shows relations of both sides', async () => {
      const api = await client.getEntityByRef('api:default/curtain-api');
      assert.deepEqual(api.relations, [
        { type: 'apiConsumedBy', targetRef: 'component:default/lights' },
        { type: 'apiProvidedBy', targetRef: 'component:default/curtain' },
        { type: 'ownedBy', targetRef: 'group:default/props' },
        { type: 'partOf', targetRef: 'system:default/stage' },
      ]);
    });
  });

  describe('getEntityFacets', () => {
    it('counts values', async () => {
      const facets = ['spec.type', 'metadata.tags'];
      const result = await client.getEntityFacets({ filter: { kind: 'component' }, facets });
      const expected = {
        'spec.type': [
          { value: 'service', count: 2 },
          { value: 'website', count: 1 },
        ],
        'metadata.tags': [
          { value: 'print', count: 1 },
          { value: 'rust', count: 2 },
          { value: 'velvet', count: 1 },
        ],
      };
      const byValue = (a, b) => (a.value < b.value ? -1 : 1);
      for (const facet of facets) {
        assert.deepEqual(result.facets[facet].sort(byValue), expected[facet]);
      }
    });

    it('takes a predicate', async () => {
      const result = await client.getEntityFacets({
        query: { 'metadata.tags': { $contains: 'rust' } },
        filter: { 'spec.lifecycle': 'production' },
        facets: ['kind'],
      });
      assert.deepEqual(result, { facets: { kind: [{ value: 'Component', count: 1 }] } });
    });
  });
});
