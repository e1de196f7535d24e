// A Backstage backend with one plugin, in a process of its own. The plugin `todo` asks the catalog
// of a portal, as itself or as whoever asks it.
//
//   node backend.js PORT PORTAL KEYS   (address of the portal, folder of the plugin's signing key)
'use strict';

const path = require('node:path');
const { createBackend } = require('@backstage/backend-defaults');
const {
  coreServices,
  createBackendPlugin,
  createServiceFactory,
} = require('@backstage/backend-plugin-api');
const { ConfigReader } = require('@backstage/config');

const [port, portal, keys] = process.argv.slice(2);

const config = {
  app: { baseUrl: portal },
  backend: {
    baseUrl: `http://127.0.0.1:${port}`,
    listen: { host: '127.0.0.1', port: Number(port) },
    database: { client: 'better-sqlite3', connection: ':memory:' },
    auth: {
      pluginKeyStore: {
        type: 'static',
        static: {
          keys: [
            {
              publicKeyFile: path.join(keys, 'public.pem'),
              privateKeyFile: path.join(keys, 'private.pem'),
              keyId: 'todo-key',
            },
          ],
        },
      },
    },
  },
  discovery: {
    endpoints: [
      { target: `${portal}/api/{{pluginId}}`, plugins: ['auth', 'catalog', 'permission'] },
    ],
  },
};

const todo = createBackendPlugin({
  pluginId: 'todo',
  register(env) {
    env.registerInit({
      deps: {
        auth: coreServices.auth,
        discovery: coreServices.discovery,
        http: coreServices.httpRouter,
        httpAuth: coreServices.httpAuth,
      },
      async init({ auth, discovery, http, httpAuth }) {
        const ask = async onBehalfOf => {
          const { token } = await auth.getPluginRequestToken({
            onBehalfOf,
            targetPluginId: 'catalog',
          });
          const url = `${await discovery.getBaseUrl('catalog')}/entities?fields=metadata.name`;
          const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
          const body = await response.json();
          return response.ok ? body.map(entity => entity.metadata.name) : body;
        };
        http.use((request, response, next) => {
          const answer = async () => {
            const credentials = await httpAuth.credentials(request, { allow: ['user'] });
            response.json({
              user: credentials.principal.userEntityRef,
              forUser: await ask(credentials),
              forItself: await ask(await auth.getOwnServiceCredentials()),
            });
          };
          answer().catch(next);
        });
      },
    });
  },
});

const backend = createBackend();
backend.add(
  createServiceFactory({
    service: coreServices.rootConfig,
    deps: {},
    factory: () => new ConfigReader(config),
  }),
);
backend.add(todo);
backend.start();
