'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs/promises');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { component, serveFiles } = require('./files');
const { clientOf, eventually, startPortal } = require('./portal');

describe('changes', () => {
  let folder;
  let files;
  let served;
  let portal;
  let client;

  before(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'callboard-changes-'));
    await fs.writeFile(path.join(folder, 'all.yaml'), component('from-file'));
    served = {};
    files = await serveFiles(served);
    const locations = [path.join(folder, '*.yaml')];
    portal = await startPortal({ locations, hosts: [files.host] });
    client = clientOf(portal);
    await appears('component:default/from-file');
  });
  after(async () => {
    await portal?.stop();
    files.stop();
    await fs.rm(folder, { recursive: true });
  });

  const appears = ref => eventually(() => client.getEntityByRef(ref), `${ref} appears`);

  async function register(file) {
    const { location } = await client.addLocation({ target: files.url(file) });
    return location;
  }

  describe('addLocation', () => {
    it('tries a location out without keeping it', async () => {
      served['/tried.yaml'] = component('tried');
      const target = files.url('/tried.yaml');
      const result = await client.addLocation({ target, dryRun: true });
      assert.equal(result.exists, false);
      assert.equal(result.location.target, target);
      const kinds = result.entities.map(entity => entity.kind).sort();
      assert.deepEqual(kinds, ['Component', 'Location']);
      assert.equal(await client.getEntityByRef('component:default/tried'), undefined);
      assert.equal(await client.getLocationByRef(`url:${target}`), undefined);
    });

    it('says what is wrong with a location it tries out', async () => {
      served['/broken.yaml'] = 'kind: [';
      for (const file of ['/broken.yaml', '/absent.yaml']) {
        const target = files.url(file);
        const error = await client.addLocation({ target, dryRun: true }).catch(e => e);
        assert.equal(error.response?.status, 400, error.stack);
        assert.equal(error.cause.name, 'InputError');
        assert.ok(error.cause.message.includes(target), error.cause.message);
      }
    });

    it('registers, refuses a second time, or refreshes', async () => {
      served['/kept.yaml'] = component('kept');
      const target = files.url('/kept.yaml');
      const { location, entities } = await client.addLocation({ target });
      assert.deepEqual(entities, []);
      assert.equal(location.type, 'url');
      assert.match(location.entityRef, /^location:default\/generated-[0-9a-f]{40}$/);
      await appears('component:default/kept');

      const error = await client.addLocation({ target }).catch(e => e);
      assert.equal(error.response?.status, 409);
      assert.equal(error.cause.name, 'ConflictError');
      const again = await client.addLocation({ target, onConflict: 'refresh' });
      assert.equal(again.location.id, location.id);
      const tried = await client.addLocation({ target, dryRun: true });
      assert.equal(tried.exists, true);
    });
  });

  it('locations are found by id, reference and entity', async () => {
    served['/found.yaml'] = component('found');
    const location = await register('/found.yaml');
    assert.deepEqual(await client.getLocationById(location.id), location);
    assert.deepEqual(await client.getLocationByRef(`url:${location.target}`), location);
    await appears('component:default/found');
    assert.deepEqual(await client.getLocationByEntity('component:default/found'), location);
    const { items } = await client.getLocations();
    assert.deepEqual(items.find(item => item.id === location.id), location);
  });

  it('locations are queried and streamed', async () => {
    const registered = [];
    for (const n of [1, 2, 3, 4, 5]) {
      served[`/many/${n}.yaml`] = component(`many-${n}`);
      registered.push(await register(`/many/${n}.yaml`));
    }
    registered.sort((a, b) => (a.id < b.id ? -1 : 1));
    const query = { target: { $hasPrefix: files.url('/many/') } };

    const first = await client.queryLocations({ limit: 2, query });
    assert.equal(first.totalItems, 5);
    assert.deepEqual(first.items, registered.slice(0, 2));
    const second = await client.queryLocations({ cursor: first.pageInfo.nextCursor });
    assert.deepEqual(second.items, registered.slice(2, 4));

    const streamed = [];
    for await (const page of client.streamLocations({ limit: 2, query })) streamed.push(page);
    assert.deepEqual(streamed.map(page => page.length), [2, 2, 1]);
    assert.deepEqual(streamed.flat(), registered);
  });

  it('updateLocation points elsewhere and keeps id and entity', async () => {
    served['/before.yaml'] = component('moving');
    served['/after.yaml'] = component('moving', { lifecycle: 'moved' });
    const location = await register('/before.yaml');
    const before = await appears('component:default/moving');
    const target = files.url('/after.yaml');
    const moved = await client.updateLocation(location.id, { target });
    assert.deepEqual(moved, { ...location, target });
    const after = await eventually(async () => {
      const entity = await client.getEntityByRef('component:default/moving');
      return entity?.spec.lifecycle === 'moved' && entity;
    }, 'the entity is read from its new place');
    assert.equal(after.metadata.uid, before.metadata.uid);
  });

  it('removeLocationById removes what only it led to, at once', async () => {
    served['/leaving.yaml'] = component('leaving');
    const location = await register('/leaving.yaml');
    await appears('component:default/leaving');
    await client.removeLocationById(location.id);
    assert.equal(await client.getEntityByRef('component:default/leaving'), undefined);
    assert.equal(await client.getEntityByRef(location.entityRef), undefined);
    assert.equal(await client.getLocationById(location.id), undefined);
  });

  it('refreshEntity reads anew', async () => {
    const ref = 'component:default/refreshed';
    served['/refreshed.yaml'] = component('refreshed');
    await register('/refreshed.yaml');
    await appears(ref);
    served['/refreshed.yaml'] = component('refreshed', { type: 'library' });
    await client.refreshEntity(ref);
    await eventually(
      async () => (await client.getEntityByRef(ref)).spec.type === 'library',
      'the change shows',
    );
  });

  it('removeEntityByUid removes at once; what is still emitted comes back', async () => {
    const ref = 'component:default/from-file';
    const entity = await client.getEntityByRef(ref);
    await client.removeEntityByUid(entity.metadata.uid);
    const again = await appears(ref);
    assert.notEqual(again.metadata.uid, entity.metadata.uid);
  });

  it('a removed orphan stays away', async () => {
    const ref = 'component:default/orphan';
    const file = path.join(folder, 'orphan.yaml');
    await fs.writeFile(file, component('orphan'));
    const { metadata } = await appears(ref);
    await fs.rm(file);
    await client.removeEntityByUid(metadata.uid);
    assert.equal(await client.getEntityByRef(ref), undefined);
    // By then the location was read again, and without the file.
    await fs.writeFile(path.join(folder, 'later.yaml'), component('later'));
    await appears('component:default/later');
    assert.equal(await client.getEntityByRef(ref), undefined);
  });

  describe('validateEntity', () => {
    const location = 'url:https://example.com/catalog-info.yaml';

    it('accepts what is right', async () => {
      const entity = JSON.parse(component('fine'));
      assert.deepEqual(await client.validateEntity(entity, location), { valid: true });
    });

    const wrong = [
      [{ metadata: { name: 'not fine' } }, /metadata\.name/],
      [{ spec: { type: 'service' } }, /lifecycle|owner/],
      [{ kind: 'Kompo nente' }, /kind/],
    ];
    for (const [change, message] of wrong) {
      it(`refuses ${JSON.stringify(change)}`, async () => {
        const entity = { ...JSON.parse(component('fine')), ...change };
        const result = await client.validateEntity(entity, location);
        assert.equal(result.valid, false);
        assert.match(JSON.stringify(result.errors), message);
      });
    }
  });

  describe('analyzeLocation', () => {
    it('proposes an entity for a repository', async () => {
      const target = 'https://github.com/example/curtains';
      const result = await client.analyzeLocation({ location: { type: 'url', target } });
      assert.deepEqual(result.existingEntityFiles, []);
      const [{ entity, fields }] = result.generateEntities;
      assert.equal(entity.kind, 'Component');
      assert.equal(entity.metadata.name, 'curtains');
      assert.ok(Array.isArray(fields));
    });

    it('refuses what is not a URL', async () => {
      const location = { type: 'url', target: 'curtains' };
      const error = await client.analyzeLocation({ location }).catch(e => e);
      assert.equal(error.response?.status, 400);
    });
  });
});
