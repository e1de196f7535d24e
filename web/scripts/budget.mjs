// Measures what browsers load for the first view of each page, and fails above the budget.
//
//   node scripts/budget.mjs
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const dist = join(root, 'dist');
const manifest = JSON.parse(readFileSync(join(dist, 'manifest.json'), 'utf8'));
const budget = JSON.parse(readFileSync(join(root, 'budget.json'), 'utf8'));

/** Every file that `name` imports statically, itself included. */
function closure(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const next of manifest[name]?.imports ?? []) closure(next, seen);
  return seen;
}

/** Size as sent, in KB. */
function packed(file) {
  const path = join(dist, file);
  return statSync(existsSync(`${path}.br`) ? `${path}.br` : path).size / 1000;
}

function sizes(names) {
  const chunks = [...names].map(name => manifest[name]);
  const styles = new Set(chunks.flatMap(chunk => chunk.css ?? []));
  return {
    js: chunks.reduce((sum, chunk) => sum + packed(chunk.file), 0),
    css: [...styles].reduce((sum, file) => sum + packed(file), 0),
  };
}

const entry = closure(Object.keys(manifest).find(name => manifest[name].isEntry));
let failed = false;
for (const [module, limit] of Object.entries(budget.firstView)) {
  const { js, css } = sizes(new Set([...entry, ...closure(module)]));
  const ok = js <= limit.js * budget.tolerance && css <= limit.css * budget.tolerance;
  failed ||= !ok;
  const line = `${js.toFixed(1)} of ${limit.js} KB JS, ${css.toFixed(1)} of ${limit.css} KB CSS`;
  console.log(`${ok ? 'ok  ' : 'OVER'} ${module}: ${line}`);
}
for (const [name, chunk] of Object.entries(manifest)) {
  if (!chunk.isDynamicEntry || budget.heavy.includes(name) || budget.firstView[name]) continue;
  const own = [...closure(name)].filter(it => !entry.has(it));
  const { js } = sizes(own);
  if (js > budget.routeChunk * budget.tolerance) {
    failed = true;
    console.log(`OVER ${name}: ${js.toFixed(1)} of ${budget.routeChunk} KB JS`);
  }
}
if (failed) {
  console.error('budget: the app grew above its budget (web/budget.json)');
  process.exit(1);
}
