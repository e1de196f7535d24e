import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { Markdown } from './Markdown';
import { firstLineOf } from './markdownText';

const html = (text: string) =>
  renderToStaticMarkup(createElement(Markdown, { text })).replace(
    /^<div class="markdown ">(.*)<\/div>$/s,
    '$1',
  );

test.each([
  ['A *hold* keeps **seats**.', '<p>A <em>hold</em> keeps <strong>seats</strong>.</p>'],
  ['Use `a && b` &amp; wait', '<p>Use <code>a &amp;&amp; b</code> &amp; wait</p>'],
  ['# Title\n\ntext', '<p><strong>Title</strong></p><p>text</p>'],
  ['- one\n- *two*', '<ul><li>one</li><li><em>two</em></li></ul>'],
  ['3. three', '<ol start="3"><li>three</li></ol>'],
  ['    code', '<pre><code>code</code></pre>'],
  ['> said', '<blockquote><p>said</p></blockquote>'],
  [
    '[docs](https://docs.example/a)',
    '<p><a href="https://docs.example/a" target="_blank" rel="noreferrer">docs</a></p>',
  ],
])('%j is shown as written in CommonMark', (text, expected) => {
  expect(html(text)).toBe(expected);
});

test.each([
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '[x](javascript:alert(1))',
  '![x](data:text/html,1)',
  '<a href="javascript:alert(1)">x</a>',
  '[x](vbscript:1)\n\n<iframe src="//host"></iframe>',
])('%j makes no element that does anything', text => {
  expect(html(text)).not.toMatch(/<(?!\/?(p|div)\b)/);
});

test('long and deep texts are shown, and do not end the page', () => {
  expect(html('a'.repeat(30_000))).toContain('a'.repeat(30_000));
  expect(html('>'.repeat(15_000)).length).toBeGreaterThan(0);
  expect(html(`${'- '.repeat(5000)}x`).length).toBeGreaterThan(0);
});

test('one line has no marks', () => {
  expect(firstLineOf('A *hold* keeps [seats](https://x.example).\n\nMore.')).toBe(
    'A hold keeps seats.',
  );
});
