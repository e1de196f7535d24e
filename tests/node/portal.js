// A portal of its own for each test file: the real binary on a free port, with an empty database.
'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs/promises');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { CatalogClient } = require('@backstage/catalog-client');

const TOKEN = 'client-tests-token';
const START_MS = 30_000;
const BINARY =
  process.env.CALLBOARD_BIN ??
  path.resolve(__dirname, '../../target/debug/callboard');

/**
 * Starts a portal that ingests `locations` and may read `hosts`; `stop` ends it. `auth` is a
 * function from the portal's URL to its `auth` section; `permission` has files, and a function from
 * their folder to the section; `discovery` is that section.
 */
async function startPortal({ locations, hosts = [], auth, permission, discovery }) {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'callboard-node-'));
  const port = await freePort();
  const baseUrl = `http://127.0.0.1:${port}`;
  // JSON is YAML.
  const config = path.join(folder, 'app-config.yaml');
  const settings = configuration(port, baseUrl, locations, hosts);
  if (auth) settings.auth = auth(baseUrl);
  if (discovery) settings.discovery = discovery;
  if (permission) {
    for (const [name, text] of Object.entries(permission.files)) {
      await fs.writeFile(path.join(folder, name), text);
    }
    settings.permission = permission.section(folder);
  }
  await fs.writeFile(config, JSON.stringify(settings));
  const process = spawn(
    BINARY,
    ['serve', '--config', config, '--data', path.join(folder, 'data')],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const output = [];
  process.stdout.on('data', chunk => output.push(chunk));
  process.stderr.on('data', chunk => output.push(chunk));
  const ended = once(process, 'exit');
  try {
    await ready(baseUrl, process);
  } catch (error) {
    process.kill('SIGKILL');
    throw new Error(`${error.message}\n${Buffer.concat(output)}`);
  }
  const stop = async () => {
    process.kill('SIGTERM');
    await ended;
    await fs.rm(folder, { recursive: true });
  };
  const log = () => Buffer.concat(output).toString();
  return { baseUrl, config, data: path.join(folder, 'data'), log, stop };
}

function configuration(port, baseUrl, locations, hosts) {
  return {
    backend: {
      baseUrl,
      listen: { host: '127.0.0.1', port },
      auth: {
        externalAccess: [
          { type: 'static', options: { token: TOKEN, subject: 'client-tests' } },
        ],
      },
      reading: { allow: hosts.map(host => ({ host })) },
      database: { client: 'better-sqlite3', connection: ':memory:' },
    },
    auth: { providers: { guest: { dangerouslyAllowOutsideDevelopment: true } } },
    catalog: {
      processingInterval: { seconds: 1 },
      rules: [{ allow: ['Component', 'API', 'System', 'Group', 'User', 'Location'] }],
      locations: locations.map(target => ({ type: 'file', target })),
    },
  };
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function ready(baseUrl, process) {
  const url = `${baseUrl}/.backstage/health/v1/readiness`;
  await eventually(async () => {
    if (process.exitCode !== null) {
      throw new Fatal(`the portal ended with code ${process.exitCode}`);
    }
    const response = await fetch(url).catch(() => undefined);
    return response?.ok;
  }, 'the portal is ready', START_MS);
}

/** An error that waiting does not mend. */
class Fatal extends Error {}

/** Waits until `check` gives something true, and returns it; assertions in `check` may fail. */
async function eventually(check, what, limitMs = 15_000) {
  const end = Date.now() + limitMs;
  let last;
  while (Date.now() < end) {
    try {
      const result = await check();
      if (result) return result;
    } catch (error) {
      if (error instanceof Fatal) throw error;
      last = error;
    }
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  throw new Error(`not within ${limitMs} ms: ${what}`, { cause: last });
}

/** The official client with a token for every call; without any if `token` is null. */
function clientOf(portal, token = TOKEN) {
  const discoveryApi = {
    getBaseUrl: async pluginId => `${portal.baseUrl}/api/${pluginId}`,
  };
  const fetchApi = {
    fetch: (url, init = {}) => {
      const headers = new Headers(init.headers);
      if (token) headers.set('authorization', `Bearer ${token}`);
      return fetch(url, { ...init, headers });
    },
  };
  return new CatalogClient({ discoveryApi, fetchApi });
}

module.exports = { BINARY, TOKEN, clientOf, eventually, freePort, startPortal };
