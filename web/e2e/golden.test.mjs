// The golden path of a platform team: its template, its Cookiecutter template and its catalog files as
// they are, from the form in the browser to the page of the entity, with a repository on a git server
// and an application of Argo CD.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { becomes, focused, press, type } from './browser.mjs';
import { startForge, TOKEN } from './forge.mjs';
import { root } from './portal.mjs';
import { suite } from './suite.mjs';

const FILES = join(root, 'crates/callboard/tests/robust/golden-path');
/** Whom and what the form of the template asks for. */
const AROUND = `apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team-commerce, title: Commerce}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: commerce-platform}
spec: {owner: team-commerce}
`;

let folder;
let forge;

function configuration() {
  const rules = [
    { allow: ['Group', 'Component', 'System', 'API', 'Resource', 'Location', 'Template'] },
  ];
  const targets = [
    join(folder, 'around.yaml'),
    join(FILES, 'template-nodejs-service.yaml'),
    join(FILES, 'cookiecutter-service.yaml'),
  ];
  return {
    integrations: {
      github: [{ host: 'github.com', apiBaseUrl: `${forge.url}/api/v3`, token: TOKEN }],
    },
    argocd: {
      appLocatorMethods: [
        {
          type: 'config',
          instances: [{ name: 'main', url: `${forge.url}/api/argo`, token: TOKEN }],
        },
      ],
    },
    catalog: { rules, locations: targets.map(target => ({ type: 'file', target, rules })) },
  };
}

const inPortal = suite({
  begin: async () => {
    folder = mkdtempSync(join(tmpdir(), 'callboard-golden-'));
    writeFileSync(join(folder, 'around.yaml'), AROUND);
    forge = await startForge({ name: 'github.com' });
    return configuration();
  },
  // What goes to github.com without the API, which is git, goes to the host of the test.
  env: () => ({ HTTP_PROXY: forge.url, http_proxy: forge.url, NO_PROXY: '127.0.0.1,localhost' }),
  end: () => {
    forge?.stop();
    rmSync(folder, { recursive: true, force: true });
  },
});
const { go } = inPortal;
/** A page that is looked at before the catalog has read its entity fills itself when it has. */
const flow = (name, run) => inPortal.flow(name, run, { allow: ['/entities/by-name/'] });

/** Chooses an entity with keys. */
async function choose(field, text, title, ref) {
  await field.focus();
  await type(field, text);
  const page = field.page();
  await page.getByRole('option', { name: title, selected: true }).waitFor();
  await press(field, 'Enter');
  await becomes(() => field.inputValue(), ref);
}

flow('a form becomes a service with repository, application and entity', async page => {
  await go(page, '/create');
  await page.getByRole('link', { name: 'Node.js Microservice' }).click();
  const name = page.getByLabel('Service Name');
  await type(name, 'checkout-service');
  await press(name, 'Tab');
  await type(page.getByLabel('Description'), 'Takes payments');
  const owner = page.getByRole('combobox', { name: 'Owner Team' });
  await choose(owner, 'commer', 'Commerce', 'group:default/team-commerce');
  const system = page.getByRole('combobox', { name: 'System' });
  await choose(system, 'commerce', 'commerce-platform', 'system:default/commerce-platform');
  await page.getByRole('button', { name: 'Next' }).click();

  await focused(page.getByRole('heading', { name: 'Infrastructure' }));
  await page.getByLabel('Database').selectOption('postgres');
  await becomes(() => page.getByLabel('Cache').evaluate(it => it.selectedOptions[0].text), 'none');
  await page.getByRole('button', { name: 'Review' }).last().click();

  await focused(page.getByRole('heading', { name: 'Review' }));
  await page.getByText('group:default/team-commerce').waitFor();
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await page.getByText('/api/argo/api/v1/applications').waitFor();
  // Nothing has happened yet.
  assert.deepEqual(forge.changes(), []);
  await page.getByRole('button', { name: 'Create', exact: true }).click();

  await page.waitForURL(/\/create\/tasks\//);
  for (const step of ['Fetch Skeleton', 'Publish to GitHub', 'Register with ArgoCD']) {
    await page.locator('.run-step[data-status="completed"]', { hasText: step }).waitFor();
  }
  await page.locator('.badge', { hasText: 'completed' }).waitFor();
  const repository = page.getByRole('link', { name: 'Repository' });
  assert.equal(
    await repository.getAttribute('href'),
    'http://github.com/myorg/checkout-service.git',
  );
  await page.getByRole('link', { name: 'Open in Backstage' }).click();

  await page.waitForURL(/\/catalog\/default\/component\/checkout-service$/);
  await page.getByRole('heading', { name: 'checkout-service' }).waitFor();
  await page.getByRole('link', { name: 'Commerce' }).first().waitFor();
  await page.getByRole('link', { name: 'commerce-platform' }).first().waitFor();

  assert.deepEqual(forge.changes(), [
    'POST /api/v3/orgs/myorg/repos',
    'PUT /api/v3/repos/myorg/checkout-service/branches/main/protection',
    'POST /api/argo/api/v1/projects',
    'POST /api/argo/api/v1/applications',
  ]);
  assert.equal(forge.body('POST /api/v3/orgs/myorg/repos').visibility, 'internal');
  const protection = forge.body(
    'PUT /api/v3/repos/myorg/checkout-service/branches/main/protection',
  );
  assert.equal(protection.required_pull_request_reviews.require_code_owner_reviews, true);
  const application = forge.body('POST /api/argo/api/v1/applications');
  assert.equal(application.metadata.name, 'checkout-service');
  assert.equal(application.spec.destination.namespace, 'checkout-service');
  assert.deepEqual(application.spec.source, {
    path: 'deploy/k8s',
    repoURL: 'https://github.com/myorg/checkout-service',
  });
  assert.equal(
    forge.git('myorg/checkout-service', 'show', 'main:src/index.js'),
    "console.log('checkout-service with postgres');\n",
  );
});

flow('a Cookiecutter template becomes a service with its API', async page => {
  await go(page, '/create/templates/default/cookiecutter-service');
  const name = page.getByLabel('Name');
  await name.fill('orders-service');
  await page.getByRole('button', { name: 'Review' }).last().click();
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.locator('.badge', { hasText: 'completed' }).waitFor();
  await page.locator('.output-links a[href*="/catalog/"]').first().click();

  await page.waitForURL(/\/catalog\/default\/api\/orders-api$/);
  await page.getByRole('heading', { name: 'orders-api' }).waitFor();
  await go(page, '/catalog/default/component/orders-service');
  await page.getByRole('link', { name: 'orders-api' }).first().waitFor();
  const shown = path => forge.git('myorg/orders-service', 'show', `main:${path}`);
  assert.equal(shown('Dockerfile').split('\n')[0], 'FROM node:18-slim');
  assert.match(shown('deploy/k8s/deployment.yaml'), /value: postgres/);
});
