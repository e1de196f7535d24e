/** Addresses and the pages they show. Every page is a chunk of its own. */

import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { config } from './boot';
import { CrashPage } from './CrashPage';
import { NotFoundPage } from './NotFoundPage';
import { Root } from './Root';
import { parseSearch, searchOf, stringifySearch } from './search';

const root = createRootRoute({
  component: Root,
  notFoundComponent: NotFoundPage,
  errorComponent: CrashPage,
});

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('../home/HomePage')),
});

const catalog = createRoute({
  getParentRoute: () => root,
  path: '/catalog',
  validateSearch: searchOf('q', 'sort', 'cols'),
  component: lazyRouteComponent(() => import('../catalog/CatalogPage')),
});

const entity = createRoute({
  getParentRoute: () => root,
  path: '/catalog/$namespace/$kind/$name',
  component: lazyRouteComponent(() => import('../entity/EntityPage')),
});

const entityTab = createRoute({
  getParentRoute: () => root,
  path: '/catalog/$namespace/$kind/$name/$tab',
  validateSearch: searchOf('format', 'depth', 'relations', 'kinds'),
  component: lazyRouteComponent(() => import('../entity/EntityPage')),
});

const apis = createRoute({
  getParentRoute: () => root,
  path: '/api-docs',
  validateSearch: searchOf('q', 'sort', 'cols'),
  component: lazyRouteComponent(() => import('../apis/ApisPage')),
});

const graph = createRoute({
  getParentRoute: () => root,
  path: '/catalog-graph',
  validateSearch: searchOf('root', 'depth', 'relations', 'kinds', 'direction'),
  component: lazyRouteComponent(() => import('../graph/GraphPage')),
});

const register = createRoute({
  getParentRoute: () => root,
  path: '/catalog-import',
  validateSearch: searchOf('url'),
  component: lazyRouteComponent(() => import('../register/RegisterPage')),
});

const org = createRoute({
  getParentRoute: () => root,
  path: '/org',
  validateSearch: searchOf('find'),
  component: lazyRouteComponent(() => import('../org/OrgPage')),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  component: lazyRouteComponent(() => import('../settings/SettingsPage')),
});

const admin = createRoute({
  getParentRoute: () => root,
  path: '/admin',
  beforeLoad: () => {
    throw redirect({ to: '/admin/$section', params: { section: 'errors' }, replace: true });
  },
});

const adminSection = createRoute({
  getParentRoute: () => root,
  path: '/admin/$section',
  component: lazyRouteComponent(() => import('../admin/AdminPage')),
});

const gallery = createRoute({
  getParentRoute: () => root,
  path: '/design',
  component: lazyRouteComponent(() => import('../ui/GalleryPage')),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    catalog,
    entity,
    entityTab,
    apis,
    graph,
    register,
    org,
    settings,
    admin,
    adminSection,
    gallery,
  ]),
  basepath: config.basePath || '/',
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultPreloadDelay: 60,
  defaultPendingMs: 150,
  scrollRestoration: true,
  scrollRestorationBehavior: 'instant',
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
