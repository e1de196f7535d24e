import { expect, test } from 'vitest';
import { belowFolder, filesOf, MAX_BYTES, textOf } from './files';

test('files keep their bytes, and their path below the folder', async () => {
  const text = 'Grüße an alle'.repeat(2000);
  const file = new File([text], 'a.md');
  Object.defineProperty(file, 'webkitRelativePath', { value: 'folder/content/a.md' });
  const [sent] = await filesOf([file]);
  expect(sent?.path).toBe('content/a.md');
  expect(textOf(sent?.base64Content ?? '')).toBe(text);
});

test('what is no text is not shown as one', () => {
  expect(textOf(btoa('\xff\xfe'))).toBeUndefined();
  expect(textOf('?')).toBeUndefined();
});

test('more than the portal takes is refused before it is sent', async () => {
  const large = new File([], 'large');
  Object.defineProperty(large, 'size', { value: MAX_BYTES + 1 });
  await expect(filesOf([large])).rejects.toThrow('7 MB');
  await expect(filesOf(Array.from({ length: 501 }, () => new File([], 'a')))).rejects.toThrow(
    '500',
  );
});

test.each([
  ['a.md', 'a.md'],
  ['x/a.md', 'a.md'],
  ['x/y/a.md', 'y/a.md'],
])('%s is at %s', (path, expected) => {
  expect(belowFolder(path)).toBe(expected);
});
