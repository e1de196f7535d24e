import { expect, test } from 'vitest';
import { isWebUrl, locationUrl } from './entity';

// CVE-2023-25571: what users wrote is followed when somebody clicks on it.
test('only web addresses are followed', () => {
  const refused = [
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    ' javascript:alert(1)',
    '\u0001javascript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://portal/x',
    '//evil.org',
    'https:evil.org',
    '',
  ];
  for (const text of refused) {
    expect(isWebUrl(text), text).toBe(false);
    expect(locationUrl(`url:${text}`), text).toBeUndefined();
  }
  for (const text of ['https://a.org', 'HTTP://a.org', 'mailto:a@b.org'])
    expect(isWebUrl(text), text).toBe(true);
});

test('only locations of type url have an address', () => {
  expect(locationUrl('url:https://a.org/x')).toBe('https://a.org/x');
  expect(locationUrl('file:https://a.org/x')).toBeUndefined();
  expect(locationUrl(undefined)).toBeUndefined();
});
