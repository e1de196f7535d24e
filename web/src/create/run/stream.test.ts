import { expect, test } from 'vitest';
import { takeMessages } from './stream';

test('messages are taken when they are complete', () => {
  const cases: [string, string[], string][] = [
    ['', [], ''],
    ['event: log\ndata: {"a"', [], 'event: log\ndata: {"a"'],
    ['event: log\ndata: {}\n\n', ['{}'], ''],
    ['event: log\r\ndata: {}\r\n\r\nda', ['{}'], 'da'],
    [': comment\n\ndata: 1\ndata: 2\n\n', ['1\n2'], ''],
  ];
  for (const [buffer, data, rest] of cases) expect(takeMessages(buffer)).toEqual({ data, rest });
});
