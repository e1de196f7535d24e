import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** The portal that serves the API while the app is served by Vite. */
const PORTAL = process.env.PORTAL ?? 'http://localhost:7007';

/** What every page needs, in two files: many small ones would each cost a request. */
const VENDOR =
  /node_modules\/(react|react-dom|scheduler|@tanstack\/(?!react-virtual|virtual-core)[^/]+|get-nonce|lucide-react)\//;
const CORE =
  /\/src\/(api|app\/(?!Drawer)|session|ui\/(Button|EntityLink|KindIcon|Page|Small|States|kinds|late|plain)|keys\/keys|catalog\/(columns|export|query))\b/;
/** Menus and dialogs, which no page needs at first. */
const OVERLAYS =
  /node_modules\/(@radix-ui|radix-ui|@floating-ui|react-remove-scroll[^/]*|react-style-singleton|use-callback-ref|use-sidecar|aria-hidden)\/|\/src\/ui\/(Dialog|Menu)\b/;

/** Gives `npm run dev` the boot data that the binary writes into its page. */
function bootFromPortal(): Plugin {
  return {
    name: 'boot-from-portal',
    apply: 'serve',
    async transformIndexHtml(html, context) {
      const page = await fetch(new URL(context.originalUrl ?? '/', PORTAL));
      const boot = /<script id="boot"[^>]*>.*?<\/script>/s.exec(await page.text());
      return boot ? html.replace('<!-- boot -->', boot[0]) : html;
    },
  };
}

export default defineConfig(({ command }) => ({
  // Files name each other relative to themselves, so that the portal may live below a path.
  base: command === 'build' ? './' : '/',
  plugins: [react(), bootFromPortal()],
  server: { proxy: { '/api': PORTAL, '/metrics': PORTAL } },
  build: {
    target: 'es2023',
    manifest: 'manifest.json',
    assetsDir: 'static',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: 'src/main.tsx',
      output: {
        codeSplitting: {
          groups: [
            { name: 'vendor', test: VENDOR },
            { name: 'core', test: CORE },
            { name: 'overlays', test: OVERLAYS },
          ],
        },
      },
    },
  },
  // What is slow on a busy machine is right all the same.
  test: { environment: 'node', include: ['src/**/*.test.ts'], testTimeout: 60_000 },
}));
