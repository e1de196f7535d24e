// Definitions of APIs in every language that is understood: read, tried, compared.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { becomes, count, flowsIn, hasFocus, launch, press, rest, visit } from './browser.mjs';
import { root, startPortal } from './portal.mjs';

const api = (name, type, definition) => `apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: ${name}}
spec:
  type: ${type}
  lifecycle: production
  owner: nobody
  definition: ${JSON.stringify(definition)}
`;

/** An OpenAPI definition, with servers. */
const shop = (servers, paths = {}) =>
  JSON.stringify({
    openapi: '3.0.3',
    info: { title: 'Shop', version: '2.0.0' },
    servers: servers.map(url => ({ url })),
    paths: {
      '/baskets/{id}': {
        post: {
          summary: 'Puts something into a basket',
          parameters: [
            { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
            { name: 'dry', in: 'query', schema: { type: 'boolean' } },
          ],
          requestBody: {
            content: {
              'application/json': {
                schema: { type: 'object', properties: { seat: { type: 'string', example: 'A1' } } },
              },
            },
          },
          responses: { 200: { description: 'Done' } },
        },
      },
      ...paths,
    },
  });

const EVENTS = `asyncapi: 3.0.0
info: {title: Turns, version: 1.0.0}
channels:
  turns:
    address: gates.turns
    messages:
      turned: {summary: Somebody came in, payload: {$ref: '#/components/schemas/Turn'}}
operations:
  onTurn: {action: receive, channel: {$ref: '#/channels/turns'}}
components:
  schemas:
    Turn: {type: object, required: [gate], properties: {gate: {type: string, maxLength: 4}}}
`;

const MANY = Object.fromEntries(
  Array.from({ length: 3000 }, (_, at) => [`/things/${at}`, { get: { responses: {} } }]),
);

let portal;
let browser;
let service;

/** Says what it was asked. */
function startService() {
  const server = createServer(async (request, answer) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method, url, headers } = request;
    if (url.endsWith('/moved')) {
      answer.writeHead(307, { Location: '/api/catalog/refresh' }).end();
      return;
    }
    answer.setHeader('Content-Type', 'application/json');
    const isSignedIn = headers.authorization !== undefined;
    answer.end(JSON.stringify({ asked: `${method} ${url}`, body, isSignedIn }));
  });
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)));
}

before(async () => {
  service = await startService();
  const begin = folder => {
    const entities = [
      api('shop', 'openapi', shop(['/api/proxy/shop', 'https://shop.example/v2'])),
      api('shop-elsewhere', 'openapi', shop(['https://shop.example/v2'])),
      api('shop-portal', 'openapi', shop(['/api/catalog'])),
      api('shop-moved', 'openapi', shop(['/api/proxy/shop'], { '/moved': { post: {} } })),
      api('shop-many', 'openapi', shop([], MANY)),
      api('turns', 'asyncapi', EVENTS),
      api('broken', 'openapi', 'openapi: 3.0.0\npaths: ['),
      api('unknown', 'wsdl', '<definitions/>'),
    ];
    const file = join(folder, 'apis.yaml');
    writeFileSync(file, entities.join('---\n'));
    const locations = [file, join(root, 'examples/acme/catalog/apis/*.yaml')];
    return {
      catalog: { locations: locations.map(target => ({ type: 'file', target })) },
      proxy: {
        endpoints: { '/shop': { target: `http://127.0.0.1:${service.address().port}/inner` } },
      },
    };
  };
  [portal, browser] = await Promise.all([startPortal(begin), launch()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
  service?.close();
});

const flow = flowsIn(() => browser);
const open = (page, name, search = '') =>
  visit(page, `${portal.url}/catalog/default/api/${name}/definition${search}`);
const operation = (page, name) => page.getByRole('button', { name });

flow(
  'OpenAPI: what an operation takes and gives, and an address that keeps it open',
  async page => {
    await open(page, 'reservations-api');
    await operation(page, /POST \/performances/).click();
    await page.waitForURL(/operation=POST/);
    const detail = page.locator('.operation-detail');
    await detail.getByText('Idempotency-Key').waitFor();
    await detail.getByText('at most 64 characters').waitFor();
    await detail.getByRole('button', { name: /^201/ }).waitFor();
    await page.reload();
    await page.locator('.operation-detail').getByText('Idempotency-Key').waitFor();
  },
);

flow('types open by keyboard, one in the other', async page => {
  await open(page, 'reservations-api', '?operation=GET /holds/{holdId}');
  const answer = page.getByRole('button', { name: /^200 Hold/ });
  await answer.focus();
  await press(answer, 'Enter');
  await becomes(() => answer.getAttribute('aria-expanded'), 'true');
  await page.locator('.operation-detail .shape .shape .shape-name').first().waitFor();
});

flow('GraphQL: fields, arguments, types, deprecations', async page => {
  await open(page, 'shop-graphql');
  await operation(page, /QUERY shows/).click();
  const detail = page.locator('.operation-detail').first();
  await detail.getByText('search', { exact: true }).waitFor();
  await detail.getByText('otherwise 20').waitFor();
  await page.getByRole('searchbox', { name: 'Find a type' }).fill('hall');
  await page.getByRole('button', { name: /^Hall/ }).click();
  await page.getByText('Use the seat map service.').waitFor();
});

flow('AsyncAPI 2 and 3: channels, messages, payloads', async page => {
  await open(page, 'reservation-events');
  await operation(page, /SUBSCRIBE reservations\.holds/).click();
  await page.getByRole('button', { name: /^HoldCreated/ }).click();
  await page
    .getByRole('button', { name: /^payload/ })
    .first()
    .waitFor();
  await open(page, 'turns');
  await operation(page, /RECEIVE gates\.turns/).click();
  await page.getByText('Somebody came in').waitFor();
  await page.getByRole('button', { name: /^payload Turn/ }).click();
  await page.getByText('at most 4 characters').waitFor();
});

flow('gRPC: services, methods, messages', async page => {
  await open(page, 'gate-api');
  await operation(page, /RPC Gate\/Check/).click();
  const detail = page.locator('.operation-detail').first();
  await detail.getByText('barcode').waitFor();
  await detail.getByRole('button', { name: /^answer CheckResponse/ }).waitFor();
  await page.getByRole('button', { name: /^Verdict/ }).click();
  await page.getByText('VERDICT_FORGED').last().waitFor();
});

flow('an operation is tried through the proxy', async page => {
  await open(page, 'shop', '?operation=POST /baskets/{id}');
  await page.getByRole('button', { name: 'Try it' }).click();
  const form = page.getByRole('form', { name: /Try POST/ });
  await form.getByRole('button', { name: 'Send POST' }).click();
  await form.getByText('is needed').waitFor();
  const id = form.getByLabel('id path');
  await becomes(() => hasFocus(id), true);
  await id.fill('a b');
  await form.getByLabel('dry query').fill('true');
  await becomes(async () => JSON.parse(await form.getByLabel('Body').inputValue()), { seat: 'A1' });
  await form.getByRole('button', { name: 'Send POST' }).click();
  const answer = page.getByRole('region', { name: 'Answer' });
  await answer.locator('.badge', { hasText: '200' }).waitFor();
  const body = answer.locator('.cm-content');
  await body.getByText('POST /inner/baskets/a%20b?dry=true').waitFor();
  await body.getByText('"isSignedIn": false').waitFor();
});

flow(
  'an operation of another host is not sent from here, and the line to copy says how',
  async page => {
    await open(page, 'shop-elsewhere', '?operation=POST /baskets/{id}');
    await page.getByRole('button', { name: 'Try it' }).click();
    const form = page.getByRole('form', { name: /Try POST/ });
    await form.getByLabel('id path').fill('7');
    await form.getByText('send requests to the portal only').waitFor();
    await count(form.getByRole('button', { name: /^Send/ }), 0);
    await form.getByRole('button', { name: 'Copy the line' }).click();
    const copied = () => page.evaluate(() => navigator.clipboard.readText());
    await becomes(
      async () => (await copied()).startsWith("curl -X POST 'https://shop.example/v2/baskets/7'"),
      true,
    );
    await form.getByLabel('Base').fill('/api/proxy/shop');
    await form.getByRole('button', { name: 'Send POST' }).waitFor();
  },
);

flow('a definition cannot make somebody change the portal', async page => {
  await open(page, 'shop-portal', '?operation=POST /baskets/{id}');
  await page.getByRole('button', { name: 'Try it' }).click();
  await page.getByLabel('id path').fill('7');
  await page.getByText('change the portal itself').waitFor();
  await count(page.getByRole('button', { name: /^Send/ }), 0);
});

flow('a service cannot lead a request to the portal itself', async page => {
  await open(page, 'shop-moved', '?operation=POST /moved');
  await page.getByRole('button', { name: 'Try it' }).click();
  const asked = [];
  page.on('request', request => asked.push(new URL(request.url()).pathname));
  await page.getByRole('button', { name: 'Send POST' }).click();
  await page.getByText('answered with a redirect').waitFor();
  assert.ok(!asked.includes('/api/catalog/refresh'), asked.join(' '));
});

flow('two versions are compared: by what changed for callers, and line by line', async page => {
  await open(page, 'shop', '?view=compare');
  const before = JSON.parse(shop(['/api/proxy/shop']));
  before.paths['/seats'] = { get: {} };
  delete before.paths['/baskets/{id}'].post.parameters[1];
  await page.getByLabel('or with a text').fill(JSON.stringify(before));
  const change = text => page.getByRole('listitem').filter({ hasText: text });
  await change('GET /seats').getByText('breaking').waitFor();
  await change('dry (query) is new').getByText('safe').waitFor();
  await page.getByRole('region', { name: 'Differences' }).waitFor();
  await page
    .getByLabel('or with a text')
    .fill(shop(['/api/proxy/shop', 'https://shop.example/v2']));
  await page.getByText('The two definitions are the same').waitFor();
  await page.getByRole('combobox', { name: 'Compare with another API' }).fill('elsewhere');
  await page.getByRole('option', { name: /elsewhere/ }).click();
  await page.waitForURL(/compare=api:default\/shop-elsewhere/);
  await page.getByText('Nothing that callers notice').waitFor();
});

flow(
  'a definition that cannot be read is shown as it is, with what is wrong and where',
  async page => {
    await open(page, 'broken');
    await page.getByText(/line \d+: /).waitFor();
    await page.locator('.cm-content').waitFor();
    await count(page.getByRole('button', { name: 'Reference' }), 0);
    await open(page, 'unknown');
    await page.locator('.cm-content', { hasText: '<definitions/>' }).waitFor();
  },
);

flow('a definition of thousands of operations shows its beginning, and is searched', async page => {
  await open(page, 'shop-many');
  await page.getByRole('button', { name: /^Show more of/ }).waitFor();
  assert.ok((await page.locator('main *').count()) < 10_000);
  await page.getByRole('searchbox', { name: 'Find an operation' }).fill('things/2987');
  await operation(page, /GET \/things\/2987/).waitFor();
  await rest(page);
  await count(page.locator('.operation'), 1);
  await page.getByRole('searchbox', { name: 'Find an operation' }).fill('nowhere');
  await page.getByText('None is called so').waitFor();
});
