// Plugins of a real Backstage backend beside the portal: each believes the tokens of the other.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { generateKeyPairSync } = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs/promises');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { eventually, freePort, startPortal } = require('./portal');

const FILE = path.join(__dirname, 'fixture/catalog.yaml');
// Ada may see what her group owns; plugins see everything.
const POLICY = `
g, user:default/ada, role:default/reader
`;
const CONDITIONS = `
result: CONDITIONAL
roleEntityRef: role:default/reader
pluginId: catalog
resourceType: catalog-entity
permissionMapping: [read]
conditions:
  rule: HAS_METADATA
  resourceType: catalog-entity
  params: { key: name, value: curtain }
`;

describe('a plugin of another backend', () => {
  let portal;
  let backend;

  before(async () => {
    const port = await freePort();
    portal = await startPortal({
      locations: [FILE],
      auth: () => ({
        providers: {
          guest: {
            userEntityRef: 'user:default/ada',
            dangerouslyAllowOutsideDevelopment: true,
          },
        },
      }),
      permission: {
        files: { 'policy.csv': POLICY, 'conditions.yaml': CONDITIONS },
        section: folder => ({
          enabled: true,
          rbac: {
            'policies-csv-file': path.join(folder, 'policy.csv'),
            conditionalPoliciesFile: path.join(folder, 'conditions.yaml'),
          },
        }),
      },
      discovery: {
        endpoints: [{ target: `http://127.0.0.1:${port}/api/{{pluginId}}`, plugins: ['todo'] }],
      },
    });
    backend = await startBackend(port, portal);
  });

  after(async () => {
    await backend?.stop();
    await portal?.stop();
  });

  it('believes users of the portal, and is believed for them and for itself', async () => {
    const token = await guestToken(portal);
    const answer = await eventually(async () => {
      const found = await (await backend.ask(token)).json();
      // The catalog may still be reading its file.
      return found.forUser?.length > 0 && found;
    }, 'the catalog is read');
    assert.equal(answer.user, 'user:default/ada');
    assert.deepEqual(answer.forUser, ['curtain']);
    assert.ok(answer.forItself.length > 1, JSON.stringify(answer.forItself));
  });

  it('believes nobody else', async () => {
    const token = await guestToken(portal);
    const forged = `${token.slice(0, -6)}AAAAAA`;
    assert.equal((await backend.ask(forged)).status, 401);
    assert.equal((await backend.ask(undefined)).status, 401);
  });
});

async function guestToken(portal) {
  const response = await fetch(`${portal.baseUrl}/api/auth/guest/refresh`, {
    headers: { 'x-requested-with': 'XMLHttpRequest' },
  });
  return (await response.json()).backstageIdentity.token;
}

async function startBackend(port, portal) {
  const keys = await fs.mkdtemp(path.join(os.tmpdir(), 'callboard-keys-'));
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = (key, type) => key.export({ type, format: 'pem' });
  await fs.writeFile(path.join(keys, 'public.pem'), pem(pair.publicKey, 'spki'));
  await fs.writeFile(path.join(keys, 'private.pem'), pem(pair.privateKey, 'pkcs8'));
  const script = path.join(__dirname, 'backend.js');
  const child = spawn(process.execPath, [script, String(port), portal.baseUrl, keys], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const output = [];
  child.stdout.on('data', chunk => output.push(chunk));
  child.stderr.on('data', chunk => output.push(chunk));
  const ended = once(child, 'exit');
  const ask = token =>
    fetch(`http://127.0.0.1:${port}/api/todo/`, {
      headers: token ? { authorization: `Bearer ${token}` } : {},
    });
  try {
    await eventually(
      async () => child.exitCode === null && (await ask(undefined)).status === 401,
      'the backend is ready',
      60_000,
    );
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${error.message}\n${Buffer.concat(output)}`);
  }
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    await fs.rm(keys, { recursive: true });
  };
  return { ask, stop };
}
