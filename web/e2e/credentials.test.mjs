// Templates that work with the account of who fills them in: signing in at the host of the repository,
// completing what it has, and a repository that is made in the name of the person.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { becomes, count } from './browser.mjs';
import { startForge, TOKEN } from './forge.mjs';
import { fitsEverywhere, suite } from './suite.mjs';

const templates = host => `apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: {name: own-repository, title: A repository of your own}
spec:
  type: service
  parameters:
    - title: Where?
      required: [repoUrl]
      properties:
        repoUrl:
          title: Repository
          type: string
          ui:field: RepoUrlPicker
          ui:options:
            allowedHosts: ['${host}', 'elsewhere.example']
            requestUserCredentials:
              secretsKey: USER_OAUTH_TOKEN
              additionalScopes: {github: [workflow]}
    - title: From what?
      properties:
        branch:
          title: Branch
          type: string
          ui:field: RepoBranchPicker
          ui:options: {requestUserCredentials: {secretsKey: USER_OAUTH_TOKEN, additionalScopes: {github: [workflow]}}}
        payer:
          title: Who pays
          type: string
          ui:field: RepoOwnerPicker
          ui:options:
            host: '${host}'
            excludedOwners: [attic]
            requestUserCredentials: {secretsKey: USER_OAUTH_TOKEN, additionalScopes: {github: [workflow]}}
  steps:
    - id: write
      name: Write
      action: roadiehq:utils:fs:write
      input: {path: hello.txt, content: Hello}
    - id: publish
      name: Publish
      action: publish:github
      input:
        repoUrl: \${{ parameters.repoUrl }}
        token: \${{ secrets.USER_OAUTH_TOKEN }}
        defaultBranch: main
`;

let folder;
let forge;

const inPortal = suite({
  begin: async () => {
    folder = mkdtempSync(join(tmpdir(), 'callboard-credentials-'));
    forge = await startForge({ people: { ada: ['acme', 'attic'], zoe: [] } });
    forge.make('acme/shop');
    forge.make('attic/old');
    const target = join(folder, 'templates.yaml');
    writeFileSync(target, templates(forge.authority));
    const github = {
      clientId: 'portal',
      clientSecret: 'portal-secret',
      enterpriseInstanceUrl: forge.url,
    };
    return {
      auth: { environment: 'test', providers: { guest: {}, github: { test: github } } },
      integrations: {
        github: [{ host: forge.authority, apiBaseUrl: `${forge.url}/api/v3`, token: TOKEN }],
      },
      catalog: { locations: [{ type: 'file', target, rules: [{ allow: ['Template'] }] }] },
    };
  },
  end: () => {
    forge?.stop();
    rmSync(folder, { recursive: true, force: true });
  },
});
const { portal, go } = inPortal;
/** A repository that is still to be made has no branches. */
const flow = (name, run) => inPortal.flow(name, run, { allow: ['/autocomplete/github/branches'] });
const FORM = '/create/templates/default/own-repository';

const button = page => page.getByRole('button', { name: 'Sign in with GitHub' });

/** Opens the window of the host, where somebody chooses. */
async function inWindow(page, choice) {
  const [popup] = await Promise.all([page.waitForEvent('popup'), button(page).click()]);
  const scopes = popup.locator('p');
  await scopes.waitFor();
  const asked = await scopes.textContent();
  await popup.getByRole('link', { name: choice }).click();
  return asked.split(' ').sort();
}

/** What a field would complete to. */
const choices = field =>
  field.evaluate(it => [...it.list.options].map(option => option.value).sort());

flow('somebody signs in at the host, chooses what it has, and makes a repository', async page => {
  await go(page, FORM);
  const owner = page.getByLabel('Owner');
  await owner.fill('acme');
  await page.getByLabel('Repository').last().fill('fresh');
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText(`needs you to sign in at ${forge.authority}`).waitFor();
  await fitsEverywhere(page);
  const asked = await inWindow(page, 'Let it act for ada');
  assert.deepEqual(asked, ['gist', 'read:org', 'read:user', 'repo', 'workflow']);
  await page.getByText(`You are signed in at ${forge.authority}`).waitFor();

  await owner.fill('');
  await becomes(() => choices(owner), ['acme', 'attic']);
  await owner.fill('acme');
  const repository = page.getByLabel('Repository').last();
  await repository.fill('');
  await becomes(() => choices(repository), ['shop']);
  await repository.fill('fresh');
  await page.getByRole('button', { name: 'Next' }).click();

  const payer = page.getByLabel('Who pays');
  await becomes(() => choices(payer), ['acme']);
  await payer.fill('attic');
  await page.getByRole('button', { name: 'Review' }).last().click();
  await page.getByText('Who pays may not be this one').waitFor();
  await payer.fill('acme');
  await page.getByRole('button', { name: 'Review' }).last().click();
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.locator('.badge', { hasText: 'completed' }).waitFor();

  const made = forge.calls().find(({ call }) => call === 'POST /api/v3/orgs/acme/repos');
  assert.equal(made.who, 'ada');
  assert.equal(forge.git('acme/fresh', 'show', 'main:hello.txt'), 'Hello');
  await nothingKept(page);

  // The host is not asked again in this browser, and neither is the person.
  await go(page, FORM);
  await page.getByText(`You are signed in at ${forge.authority}`).waitFor();
  // A token is for its host only.
  await page.getByLabel('Host').selectOption('elsewhere.example');
  await page.getByText('nobody has configured signing in there').waitFor();
  await page.getByLabel('Host').selectOption(forge.authority);
  await page.getByText(`You are signed in at ${forge.authority}`).waitFor();
});

/** The token is neither in the browser's storage nor among the files of the portal. */
async function nothingKept(page) {
  const stored = await page.evaluate(() => JSON.stringify([localStorage, sessionStorage]));
  for (const token of forge.tokens()) {
    assert.ok(!stored.includes(token));
    for (const file of filesIn(join(portal.folder, 'data')))
      assert.ok(!readFileSync(file).includes(token), file);
  }
}

function filesIn(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap(name => filesIn(join(path, name)));
}

flow('who refuses is told so, and may try again', async page => {
  await go(page, FORM);
  await inWindow(page, 'Refuse');
  await page.getByRole('alert').waitFor();
  await fitsEverywhere(page);
  await inWindow(page, 'Let it act for zoe');
  await page.getByText(`You are signed in at ${forge.authority}`).waitFor();
  await count(page.getByRole('alert'), 0);
  const owner = page.getByLabel('Owner');
  // Who is in no organization is offered nothing, and may type it all the same.
  await owner.fill('acme');
  await becomes(() => choices(owner), []);
});

flow('who leaves takes their tokens along', async page => {
  await go(page, FORM);
  await inWindow(page, 'Let it act for ada');
  await page.getByText(`You are signed in at ${forge.authority}`).waitFor();
  await go(page, '/settings');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Continue as guest' }).click();
  await page.locator('h1').first().waitFor();
  await go(page, FORM);
  await button(page).waitFor();
});
