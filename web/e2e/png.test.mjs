import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { compact, decode, distance } from './png.mjs';
import { root } from './portal.mjs';

const folder = join(root, 'docs/screenshots');
const MAX_BYTES = 150 * 1024;

test('pictures in the documentation are small', () => {
  for (const name of readdirSync(folder))
    assert.ok(statSync(join(folder, name)).size <= MAX_BYTES, name);
});

test('a picture of few colours stays as it is', () => {
  for (const name of readdirSync(folder).slice(0, 3)) {
    const before = readFileSync(join(folder, name));
    assert.deepEqual(decode(compact(before)), decode(before), name);
  }
});

test('what has more colours keeps the frequent ones, and takes near ones for the others', () => {
  const width = 1200;
  const row = Buffer.alloc(1 + width * 3);
  // The left half is of one colour, the right half of 600.
  for (let x = 600; x < width; x += 1) row.set([x >> 3, 255 - (x >> 3), x & 0xff], 1 + x * 3);
  const png = truecolour(width, 1, deflateSync(row));
  const [before, after] = [decode(png).pixels, decode(compact(png)).pixels];
  assert.equal(new Set(before).size, 601);
  assert.equal(new Set(after).size, 256);
  assert.equal(after[0], before[0]);
  const kept = [...new Set(after)];
  before.forEach((colour, at) => {
    const least = Math.min(...kept.map(other => distance(other, colour)));
    assert.equal(distance(colour, after[at]), least);
  });
});

function truecolour(width, height, data) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const part = (type, body) => {
    const whole = Buffer.alloc(body.length + 12);
    whole.writeUInt32BE(body.length, 0);
    whole.write(type, 4, 'latin1');
    body.copy(whole, 8);
    return whole;
  };
  const start = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([start, part('IHDR', header), part('IDAT', data)]);
}
