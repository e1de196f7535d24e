import type { TaskStatus } from '../../api/scaffolder';
import { Badge, type Tone } from '../../ui/Small';

const WORDS: Record<TaskStatus, [Tone | undefined, string]> = {
  open: [undefined, 'waiting'],
  processing: ['info', 'running'],
  completed: ['ok', 'completed'],
  failed: ['error', 'failed'],
  cancelled: ['warn', 'cancelled'],
  skipped: [undefined, 'skipped'],
};

/** The state of a run in a word. */
export function StatusBadge({ status }: { status: TaskStatus }) {
  const [tone, word] = WORDS[status] ?? [undefined, status];
  return <Badge tone={tone}>{word}</Badge>;
}
